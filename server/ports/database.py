"""What is kept in the database: logs, reports, people's word, weights in use, rooms that could not be kept.

Decides contracts, worked out in the docstrings; does nothing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from rooms.lineage import Place
from scoring.report import Override
from scoring.review import Rating
from server.record import Record


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

    async def ends(self, rooms: Sequence[str]) -> Mapping[str, Place]:
        """Where the kept logs of these rooms end, in one question; rooms of which nothing is kept are left out."""

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

    async def overruled(self, rooms: Sequence[str]) -> Mapping[str, tuple[bytes, Sequence[Override]]]:
        """The reports (JSON) of those of the rooms in which a person's word took the place of a mark, with these words
        in their order; in as many queries for many rooms as for one."""

    async def show(self, room: str, by: str, at: int) -> None:
        """Remember that this person is shown the machine's marks of the room, whether it has a report yet or not."""

    async def shown(self, room: str, by: str) -> bool: ...

    async def known(self, rooms: Sequence[str], by: str, candidate: str) -> frozenset[str]:
        """Those of the rooms that hold nothing to rate blind any more for this person: they were shown the marks
        outside of the room, rated every answer, or were the candidate (by this id of a participant)."""

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
