"""Feeds: what a follower is told, whatever messages were lost, late, doubled or wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms import events as e
from rooms.people import Role
from rooms.protocol import Cursor, ResetReason
from rooms.releases import NewerFact
from rooms.state import replay
from rooms.views import snapshot
from server import feed as feed_module
from server import live as live_module
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.feed import Feed, Feeds, UnknownRoom
from server.live import UNFOLDED
from server.ports import Message, Record, RoomLog, Subscriber, Unavailable
from server.story import PAGE_RECORDS
from tests.kept_rooms import newer
from tests.laws.mirror_fixture import story
from tests.memory_log import MemoryRoomLog, MemorySubscriber
from tests.redis_parts import OPENED, ROOM, append, cut_all_connections, open_room, whisper
from tests.servers import Redis
from tests.waiting import DEADLINE_S, PATIENT_MS, until, until_it_works


class Diary:
    """A listener that writes down everything."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.records: list[Record] = []
        self.tells: list[bytes] = []
        self.resets: list[ResetReason] = []
        self.marks: list[int] = []
        feed.attach(self)

    def happened(self, records: Sequence[Record]) -> None:
        assert self.feed.cursor.version == records[-1].version
        self.records.extend(records)

    def told(self, tell: bytes) -> None:
        self.tells.append(tell)

    def durable(self, version: int) -> None:
        self.marks.append(version)

    def reset(self, reason: ResetReason) -> None:
        self.resets.append(reason)

    @property
    def versions(self) -> list[int]:
        return [record.version for record in self.records]


@asynccontextmanager
async def running(log: RoomLog, ear: Subscriber, linger_s: float = 5.0) -> AsyncIterator[Feeds]:
    feeds = Feeds(log, ear, linger_s=linger_s)
    task = asyncio.create_task(feeds.run())
    yield feeds
    assert not task.done(), "feeds run until they are cancelled"
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def log() -> MemoryRoomLog:
    return MemoryRoomLog()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare heads often, where a test waits for it."""
    monkeypatch.setattr(feed_module, "HEAD_CHECK_S", 0.02)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare heads only at start, where a test must show that it heals without that."""
    monkeypatch.setattr(feed_module, "HEAD_CHECK_S", 3_600)


async def whispers(log: RoomLog, cursor: Cursor, count: int, prefix: str = "c") -> Cursor:
    for number in range(count):
        cursor = await append(log, f"{prefix}-{number}", cursor)
    return cursor


async def whole(log: RoomLog) -> list[e.Event]:
    return [record.event for record in await log.read(ROOM, 0, 100_000)]


# --- following ------------------------------------------------------------------------------------------------------


async def test_a_follower_finds_the_room_as_its_log_has_it(log: MemoryRoomLog) -> None:
    cursor = await whispers(log, await open_room(log), 2 * PAGE_RECORDS + 7)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        assert feed.cursor == cursor
        assert feed.room == replay(await whole(log))


async def test_each_role_finds_the_room_as_it_may_see_it(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)
    for number, event in enumerate(story()[1:20]):
        cursor = await append(log, f"c-{number}", cursor, event)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        for number, event in enumerate(story()[20:]):
            cursor = await append(log, f"d-{number}", cursor, event)
        for role in Role:
            assert feed.seen_by(role) == snapshot([OPENED, *story()[1:]], role)


async def test_an_unknown_room_cannot_be_followed_and_leaves_nothing(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log)
    async with running(log, ear) as feeds:
        with pytest.raises(UnknownRoom):
            async with feeds.follow("r-none"):
                pass
        assert "r-none" not in ear.rooms
        assert feeds.here("r-none") is None


async def test_a_room_can_be_followed_once_it_was_opened(log: MemoryRoomLog) -> None:
    async with running(log, MemorySubscriber(log)) as feeds:
        with pytest.raises(UnknownRoom):
            async with feeds.follow(ROOM):
                pass
        await open_room(log)
        async with feeds.follow(ROOM) as feed:
            assert feed.cursor.version == 1


@pytest.mark.usefixtures("never")
async def test_what_happens_while_a_room_is_read_for_the_first_time_is_not_missed(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)

    async def a_read_later() -> None:
        log.behind_a_read = whispers(log, cursor, 2)

    async with running(log, MemorySubscriber(log)) as feeds:
        await until(lambda: feeds.healthy)
        log.behind_a_read = a_read_later()
        async with feeds.follow(ROOM) as feed:
            assert feed.cursor == log.rooms[ROOM].head
            assert feed.cursor.version == 3


async def test_followers_share_one_feed_read_once(log: MemoryRoomLog) -> None:
    await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds:
        async with feeds.follow(ROOM) as first, feeds.follow(ROOM) as second:
            assert first is second
            reads = log.reads
            async with feeds.follow(ROOM):
                assert log.reads == reads
        assert feeds.here(ROOM) is not None


async def test_a_follower_that_gives_up_while_reading_spoils_nothing_for_another(log: MemoryRoomLog) -> None:
    await open_room(log)

    async def follow() -> int:
        async with feeds.follow(ROOM) as feed:
            return feed.cursor.version

    async with running(log, MemorySubscriber(log)) as feeds:
        hasty, patient = asyncio.create_task(follow()), asyncio.create_task(follow())
        await asyncio.sleep(0)
        hasty.cancel()
        assert await patient == 1


@pytest.mark.usefixtures("often")
async def test_a_room_that_nobody_follows_is_let_go_after_a_while(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log)
    await open_room(log)
    async with running(log, ear, linger_s=0) as feeds:
        async with feeds.follow(ROOM) as feed:
            await asyncio.sleep(0.1)
            assert feeds.here(ROOM) is feed
        await until(lambda: feeds.here(ROOM) is None)
        assert ROOM not in ear.rooms
        async with feeds.follow(ROOM) as again:
            diary = Diary(again)
            await whispers(log, again.cursor, 1)
            assert diary.versions == [2]


async def test_without_a_log_nothing_can_be_followed_but_later_it_can(log: MemoryRoomLog) -> None:
    await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds:
        log.away = True
        with pytest.raises(Unavailable):
            async with feeds.follow(ROOM):
                pass
        log.away = False
        async with feeds.follow(ROOM) as feed:
            assert feed.cursor.version == 1


# --- live -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("never")
async def test_each_record_is_told_once_in_order(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        cursor = await append(log, "c-1", cursor, whisper("a"), whisper("b"))
        assert diary.records == list(await log.read(ROOM, 1, 10))
        assert feed.cursor == cursor
        assert feed.room == replay(await whole(log))


async def test_a_room_that_is_folded_late_is_the_room_that_its_log_has(
    log: MemoryRoomLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "UNFOLDED", 3)
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        cursor = await whispers(log, cursor, 10)
        assert len(diary.versions) == 10
        assert feed.cursor == cursor
        assert feed.room == replay(await whole(log))
        # what was foreseen counts at its own place only
        feed.appended(cursor, [], cursor, feed.room.but(ending=True))
        await whispers(log, cursor, 1, "d")
        assert feed.room == replay(await whole(log))


async def test_what_the_writer_foresaw_is_not_folded_again(log: MemoryRoomLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "UNFOLDED", 3)
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        for number in range(3):
            cursor = await whispers(log, cursor, 2, f"early-{number}")
            room = replay(await whole(log))
            assert room is not None
            feed.appended(cursor, [], cursor.but(tag="another way"), room.but(ending=True))
            cursor = await whispers(log, cursor, 3, f"late-{number}")
            assert not feed.room.ending
            cursor = await whispers(log, cursor, 2, f"then-{number}")
            room = replay(await whole(log))
            assert room is not None
            feed.appended(cursor, [], cursor, room.but(reminded=number % 2 == 0))
            cursor = await whispers(log, cursor, 3, f"last-{number}")
            assert feed.room.but(reminded=False) == replay(await whole(log))
            assert feed.room.reminded is (number % 2 == 0)
            assert feed.seen_by(Role.OBSERVER) == snapshot(await whole(log), Role.OBSERVER)


@pytest.mark.usefixtures("never")
async def test_what_its_own_process_appended_need_not_be_heard(log: MemoryRoomLog) -> None:
    start = await open_room(log)
    async with running(log, MemorySubscriber(log, lambda _: True)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        first = await append(log, "c-1", start, whisper("a"), whisper("b"))
        room = replay(await whole(log))
        assert room is not None
        feed.appended(start, await log.read(ROOM, 1, 10), first, room)
        assert (diary.versions, feed.cursor, feed.room) == ([2, 3], first, room)
        feed.receive(await log.read(ROOM, 1, 10))  # the channel brings it again
        second = await append(log, "c-2", first)
        third = await append(log, "c-3", second)
        feed.appended(second, await log.read(ROOM, 4, 10), third, room)  # what came between was not heard yet
        assert (diary.versions, feed.cursor) == ([2, 3], first)


async def test_what_is_told_reaches_listeners(log: MemoryRoomLog) -> None:
    await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        await log.tell(ROOM, "partial", b"{}")
        feed.detach(diary)
        await log.tell(ROOM, "partial", b"{2}")
        assert diary.tells == [b"{}"]


@pytest.mark.usefixtures("often")
async def test_how_far_a_room_is_durable_reaches_listeners_also_where_the_message_was_lost(log: MemoryRoomLog) -> None:
    first = await open_room(log)
    await log.mark_durable(ROOM, first)
    ear = MemorySubscriber(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        assert feed.durable == 1
        diary = Diary(feed)
        second = await append(log, "c-1", first)
        await log.mark_durable(ROOM, second)
        assert diary.marks == [2]
        ear.loses = lambda message: message.durable is not None
        await log.mark_durable(ROOM, await append(log, "c-2", second))
        await until(lambda: diary.marks == [2, 3])


async def test_word_of_another_life_of_the_log_or_of_a_fork_makes_nothing_durable(log: MemoryRoomLog) -> None:
    """Whoever put what stands there would let go of it, and it would be lost."""
    first = await open_room(log)
    ear = MemorySubscriber(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        second = await append(log, "c-1", first)
        for stray in (
            second.but(epoch="another life"),
            second.but(tag="forked"),
            second.but(version=3, tag="not seen here yet"),
        ):
            log.publish(Message(ROOM, durable=stray))
        assert (diary.marks, feed.durable) == ([], 0)
        log.publish(Message(ROOM, durable=second))
        assert diary.marks == [2]


async def test_a_listener_that_breaks_disturbs_no_other(log: MemoryRoomLog) -> None:
    class Broken(Diary):
        def happened(self, records: Sequence[Record]) -> None:
            raise RuntimeError("a fault")

        def told(self, tell: bytes) -> None:
            raise RuntimeError("a fault")

    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        Broken(feed)
        diary = Diary(feed)
        await whispers(log, cursor, 2)
        await log.tell(ROOM, "partial", b"{}")
        assert (diary.versions, diary.tells) == ([2, 3], [b"{}"])


async def test_a_log_that_cannot_be_folded_disturbs_no_other_room(log: MemoryRoomLog) -> None:
    broken = await open_room(log, "r-broken")
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed, feeds.follow("r-broken"):
        await append(log, "c", broken, e.TurnHeld(turn=9), room="r-broken")
        await whispers(log, cursor, 1)
        assert feed.cursor.version == 2


def happens_in_a_newer_release(log: MemoryRoomLog) -> Record:
    record = newer(log.rooms[ROOM].records[-1])
    log.rooms[ROOM].records.append(record)
    return record


class Reading(Diary):
    """Looks into each record, as hearing does."""

    def happened(self, records: Sequence[Record]) -> None:
        for record in records:
            assert record.event


async def test_what_only_a_newer_release_reads_is_told_and_nobody_here_has_the_room(
    log: MemoryRoomLog, caplog: pytest.LogCaptureFixture
) -> None:
    await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        Reading(feed)
        diary = Diary(feed)
        log.publish(Message(ROOM, [happens_in_a_newer_release(log)]))
        assert diary.versions == [2]
        with pytest.raises(NewerFact, match="turn_sung"):
            assert feed.room
        for _ in range(UNFOLDED + 1):  # nor does what comes next disturb anybody
            cursor = await append(log, f"c-{feed.cursor.version}", feed.cursor)
        assert diary.versions[-1] == cursor.version
    assert not caplog.messages  # nothing is wrong with anybody who listens


@pytest.mark.usefixtures("often")
async def test_who_is_told_of_a_new_life_that_only_a_newer_release_reads_is_told_that_it_is_another(
    log: MemoryRoomLog,
) -> None:
    await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        log.forget(ROOM)
        await open_room(log)
        happens_in_a_newer_release(log)
        await until(lambda: bool(diary.resets))
    async with running(log, MemorySubscriber(log)) as feeds:
        with pytest.raises(NewerFact):
            async with feeds.follow(ROOM):
                pass


@pytest.mark.usefixtures("never")
async def test_a_gap_is_filled_from_the_log(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log, loses=lambda m: any(record.version in (2, 3, 5) for record in m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        await whispers(log, cursor, 5)
        await until(lambda: feed.cursor.version == 6)
        assert diary.versions == [2, 3, 4, 5, 6]
        assert diary.resets == []


@pytest.mark.usefixtures("never")
async def test_what_happens_while_a_gap_is_filled_is_not_missed(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log, loses=lambda m: any(record.version == 2 for record in m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        end = await whispers(log, cursor, 2)
        log.behind_a_read = whispers(log, end, 2, prefix="meanwhile")
        await until(lambda: diary.versions == [2, 3, 4, 5])


@pytest.mark.usefixtures("never")
async def test_a_gap_longer_than_a_page_is_filled(log: MemoryRoomLog) -> None:
    last = 2 * PAGE_RECORDS + 50
    ear = MemorySubscriber(log, loses=lambda m: any(record.version < last for record in m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        await whispers(log, cursor, last - 1)
        await until(lambda: feed.cursor.version == last)
        assert diary.versions == list(range(2, last + 1))


@pytest.mark.usefixtures("often")
async def test_a_lost_last_message_is_found_by_comparing_heads(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log, loses=lambda m: bool(m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        await whispers(log, cursor, 3)
        await until(lambda: diary.versions == [2, 3, 4])


@pytest.mark.usefixtures("never")
async def test_after_a_reconnect_heads_are_compared_at_once(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log, loses=lambda m: bool(m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        await until(lambda: feeds.healthy)
        await whispers(log, cursor, 3)
        ear.reconnect()
        await until(lambda: feed.cursor.version == 4)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_whatever_messages_do_listeners_hear_the_log(data: st.DataObject) -> None:
    """Messages are lost, doubled and swapped at will; comparing heads is all that is sure to happen."""
    log = MemoryRoomLog()
    ear = MemorySubscriber(log, loses=lambda m: bool(m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        total = data.draw(st.integers(1, 8))
        await whispers(log, cursor, total)
        records = list(log.rooms[ROOM].records)
        ear.loses = lambda _: False
        for version, count in data.draw(st.lists(st.tuples(st.integers(0, total), st.integers(1, 4)), max_size=16)):
            ear.hear(Message(ROOM, records[version : version + count]))
            if data.draw(st.booleans()):
                await asyncio.sleep(0)
        ear.reconnect()
        await until(lambda: feed.cursor.version == total + 1)
        assert diary.records == records[1:]
        assert diary.resets == []


# --- another way ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("never")
async def test_a_fork_is_seen_by_the_next_record_and_said_aloud(log: MemoryRoomLog) -> None:
    """Five records are lost in a failover and their numbers used again: Centrifuge's hole."""
    await whispers(log, await open_room(log), 10)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        log.fall_back(ROOM, 6)
        log.ears[0].loses = lambda m: any(record.version <= 11 for record in m.records)
        await whispers(log, log.rooms[ROOM].head, 6, prefix="new")
        await until(lambda: diary.resets == [ResetReason.FORK])
        assert feed.room == replay(await whole(log))
        assert feed.cursor == log.rooms[ROOM].head


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("then", [0, 3, 4, 5])
async def test_a_fork_is_seen_by_comparing_heads(log: MemoryRoomLog, then: int) -> None:
    await whispers(log, await open_room(log), 10)
    ear = MemorySubscriber(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        ear.loses = lambda m: bool(m.records)
        log.fall_back(ROOM, 7)
        await whispers(log, log.rooms[ROOM].head, then, prefix="new")
        await until(lambda: diary.resets == [ResetReason.FORK])
        assert feed.cursor == log.rooms[ROOM].head
        assert feed.room == replay(await whole(log))


@pytest.mark.usefixtures("often")
async def test_a_log_that_began_a_new_life_resets(log: MemoryRoomLog) -> None:
    await whispers(log, await open_room(log), 3)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        log.forget(ROOM)
        await whispers(log, await open_room(log), 3)
        await until(lambda: bool(diary.resets))
        await until(lambda: feed.cursor == log.rooms[ROOM].head)
        assert feed.room == replay(await whole(log))


@pytest.mark.usefixtures("often")
async def test_while_its_log_is_gone_a_room_stays_as_it_was(log: MemoryRoomLog) -> None:
    cursor = await whispers(log, await open_room(log), 3)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        life = log.forget(ROOM)
        # Not while it is being read: whoever looked while it was gone and reads it now takes it for another life.
        await until(lambda: ROOM in feeds._gone and not feeds._mending)
        assert (feed.cursor, diary.resets) == (cursor, [])
        log.rooms[ROOM] = life
        await whispers(log, cursor, 1, prefix="d")
        await until(lambda: diary.versions == [5])
        assert diary.resets == []


async def test_a_trimmed_log_cannot_be_followed_as_if_it_were_whole(log: MemoryRoomLog) -> None:
    await whispers(log, await open_room(log), 3)
    log.rooms[ROOM].trimmed = 2
    async with running(log, MemorySubscriber(log)) as feeds:
        with pytest.raises(feed_module.BrokenChain):
            async with feeds.follow(ROOM):
                pass


# --- moved ----------------------------------------------------------------------------------------------------------


async def test_moved_returns_when_the_room_has_moved(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        await feed.moved(0)
        waiting = asyncio.create_task(feed.moved(2))
        cursor = await whispers(log, cursor, 1)
        await asyncio.sleep(0)
        assert not waiting.done()
        await whispers(log, cursor, 1, prefix="d")
        await asyncio.wait_for(waiting, DEADLINE_S)


@pytest.mark.usefixtures("often")
async def test_moved_returns_when_the_room_was_reset_to_less(log: MemoryRoomLog) -> None:
    cursor = await whispers(log, await open_room(log), 3)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        waiting = asyncio.create_task(feed.moved(cursor.version))
        await asyncio.sleep(0)
        log.fall_back(ROOM, 2)
        await asyncio.wait_for(waiting, DEADLINE_S)
        assert feed.cursor.version == 2


# --- missed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [3, PAGE_RECORDS + 5, 3 * PAGE_RECORDS + 5])
async def test_what_was_missed_is_given_from_any_place(log: MemoryRoomLog, length: int) -> None:
    await whispers(log, await open_room(log), length)
    records = log.rooms[ROOM].records
    epoch = log.rooms[ROOM].epoch
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        assert await feed.missed(Cursor(epoch=epoch, version=0, tag="")) == records
        for place in {1, 2, length // 2, length, length + 1}:
            since = Cursor(epoch=epoch, version=place, tag=records[place - 1].tag)
            assert await feed.missed(since) == records[place:]


async def test_missed_and_attach_leave_no_gap_while_others_write(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)
    start = await whispers(log, cursor, 3 * PAGE_RECORDS)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        writing = asyncio.create_task(whispers(log, start, 50, prefix="more"))
        for _ in range(20):
            missed = await feed.missed(cursor)
            diary = Diary(feed)
            assert isinstance(missed, list)
            await asyncio.sleep(0)
            heard = [*(record.version for record in missed), *diary.versions]
            assert heard == list(range(2, feed.cursor.version + 1))
        await writing


@pytest.mark.usefixtures("never")
async def test_a_client_that_knows_more_than_this_process_is_not_turned_back(log: MemoryRoomLog) -> None:
    """Another worker told it what this one's subscriber has lost."""
    ear = MemorySubscriber(log, loses=lambda m: bool(m.records))
    cursor = await open_room(log)
    async with running(log, ear) as feeds, feeds.follow(ROOM) as feed:
        ahead = await whispers(log, cursor, 3)
        assert await feed.missed(ahead) == []
        assert feed.cursor == ahead


@pytest.mark.usefixtures("never")
async def test_another_tag_at_the_same_version_is_a_fork(log: MemoryRoomLog) -> None:
    cursor = await whispers(log, await open_room(log), 3 * PAGE_RECORDS)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        for version in (1, 2, PAGE_RECORDS, cursor.version - 1, cursor.version):
            wrong = Cursor(epoch=cursor.epoch, version=version, tag="wrong")
            assert await feed.missed(wrong) is ResetReason.FORK


async def test_a_version_that_the_log_never_had_is_a_fork(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        assert await feed.missed(cursor.model_copy(update={"version": 9})) is ResetReason.FORK


async def test_another_epoch_is_said(log: MemoryRoomLog) -> None:
    cursor = await open_room(log)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        assert await feed.missed(cursor.model_copy(update={"epoch": "other"})) is ResetReason.EPOCH


async def test_what_was_trimmed_is_said(log: MemoryRoomLog) -> None:
    first = await open_room(log)
    await whispers(log, first, 3 * PAGE_RECORDS)
    async with running(log, MemorySubscriber(log)) as feeds, feeds.follow(ROOM) as feed:
        log.rooms[ROOM].trimmed = PAGE_RECORDS
        assert await feed.missed(first) is ResetReason.TRIMMED


# --- health ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("often")
async def test_a_process_is_healthy_while_it_reaches_the_log_and_hears_itself(
    log: MemoryRoomLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "DEAF_AFTER_S", 0.1)
    ear = MemorySubscriber(log)
    feeds = Feeds(log, ear)
    assert not feeds.healthy
    async with running(log, ear) as feeds:
        await until(lambda: feeds.healthy)
        ear.loses = lambda _: True
        await until(lambda: not feeds.healthy)
        ear.loses = lambda _: False
        await until(lambda: feeds.healthy)
        log.away = True
        await until(lambda: not feeds.healthy)
        log.away = False
        await until(lambda: feeds.healthy)


# --- on the real thing ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def on_redis(url: str) -> AsyncIterator[tuple[RedisRoomLog, Feeds]]:
    async with RedisConnection(url, PATIENT_MS) as redis:
        log = RedisRoomLog(redis)
        async with running(log, RedisSubscriber(redis)) as feeds:
            yield log, feeds


async def test_two_processes_follow_one_room(every_redis_url: str) -> None:
    async with on_redis(every_redis_url) as (log, here), on_redis(every_redis_url) as (_, there):
        cursor = await open_room(log)
        async with here.follow(ROOM) as one, there.follow(ROOM) as other:
            diaries = [Diary(one), Diary(other)]
            cursor = await whispers(log, cursor, 50)
            await until(lambda: one.cursor == other.cursor == cursor)
            assert diaries[0].records == diaries[1].records == list(await log.read(ROOM, 1, 100))


@pytest.mark.usefixtures("often")
async def test_a_feed_heals_when_its_connections_are_cut(every_redis_url: str) -> None:
    async with on_redis(every_redis_url) as (log, feeds):
        cursor = await open_room(log)
        async with feeds.follow(ROOM) as feed:
            diary = Diary(feed)
            for number in range(5):
                cursor = await whispers(log, cursor, 20, prefix=f"c-{number}")
                cut_all_connections(every_redis_url)
            cursor = await whispers(log, cursor, 1, prefix="last")
            await until(lambda: feed.cursor == cursor)
            assert diary.versions == list(range(2, cursor.version + 1))
            assert diary.resets == []


@pytest.mark.usefixtures("often")
async def test_a_feed_heals_when_redis_was_killed_and_started_again(killable_redis: Callable[[], Redis]) -> None:
    server = killable_redis()
    async with on_redis(server.url) as (log, feeds):
        cursor = await open_room(log)
        async with feeds.follow(ROOM) as feed:
            diary = Diary(feed)
            cursor = await whispers(log, cursor, 20)
            server.kill()
            server.start()
            await until_it_works(lambda: log.head(ROOM))
            cursor = await whispers(log, cursor, 20, prefix="after")
            await until(lambda: feed.cursor == cursor)
            assert diary.versions == list(range(2, 42))
            assert diary.resets == []
            await until(lambda: feeds.healthy)


@pytest.mark.usefixtures("never")
async def test_a_redis_that_comes_back_empty_and_is_filled_again_is_a_new_life(
    killable_redis: Callable[[], Redis],
) -> None:
    """Heads are compared once, when it is filled again: in between, it would look as if it had lost the room."""
    server = killable_redis()
    async with on_redis(server.url) as (log, feeds):
        await whispers(log, await open_room(log), 5)
        await until(lambda: feeds.healthy)  # the comparisons at the start are over
        async with feeds.follow(ROOM) as feed:
            diary = Diary(feed)
            server.flush()
            cursor = await whispers(log, await open_room(log), 2)
            feeds._look_now.set()
            await until(lambda: feed.cursor == cursor)
            assert diary.resets == [ResetReason.EPOCH]
            assert feed.room == replay(await whole(log))
