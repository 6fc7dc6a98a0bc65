"""The life of one WebSocket: hello, join or resume, one loop in and one loop out, goodbye.

Decides the order of these steps; never who may enter (`gate`), what may happen (`decide`) or who sees it (`fanout`).
"""

import asyncio
import contextlib
import logging
import secrets
import time
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from rooms.commands import ChooseNext, Join, OpenMicrophone
from rooms.events import Mode
from rooms.interview.bank import Bank
from rooms.people import SYSTEM, Id, Participant, Role
from rooms.phases import Phase
from rooms.protocol import (
    CLIENT_MESSAGE,
    HELLO_SECONDS,
    SPOKEN,
    TELL,
    Accepted,
    ClientMessage,
    Do,
    Hello,
    IsTyping,
    Moving,
    Typing,
)
from rooms.refusals import Code, Refusal
from server.budget import Budget
from server.departures import Departures
from server.errors import TABLE, Failed, goodbye, problem_of, refused
from server.fanout import Fanout, Hall
from server.gate import Gate
from server.member import Ending, Member
from server.microphone import Microphone
from server.ports import AudioLog, Leases, RoomLog, Unavailable
from server.settings import Settings
from server.wire import straight_way
from server.writer import Writer

MISTAKES, MISTAKES_PER_SECOND = 20, 0.1
"""Messages that cannot be read: so many at once, and so many a second, before the socket is closed."""

_log = logging.getLogger(__name__)


class Sockets:
    """Serves the sockets of this worker."""

    def __init__(
        self,
        settings: Settings,
        worker: str,
        gate: Gate,
        writer: Writer,
        fanout: Fanout,
        departures: Departures,
        log: RoomLog,
        audio: AudioLog,
        leases: Leases,
        bank: Bank,
    ) -> None:
        self._settings, self._worker = settings, worker
        self._gate, self._writer, self._fanout, self._departures = gate, writer, fanout, departures
        self._log, self._audio, self._leases, self._bank = log, audio, leases, bank
        self._open = 0
        self.closing = False

    async def drain(self, within_ms: int) -> None:
        """Take nobody new; tell everybody to move within a while, to another worker, and send off who stays."""
        self.closing = True
        members = self._fanout.members
        for member in members:
            member.say(Moving(within_ms=within_ms))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_ms / 1000):  # they go when another worker has welcomed them
                await asyncio.gather(*(member.gone.wait() for member in members))
        staying = [member for member in members if not member.gone.is_set()]
        for member in staying:
            # Spread out, so that the others are not asked for thousands of rooms at once.
            await asyncio.sleep(within_ms / 1000 / len(staying))
            member.end("going_away")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.write_timeout_s):
                await asyncio.gather(*(member.gone.wait() for member in members))  # each is still to be told why

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from handshake to close. Writes its one canonical log line."""
        room, began = websocket.path_params["room"], time.monotonic()
        line: dict[str, object] = {"room": room}
        self._open += 1
        try:
            outcome = await self._live(websocket, room, line)
        except WebSocketDisconnect as gone:
            outcome = f"left {gone.code}"
        except Exception as error:
            problem = problem_of(error) if not isinstance(error, Ending) else error.problem
            outcome = problem.code
            await _close(websocket, outcome)
            if problem.code == "internal":
                _log.exception("socket broke", extra=line)
        finally:
            self._open -= 1
        line |= {"outcome": outcome, "seconds": round(time.monotonic() - began, 3)}
        _log.info("connection", extra=line)

    async def _live(self, websocket: WebSocket, room: str, line: dict[str, object]) -> str:
        await websocket.accept()  # before any "no": a page is told the reason on an open socket only
        origin = self._gate.check_origin(websocket)
        if self.closing:
            raise Failed("going_away")
        if self._open > self._settings.connections_per_worker:
            raise Failed("worker_full")
        hello = await _hello(websocket)
        who = await self._gate.admit(hello.ticket, room, origin)
        connection = f"{self._worker}.{secrets.token_hex(4)}"
        line |= {"participant": who.id, "role": who.role.value, "connection": connection, "client": hello.client}
        async with self._fanout.hall(room) as hall:
            # Before joining: whom there is no space for leaves no trace in the room. A candidate is always let in,
            # because each new connection takes over the last one.
            if hall.users > self._settings.connections_per_room and not _speaks(who):
                raise Failed("room_full")
            joined = await self._join(room, who, connection)
            try:
                await hall.reached(joined)
                if hall.room.phase is not Phase.CLOSED:
                    await self._leases.announce(room)  # once more: an announcement that was lost is made good
                member = Member(who, connection, self._settings.outbox_bytes, hello.protocol)
                return await self._converse(websocket, hall, member, hello)
            finally:
                self._departures.left(room, who.id, connection)

    async def _join(self, room: str, who: Participant, connection: str) -> int:
        """Enter the room; gives the version at which the room shows it."""
        command = Join(participant=who, connection=connection, worker=self._worker)
        try:
            joined = await self._writer.do(room, command, SYSTEM, f"join.{connection}")
        except BaseException:
            self._departures.left(room, who.id, connection)  # no answer came, yet it may be in the log
            raise
        if isinstance(joined, Refusal):
            raise Failed(joined.code.value)
        return joined.cursor.version

    async def _converse(self, websocket: WebSocket, hall: Hall, member: Member, hello: Hello) -> str:
        microphone = Microphone(self._audio, hall, member) if _speaks(member.participant) else None
        through = await microphone.through() if microphone else None
        await hall.enter(member, hello.resume, through)
        try:
            async with asyncio.TaskGroup() as tasks:
                timeout_s, straight = self._settings.write_timeout_s, straight_way(websocket.scope)
                tasks.create_task(member.pump(websocket.send_text, timeout_s, straight))
                if microphone:
                    tasks.create_task(microphone.run())
                tasks.create_task(self._listen(websocket, hall, member, microphone))
        except* (WebSocketDisconnect, Ending, Failed, Unavailable) as ended:
            raise ended.exceptions[0] from None
        finally:
            hall.leave(member)
        return "done"

    async def _listen(self, websocket: WebSocket, hall: Hall, member: Member, microphone: Microphone | None) -> None:
        messages = _budget(self._settings.messages_per_second)
        frames = _budget(self._settings.frames_per_second)
        mistakes = Budget(MISTAKES_PER_SECOND, MISTAKES, time.monotonic())
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            data = message.get("bytes")
            budget = frames if microphone and data is not None else messages
            if not budget.spend(1, time.monotonic()):
                raise Failed("too_much")
            text = message.get("text") or ""
            if data is not None and microphone:
                microphone.heard(data)
            elif data is not None:
                member.say(refused(TABLE[Code.NOT_YOUR_ROLE.value], None))
            elif said := _read(text):
                await self._answer(said, hall, member, microphone)
            elif mistakes.spend(1, time.monotonic()):
                member.say(refused(TABLE["message_invalid"], _id_in(text)))
            else:
                raise Failed("message_invalid")

    async def _answer(self, message: ClientMessage, hall: Hall, member: Member, microphone: Microphone | None) -> None:
        match message:
            case Do():
                if await self._do(message, hall, member) and microphone and isinstance(message.command, OpenMicrophone):
                    microphone.opened(message.command.stream)
            case Typing():
                if _speaks(member.participant):
                    await self._tell_of_typing(hall, message)
            case Hello():
                member.say(refused(TABLE["message_invalid"], None))

    async def _tell_of_typing(self, hall: Hall, typing: Typing) -> None:
        with contextlib.suppress(Unavailable):  # only told, not kept: the next one comes in two seconds
            await self._log.tell(hall.room.id, "is_typing", TELL.dump_json(IsTyping(turn=typing.turn)))

    async def _do(self, message: Do, hall: Hall, member: Member) -> bool:
        """Put the command to the room and answer. Gives whether it is done."""
        who, command = member.participant, message.command
        try:
            if isinstance(command, ChooseNext) and not self._in_bank(command.question, hall.room.mode):
                raise Failed(Code.UNKNOWN_QUESTION.value)
            # The person's id makes the command's: nobody can spend another's.
            outcome = await self._writer.do(hall.room.id, command, who, f"{who.id}/{message.id}")
            if isinstance(outcome, Refusal):
                raise Failed(outcome.code.value)
        except Exception as error:
            problem = problem_of(error)
            if problem.code == "internal":  # only this command: a socket that closed would come back with the same one
                _log.exception("command broke", extra={"room": hall.room.id, "kind": command.kind})
            member.say(refused(problem, message.id))
            return False
        member.say(Accepted(id=message.id, version=outcome.cursor.version))
        return True

    def _in_bank(self, question: str, mode: Mode) -> bool:
        return any(known.id == question for known in self._bank.questions(mode))


class _Named(BaseModel):
    """What can be read of a message that is not valid."""

    id: Annotated[Id, Field(max_length=40)]


def _read(text: str) -> ClientMessage | None:
    try:
        return CLIENT_MESSAGE.validate_json(text)
    except ValidationError:
        return None


def _id_in(text: str) -> str | None:
    """The command that an invalid message names, so that its client knows what was refused."""
    try:
        return _Named.model_validate_json(text).id
    except ValidationError:
        return None


def _budget(per_second: int) -> Budget:
    return Budget(per_second, 3 * per_second, time.monotonic())


def _speaks(who: Participant) -> bool:
    return who.role is Role.CANDIDATE


async def _hello(websocket: WebSocket) -> Hello:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            message: ClientMessage = CLIENT_MESSAGE.validate_json(await websocket.receive_text())
    except (TimeoutError, ValidationError, KeyError):
        raise Failed("hello_expected") from None
    if not isinstance(message, Hello):
        raise Failed("hello_expected")
    if message.protocol not in SPOKEN:
        raise Failed("protocol_unknown")
    return message


async def _close(websocket: WebSocket, code: str) -> None:
    """Say goodbye and close, as far as the other side still listens."""
    problem = TABLE[code]
    try:
        async with asyncio.timeout(2):
            if websocket.application_state is WebSocketState.CONNECTED:
                await websocket.send_text(goodbye(problem).model_dump_json())
            await websocket.close(problem.close or 4001, problem.code)
    except (TimeoutError, RuntimeError, WebSocketDisconnect):
        return
