"""The client's side of a room's socket, without any I/O: messages in, messages and news out.

Decides what is sent, in which order, what is sent again after a lost connection, and what a close code means. Never
opens a socket, reads a clock or makes up an id. Every command stays in the outbox until it is refused, or durable;
every audio frame stays in the ring until it is safe.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

from pydantic import ValidationError

from client.closing import SENTENCES, AfterClose, after_close
from client.errors import AudioLostError, ClosedError, GreenroomError, RefusedError
from client.mirror import LostTrackError, Mirror, meant
from client.news import Back, Moved, News, Unkept, Whole
from client.outbox import EVERYTHING, UNANSWERED_LIMIT, Outbox, Shelf, Standing
from client.ring import AudioRing, RingFullError
from rooms.commands import SAMPLE_RATE_HZ, InTurn, OpenMicrophone, PersonCommand
from rooms.events import ConsentWithdrawn, Encoding
from rooms.people import Participant
from rooms.protocol import (
    SERVER_MESSAGE,
    SPOKEN,
    VERSION,
    Accepted,
    AudioSafe,
    Close,
    Cursor,
    Do,
    Durable,
    Goodbye,
    Happened,
    Hello,
    Moving,
    Pong,
    Refused,
    ResetReason,
    Telling,
    Typing,
    Welcome,
    pack_frame,
)
from rooms.refusals import Code

SOFTWARE = "greenroom-python/1"
MARKS_SINCE = 2
"""Versions of the protocol before this one say nothing of what is durable."""
RESTS_SINCE = 2
"""Servers of versions before this one take no frame that says it comes after a rest."""
MEANT_SINCE = 2
"""Servers of versions before this one take no command that says which question it is about."""
_NOWHERE = -2
OUTBOX_LIMIT = UNANSWERED_LIMIT
UNDECIDED = frozenset({"redis_away", "redis_full", "internal"})
"""Refusals that are a fault's, not a rule's: the wish may even have been done, and can be put again with its id."""


# --- the conversation -----------------------------------------------------------------------------------------


class Conversation:
    """One visit to a room, over as many connections as it takes.

    Call `hello` when a socket is open and send what it gives; feed `receive` with every text message; send what
    `due` gives whenever something was put, heard or received; call `dropped` when the socket is gone. For a second
    socket that takes the place of a first: `hello`, then `taken_in` with its first message.
    """

    def __init__(self, new_id: Callable[[], str], shelf: Shelf | None = None, kept: Iterable[Do] = ()) -> None:
        self.mirror = Mirror()
        self.you: Participant | None = None
        self.ring: AudioRing | None = None
        self.live = False
        self.over: GreenroomError | None = None
        """Why the visit cannot go on."""
        self.new_id = new_id
        self._outbox = Outbox(shelf, kept)
        self._typing: int | None = None
        self._reopening: str | None = None
        """The command that opens the ring's stream again, until it is answered."""
        self.takeover = True
        """Whether to take over from another device on which this person is here, or to be refused."""
        self._afresh = False
        self._speaks = VERSION
        self._asked: Cursor | None = None
        """The cursor of the last hello."""
        self._goodbye: Goodbye | None = None
        self._bad_tickets = 0
        self.return_ticket: str | None = None
        """What says hello once in place of a new ticket."""
        self._returning = False
        """The last hello named a return ticket."""
        self.return_refused = False
        """It was too late for that: a new ticket is needed, and no pause."""
        self.return_after_s = 0.0
        """How long after losing its server this visit comes back, and a moment."""
        self._again_from: int | None = _NOWHERE
        """Where the last `again` asked to send from."""

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The ids in the outbox, oldest first."""
        return self._outbox.unanswered

    @property
    def standing(self) -> Standing:
        """How safe what was put is."""
        return self._outbox.standing

    # --- to the server ---

    def hello(self, ticket: str) -> str:
        """The first message of a connection."""
        self._returning, self.return_refused = ticket == self.return_ticket, False
        self.return_ticket = None
        self._asked = None if self._afresh else self.mirror.cursor
        self._goodbye = None
        # Who was in the room takes over from what is left of themselves there.
        takeover = self.takeover or self.you is not None
        said = Hello(protocol=self._speaks, ticket=ticket, resume=self._asked, client=SOFTWARE, takeover=takeover)
        return said.model_dump_json(exclude={"takeover"} if takeover else None)  # a server of protocol 1 knows it not

    def put(self, command: PersonCommand, id: str | None = None) -> str:
        """Place a command in the outbox and return its id. Raises RefusedError when the outbox is full."""
        if self._outbox.full:
            raise RefusedError("outbox_full", "Too many commands wait for an answer. Wait for some first.", True)
        id = id or self.new_id()
        self._outbox.put(Do(id=id, command=meant(command, self.mirror.room)), self.ring.next_seq if self.ring else 0)
        return id

    def give_up(self, id: str) -> None:
        """What met a fault will not be put again."""
        self._outbox.given_up(id)

    def typing(self, turn: int) -> None:
        """The candidate is writing; said once if connected, else forgotten."""
        self._typing = turn if self.live else None

    def begin_stream(self, stream: str) -> None:
        """From now on frames belong to this stream, which an accepted OpenMicrophone has announced."""
        self.ring = AudioRing(stream)

    def record(self, pcm: bytes, capture_ms: int, *, rested: bool = False) -> bool:
        """Place a frame of audio (16-bit, 16 kHz, 20 to 200 ms) in the ring; False when it is full.

        `rested`: what lies between it and the frame before was left out on purpose.
        """
        if self.ring is None:
            raise ValueError("open a microphone first")
        try:
            self.ring.add(pcm, capture_ms, rested=rested)
        except RingFullError:
            return False
        return True

    def send_audio_again(self) -> None:
        """What was sent has not become safe for long: send it once more (the server skips what it has)."""
        if self.ring is not None and self.live and self._reopening is None:
            self._rewind(self.ring)

    def offer_held(self) -> bool:
        """A second has passed: what a fault kept from being decided, or was too much at once, is due."""
        return self.live and self._outbox.release()

    def due(self, limit: int = 32) -> list[str | bytes]:
        """The next messages to send, about `limit` at most; they count as sent on this connection.

        Commands and frames keep the order in which they came, except that no command waits for frames that are
        held back.
        """
        if not self.live:
            return []
        out: list[str | bytes] = []
        for wish in self._outbox.due():
            out += self._frames(wish.behind, limit - len(out))
            out.append(_said(wish.message, self._speaks))
            wish.sent = True
        out += self._frames(None, limit - len(out))
        if self._typing is not None:
            out.append(Typing(turn=self._typing).model_dump_json())
            self._typing = None
        return out

    def _frames(self, before: int | None, limit: int) -> list[bytes]:
        if self.ring is None or limit <= 0 or self._outbox.opens(self.ring.stream):
            return []
        frames = self.ring.due(before, limit)
        if self._speaks < RESTS_SINCE:
            frames = [frame._replace(rested=False) for frame in frames]
        return [pack_frame(frame) for frame in frames]

    # --- from the server ---

    def receive(self, text: str | bytes) -> News:
        """What a message means. What is wrong with one shows in `leave` and `over`; it is never raised."""
        try:
            message = SERVER_MESSAGE.validate_json(text, extra="ignore")
        except ValidationError:
            self.over = ClosedError(1003, "The server sent what this client cannot read. Install the matching release.")
            return News(leave=AfterClose.STAY_AWAY)
        try:
            match message:
                case Welcome():
                    return self._welcomed(message)
                case Happened():
                    return self._happened(message)
                case Telling():
                    self.mirror = self.mirror.heard(message)
                    return News((message,))
                case Accepted() | Refused():
                    return self._answered(message)
                case Durable():
                    self._outbox.marked(message.version)
                    return News()
                case Pong():
                    return News()
                case AudioSafe():
                    self._audio_safe(message)
                    return News()
                case Moving():
                    return News(move_within_ms=message.within_ms)
                case Goodbye():
                    self._goodbye = message
                    return News()
                case _:
                    assert_never(message)
        except LostTrackError as lost:
            self._afresh = not lost.resumable
            return News(leave=AfterClose.PAUSE)

    def taken_in(self, text: str | bytes) -> News | None:
        """The first message on a second socket: if that is a welcome, this socket is the one in use from now on.

        None: it was not; the socket is of no use, and the one in use stays.
        """
        try:
            welcome = SERVER_MESSAGE.validate_json(text, extra="ignore")
        except ValidationError:
            return None
        if not isinstance(welcome, Welcome):
            return None
        self.parted()
        news = self.receive(text)
        moved = tuple(Moved(change.missed) if isinstance(change, Back) else change for change in news.changes)
        return news._replace(changes=moved)

    def _welcomed(self, welcome: Welcome) -> News:
        self.mirror = self.mirror.welcomed(welcome, self._asked)
        self.you, self.live, self._afresh, self._bad_tickets = welcome.you, True, False, 0
        self.return_ticket, self.return_after_s = welcome.return_ticket, welcome.return_after_ms / 1000
        if welcome.room is not None:
            self._outbox.offer_again()
        self._outbox.marked(welcome.durable if welcome.protocol >= MARKS_SINCE else EVERYTHING)
        self._resume_audio(welcome)
        if welcome.room is None:
            return News((Back(welcome.resumed or 0),))
        return News((Whole(welcome.room, welcome.reset or ResetReason.FIRST),))

    def _resume_audio(self, welcome: Welcome) -> None:
        room = self.mirror.room
        if self.ring is None or room is None or room.closed_ms is not None or self._reopening is not None:
            return
        if not room.consented:
            self.ring = None
            return
        open_stream = room.microphone.stream if room.microphone else None
        if welcome.room is not None and open_stream != self.ring.stream and not self._outbox.opens_any:
            self._reopen(self.ring.stream)
        self.ring.safe_through(welcome.audio_through)
        self._rewind(self.ring)

    def _audio_safe(self, safe: AudioSafe) -> None:
        if self.ring is None or self.ring.stream != safe.stream:
            return
        self.ring.safe_through(safe.through)
        # Each batch behind a gap is answered with `again`: once is enough for all that were on their way.
        if safe.again and self._again_from != safe.through:
            self._rewind(self.ring)
        self._again_from = safe.through if safe.again else _NOWHERE

    def _rewind(self, ring: AudioRing) -> None:
        try:
            ring.send_again()
        except AudioLostError:
            self.ring = None

    def _reopen(self, stream: str) -> None:
        """The log forked before our stream was opened: open it again, ahead of everything else."""
        self._reopening = self.new_id()
        opening = Do(id=self._reopening, command=OpenMicrophone(stream=stream, sample_rate=SAMPLE_RATE_HZ))
        self._outbox.put(opening, behind=0, first=True)

    def _happened(self, fact: Happened) -> News:
        before = self.mirror
        self.mirror = before.happened(fact)
        known = before.cursor is not None and fact.version <= before.cursor.version
        if isinstance(fact.event, ConsentWithdrawn) and not known:
            self.ring = None  # what is kept of the voice goes too
        return News(() if known else (fact,))

    def _answered(self, answer: Accepted | Refused) -> News:
        if answer.id is None:
            return News((answer,)) if isinstance(answer, Refused) else News()
        wish = self._outbox.get(answer.id)
        if wish and not wish.sent_back and isinstance(answer, Refused) and answer.code == Code.NOT_IN_ROOM:
            wish.sent_back = True
            return News(leave=AfterClose.PAUSE)
        if isinstance(answer, Accepted):
            self._outbox.accepted(answer.id, answer.version)
        elif wish and wish.again and answer.code in UNDECIDED:
            self._outbox.hold(answer.id)
            return News()
        elif wish and wish.again and answer.retry and self._outbox.wait_for_the_room(wish):
            return News()
        else:
            self._outbox.refused(answer.id, decided=answer.code not in UNDECIDED)
        if answer.id == self._reopening:
            self._reopening = None
        if wish is None or isinstance(answer, Accepted):
            return News(answer=answer)
        command = wish.message.command
        if isinstance(command, OpenMicrophone) and self.ring is not None and self.ring.stream == command.stream:
            self.ring = None
        return News((Unkept(command, answer),) if wish.again else (), answer=answer)

    # --- the end of a connection ---

    def parted(self) -> None:
        """The socket in use is not to be used any more: another one takes its place."""
        self.live = False
        self._typing, self._again_from = None, _NOWHERE
        self._outbox.unsent()

    def dropped(self, code: int) -> AfterClose:
        """The connection is gone. What was sent and not answered will be sent again."""
        self.parted()
        if self.over is not None:
            return AfterClose.STAY_AWAY
        what = after_close(code)
        if code == Close.PROTOCOL_UNKNOWN and self._speaks == VERSION:  # a worker of the release before, in a deploy
            self._speaks = min(SPOKEN)
            return AfterClose.AT_ONCE
        self._speaks = VERSION
        if what is AfterClose.AFRESH:
            self._afresh = True
        if what is AfterClose.NEW_TICKET:
            self.return_refused = self._returning
            self._bad_tickets += not self._returning
        if what is AfterClose.STAY_AWAY or self._bad_tickets >= 3:
            self.over = self._ending(code)
            return AfterClose.STAY_AWAY
        return what

    def _ending(self, code: int) -> GreenroomError:
        if self._goodbye is not None and code == Close.REFUSED:
            return RefusedError(self._goodbye.code, self._goodbye.sentence, self._goodbye.retry)
        said = self._goodbye.sentence if self._goodbye else SENTENCES.get(code)
        return ClosedError(code, said or f"The server closed the connection ({code}). Join again.")


def _said(wish: Do, protocol: int) -> str:
    """As a server of this version takes it; what version 1 need not be told is left out for all."""
    left_out = set[str]()
    if isinstance(wish.command, OpenMicrophone) and wish.command.encoding is Encoding.PCM16:
        left_out.add("encoding")
    if isinstance(wish.command, InTurn) and protocol < MEANT_SINCE:
        left_out.add("question")
    return wish.model_dump_json(exclude={"command": left_out} if left_out else None)
