"""What the shell needs from outside, as Protocols. Adapters fulfil them; only `server.app` names an adapter.

Decides the contracts, worked out in the docstrings; tests/contracts holds every adapter to them.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from rooms.events import Event
from rooms.lineage import Place
from rooms.people import Participant
from rooms.protocol import Cursor, Frame
from rooms.transcript import Word
from scoring.prompt import Request
from scoring.report import Override
from scoring.review import Rating
from server.record import Record as Record

# --- the log --------------------------------------------------------------------------------------------------


class Appended(NamedTuple):
    """The events are in the log, and were published in the same step."""

    cursor: Cursor
    fresh: bool
    """False: this command id was appended before; `cursor` is where it ended then."""


class Wanted(NamedTuple):
    """What a command led to, to be appended."""

    command: str
    events: Sequence[Event]


class Clash(NamedTuple):
    """The log has moved on; nothing was appended."""

    cursor: Cursor


class Head(NamedTuple):
    """Where a log stands, and how far it is safe."""

    cursor: Cursor
    durable: int
    """Up to this version the log is kept in the database too. It never goes back."""


class Anew(NamedTuple):
    """How a room is written anew (`RoomLog.restore`)."""

    end: Cursor
    """Where the log stands afterwards, under an epoch of its own."""
    durable: int
    snapshot: bytes | None
    """Of the room before `records`; None: the one that is there serves on."""
    commands: Mapping[str, Place]
    """Which commands led to what is put back, and where each of them ended."""
    records: Sequence[Record]
    """What is appended; the last one is at `end`. With a snapshot they go on from there, else from the log's end."""


class Message(NamedTuple):
    """What a subscriber of a room gets: a record, something told and not kept, how far the log is durable, or that it
    began a new life."""

    room: str
    record: Record | None
    told: bytes | None
    """A `rooms.protocol.Tell` as JSON."""
    durable: int | None = None
    epoch: str | None = None


class RoomLog(Protocol):
    """Rooms as logs. Every method raises `Unavailable` when the store is away; none waits longer than its deadline.

    Example: an empty room has the cursor version 0. Two writers both read version 7 and append: one gets Appended
    with version 8, the other Clash with version 8, reads on from 7, decides again, and appends at 8.
    """

    async def append(
        self,
        room: str,
        command: str,
        expected: Cursor | None,
        at: int,
        events: Sequence[Event],
        fence: int | None = None,
    ) -> Appended | Clash:
        """Append and publish all events in one atomic step, if the log still stands at `expected`.

        `expected` None: the room must be new; its log then begins a new epoch. The same command id appends once,
        however often and whatever `expected` says. No events: the command was granted without changing anything;
        only its id is remembered, so that the same command cannot change something later.

        With a `fence` (the number of a lease): the log remembers the highest one that appended, and raises `Fenced` for
        a lower one, unless the command is in the log already.
        """

    async def append_all(
        self, room: str, expected: Cursor, at: int, wanted: Sequence[Wanted]
    ) -> Sequence[Cursor] | None:
        """Append what several commands led to, one behind the other, in one atomic step; gives where each ends.

        None, and nothing was appended now: the log does not stand at `expected`, or one of the commands is in it
        already, or twice among these. `append` says what it is, of each.
        """

    async def mark_durable(self, room: str, upto: Cursor) -> bool:
        """Everything up to and including `upto` is kept in the database: move the durable mark, and publish it.

        One atomic step, and only if the log has exactly this record at that version; the mark never goes back. False:
        the log is another one by now.
        """

    async def check(self, room: str, command: str, expected: Cursor | None) -> Appended | Clash | None:
        """What `append` would say about this command id and this cursor, without appending.

        Appended: the command is in the log already. Clash: the log does not stand at `expected`. None: neither, so a
        refusal that was decided at `expected` is true now.
        """

    async def head(self, room: str) -> Cursor | None:
        """Where the log stands; None for a room that never was."""

    async def heads(self, rooms: Sequence[str]) -> Mapping[str, Head]:
        """The heads of many rooms in one round trip (made for no rooms too); rooms that never were are left out."""

    async def read(self, room: str, after: int, limit: int) -> Sequence[Record]:
        """At most `limit` records behind version `after`, in order, of those that are not forgotten."""

    async def keep_snapshot(self, room: str, upto: Cursor, snapshot: bytes, tail: int) -> bool:
        """Keep the room as it stood at `upto`, and forget the records that need not be read any more.

        Forgotten are those that the snapshot holds and that are durable, but for the last `tail` of the log. False: the
        log is another one by now, and nothing was done.
        """

    async def snapshot(self, room: str) -> bytes | None:
        """The snapshot that was kept last."""

    @property
    def generation(self) -> int:
        """Grows when another server answers than before, or the same one started anew: rooms may have fallen behind."""

    async def restore(self, room: str, seen: Cursor | None, anew: Anew) -> bool:
        """Write the room anew if its log still stands at `seen` (None: there is none), and publish the new epoch.

        One atomic step: of several that try, one does it. False: the log is another one by now. What remembers leases
        stays; where there was no log, leases taken before are fenced. Nothing of the room expires any more.
        """

    async def remembers(self) -> bool:
        """Whether this is the store that `remember` was called on: not one that came back empty."""

    async def remember(self) -> None:
        """Leave a mark that goes when everything goes."""

    async def tell(self, room: str, key: str, tell: bytes) -> None:
        """Publish something that is not kept, and remember it as the latest under `key` for those who join later."""

    async def told(self, room: str) -> Sequence[bytes]:
        """The latest of everything told."""

    async def untell(self, room: str, key: str) -> None:
        """Forget the latest under `key`."""

    async def expire(self, room: str, after_s: int) -> None:
        """The room is closed and archived: the store may forget it after `after_s` seconds."""

    async def erase(self, room: str) -> None:
        """Forget the room now, and for a day let nobody put it back (`restore`) who still has it in mind."""


class Subscriber(Protocol):
    """One process's ear on many rooms: messages may be lost or late, and `server.feed` heals that from the log."""

    async def subscribe(self, room: str) -> None:
        """From when this returns, the room's messages are delivered."""

    async def unsubscribe(self, room: str) -> None:
        """The room's messages need not be delivered any more. Never waits for the store."""

    async def run(self, deliver: Callable[[Message], None], reconnected: Callable[[], None]) -> None:
        """Deliver messages until cancelled. After a lost connection: subscribe all again, then `reconnected()`."""


# --- audio ----------------------------------------------------------------------------------------------------


class AudioLog(Protocol):
    """The audio of rooms on its way to hearing: bounded, and forgotten once heard."""

    async def append(self, room: str, stream: str, frames: Sequence[Frame], decoder: bytes = b"") -> int:
        """Keep frames; those that are there already are skipped. Returns the last frame number that is safe (-1: none).

        Frames of a stream are kept in order without gaps: a frame ahead of the next expected one is not kept, so
        the returned number tells the client from where to send again. Raises `AudioFull` when hearing is too far
        behind; the client keeps its frames and sends them again. `decoder`, where a frame was decoded from a piece of a
        recording, is kept with it in one step: what the piece behind it needs.
        """

    async def decoder(self, room: str, stream: str) -> bytes:
        """What was kept with the stream's last frame; nothing before the first."""

    async def through(self, room: str, stream: str) -> int | None:
        """The last frame number that is safe; None before the first."""

    async def read(self, rooms: Mapping[str, str]) -> Mapping[str, tuple[str, Sequence[tuple[str, Frame]]]]:
        """For each room and position (""= from the oldest kept), what came after: new position, (stream, frame)s.

        One round trip for all rooms; rooms with nothing new are left out. Does not wait.
        """

    async def forget(self, room: str, position: str) -> None:
        """Frames up to and including `position` were heard out and may go."""

    async def erase(self, room: str) -> None:
        """Delete all audio of a room, and its note (it closed, or consent was withdrawn)."""


class BadSound(ValueError):
    """Bytes that cannot be decoded. Its text says why."""


class Decoder(Protocol):
    """Makes samples of one recording that comes in pieces. Made anew from `state`, it goes on in the middle."""

    def decode(self, piece: bytes) -> bytes:
        """16-bit samples, one channel, 16 kHz. CPU-bound and bounded. Raises BadSound; then it is of no use."""

    @property
    def state(self) -> bytes:
        """All that another one needs to go on behind the last piece."""


class Note(NamedTuple):
    """What a worker must know to go on hearing a room where another left off."""

    room: str
    fence: int
    """The number of the writer's lease."""
    note: bytes
    forget: str
    """Audio up to and including this position is not needed any more; "" for none."""


class HearingNotes(Protocol):
    """Beside its audio, a note of each room that is heard. It holds words that were said, and goes with the audio."""

    async def keep(self, notes: Sequence[Note]) -> frozenset[str]:
        """Keep notes, each in place of the room's older one, and forget the audio with it in one step; one round trip.

        Returns the rooms in which the note stands. Where another worker with a higher number keeps or has recalled a
        note, nothing was done: the room is not the writer's any more.
        """

    async def recall(self, room: str, fence: int) -> bytes | None:
        """The note; None if there is none. From then on, nobody with a lower number keeps one. Raises Fenced."""


# --- work on rooms --------------------------------------------------------------------------------------------


class Leases(Protocol):
    """Which worker serves a room. One holder at a time; a dead holder's lease runs out by itself."""

    async def open_rooms(self) -> Sequence[str]:
        """Rooms that want a worker: announced and not yet retired."""

    async def announce(self, room: str) -> None:
        """The room wants a worker. Said when it opens and again at each entry, so that none is forgotten."""

    async def retire(self, room: str) -> None:
        """The room is archived and wants no worker any more."""

    async def holders(self, rooms: Sequence[str]) -> Mapping[str, str]:
        """Who holds each of these rooms, in one round trip; rooms that nobody holds are left out."""

    async def take(self, room: str, holder: str, ttl_ms: int, gone: str = "") -> int | None:
        """A fencing number that grows with each new holder, or None while another holds the room.

        `gone`: a holder whose lease counts no more, because it is dead (`Presence`).

        It grows over a store that came back empty or behind, too: the numbers are times, in ms since 1970.
        """

    async def keep(self, rooms: Sequence[str], holder: str, ttl_ms: int) -> frozenset[str]:
        """Prolong many leases in one round trip; returns those still held."""

    async def release(self, room: str, holder: str) -> None: ...

    async def beat(self, worker: str, ttl_ms: int) -> None:
        """A web worker says that it lives; its connections count as present."""

    async def alive(self, workers: Sequence[str]) -> frozenset[str]:
        """Those of the web workers that lately said so."""


class Presence(Protocol):
    """Which workers are there, known within milliseconds of the death of a process; not of a host's."""

    async def attend(self, worker: str) -> None:
        """From when this returns, the worker is seen until its process ends."""

    async def present(self, workers: Collection[str]) -> frozenset[str] | None:
        """Those of the workers that are there; None where that cannot be known, and their leases must run out."""


class Claim(NamedTuple):
    """Rooms whose timer is due. They are the caller's for a while; then, unless settled, they are due again."""

    now_ms: int
    """The store's time, in ms since 1970."""
    until_ms: int
    rooms: Sequence[str]


class Timers(Protocol):
    """When something comes due in a room: one timer a room, its next. What is due follows from the room itself."""

    async def put(self, room: str, at_ms: int | None) -> None:
        """The room's next timer, in ms since 1970, in place of the one before; None for none."""

    async def claim(self, for_ms: int, limit: int) -> "Claim":
        """Take rooms whose timer is due by the store's own clock: a worker whose clock jumped ends nobody's answer."""

    async def settle(self, room: str, until_ms: int, next_ms: int | None) -> None:
        """A timer that was claimed until `until_ms` was dealt with; one that was put since is left as it is."""

    async def take_chore(self, name: str, every_ms: int) -> bool:
        """Whether the caller is to do this chore now: one of all who ask, once in `every_ms`."""


class Directory(Protocol):
    """Which rooms an owner has opened. A convenience for lists: the log does not depend on it."""

    async def add(self, owner: str, room: str) -> None: ...

    async def remove(self, owner: str, room: str) -> None: ...

    async def rooms(self, owner: str) -> Sequence[str]:
        """The newest hundred or so, newest first."""


class Ledger(Protocol):
    """What turns took, for all processes together. Times, counts and ids; never a word that was spoken."""

    async def enter(self, room: str, turn: int, at: int, entry: str, counts: Mapping[str, int]) -> bool:
        """Keep a turn's entry (a JSON object with its `room`) and let counts grow. False where it was entered before.

        `at`: milliseconds since 1970. Counts only grow, until Redis loses them.
        """

    async def latest(self) -> Sequence[str]:
        """The latest entries, newest first."""

    async def counts(self) -> Mapping[str, int]: ...

    async def forget(self, room: str) -> None:
        """Drop a room's entries. What they counted stays counted."""


# --- entry ----------------------------------------------------------------------------------------------------


class Ticket(NamedTuple):
    room: str
    participant: Participant
    origin: str
    """The origin that the ticket was given to; a socket from another one is refused ("" for programs)."""


class Tickets(Protocol):
    async def issue(self, ticket: Ticket, ttl_s: int) -> str:
        """A secret that lets its bearer in once within `ttl_s` seconds."""

    async def spend(self, secret: str) -> Ticket | None:
        """The ticket, once; None if unknown, spent or expired."""


# --- hearing --------------------------------------------------------------------------------------------------


class Hypothesis(NamedTuple):
    """What a passage under way seems to say; times count from its first sample, in ms."""

    words: Sequence[Word]


class UtteranceStream(Protocol):
    """One passage of an utterance on its way through a recogniser. Its methods are awaited one after the other.

    The final words follow from the audio alone: however it was cut into pieces, and whatever was guessed on the way.
    """

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        """More audio (16-bit, 16 kHz). A new guess at the whole passage, where the recogniser has one."""

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        """The final words, after the rest of the audio.

        Raises `TranscriberFailed`, after which the passage can be tried on another stream.
        """

    async def abandon(self) -> None:
        """Drop everything. Also after a failure."""


class Transcriber(Protocol):
    """Speech to words. Never blocks the event loop; every call has a deadline."""

    @property
    def label(self) -> str:
        """A name that a reader understands, such as "Whisper small.en"."""

    @property
    def caution(self) -> str | None:
        """What to know before trusting the words; shown in room, log and report. None: nothing."""

    def open(self, hints: Sequence[str] = (), room: str = "") -> UtteranceStream:
        """A stream for one passage. `hints`: names and terms that may be said. `room`: whose turn at the recogniser."""

    async def close(self) -> None:
        """Let go of models and processes. The last call."""


class Voice(Protocol):
    """Voice activity of one stream of audio, in windows of 512 samples (32 ms). State per instance."""

    def probabilities(self, windows: Sequence[bytes]) -> Sequence[float]:
        """0 to 1 for each window of 1,024 bytes that it holds speech; the same however many come together.

        CPU-bound, 0.1 to 0.2 ms a window, less where several come together: call it off the event loop.
        """

    def state(self) -> bytes:
        """All that is remembered from one window to the next."""

    def go_on_from(self, state: bytes) -> None:
        """Be as the one that had this state. ValueError if it is none."""


# --- judging --------------------------------------------------------------------------------------------------


class JudgeReply(NamedTuple):
    text: str
    tokens: int | None
    """What it took, question and reply; None where the server does not say."""


class Judge(Protocol):
    """A model that marks an answer. It is shown the words of an answer, so they leave the house."""

    @property
    def label(self) -> str:
        """A name that a reader understands, such as "gpt-5 at api.openai.com"."""

    async def ask(self, request: Request) -> JudgeReply:
        """One reply, unread. Raises `JudgeFailed`. Cancelled, it stops at once."""

    async def close(self) -> None: ...


class Purses(Protocol):
    """Budgets that hold over all workers: what was spent of each, until it is forgotten."""

    async def spend(self, purse: str, amount: int, limit: int, ttl_s: int) -> bool:
        """Take `amount`, or nothing and False where more than `limit` would be spent.

        What is spent is forgotten `ttl_s` seconds after the first of it.
        """

    async def settle(self, purse: str, amount: int) -> None:
        """Add what was spent beyond what was taken, or give back (a negative amount). A forgotten purse stays so."""

    async def spent(self, purse: str) -> int: ...


class TurnModel(Protocol):
    """Hears in a voice whether its turn is complete. One for all rooms."""

    def complete(self, pcm: bytes) -> float:
        """0 to 1, from the turn's last seconds (16-bit, 16 kHz). CPU-bound, some 10 to 100 ms: off the event loop."""


# --- the database ---------------------------------------------------------------------------------------------


class ReportRow(NamedTuple):
    room: str
    owner: str
    mode: str
    opened_at: int
    closed_at: int
    overall: float | None
    questions: int


class ReportStore(Protocol):
    """Kept rooms and reports. Raises `Unavailable` when the database is away."""

    async def archive(self, room: str, epoch: str, records: Sequence[Record]) -> None:
        """Keep records of a room's log that follow each other; those kept before are left as they are.

        If the log went another way than what is kept (it forked in a failover), the log is right: what is kept from
        the fork on is set aside, so that `archived` may go back; archive on from there.
        """

    async def archived(self, room: str) -> int:
        """The version up to which the room's log is kept without a gap; 0 for none."""

    def records(self, room: str, after: int = 0) -> AsyncIterator[Record]:
        """The kept log, in order."""

    async def end(self, room: str) -> Place | None:
        """Where the kept log ends; None where nothing is kept."""

    async def displaced(self) -> int:
        """How many records were set aside because their log went another way."""

    async def unfinished(self) -> Sequence[str]:
        """Rooms that are kept and have no report yet: under way, waiting, or closed a moment ago."""

    async def keep_report(self, row: ReportRow, report: bytes) -> None:
        """Keep a report (JSON), its turns and marks; keeping it again replaces it with the same."""

    async def report(self, room: str) -> tuple[ReportRow, bytes] | None: ...

    async def reports(self, owner: str, limit: int, before: int | None = None) -> Sequence[ReportRow]:
        """An owner's reports, newest first, closed before the given time."""

    async def closed_before(self, before_ms: int, limit: int) -> Sequence[ReportRow]:
        """Rooms with a report that were closed before this time (ms since 1970), the oldest first."""

    async def erase(self, room: str) -> None:
        """Forget all that is kept of a room."""

    async def ping(self) -> None: ...


class Waiting(NamedTuple):
    """An answer that the machine would not score, and why: a person should look at it."""

    room: str
    turn: int
    mode: str
    question: str
    abstained: str
    closed_at: int
    """When its room was closed, in milliseconds since 1970, UTC."""


class Reviews(Protocol):
    """What people say of answers in rooms that have a report. Raises `Unavailable` when the database is away."""

    async def rate(self, rating: Rating) -> bool:
        """Keep a rating. False: this person has rated this answer, and that rating stands."""

    async def override(self, room: str, override: Override) -> None:
        """Add an override behind those there are. `before` is what stands there at that moment, whatever it says."""

    async def ratings(self, rooms: Sequence[str]) -> Sequence[Rating]:
        """All ratings of these rooms, the oldest first."""

    async def overrides(self, room: str) -> Sequence[Override]:
        """In the order they were given."""

    async def show(self, room: str, by: str, at: int) -> None:
        """Remember that this person is shown the machine's marks of the room, whether it has a report yet or not."""

    async def shown(self, room: str, by: str) -> bool: ...

    async def waiting(self, owner: str | None, rooms: Sequence[str], limit: int) -> Sequence[Waiting]:
        """Answers without a score that nobody has given a word on, of an owner's rooms and of these."""

    async def scored(self, owner: str) -> Mapping[str, bytes]:
        """The reports (JSON) of an owner's rooms in which somebody rated an answer, by room."""


class Activation(NamedTuple):
    """Weights were put into use for rooms that are opened from then on. Never changed or deleted: this is the audit."""

    number: int
    mode: str
    """The mode it is for; "" for all."""
    seniority: str
    """The level it is for; "" for all."""
    before: str | None
    """What was in use there; None: nothing of its own."""
    version: str
    sha256: str
    """Of the content of the weights, as they were then."""
    by: str
    name: str
    reason: str
    at: int
    """Milliseconds since 1970, UTC."""


class Activations(Protocol):
    """Which weights are in use for which rooms. Raises `Unavailable` when the database is away."""

    async def add(self, activation: Activation) -> Activation:
        """Add a row. Its `number` and `before` are the store's to say: what is given for them is not looked at."""

    async def all(self) -> Sequence[Activation]:
        """Every row, the oldest first."""


class DeadLetter(NamedTuple):
    """A room that could not be archived, through a fault of ours or of what is kept: never what was said in it."""

    room: str
    doing: str
    """Which step of archiving failed."""
    version: int
    """Up to this version the room is kept."""
    error: str
    """The class of the error."""
    tries: int
    at: int
    """Milliseconds since 1970, UTC."""


class DeadLetters(Protocol):
    """Rooms that were given up, one letter each, until somebody has them tried again."""

    async def put(self, letter: DeadLetter) -> None:
        """Keep the letter, in place of an older one of its room."""

    async def of(self, room: str) -> DeadLetter | None: ...

    async def all(self) -> Sequence[DeadLetter]:
        """The oldest first."""

    async def take(self, room: str) -> bool:
        """Remove the room's letter. Gives whether there was one."""


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""


# --- what can go wrong outside --------------------------------------------------------------------------------


class Unavailable(Exception):
    """A store outside (Redis, the database) is away or full. `part` names it; nothing acknowledged is lost."""

    def __init__(self, part: str, *, full: bool = False) -> None:
        super().__init__(f"{part} is {'full' if full else 'away'}")
        self.part, self.full = part, full


class Fenced(Exception):
    """Another worker has taken the room since: what was to be appended under the older lease was not."""


class AudioFull(Exception):
    """Hearing is too far behind to take more audio of this room."""


class TranscriberFailed(Exception):
    """The recogniser failed or outlasted its deadline on this utterance."""


class Hung(TranscriberFailed):
    """It was ended because it hung on this audio. Who asks again holds up everybody once more."""


class JudgeFailed(Exception):
    """A judge gave no reply. `fault` is a word for the log; no error of this kind holds what was sent or said."""

    def __init__(
        self, fault: str, *, again: bool = False, after_s: float | None = None, tokens: int | None = None
    ) -> None:
        super().__init__(fault)
        self.fault, self.again = fault, again
        self.after_s = after_s
        """How long the judge wants to be left alone first."""
        self.tokens = tokens
        """What it took all the same; None where nobody knows."""


class Misconfigured(Exception):
    """A setting cannot work. The text is a sentence for the terminal that says what to do."""
