"""Keeps one room in memory as its log has it, and tells its listeners what happens there.

Decides what is the next record: a lower one is dropped, the next one is taken and told, a gap is filled from the
log, and a log that went another way (a fork, a new epoch) means that the room is read anew and `reset`. What is taken
is folded into the room when somebody asks for it: who only passes records on need not read them (decisions/0010).
Never changes a room, and never waits for a message: what the messages did not bring, the log has (`server.feed`).
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from rooms.lineage import Place, is_behind
from rooms.people import Role
from rooms.protocol import Cursor, ResetReason
from rooms.releases import NewerFact
from rooms.state import Room
from server.ports import Record, RoomLog, Unavailable
from server.story import PAGE_RECORDS, BrokenChain, Story, continued, expect_all_next, pages
from server.whole import LogAndArchive, Source, Whole

RECENT_RECORDS = 1_024
"""Kept as they came, about 300 bytes each: whoever was away for less resumes from memory."""
UNFOLDED = 256
"""Records that may wait to be folded; from then on those that come have the oldest folded. Together about 2 ms."""
FOLDED_TOGETHER = 32
"""At half the price of one by one, in a quarter of a millisecond."""

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Told what happens in a room, in order, each record once. Called synchronously: it returns at once."""

    def happened(self, records: Sequence[Record]) -> None:
        """What came together, at least one record. The feed's `room` and `cursor` are already behind the last."""

    def told(self, tell: bytes) -> None:
        """Something told and not kept: a `rooms.protocol.Tell` as JSON."""

    def durable(self, version: int) -> None:
        """The log is kept in the database up to this version."""

    def reset(self, reason: ResetReason) -> None:
        """The log went another way: the feed's `room` was read anew and does not continue what was told before."""


class Feed:
    """One room, live. Get it from `Feeds.follow`. The first half is for its followers, the second for `Feeds`."""

    def __init__(self, room_id: str, log: RoomLog, source: Source | None = None) -> None:
        self.room_id = room_id
        self.followers = 0
        self.idle_since = 0.0
        self.reading = asyncio.Lock()
        """Held while the log is read into this feed. Records that arrive meanwhile are in the log as well."""
        self._log, self._source = log, source or LogAndArchive(log)
        self._folded: Story | None = None
        """As far as it was asked for; behind it lie `_unfolded`, up to `cursor`."""
        self._unfolded: deque[Record] = deque()
        self._epoch, self._version, self._tag = "", 0, ""
        self._cursor: Cursor | None = None
        """These three, once somebody asks for them: who only passes records on need not make a value of each."""
        self._foreseen: tuple[Cursor, Room] | None = None
        self._recent: deque[Record] = deque(maxlen=RECENT_RECORDS)
        self.durable = 0
        """Up to this version the log is kept in the database too."""
        self._heard = 0
        """The highest version that a message spoke of."""
        self._listeners: list[Listener] = []
        self._waiters: set[asyncio.Future[bool]] = set()

    # --- for followers ------------------------------------------------------------------------------------------

    @property
    def story(self) -> Story:
        while self._unfolded:
            self._fold_some()
        assert self._folded is not None, "a feed is handed out when it is loaded"
        return self._folded

    @property
    def room(self) -> Room:
        if self._foreseen and self._unfolded:
            (there, room), here = self._foreseen, self.cursor
            if there is here:
                return room
            if _are_one(there, here):
                self._foreseen = here, room  # hearing asks ten thousand times a second: known by sight now
                return room
        return self.story.room

    @property
    def cursor(self) -> Cursor:
        if self._cursor is None:
            self._cursor = Cursor.known(epoch=self._epoch, version=self._version, tag=self._tag)
        return self._cursor

    def appended(self, since: Cursor, records: Sequence[Record], cursor: Cursor, room: Room) -> None:
        """Be told by this process's writer what it appended behind `since`, where that ends, and the room there: what
        is known need not wait for the channel, nor be read and folded again.

        Where this feed stands elsewhere, or the log is being read into it, all that is left to the channel.
        """
        self._foreseen = cursor, room
        if _are_one(cursor, self.cursor):
            self._cursor = cursor  # the channel was first; known by sight from now on
        elif records and _are_one(since, self.cursor) and not self.reading.locked():
            try:
                self._take(records, cursor)
            except Exception:  # what cannot be folded before them takes nothing from what stands in the log
                _log.exception("a record cannot be folded", extra={"room": self.room_id})

    def lately(self) -> Sequence[Record]:
        """The last records, as far as they are remembered."""
        return tuple(self._recent)

    def seen_by(self, role: Role) -> Room:
        """The room as this role sees it: the fold of what `rooms.views` shows it."""
        return self.story.seen_by(role)

    def attach(self, listener: Listener) -> None:
        """Tell this listener all that comes behind `cursor`. Await nothing between reading the one and calling this."""
        self._listeners.append(listener)

    def detach(self, listener: Listener) -> None:
        self._listeners = [kept for kept in self._listeners if kept is not listener]

    async def moved(self, past: int) -> None:
        """Return when the room has more than `past` events, or was reset: look at `cursor` anew."""
        while self.cursor.version <= past:
            waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                if await waiter:
                    return
            finally:
                self._waiters.discard(waiter)

    async def missed(self, since: Cursor) -> list[Record] | ResetReason:
        """The records behind `since` up to `cursor`, or why only the whole room will do.

        Nothing is awaited behind the last look at the feed: who attaches a listener right after this misses nothing.
        """
        if since.epoch != self.cursor.epoch or since.version > self.cursor.version:
            await self.look()  # another worker may have told the client more than this one has heard yet
        if since.epoch != self.cursor.epoch:
            return ResetReason.EPOCH
        if since.version > self.cursor.version:
            return ResetReason.FORK
        try:
            return await self._behind(since)
        except BrokenChain as broken:
            return broken.reason

    async def _behind(self, since: Cursor) -> list[Record]:
        found: list[Record] = []
        version, tag = since.version, since.tag
        while version < self.cursor.version - len(self._recent):
            page = await self._log.read(self.room_id, version, PAGE_RECORDS)
            version, tag = _appended(found, page, version, tag)
            if not page:
                raise BrokenChain(ResetReason.TRIMMED)
        _appended(found, [record for record in self._recent if record.version > version], version, tag)
        found = [record for record in found if record.version <= self.cursor.version]
        if (found[-1].tag if found else since.tag) != self.cursor.tag:
            raise BrokenChain(ResetReason.FORK)
        return found

    # --- for Feeds ----------------------------------------------------------------------------------------------

    @property
    def loaded(self) -> bool:
        return self._folded is not None

    async def load(self) -> None:
        """Read the room for the first time. UnknownRoom if there is no log."""
        self._begin(await self._source.whole(self.room_id))
        await self._read_on()

    def receive(self, records: Sequence[Record]) -> ResetReason | None:
        """Take what a message brought. Returns why the log must be read (`mend`), if it must."""
        last = records[-1].version
        self._heard = max(self._heard, last)
        if self._folded is None or self.reading.locked() or last <= self._version:
            return None
        if records[0].version <= self._version:
            records = [record for record in records if record.version > self._version]
        try:
            self._take(records)
        except BrokenChain as broken:
            return broken.reason
        return None

    def tell(self, tell: bytes) -> None:
        for listener in self._listeners:
            try:
                listener.told(tell)
            except Exception:
                _log.exception("a listener failed")

    def mark_durable(self, upto: Cursor) -> None:
        """Take word that the log is kept in the database up to there, if it is the log as it is known here: of another
        life, or beyond what was read, it may speak of something else, and who put what stood there would let go of it.
        The next comparison brings it again. A tag of "" is not compared."""
        version = upto.version
        if version <= self.durable or version > self._version or upto.epoch != self._epoch:
            return
        if upto.tag and self._tag_at(version) not in (None, upto.tag):
            return
        self.durable = version
        for listener in self._listeners:
            try:
                listener.durable(version)
            except Exception:
                _log.exception("a listener failed")

    def compare(self, seen: Cursor, head: Cursor | None) -> ResetReason | None:
        """Why the log must be read, if it must. `seen`: this feed's cursor before the head was asked for."""
        if head is None:
            return ResetReason.FORK
        if head.epoch != seen.epoch:
            return ResetReason.EPOCH
        if is_behind(Place(head.version, head.tag), Place(seen.version, seen.tag)):
            return ResetReason.FORK
        return ResetReason.TRIMMED if head.version > self.cursor.version else None

    def begins(self, epoch: str) -> ResetReason | None:
        """Take word that the log begins a new life."""
        return ResetReason.EPOCH if self._folded and epoch != self.cursor.epoch else None

    def _tag_at(self, version: int) -> str | None:
        """None where that is not remembered."""
        at = version - self._version + len(self._recent) - 1
        return self._recent[at].tag if 0 <= at < len(self._recent) else None

    async def look(self) -> None:
        """Compare with the log's head now, and read what is missing."""
        seen, head = self.cursor, await self._log.head(self.room_id)
        if reason := self.compare(seen, head):
            await self.mend(reason)

    async def mend(self, reason: ResetReason) -> None:
        """Read on in the log; after a fork or in a new epoch, read it anew and tell the listeners so.

        What the log lacks of what was seen here is put back first, where that can be.
        """
        if reason is ResetReason.FORK:
            try:
                await self._source.heal(self.room_id, self.lately)
            except Unavailable:
                pass  # then the log's word counts, if it has one
            except NewerFact:
                self._reset(reason)
                raise
        async with self.reading:
            try:
                if reason is ResetReason.TRIMMED:
                    return await self._read_on()
            except BrokenChain as broken:
                reason = broken.reason
            try:
                self._begin(await self._source.whole(self.room_id))
            except NewerFact:
                self._reset(reason)  # what was told is not the room, and here nobody can be told what is
                raise
            self._reset(reason)
            await self._read_on()

    def _begin(self, whole: Whole) -> None:
        self._folded, recent, self.durable = whole
        self._cursor = self._folded.cursor
        self._epoch, self._version, self._tag = self._cursor.epoch, self._cursor.version, self._cursor.tag
        self._foreseen = None
        self._unfolded.clear()
        self._recent.clear()
        self._recent.extend(recent)

    async def _read_on(self) -> None:
        """Read until the log holds all that messages spoke of; those of a life that is gone it never will."""
        while True:
            before = self.cursor.version, self._heard
            async for page in pages(self._log, self.room_id, self.cursor):
                self._take(page)
            if self._heard <= self.cursor.version or before == (self.cursor.version, self._heard):
                return

    def _take(self, records: Sequence[Record], end: Cursor | None = None) -> None:
        """Make them the last ones, and tell. BrokenChain if they do not follow. `end`: where that is, if known."""
        self._version, self._tag = expect_all_next(records, self._version, self._tag)
        self._cursor = end
        self._recent.extend(records)
        self._unfolded.extend(records)
        for listener in self._listeners:
            try:
                listener.happened(records)
            except NewerFact:
                pass  # whoever asks for the room is told
            except Exception:
                _log.exception("a listener failed")
        if self._waiters:
            self._wake(reset=False)
        with contextlib.suppress(NewerFact):  # whoever asks for the room is told
            while len(self._unfolded) > UNFOLDED:
                self._fold_some()  # last: one that cannot be read must not keep the others from being told

    def _fold_some(self) -> None:
        assert self._folded is not None, "records are taken behind a story"
        count, room = min(len(self._unfolded), FOLDED_TOGETHER), None
        if self._foreseen:
            there, foreseen = self._foreseen
            ahead = there.version - self._folded.cursor.version
            if 0 < ahead <= len(self._unfolded) and self._unfolded[ahead - 1].tag == there.tag:
                count, room = ahead, foreseen
        records = list(islice(self._unfolded, count))
        self._folded = continued(self._folded, records, self._folded.cursor.epoch, room)
        for _ in records:
            self._unfolded.popleft()

    def _reset(self, reason: ResetReason) -> None:
        for listener in self._listeners:
            try:
                listener.reset(reason)
            except Exception:
                _log.exception("a listener failed")
        self._wake(reset=True)

    def _wake(self, *, reset: bool) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(reset)


def _are_one(cursor: Cursor, other: Cursor) -> bool:
    """Whether they are equal, at a tenth of the price."""
    return cursor is other or (
        cursor.tag == other.tag and cursor.version == other.version and cursor.epoch == other.epoch
    )


def _appended(found: list[Record], page: Sequence[Record], version: int, tag: str) -> tuple[int, str]:
    """Add a page that must follow (version, tag); gives where it ends."""
    end = expect_all_next(page, version, tag)
    found.extend(page)
    return end
