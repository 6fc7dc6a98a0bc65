"""What was wished, answered, seen and kept during a round: the entries of a history, and how they lie in a file.

Decides what is worth recording and its shape; never whether it is right (`invariants`). A history is all that an
invariant may look at, so that a break can be found again from its file alone.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated, Final, Literal, TextIO, TypeVar

from pydantic import Field, TypeAdapter

from rooms.commands import PersonCommand
from rooms.events import Event
from rooms.people import Role
from rooms.protocol import Cursor, ResetReason, Tell
from rooms.state import Room
from rooms.values import Value

AT_ONCE: Final = "+"
"""Between the names of faults that hit at once."""


class Moment(Value):
    """When: milliseconds since the round began."""

    at_ms: int = 0


class Began(Moment):
    what: Literal["began"] = "began"
    seed: int
    faults: tuple[str, ...]


class Injected(Moment):
    what: Literal["injected"] = "injected"
    fault: str
    """Or several, with AT_ONCE between them."""
    into: str = ""
    """What exactly was hit, for the story."""


class Healed(Moment):
    what: Literal["healed"] = "healed"
    fault: str


class Died(Moment):
    """A process that nobody killed is gone, or one wrote down an internal error."""

    what: Literal["died"] = "died"
    process: str
    sentence: str


class InRoom(Moment):
    room: str


class ByVisitor(InRoom):
    """`who` names one visitor of this room: "candidate", "coach", "observer" ..."""

    who: str


class Arrived(ByVisitor):
    what: Literal["arrived"] = "arrived"
    participant: str
    role: Role


class Put(ByVisitor):
    """A command went into the outbox; again with the same id is the same wish."""

    what: Literal["put"] = "put"
    id: str
    command: Annotated[PersonCommand, Field(discriminator="kind")]


class Answered(ByVisitor):
    """Accepted at `version`, or refused with `code`."""

    what: Literal["answered"] = "answered"
    id: str
    version: int | None = None
    code: str | None = None


class Whole(ByVisitor):
    """The visitor was shown the room whole, as of `cursor`."""

    what: Literal["whole"] = "whole"
    cursor: Cursor
    state: Room
    reason: ResetReason = ResetReason.FIRST


class Saw(ByVisitor):
    """A fact reached the visitor and was new to them."""

    what: Literal["saw"] = "saw"
    version: int
    tag: str
    event: Annotated[Event, Field(discriminator="kind")]


class Told(ByVisitor):
    what: Literal["told"] = "told"
    tell: Annotated[Tell, Field(discriminator="kind")]


class Lost(ByVisitor):
    what: Literal["lost"] = "lost"
    code: int


class Back(ByVisitor):
    """The connection is back; `missed` facts follow."""

    what: Literal["back"] = "back"
    missed: int


class Durable(ByVisitor):
    """The visitor was told that the log is kept in the database up to `version`."""

    what: Literal["durable"] = "durable"
    version: int


class Killed(ByVisitor):
    """The visitor's program died, with wishes under way; what it kept is in a file."""

    what: Literal["killed"] = "killed"


class Spoken(ByVisitor):
    """The candidate said this aloud in this turn, all of it, and finished."""

    what: Literal["spoken"] = "spoken"
    turn: int
    text: str


class Silent(ByVisitor):
    """The candidate says nothing more in this turn: its limit is to end it."""

    what: Literal["silent"] = "silent"
    turn: int


class Held(ByVisitor):
    """These commands were held back or swapped on their way out."""

    what: Literal["held"] = "held"
    ids: tuple[str, ...]


class Waited(ByVisitor):
    """Since `since_ms` somebody waited for what comes by itself; until now, whether it came or they gave up."""

    what: Literal["waited"] = "waited"
    owed: str
    since_ms: int


class Unread(ByVisitor):
    """Somebody never read a word; in the end the server had cut them off, or not."""

    what: Literal["unread"] = "unread"
    cut: bool
    full: bool = False
    """More was said to them than all buffers hold."""
    by_ping: bool = False
    """It was a ping without an answer that ended it."""


class Stuck(ByVisitor):
    """The visitor could not go on."""

    what: Literal["stuck"] = "stuck"
    sentence: str


class Ended(ByVisitor):
    """What the visitor had before their eyes at the end."""

    what: Literal["ended"] = "ended"
    cursor: Cursor
    state: Room


class Afresh(InRoom):
    """What somebody saw who came only after the end."""

    what: Literal["afresh"] = "afresh"
    role: Role
    cursor: Cursor
    state: Room


class Entry(InRoom):
    version: int
    tag: str
    before: str
    command: str
    event: Annotated[Event, Field(discriminator="kind")]


class Logged(Entry):
    """One record of the room's log, read after the round."""

    what: Literal["logged"] = "logged"


class Archived(Entry):
    """One record of the archive, read after the round."""

    what: Literal["archived"] = "archived"


class Reported(InRoom):
    """The texts of the report's answers, by turn."""

    what: Literal["reported"] = "reported"
    answers: tuple[tuple[str, ...], ...]


class Taken(InRoom):
    """A worker took the room, under this number."""

    what: Literal["taken"] = "taken"
    worker: str
    fence: int


Recorded = (
    Began | Injected | Healed | Died | Arrived | Put | Answered | Whole | Saw | Told | Lost | Back | Durable
    | Killed | Silent | Spoken | Held | Waited | Unread | Stuck | Ended | Afresh | Logged | Archived | Reported | Taken
)  # fmt: skip
R = TypeVar("R", bound=Moment)
_ENTRY: TypeAdapter[Recorded] = TypeAdapter(Annotated[Recorded, Field(discriminator="what")])


class History:
    """Entries in the order in which they were noted, each written to the file at once."""

    def __init__(self, file: TextIO | None = None) -> None:
        self.entries: list[Recorded] = []
        self._file = file
        self._began = monotonic()

    def now_ms(self) -> int:
        """Since the round began."""
        return int((monotonic() - self._began) * 1000)

    @contextmanager
    def waiting(self, room: str, who: str, owed: str, due_in_ms: int = 0) -> Iterator[None]:
        """Note for how long somebody waits for this once it is due, however that ends."""
        since_ms = self.now_ms() + max(0, due_in_ms)
        try:
            yield
        finally:
            self.note(Waited(room=room, who=who, owed=owed, since_ms=since_ms))

    def note(self, entry: Recorded) -> None:
        """Keep an entry, with the time of now."""
        timed = entry.model_copy(update={"at_ms": self.now_ms()})
        self.entries.append(timed)
        if self._file:
            self._file.write(timed.model_dump_json() + "\n")


def read(path: Path) -> list[Recorded]:
    """The entries of a history's file."""
    with path.open(encoding="utf-8") as lines:
        return [_ENTRY.validate_json(line) for line in lines]


def written(entries: Iterable[Recorded]) -> str:
    """Entries as JSON lines."""
    return "".join(f"{entry.model_dump_json()}\n" for entry in entries)
