"""What whoever runs Greenroom looks at: how far the archive is behind, and which rooms cannot be archived.

Decides how that is counted, from what log, leases and letters say, and when it is too much for new rooms; never what
is done about it, except for trying a dead letter again when told to.
"""

import asyncio
from collections.abc import Sequence

from pydantic import BaseModel

from server.equipment import Difference, Equipments, differences
from server.errors import Failed
from server.loads import Load, Loads
from server.ports import DeadLetters, Leases, ReportStore, RoomLog, Unavailable

FRESH_S = 2.0
"""How old the count of what waits may be when a room is opened."""
HEADS_AT_ONCE = 250


class Letter(BaseModel):
    """A room that cannot be archived."""

    room: str
    doing: str
    """What failed: archived, archive, mark, snapshot, report, expire or retire."""
    version: int
    """Up to this version it is archived."""
    error: str
    tries: int
    at: int
    """Milliseconds since 1970, UTC: when it was given up last."""


class Archive(BaseModel):
    """How far the database is behind the rooms."""

    rooms: int
    """Rooms that are served or cannot be archived."""
    behind: int
    """Facts of these rooms that are not in the database yet."""
    worst: int
    """The most in one room."""
    limit: int
    """With more than so many, no room is opened (`ARCHIVE_BEHIND_LIMIT`)."""
    database: bool
    """Whether the database answers."""
    displaced: int | None
    """Facts that were set aside because their log went another way in a failover; null while the database is away."""


class Operations(BaseModel):
    archive: Archive
    hearing: list[Load]
    """Of each worker that said so lately."""
    differences: list[Difference]
    """What processes mark with that must be the same everywhere and is not."""
    dead_letters: list[Letter]


class Backlog:
    """Counts what waits for the database."""

    def __init__(
        self,
        log: RoomLog,
        leases: Leases,
        letters: DeadLetters,
        store: ReportStore,
        loads: Loads,
        equipments: Equipments,
        limit: int,
    ) -> None:
        self._log, self._leases, self._letters, self._store, self._limit = log, leases, letters, store, limit
        self._loads, self._equipments = loads, equipments
        self._counted_at = float("-inf")
        self._waiting: Sequence[int] = ()

    async def admit(self) -> None:
        """Raises Failed("archive_behind") when too much waits already for another room."""
        if asyncio.get_running_loop().time() - self._counted_at > FRESH_S:
            await self._count()
        if sum(self._waiting) > self._limit:
            raise Failed("archive_behind")

    async def look(self) -> Operations:
        letters = await self._letters.all()
        await self._count()
        try:
            displaced = await self._store.displaced()
        except Unavailable:
            displaced = None
        archive = Archive(
            rooms=len(self._waiting),
            behind=sum(self._waiting),
            worst=max(self._waiting, default=0),
            limit=self._limit,
            database=displaced is not None,
            displaced=displaced,
        )
        dead_letters = [Letter(**letter._asdict()) for letter in letters]
        hearing, said = list(await self._loads.all()), await self._equipments.all()
        return Operations(archive=archive, hearing=hearing, differences=differences(said), dead_letters=dead_letters)

    async def _count(self) -> None:
        letters = await self._letters.all()
        rooms = sorted({*await self._leases.open_rooms(), *(letter.room for letter in letters)})
        waiting = list[int]()
        for start in range(0, len(rooms), HEADS_AT_ONCE):
            heads = await self._log.heads(rooms[start : start + HEADS_AT_ONCE])
            waiting += [head.cursor.version - head.durable for head in heads.values()]
        self._waiting, self._counted_at = waiting, asyncio.get_running_loop().time()


async def replay(letters: DeadLetters, leases: Leases, room: str | None) -> list[str]:
    """Have this room, or all that cannot be archived, tried again by whichever worker takes it. Gives which."""
    rooms = [letter.room for letter in await letters.all() if room in (None, letter.room)]
    for each in rooms:
        await letters.take(each)
        await leases.announce(each)
    return rooms


def told(now: Operations) -> str:
    """For a terminal."""
    archive = now.archive
    lines = [
        f"rooms served: {archive.rooms}",
        f"facts not in the database yet: {archive.behind} (at most {archive.worst} in one room; "
        f"no room is opened with more than {archive.limit})",
        f"database: {'answers' if archive.database else 'away'}",
        f"facts set aside after a fork: {'unknown' if archive.displaced is None else archive.displaced}",
        *map(_heard_by, now.hearing),
        *(line for difference in now.differences for line in _told_apart(difference)),
        f"dead letters: {len(now.dead_letters)}",
        *map(line_of, now.dead_letters),
    ]
    return "\n".join(lines)


def _heard_by(load: Load) -> str:
    busy = "" if load.busy_percent is None else f", recogniser busy {load.busy_percent}%"
    full = "; full" if load.full else ""
    return (
        f"{load.worker}: {load.rooms} of {load.rooms_limit} rooms, {load.voices} voices, {load.behind_ms} ms behind"
        f"{busy}{full}"
    )


def _told_apart(difference: Difference) -> list[str]:
    found = [f"  {value}: {', '.join(sorted(workers))}" for value, workers in sorted(difference.found.items())]
    return [difference.sentence, *found]


def line_of(letter: Letter) -> str:
    kept = f"kept up to {letter.version}"
    return f"  {letter.room}: {letter.doing} failed {letter.tries} times with {letter.error}; {kept}"
