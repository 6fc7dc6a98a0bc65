"""Reader 3: a room's facts into the database as they come, and its report when it is over.

Decides when something is archived and how long to be patient with a database that is away: an interview never waits
for its archive. Never decides what a report says (`server.reporting`) or how anything is kept (`ports.ReportStore`).
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple, TypeVar

from rooms.phases import Phase
from rooms.protocol import Cursor
from rooms.releases import NewerFact
from rooms.state import Room, replay
from server.feed import Feed
from server.ports import DeadLetter, DeadLetters, Leases, ReportRow, ReportStore, RoomLog, Unavailable
from server.reporting import written
from server.story import PAGE_RECORDS
from server.whole import written as snapshot

BATCH_S = 0.5
"""How long facts are gathered into one transaction: the most that the archive is behind on a good day."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
LOG_KEPT_S = 24 * 3600
"""How long a room that is archived can still be entered and read live."""

DEAD_AFTER_TRIES = 8

T = TypeVar("T")
_log = logging.getLogger(__name__)


class MissingRecords(Exception):
    """The log does not go on where the archive ends: its beginning is gone."""


class Kept(NamedTuple):
    """How far a room is archived. The tag is "" where it is not known yet."""

    version: int
    tag: str = ""

    def met_by(self, cursor: Cursor) -> bool:
        return (self.version, self.tag) == (cursor.version, cursor.tag)


class GivenUp(Exception):
    """Archiving this room has failed too often. There is a letter about it."""


class Snapshots(NamedTuple):
    """How often a room's snapshot is made, and how much of the log stays beside it."""

    every_records: int = 200
    tail_records: int = 2_000


class Archiver:
    """Serves one room in each `serve`; many may run side by side."""

    def __init__(
        self,
        log: RoomLog,
        store: ReportStore,
        leases: Leases,
        write: Callable[[Room], tuple[ReportRow, bytes]] = written,
        *,
        batch_s: float = BATCH_S,
        snapshots: Snapshots | None = None,
        letters: DeadLetters | None = None,
        tries: int = DEAD_AFTER_TRIES,
    ) -> None:
        """`write` turns a closed room into its report; the same room always into the same bytes."""
        self._log, self._store, self._leases = log, store, leases
        self._write, self._batch_s, self._snapshots = write, batch_s, snapshots or Snapshots()
        self._letters, self._tries = letters, tries

    async def serve(self, feed: Feed) -> None:
        """Archive the room until it is closed, keep its report, let its log go, and retire it.

        A room that cannot be archived gets a dead letter. Its interview goes on, its log is kept, and it is tried again
        when the letter was taken away.
        """
        while True:
            try:
                return await self._serve(feed)
            except GivenUp:
                if not await self._wanted_again(feed):
                    return await self._leases.retire(feed.room_id)

    async def _wanted_again(self, feed: Feed) -> bool:
        """Wait until somebody has taken the letter away, or until the room is closed: then it is let go."""
        assert self._letters is not None, "nothing is given up without a place for letters"
        while True:
            with contextlib.suppress(Unavailable):
                if await self._letters.of(feed.room_id) is None:
                    return True
                if feed.room.phase is Phase.CLOSED:
                    return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_PAUSE_S):
                    await feed.moved(feed.cursor.version)

    async def _serve(self, feed: Feed) -> None:
        kept = await self._patiently(feed, "archived", 0, partial(self._kept, feed.room_id))
        snapped = 0
        while not (feed.room.phase is Phase.CLOSED and kept.met_by(feed.cursor)):
            if kept.met_by(feed.cursor):
                await self._gather(feed)
            kept = await self._patiently(feed, "archive", kept.version, partial(self._catch_up, feed, kept))
            await self._patiently(feed, "mark", kept.version, partial(self._mark, feed, kept))
            if feed.cursor.version - snapped >= self._snapshots.every_records or feed.room.phase is Phase.CLOSED:
                snapped = await self._patiently(feed, "snapshot", kept.version, partial(self._snap, feed))
        await self._patiently(feed, "report", kept.version, partial(self._report, feed))
        await self._patiently(feed, "expire", kept.version, partial(self._log.expire, feed.room_id, LOG_KEPT_S))
        if self._letters:
            await self._patiently(feed, "letter", kept.version, partial(self._letters.take, feed.room_id))
        await self._patiently(feed, "retire", kept.version, partial(self._leases.retire, feed.room_id))
        _log.info("room archived", extra={"room": feed.room_id, "version": kept.version})

    async def _kept(self, room: str) -> Kept:
        version, end = await self._store.archived(room), (await self._store.ends([room])).get(room)
        return Kept(version, end.tag if end and end.version == version else "")

    async def _gather(self, feed: Feed) -> None:
        """Wait for a fact, then a little longer for more of them; a closed room waits for nothing."""
        await feed.moved(feed.cursor.version)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._batch_s):
                while feed.room.phase is not Phase.CLOSED:
                    await feed.moved(feed.cursor.version)

    async def _catch_up(self, feed: Feed, kept: Kept) -> Kept:
        """Archive the next page of the log.

        When the log forked while the archive was ahead, the store sets the old branch aside a step at a time: it is
        asked again how far it is, and the fork is reached going backwards.
        """
        start = kept.version if kept.version < feed.cursor.version else max(0, feed.cursor.version - 1)
        page = await self._log.read(feed.room_id, start, min(PAGE_RECORDS, feed.cursor.version - start))
        if not page or page[0].version != start + 1:
            return await self._found_on(feed, kept, start)
        await self._store.archive(feed.room_id, feed.cursor.epoch, page)
        archived = await self._store.archived(feed.room_id)
        last = page[-1]
        return Kept(last.version, last.tag) if archived >= last.version else Kept(archived)

    async def _found_on(self, feed: Feed, kept: Kept, start: int) -> Kept:
        """Where to go on when the log does not continue, at `start`, what was kept as far as we knew."""
        before = feed.cursor
        await feed.look()
        again = await self._log.read(feed.room_id, start, 1)
        # The log, or its end, was lost under our eyes: it goes on from elsewhere, or is put back.
        if feed.cursor != before or (again and again[0].version == start + 1):
            return Kept(kept.version)
        now = await self._kept(feed.room_id)
        if now == kept:
            raise MissingRecords(f"after version {kept.version}")
        return now  # another worker archived the room while we stood still, and the log was trimmed behind it

    async def _mark(self, feed: Feed, kept: Kept) -> None:
        """Say how far the room is kept now. A log that went another way meanwhile is caught up with, then marked."""
        if kept.tag:
            upto = Cursor(epoch=feed.cursor.epoch, version=kept.version, tag=kept.tag)
            await self._log.mark_durable(feed.room_id, upto)

    async def _snap(self, feed: Feed) -> int:
        """Keep the room as it stands; gives the version. A log that went another way will be looked at anew."""
        story = feed.story
        await self._log.keep_snapshot(feed.room_id, story.cursor, snapshot(story), self._snapshots.tail_records)
        return story.cursor.version

    async def _report(self, feed: Feed) -> None:
        """Write the report from the archive, not from memory: what is kept is enough to write it again."""
        room = replay([record.event async for record in self._store.records(feed.room_id)])
        assert room is not None, "a room that is archived has a first record"
        await self._store.keep_report(*self._write(room))

    async def _patiently(self, feed: Feed, doing: str, kept: int, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until it succeeds. Failing here must not break the room's interview, which goes on beside us."""
        failures, faults, since = 0, 0, asyncio.get_running_loop().time()
        while True:
            try:
                done = await attempt()
            except NewerFact:
                raise  # nothing is wrong with it: a worker of a newer release archives the room
            except Exception as error:
                failures += 1
                faults += not isinstance(error, Unavailable)
                _tell_of(error, failures, _trouble(feed, doing, since, kept))
                if self._letters and faults >= self._tries:
                    await self._give_up(self._letters, feed, doing, kept, error)
                await asyncio.sleep(_pause_s(failures))
            else:
                if failures:
                    _log.warning("archiving goes on", extra=_trouble(feed, doing, since, kept))
                return done

    async def _give_up(self, letters: DeadLetters, feed: Feed, doing: str, kept: int, error: Exception) -> None:
        with contextlib.suppress(Unavailable):
            before = await letters.of(feed.room_id)
            tries = self._tries + (before.tries if before else 0)
            at = int(time.time() * 1000)
            await letters.put(DeadLetter(feed.room_id, doing, kept, type(error).__name__, tries, at))
            _log.error("room cannot be archived", extra={"room": feed.room_id, "doing": doing, "tries": tries})
            raise GivenUp(feed.room_id)


def _pause_s(failures: int) -> float:
    """Doubling, with jitter: rooms that failed together do not come back together."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)


def _tell_of(error: Exception, failures: int, trouble: dict[str, object]) -> None:
    """Say it at the 1st, 2nd, 4th, 8th ... failure: a long outage is no flood of lines."""
    if failures & (failures - 1):
        return
    if isinstance(error, Unavailable):
        _log.warning("archiving stands still", extra=trouble | {"part": error.part, "full": error.full})
    else:
        _log.error("archiving fails", extra=trouble, exc_info=error)


def _trouble(feed: Feed, doing: str, since: float, kept: int) -> dict[str, object]:
    """For the log: how long it has lasted, and how many facts the archive is behind."""
    lasted_s = round(asyncio.get_running_loop().time() - since, 1)
    return {"room": feed.room_id, "doing": doing, "lasted_s": lasted_s, "behind": feed.cursor.version - kept}
