"""What a member says, and what is answered: commands, audio, typing; and what cannot be read.

Decides how much one connection may send and what answers it; never what follows from a command (`decide`).
"""

import contextlib
import logging
import time
from typing import Annotated, Final, NoReturn, get_args

from pydantic import BaseModel, Field, ValidationError

from rooms.commands import ChooseNext, OpenMicrophone, PersonCommand, WithdrawConsent
from rooms.events import Mode
from rooms.interview.bank import Bank
from rooms.people import Id, Participant, Role
from rooms.protocol import CLIENT_MESSAGE, TELL, ClientMessage, Do, Hello, IsTyping, Ping, Pong, Typing
from rooms.refusals import Code, Refusal
from rooms.releases import NewerFact
from server.budget import Budget
from server.errors import TABLE, Failed, Problem, problem_of, refused
from server.fanout import Hall
from server.loads import Admission
from server.member import Member
from server.microphone import Microphone
from server.ports import RoomLog, Unavailable
from server.settings import Settings
from server.way import Way
from server.writer import OtherLife, Writer

MISTAKES: Final = 20
MISTAKES_PER_SECOND: Final = 0.1
"""Messages that cannot be read: so many at once, and so many a second, before the socket is closed."""

AT_ONCE: Final = 32
"""Messages that are taken together where so many came."""
_PLAIN: Final = frozenset(
    kind for kind in get_args(PersonCommand) if kind not in (ChooseNext, OpenMicrophone, WithdrawConsent)
)
"""Commands that nobody but the room has to be asked or told about."""

_validate = CLIENT_MESSAGE.validator.validate_json
_log = logging.getLogger(__name__)


class Seat:
    """A member's place in the hall."""

    __slots__ = (
        "_admission",
        "_bank",
        "_frames",
        "_hall",
        "_life",
        "_log",
        "_member",
        "_messages",
        "_microphone",
        "_mistakes",
        "_writer",
    )

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        log: RoomLog,
        bank: Bank,
        hall: Hall,
        member: Member,
        microphone: Microphone | None,
        admission: Admission | None = None,
    ) -> None:
        now = time.monotonic()
        self._writer, self._log, self._bank = writer, log, bank
        self._hall, self._member, self._microphone = hall, member, microphone
        self._admission = admission
        self._life = hall.life
        self._messages = Budget(settings.messages_per_second, 3 * settings.messages_per_second, now)
        self._frames = Budget(settings.frames_per_second, 3 * settings.frames_per_second, now) if microphone else None
        self._mistakes = Budget(MISTAKES_PER_SECOND, MISTAKES, now)

    async def listen(self, way: Way) -> NoReturn:
        """Answer what is said until the connection ends. Failed when it is to be closed for what was said.

        Wishes that came together are put together: one append, one write to each who hears of them.
        """
        while True:
            wishes: list[Do] = []
            messages = await way.receive_some(AT_ONCE)
            now = time.monotonic()
            for message in messages:
                said = self._taken(message, now)
                if isinstance(said, Do):
                    wishes.append(said)
                    continue
                await self._do_all(wishes)
                wishes = []
                await self._answer(said, message)
            await self._do_all(wishes)

    def _taken(self, message: str | bytes, now: float) -> ClientMessage | bytes | Problem | None:
        """The message, read; or that it is one too many, or comes too late; or None where it cannot be read."""
        if self._member.ended:  # what they did not read yet keeps the socket open: nothing said on it counts
            return self._member.ended
        budget = self._frames if self._frames and isinstance(message, bytes) else self._messages
        if not budget.spend(1, now):
            return TABLE["too_much"]
        if isinstance(message, bytes):
            return message
        try:
            said: ClientMessage = _validate(message, strict=True)
            return said
        except ValidationError:
            return None

    async def _answer(self, said: ClientMessage | bytes | Problem | None, message: str | bytes) -> None:
        match said:
            case Problem():
                raise Failed(said.code)
            case bytes() if self._microphone:
                self._microphone.heard(said)
            case bytes():
                self._member.say(refused(TABLE[Code.NOT_YOUR_ROLE.value], None))
            case Typing():
                if speaks(self._member.participant):
                    await self._tell_of_typing(said)
            case Ping():
                self._member.say(Pong())
            case Hello():
                self._member.say(refused(TABLE["message_invalid"], None))
            case _ if self._mistakes.spend(1, time.monotonic()):
                self._member.say(refused(TABLE["message_invalid"], _id_in(str(message))))
            case _:
                raise Failed("message_invalid")

    async def _tell_of_typing(self, typing: Typing) -> None:
        with contextlib.suppress(Unavailable):  # only told, not kept: the next one comes in two seconds
            await self._log.tell(self._hall.room_id, "is_typing", TELL.dump_json(IsTyping(turn=typing.turn)))

    async def _do_all(self, wishes: list[Do]) -> None:
        """Put what came together to the room, at once where that is possible, and answer in order."""
        if len(wishes) > 1 and all(type(wish.command) in _PLAIN for wish in wishes):
            who, room = self._member.participant, self._hall.room_id
            commands = [(f"{who.id}/{wish.id}", wish.command) for wish in wishes]
            if (ends := await self._writer.do_all(room, commands, who, life=self._life)) is not None:
                self._member.accept(zip([wish.id for wish in wishes], ends, strict=True))
                return
        for wish in wishes:
            await self._do(wish)

    async def _do(self, message: Do) -> None:
        """Put the command to the room and answer."""
        who, command, room = self._member.participant, message.command, self._hall.room_id
        is_plain = type(command) in _PLAIN
        try:
            if not is_plain:
                await self._expect_possible(command)
            # The person's id makes the command's: nobody can spend another's.
            outcome = await self._writer.do(room, command, who, f"{who.id}/{message.id}", life=self._life)
            if isinstance(outcome, Refusal):
                raise Failed(outcome.code.value)
        except OtherLife:
            raise Failed("restored") from None  # what was accepted before this and lost comes before this again
        except NewerFact:
            raise  # it stays in their outbox, and a worker of the newer release does it
        except Exception as error:
            problem = problem_of(error)
            if problem.code == "internal":  # only this command: a socket that closed would come back with the same one
                _log.exception("command broke", extra={"room": room, "kind": command.kind})
            self._member.say(refused(problem, message.id))
            return
        self._member.accept([(message.id, outcome.cursor.version)])
        if self._microphone and not is_plain:
            await self._listened(self._microphone, command)

    async def _expect_possible(self, command: PersonCommand) -> None:
        """Failed where the room need not even be asked."""
        if isinstance(command, ChooseNext) and not self._in_bank(command.question, self._hall.room.mode):
            raise Failed(Code.UNKNOWN_QUESTION.value)
        if isinstance(command, OpenMicrophone) and self._admission and self._hall.room.microphone is None:
            await self._admission.admit()

    async def _listened(self, microphone: Microphone, command: PersonCommand) -> None:
        """Tell the microphone what was done, if that is its affair."""
        if isinstance(command, OpenMicrophone):
            microphone.opened(command.stream, command.encoding)
        if isinstance(command, WithdrawConsent):
            await microphone.withdrawn()

    def _in_bank(self, question: str, mode: Mode) -> bool:
        return any(known.id == question for known in self._bank.questions(mode))


def speaks(who: Participant) -> bool:
    """Whether this participant has a microphone."""
    return who.role is Role.CANDIDATE


class _Named(BaseModel):
    """What can be read of a message that is not valid."""

    id: Annotated[Id, Field(max_length=40)]


def _id_in(text: str) -> str | None:
    """The command that an invalid message names, so that its client knows what was refused."""
    try:
        return _Named.model_validate_json(text).id
    except ValidationError:
        return None
