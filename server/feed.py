"""All rooms that this process follows: one Feed each, shared, kept up to date by messages and healed from the log.

Decides when a room is read, when it is compared with its log, and when it is let go. Never looks into a room.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

from rooms.protocol import Cursor, ResetReason
from rooms.releases import NewerFact
from server.live import Feed, Listener
from server.ports import Message, RoomLog, Subscriber, Unavailable
from server.story import BrokenChain, UnknownRoom
from server.whole import LogAndArchive, Source

HEAD_CHECK_S = 1.0
"""How often all heads are compared: the longest that a lost message stays unnoticed."""
LOAD_DEADLINE_S = 10.0
"""How long a room may take to be read for the first time."""
LINGER_S = 5.0
"""How long a room stays in memory when nobody follows it any more: someone may come right back."""
DEAF_AFTER_S = 5.0
"""Without a comparison, or without hearing its own probe, for as long, a process is not healthy."""
MENDS_AT_ONCE = 16
HEADS_AT_ONCE = 250
"""About 2 ms of this process's time; the next ones come after others had their turn of the event loop."""

_log = logging.getLogger(__name__)

__all__ = ["BrokenChain", "Feed", "Feeds", "Listener", "UnknownRoom"]


class Feeds:
    """The rooms of this process. Nothing is live before `run` runs."""

    def __init__(
        self, log: RoomLog, subscriber: Subscriber, source: Source | None = None, *, linger_s: float = LINGER_S
    ) -> None:
        self._log, self._source = log, source or LogAndArchive(log)
        self._subscriber = subscriber
        self._linger_s = linger_s
        self._feeds: dict[str, Feed] = {}
        self._mending: set[str] = set()
        self._gone: set[str] = set()
        """Rooms whose log is gone for good; said once."""
        self._slots = asyncio.Semaphore(MENDS_AT_ONCE)
        self._look_now = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._probe = f"probe.{uuid4().hex}"
        self._probing = False
        self._compared_at = self._probed_at = float("-inf")

    @property
    def healthy(self) -> bool:
        """Whether the log was reached and messages were heard lately."""
        since = min(self._compared_at, self._probed_at)
        return self._tasks is not None and asyncio.get_running_loop().time() - since < DEAF_AFTER_S

    def here(self, room_id: str) -> Feed | None:
        """The feed of a room, if this process follows it."""
        feed = self._feeds.get(room_id)
        return feed if feed and feed.loaded else None

    @contextlib.asynccontextmanager
    async def follow(self, room_id: str) -> AsyncIterator[Feed]:
        """The room's feed, loaded and live. UnknownRoom if there is no such room; Unavailable without the log."""
        feed = self._feeds.setdefault(room_id, Feed(room_id, self._log, self._source))
        feed.followers += 1
        try:
            try:
                async with asyncio.timeout(LOAD_DEADLINE_S):
                    await self._load(feed)
            except TimeoutError:
                raise Unavailable("redis") from None
            yield feed
        finally:
            feed.followers -= 1
            feed.idle_since = asyncio.get_running_loop().time()
            if not feed.loaded and not feed.followers:
                self._feeds.pop(room_id, None)

    async def run(self) -> None:
        """Keep all followed rooms up to date until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._subscriber.run(self._deliver, self._look_now.set))
                self._tasks.create_task(self._watch())
        finally:
            self._tasks = None

    async def _load(self, feed: Feed) -> None:
        """Subscribe first, then read: what is appended in between arrives as a message, and is in the log too."""
        async with feed.reading:
            if feed.loaded:
                return
            known = await self._log.head(feed.room_id) or await self._source.heal(feed.room_id)
            if not known:  # no subscription for a mistyped link
                raise UnknownRoom(feed.room_id)
            await self._subscriber.subscribe(feed.room_id)
            try:
                await feed.load()
            except BaseException:
                await self._subscriber.unsubscribe(feed.room_id)
                raise

    def _deliver(self, message: Message) -> None:
        feed = self._feeds.get(message.room)
        if feed is None:
            if message.room == self._probe:
                self._probed_at = asyncio.get_running_loop().time()
        elif message.records:
            try:
                reason = feed.receive(message.records)
            except Exception:  # one room's log must not deafen this process to all others
                _log.exception("a record cannot be folded", extra={"room": message.room})
            else:
                self._mend(feed, reason)
        elif message.told is not None:
            feed.tell(message.told)
        elif message.durable is not None:
            feed.mark_durable(message.durable)
        elif message.epoch is not None:
            self._mend(feed, feed.begins(message.epoch))

    def _mend(self, feed: Feed, reason: ResetReason | None) -> None:
        if reason and feed.room_id not in self._mending and self._tasks is not None:
            self._mending.add(feed.room_id)
            self._tasks.create_task(self._mend_one(feed, reason))

    async def _mend_one(self, feed: Feed, reason: ResetReason) -> None:
        try:
            async with self._slots:
                await feed.mend(reason)
            self._gone.discard(feed.room_id)
        except Unavailable:
            _log.debug("a room could not be read; the next comparison tries again")
        except UnknownRoom:
            if feed.room_id not in self._gone:
                _log.warning("a room's log is gone; its last state stays for now", extra={"room": feed.room_id})
            self._gone.add(feed.room_id)
        except NewerFact as newer:
            _log.debug("a room is left to a newer release", extra={"room": feed.room_id, "kind": newer.kind})
        except Exception:
            _log.exception("a room's log cannot be read", extra={"room": feed.room_id})
        finally:
            self._mending.discard(feed.room_id)

    async def _watch(self) -> None:
        away = False
        while True:
            try:
                await self._compare()
                away = False
            except Unavailable:
                if not away:
                    _log.warning("the log is away; rooms stand still until it is back")
                away = True
            except Exception:
                _log.exception("heads could not be compared")  # not healthy until it works again
            await self._let_go()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEAD_CHECK_S):
                    await self._look_now.wait()
            self._look_now.clear()

    async def _compare(self) -> None:
        """Look at all heads, and say something to ourselves: a deaf process must not seem healthy."""
        feeds = [feed for feed in self._feeds.values() if feed.loaded]
        for start in range(0, max(1, len(feeds)), HEADS_AT_ONCE):
            seen = {feed: feed.cursor for feed in feeds[start : start + HEADS_AT_ONCE]}
            heads = await self._log.heads([feed.room_id for feed in seen])
            for feed, cursor in seen.items():
                head = heads.get(feed.room_id)
                if head is None and feed.room_id in self._gone:
                    continue  # nobody has anything to put back; to find that out once more costs its whole archive
                reason = feed.compare(cursor, head.cursor if head else None)
                self._mend(feed, reason)
                if head and reason is None:
                    feed.mark_durable(Cursor.known(epoch=head.cursor.epoch, version=head.durable, tag=""))
        self._compared_at = asyncio.get_running_loop().time()
        if not self._probing:
            await self._subscriber.subscribe(self._probe)
            self._probing = True
        await self._log.tell(self._probe, "probe", b"{}")

    async def _let_go(self) -> None:
        now = asyncio.get_running_loop().time()
        for feed in list(self._feeds.values()):
            if not feed.followers and now - feed.idle_since > self._linger_s:
                del self._feeds[feed.room_id]
                self._gone.discard(feed.room_id)
                await self._subscriber.unsubscribe(feed.room_id)
