"""Rooms whose log is gone or has fallen behind are put back, once, whoever notices; and what forked is said."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.lineage import Place
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.protocol import Cursor, ResetReason
from rooms.refusals import Code, Refusal
from rooms.releases import NewerFact
from server import feed as feed_module
from server import restoring as module
from server.feed import Feeds
from server.ports import Directory, Leases, Record, ReportRow, ReportStore, RoomLog, Unavailable
from server.restoring import Restorer
from server.story import UnknownRoom
from server.writer import Done, Writer
from tests.kept_rooms import OPENED_AT, interview, newer
from tests.memory_log import MemoryRoomLog, MemorySubscriber
from tests.redis_parts import ROOM
from tests.server.test_feed import Diary
from tests.server.test_writer import GRACE, JOINS, OPEN
from tests.waiting import DEADLINE_S, PATIENT_MS, until


class Clock:
    now = OPENED_AT

    def now_ms(self) -> int:
        return self.now


class Kept:
    """An archive of rooms."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[Record]] = {}
        self.reported: set[str] = set()
        self.closed_at: dict[str, int] = {}
        """Of those that have a report."""
        self.away = self.hangs = False
        self.asked = self.read = 0

    async def records(self, room: str, after: int = 0) -> AsyncIterator[Record]:
        self._answer()
        self.read += 1
        if self.hangs:
            await asyncio.Event().wait()
        for record in self.rooms.get(room, []):
            if record.version > after:
                yield record

    async def ends(self, rooms: Sequence[str]) -> Mapping[str, Place]:
        self._answer()
        kept = {room: self.rooms[room][-1] for room in rooms if self.rooms.get(room)}
        return {room: Place(last.version, last.tag) for room, last in kept.items()}

    async def report(self, room: str) -> tuple[ReportRow, bytes] | None:
        self._answer()
        closed_at = self.closed_at.get(room)
        return closed_at and (ReportRow(room, "owner", "behavioural", OPENED_AT, closed_at, None, 0), b"{}")

    async def unfinished(self) -> Sequence[str]:
        self._answer()
        return [room for room in self.rooms if room not in self.reported]

    def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable("database")


class Announced:
    def __init__(self) -> None:
        self.rooms: list[str] = []

    async def announce(self, room: str) -> None:
        self.rooms.append(room)


class Listed:
    def __init__(self) -> None:
        self.added: list[tuple[str, str]] = []

    async def add(self, owner: str, room: str) -> None:
        self.added.append((owner, room))


class Process:
    """What one process has: an ear, feeds, a writer, and a restorer for both."""

    def __init__(self, log: MemoryRoomLog, store: Kept) -> None:
        self.restorer = Restorer(cast(RoomLog, log), cast(ReportStore, store), Clock())
        self.feeds = Feeds(log, MemorySubscriber(log), self.restorer)
        self.writer = Writer(log, self.feeds, Clock(), self.restorer, deadline_ms=PATIENT_MS)

    async def whisper(self, text: str, id: str | None = None) -> Done:
        done = await self.writer.do(ROOM, c.Whisper(text=text), GRACE, id or f"say.{text}")
        assert isinstance(done, Done), done
        return done


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads are compared often, where a test waits for it."""
    monkeypatch.setattr(feed_module, "HEAD_CHECK_S", 0.02)


@pytest.fixture
def log() -> MemoryRoomLog:
    return MemoryRoomLog()


@pytest.fixture
def store() -> Kept:
    return Kept()


@asynccontextmanager
async def processes(log: MemoryRoomLog, store: Kept, count: int = 2) -> AsyncIterator[list[Process]]:
    """So many, up; with the room opened, both people in it, and three whispers."""
    async with asyncio.TaskGroup() as tasks:
        made = [Process(log, store) for _ in range(count)]
        running = [tasks.create_task(process.feeds.run()) for process in made]
        await asyncio.sleep(0)
        await made[0].writer.do(ROOM, OPEN, SYSTEM, "open")
        for number, join in enumerate(JOINS):
            await made[0].writer.do(ROOM, join, SYSTEM, f"join-{number}")
        for text in ("one", "two", "three"):
            await made[0].whisper(text)
        yield made
        for task in running:
            task.cancel()


async def archive(log: MemoryRoomLog, store: Kept, upto: int | None = None) -> None:
    store.rooms[ROOM] = list(log.rooms[ROOM].records)[:upto]


async def head(log: MemoryRoomLog) -> Cursor:
    cursor = await log.head(ROOM)
    assert cursor is not None
    return cursor


def said(process: Process) -> list[str]:
    feed = process.feeds.here(ROOM)
    assert feed is not None
    return [line.text for line in feed.room.whispers]


# --- gone -----------------------------------------------------------------------------------------------------


async def test_everybody_is_back_in_the_room_that_was_emptied_under_one_new_epoch(
    log: MemoryRoomLog, store: Kept
) -> None:
    async with processes(log, store) as (one, two), AsyncExitStack() as following:
        feeds = [await following.enter_async_context(process.feeds.follow(ROOM)) for process in (one, two)]
        diaries = [Diary(feed) for feed in feeds]
        await archive(log, store)
        before = log.forget(ROOM).head
        await until(lambda: all(diary.resets for diary in diaries))
        after = await head(log)
        assert after.epoch != before.epoch
        assert after.version == before.version + 1
        for feed, process in zip(feeds, (one, two), strict=True):
            await until(lambda feed=feed: feed.cursor == after)
            assert said(process) == ["one", "two", "three"]
            assert feed.room.restored == e.RoomRestored(through=before.version, at_ms=0)
            assert feed.durable == before.version
        assert [r.event.kind for r in log.rooms[ROOM].records] == ["room_restored"]


async def test_a_command_that_meets_an_empty_store_is_done_and_not_refused(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store) as (one, two):
        await archive(log, store)
        log.forget(ROOM)
        done = await one.whisper("four")
        assert done.cursor.version == 8
        await two.whisper("five")
        room = await two.writer.look(ROOM)
        assert room is not None
        assert [line.text for line in room.whispers] == ["one", "two", "three", "four", "five"]


async def test_what_was_done_before_is_done_once_also_after(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store) as (one, two):
        await archive(log, store)
        log.forget(ROOM)
        again = await two.whisper("two", "say.two")
        assert again.events == ()
        assert again.cursor.version == 5
        assert [r.event.kind for r in log.rooms[ROOM].records] == ["room_restored"]
        assert (await one.whisper("four")).cursor.epoch == again.cursor.epoch


async def test_what_only_memory_has_is_put_back_too_and_is_there_to_be_archived(
    log: MemoryRoomLog, store: Kept
) -> None:
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        await archive(log, store, 4)
        log.forget(ROOM)
        await feed.look()
        assert said(one) == ["one", "two", "three"]
        assert [r.version for r in log.rooms[ROOM].records] == [5, 6, 7]
        assert feed.durable == 4
        assert (await one.whisper("three", "say.three")).events == ()


async def test_a_room_that_the_archive_has_not_seen_yet_is_put_back_from_memory(
    log: MemoryRoomLog, store: Kept
) -> None:
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        store.away = True
        log.forget(ROOM)
        await feed.look()
        assert said(one) == ["one", "two", "three"]
        assert (await log.read(ROOM, 0, 10))[0].version == 1


async def test_a_room_that_nobody_knows_stays_unknown(log: MemoryRoomLog, store: Kept) -> None:
    process = Process(log, store)
    assert await process.writer.look("r-none") is None
    refused = await process.writer.do("r-none", c.Whisper(text="?"), GRACE, "c")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.UNKNOWN_ROOM
    with pytest.raises(UnknownRoom):
        await process.restorer.whole("r-none")
    assert log.rooms == {}


async def test_without_the_database_nobody_can_say_that_there_is_no_such_room(log: MemoryRoomLog, store: Kept) -> None:
    store.away = True
    with pytest.raises(Unavailable):
        await Process(log, store).writer.look("r-none")


async def test_a_room_that_is_over_for_long_is_not_put_back_but_one_that_just_closed_is(
    log: MemoryRoomLog, store: Kept
) -> None:
    process = Process(log, store)
    store.rooms = {ROOM: interview(ROOM)}
    room = await process.writer.look(ROOM)
    assert room is not None
    assert room.phase is Phase.CLOSED
    assert room.restored is None
    log.forget(ROOM)
    closed_at = OPENED_AT + 300_000
    Clock.now = closed_at + module.CLOSED_KEPT_MS + 1
    try:
        assert await process.writer.look(ROOM) is None
    finally:
        Clock.now = OPENED_AT


@pytest.mark.parametrize("goodbyes", [0, 1])
async def test_a_room_that_is_over_is_put_back_for_a_day_also_where_people_left_behind_its_archive(
    log: MemoryRoomLog, store: Kept, goodbyes: int
) -> None:
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        await one.writer.do(ROOM, c.EndInterview(), GRACE, "end")
        await one.writer.do(ROOM, c.CloseRoom(), SYSTEM, "close")
        await archive(log, store)
        for join in JOINS[:goodbyes]:
            leave = c.Leave(participant=join.participant.id, connection=join.connection)
            await one.writer.do(ROOM, leave, SYSTEM, "leave")
        log.forget(ROOM)
        await feed.look()
        assert log.rooms[ROOM].head.version == feed.cursor.version
        assert log.expiring == {ROOM}


async def test_a_room_whose_end_is_not_archived_is_put_back_to_stay(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        await one.writer.do(ROOM, c.EndInterview(), GRACE, "end")
        await archive(log, store)
        await one.writer.do(ROOM, c.CloseRoom(), SYSTEM, "close")
        log.forget(ROOM)
        await feed.look()
        assert feed.room.phase is Phase.CLOSED
        assert log.rooms.keys() == {ROOM}
        assert log.expiring == set()


async def test_a_room_that_just_closed_waits_for_a_database_that_is_away_and_is_put_back_closed(
    log: MemoryRoomLog, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        await one.writer.do(ROOM, c.EndInterview(), GRACE, "end")
        await archive(log, store)
        await one.writer.do(ROOM, c.CloseRoom(), SYSTEM, "close")
        store.away = True
        log.forget(ROOM)
        await compared(one)
        assert ROOM not in one.feeds._gone
        store.away = False
        await until(lambda: ROOM in log.rooms)
        assert log.rooms[ROOM].records[-1].kind == "room_closed"
        assert feed.room.phase is Phase.CLOSED


async def test_rooms_that_memory_has_do_not_wait_for_a_database_that_hangs(
    log: MemoryRoomLog, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEMORY_WAITS_S", 0.05)
    async with processes(log, store) as (one, two), one.feeds.follow(ROOM) as feed:
        await archive(log, store)
        store.hangs = True
        for _ in range(2):
            log.forget(ROOM)
            async with asyncio.timeout(DEADLINE_S):
                await feed.look()
            assert said(one) == ["one", "two", "three"]
            monkeypatch.setattr(module, "MEMORY_WAITS_S", 3_600.0)  # once it hangs, nobody waits for it again so soon
        assert (await two.whisper("four")).cursor.version == feed.cursor.version


async def test_a_room_that_is_over_for_good_is_not_looked_up_each_second_by_who_still_has_it_in_mind(
    log: MemoryRoomLog, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        await one.writer.do(ROOM, c.EndInterview(), GRACE, "end")
        await one.writer.do(ROOM, c.CloseRoom(), SYSTEM, "close")
        await archive(log, store)
        monkeypatch.setattr(Clock, "now", OPENED_AT + 2 * module.CLOSED_KEPT_MS)
        log.forget(ROOM)  # its day is over, and a page is still open
        await compared(one)
        await until(lambda: ROOM in one.feeds._gone)
        asked = store.asked
        await compared(one)
        assert store.asked == asked
        assert feed.room.phase is Phase.CLOSED


async def compared(process: Process, times: int = 5) -> None:
    """Wait until heads were compared so often."""
    for _ in range(times):
        last = process.feeds._compared_at
        await until(lambda last=last: process.feeds._compared_at > last)


async def test_of_a_room_that_is_over_for_long_the_archive_is_not_read(log: MemoryRoomLog, store: Kept) -> None:
    store.rooms = {ROOM: interview(ROOM)}
    store.closed_at[ROOM] = Clock.now - module.CLOSED_KEPT_MS - 1
    assert await Process(log, store).writer.look(ROOM) is None
    assert store.read == 0


async def test_a_closed_room_that_was_erased_does_not_come_back_from_memory(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store) as (one, _), one.feeds.follow(ROOM) as feed:
        await one.writer.do(ROOM, c.EndInterview(), GRACE, "end")
        await one.writer.do(ROOM, c.CloseRoom(), SYSTEM, "close")
        assert feed.room.phase is Phase.CLOSED
        log.forget(ROOM)
        for store.away in (False, True):
            with contextlib.suppress(UnknownRoom, Unavailable):
                await feed.look()
            assert log.rooms == {}


# --- behind ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("archived", [6, 4, None])
async def test_a_tail_that_a_failover_lost_is_put_back_by_who_has_it_in_memory(
    log: MemoryRoomLog, store: Kept, archived: int | None
) -> None:
    async with processes(log, store) as (one, two), one.feeds.follow(ROOM) as feed:
        diary = Diary(feed)
        if archived:
            await archive(log, store, archived)
        before = await head(log)
        log.fall_back(ROOM, 4)
        await until(lambda: bool(diary.resets))
        after = await head(log)
        assert (after.epoch != before.epoch, after.version) == (True, before.version + 1)
        assert said(one) == ["one", "two", "three"]
        assert (await one.whisper("two", "say.two")).events == ()
        assert (await two.whisper("four")).cursor.version == after.version + 1


async def test_a_process_that_knows_nothing_looks_into_the_archive_before_it_writes(
    log: MemoryRoomLog, store: Kept
) -> None:
    async with processes(log, store, 1):
        await archive(log, store)
        log.fall_back(ROOM, 4)
        await Process(log, store).whisper("four")
        texts = [r.event.text for r in log.rooms[ROOM].records if isinstance(r.event, e.Whispered)]
        assert texts == ["one", "two", "three", "four"]


async def test_each_room_is_looked_up_once_and_again_when_the_server_changed(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store, 1) as (one,):
        await archive(log, store)
        asked = store.asked
        for text in ("four", "five"):
            await one.whisper(text)
        assert store.asked == asked
        log.fall_back(ROOM, 6)  # what it has of the room in memory ends here too: it heard nothing of the rest
        store.rooms[ROOM] = [*store.rooms[ROOM], Record(7, "t7", store.rooms[ROOM][-1].tag, 0, "x", whispered("lost"))]
        one.writer._desks.clear()
        log.generation += 1
        await one.whisper("six")
        texts = [r.event.text for r in log.rooms[ROOM].records if isinstance(r.event, e.Whispered)]
        assert texts == ["one", "two", "three", "lost", "six"]


def whispered(text: str) -> e.Whispered:
    return e.Whispered(by=GRACE.id, text=text, at_ms=1)


# --- forked, away, at once ------------------------------------------------------------------------------------


async def test_where_both_went_on_the_log_is_right_and_the_fork_is_counted(
    log: MemoryRoomLog, store: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    async with processes(log, store, 1) as (one,):
        await archive(log, store)
        log.fall_back(ROOM, 4)
        other = Process(log, Kept())  # it was asked before the archive was, and went on
        await other.whisper("another way")
        assert await one.restorer.heal(ROOM)
        assert one.restorer.forks == 1
        assert "went another way" in caplog.text
        assert (await head(log)).version == 5
        assert (await one.whisper("on")).cursor.version == 6


async def test_while_the_database_is_away_rooms_go_on_and_are_checked_later(
    log: MemoryRoomLog, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    async with processes(log, store, 1):
        fresh = Process(log, store)
        store.away = True
        await fresh.whisper("four")
        assert fresh.restorer.unsure(ROOM) or not fresh.restorer._asks
        store.away = False
        await archive(log, store)
        await until(lambda: fresh.restorer.unsure(ROOM))
        await fresh.whisper("five")
        assert not fresh.restorer.unsure(ROOM)


async def test_nobody_writes_into_a_log_that_only_a_newer_release_can_put_back(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store, 1):
        records = log.rooms[ROOM].records
        store.rooms[ROOM] = [*records, newer(records[-1])]  # kept, and lost by a Redis that fell behind
        late, before = Process(log, store), len(records)
        with pytest.raises(NewerFact):
            await late.whisper("I know nothing of that.")
        with pytest.raises(NewerFact):
            await late.restorer.whole(ROOM)
        assert len(records) == before


async def test_who_followed_a_log_is_told_where_only_a_newer_release_can_put_it_back(
    log: MemoryRoomLog, store: Kept
) -> None:
    async with processes(log, store, 1) as (one,), one.feeds.follow(ROOM) as feed:
        records = log.rooms[ROOM].records
        store.rooms[ROOM], diary = [*records, newer(records[-1])], Diary(feed)
        with pytest.raises(NewerFact):
            await feed.mend(ResetReason.FORK)
        assert diary.resets == [ResetReason.FORK]


async def test_of_many_that_put_a_room_back_at_once_one_does(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store, 1):
        await archive(log, store)
        log.forget(ROOM)
        crowd = [Process(log, store) for _ in range(8)]
        assert all(await asyncio.gather(*(process.restorer.heal(ROOM) for process in crowd)))
        assert [r.event.kind for r in log.rooms[ROOM].records] == ["room_restored"]


async def test_a_store_that_came_back_empty_gets_all_unfinished_rooms_once(log: MemoryRoomLog, store: Kept) -> None:
    async with processes(log, store, 1) as (one,):
        await archive(log, store)
        store.rooms["r-done"] = interview("r-done")
        store.reported.add("r-done")
        log.forget(ROOM)
        leases, listed = Announced(), Listed()
        watching = asyncio.create_task(one.restorer.watch(cast(Leases, leases), cast(Directory, listed)))
        await until(lambda: log.remembered)
        watching.cancel()
        assert leases.rooms == [ROOM]
        assert listed.added == [("owner", ROOM)]
        assert log.rooms.keys() == {ROOM}


async def test_a_room_that_only_a_newer_release_reads_is_left_for_it_to_put_back(
    log: MemoryRoomLog, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEFT_S", 0.0)
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    async with processes(log, store, 1) as (one,):
        await archive(log, store)
        store.rooms["r-newer"] = [*interview("r-newer")[:5], newer(interview("r-newer")[4])]
        log.forget(ROOM)
        leases, listed = Announced(), Listed()
        watching = asyncio.create_task(one.restorer.watch(cast(Leases, leases), cast(Directory, listed)))
        await until(lambda: len(leases.rooms) > 1)  # nobody says yet that all is back, so somebody else finds out
        assert set(leases.rooms) == {ROOM}
        assert log.rooms.keys() == {ROOM}
        assert not log.remembered
        store.rooms["r-newer"].pop()  # as if a process of the newer release had been there
        await until(lambda: log.remembered)
        watching.cancel()
