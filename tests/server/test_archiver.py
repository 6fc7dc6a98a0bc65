"""The archiver: facts reach the database while the interview goes on, whatever happens to either side."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest

from rooms.events import Event, ParticipantLeft
from rooms.protocol import Cursor, ResetReason
from rooms.releases import NewerFact
from server import archiver as module
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.redis_connection import RedisConnection, room_key
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.adapters.report_store import SqlReportStore
from server.archiver import LOG_KEPT_S, Archiver, Snapshots
from server.clock import SystemClock
from server.feed import Feeds
from server.live import Feed
from server.logs import JsonLines
from server.ports import Appended, DeadLetter, DeadLetters, Head, Leases, Record, ReportStore, RoomLog, Unavailable
from server.reporting import written
from server.whole import read
from tests.kept_rooms import (
    EPOCH,
    OPENED_AT,
    behind,
    chain,
    closing,
    interview,
    newer,
    opening,
    skipped_turn,
    spoken_turn,
    typed_turn,
)
from tests.servers import Postgres
from tests.waiting import DEADLINE_S, PATIENT_MS, until

ROOM = "r-1"


class LogInMemory:
    """What the archiver and a feed need of a RoomLog."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.epoch = "epoch-1"
        self.expiring: list[str] = []
        self.durable = self.trimmed = 0
        self.snapshots: list[tuple[int, bytes, int]] = []

    async def head(self, room: str) -> Cursor | None:
        last = self.records[-1]
        return Cursor(epoch=self.epoch, version=last.version, tag=last.tag)

    async def heads(self, rooms: Sequence[str]) -> Mapping[str, Head]:
        cursor = await self.head(ROOM)
        assert cursor is not None
        return {ROOM: Head(cursor, self.durable)}

    async def mark_durable(self, room: str, upto: Cursor) -> bool:
        there = self.records[upto.version - 1 : upto.version]
        if upto.epoch == self.epoch and [record.tag for record in there] == [upto.tag]:
            self.durable = max(self.durable, upto.version)
        return True

    async def read(self, room: str, after: int, limit: int) -> Sequence[Record]:
        return self.records[max(after, self.trimmed) :][:limit]

    async def keep_snapshot(self, room: str, upto: Cursor, snapshot: bytes, tail: int) -> bool:
        self.snapshots.append((upto.version, snapshot, tail))
        return True

    async def snapshot(self, room: str) -> bytes | None:
        return self.snapshots[-1][1] if self.snapshots else None

    async def expire(self, room: str, after_s: int) -> None:
        self.expiring.append(room)


class Retired:
    """The part of the leases that the archiver uses."""

    def __init__(self) -> None:
        self.rooms: list[str] = []

    async def retire(self, room: str) -> None:
        self.rooms.append(room)


class Counting:
    """A store that counts its transactions and breaks when told."""

    def __init__(self, store: ReportStore) -> None:
        self._store = store
        self.batches: list[int] = []
        self.broken: Exception | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def archive(self, room: str, epoch: str, records: Sequence[Record]) -> None:
        if self.broken:
            raise self.broken
        await self._store.archive(room, epoch, records)
        self.batches.append(len(records))


class Live:
    """A room whose log grows, with a feed that hears of it."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.log = LogInMemory(records)
        self.feed = Feed(ROOM, cast(RoomLog, self.log))

    async def happen(self, *records: Record) -> None:
        for record in records:
            self.log.records.append(record)
            assert self.feed.receive([record]) is None
            await asyncio.sleep(0)


async def live(records: Sequence[Record]) -> Live:
    room = Live(records)
    await room.feed.load()
    return room


def archiver(room: Live, store: object, retired: Retired, *, batch_s: float = 0.01) -> Archiver:
    log, leases = cast(RoomLog, room.log), cast(Leases, retired)
    return Archiver(log, cast(ReportStore, store), leases, batch_s=batch_s)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlReportStore]:
    await migrate(url)
    database = Database(url, timeout_ms=PATIENT_MS)
    yield SqlReportStore(database, SystemClock())
    await database.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlReportStore]:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/greenroom.db") as store:
        yield store


async def kept(store: ReportStore) -> list[Record]:
    return [record async for record in store.records(ROOM)]


async def test_a_closed_room_is_archived_reported_and_retired(store: SqlReportStore) -> None:
    room, retired = await live(interview()), Retired()
    await archiver(room, store, retired).serve(room.feed)
    assert await kept(store) == interview()
    assert await store.report(ROOM) == written(room.feed.room)
    assert retired.rooms == room.log.expiring == [ROOM]
    assert room.log.durable == len(interview())


async def test_facts_are_archived_while_the_interview_goes_on(store: SqlReportStore) -> None:
    log, retired = interview(), Retired()
    room = await live(log[:1])
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(archiver(room, store, retired).serve(room.feed))
        for number in range(1, len(log)):
            await room.happen(log[number])
            await until(partial(_archived, store, number + 1))
        await serving
    assert retired.rooms == [ROOM]


async def _archived(store: ReportStore, version: int) -> bool:
    return await store.archived(ROOM) == version


async def test_a_snapshot_is_made_now_and_then_and_at_the_end(store: SqlReportStore) -> None:
    log = interview()
    room = await live(log[:1])
    serving = Archiver(
        cast(RoomLog, room.log),
        store,
        cast(Leases, Retired()),
        batch_s=0.01,
        snapshots=Snapshots(every_records=8, tail_records=100),
    ).serve(room.feed)
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(serving)
        for number in range(1, len(log)):
            await room.happen(log[number])
            await until(partial(_archived, store, number + 1))
    versions = [version for version, _, _ in room.log.snapshots]
    assert versions[-1] == len(log)
    assert all(later - earlier <= 9 for earlier, later in pairwise(versions))
    assert len(versions) <= len(log) / 8 + 1
    assert {tail for _, _, tail in room.log.snapshots} == {100}
    assert read(room.log.snapshots[-1][1], room.log.epoch) == room.feed.story


async def test_facts_in_quick_succession_share_transactions(store: SqlReportStore) -> None:
    log, counting = interview(), Counting(store)
    room = await live(log[:1])
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(archiver(room, counting, Retired(), batch_s=30).serve(room.feed))
        await until(lambda: _archived(store, 1))
        await room.happen(*log[1:])  # the last one closes the room, which ends the gathering
    assert sum(counting.batches) == len(log)
    assert len(counting.batches) <= 3  # one may have begun when the first facts came


async def test_another_worker_goes_on_where_the_first_one_died(store: SqlReportStore) -> None:
    log, retired = interview(), Retired()
    room = await live(log[:10])
    first = asyncio.create_task(archiver(room, store, retired).serve(room.feed))
    await until(lambda: _archived(store, 10))
    first.cancel()
    await asyncio.wait([first])
    counting, after = Counting(store), await live(log)
    await archiver(after, counting, retired).serve(after.feed)
    assert counting.batches == [len(log) - 10]
    assert await kept(store) == log


async def test_a_worker_that_stood_still_goes_on_behind_what_another_archived_and_trimmed(
    store: SqlReportStore, caplog: pytest.LogCaptureFixture
) -> None:
    log, counting = interview(), Counting(store)
    room = await live(log[:5])
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(archiver(room, counting, Retired()).serve(room.feed))
        await until(partial(_archived, store, 5))
        await store.archive(ROOM, room.log.epoch, log[5:12])
        room.log.trimmed = 12
        await room.happen(*log[5:])
    assert sum(counting.batches) == 5 + len(log) - 12
    assert await kept(store) == log
    assert "archiving fails" not in caplog.text


async def test_serving_an_archived_room_again_changes_nothing(store: SqlReportStore) -> None:
    room, retired = await live(interview()), Retired()
    for _ in range(2):
        await archiver(room, store, retired).serve(room.feed)
    assert await kept(store) == interview()
    assert await store.report(ROOM) == written(room.feed.room)
    assert retired.rooms == [ROOM, ROOM]


async def test_goodbyes_after_the_end_change_no_report(store: SqlReportStore) -> None:
    parting = ParticipantLeft(participant="person-1", connection="k-1")
    log = chain([*opening(), *spoken_turn(1), closing(), parting])
    room = await live(log)
    await archiver(room, store, Retired()).serve(room.feed)
    after = await live(log[:-1])
    assert (await store.report(ROOM)) == written(after.feed.room)


@pytest.mark.parametrize("error", [Unavailable("database"), Unavailable("database", full=True), RuntimeError("a bug")])
async def test_a_database_in_trouble_holds_up_no_interview_and_misses_nothing(
    store: SqlReportStore, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    log, counting = interview(), Counting(store)
    room = await live(log[:3])
    counting.broken = error
    with caplog.at_level(logging.INFO):
        serving = asyncio.create_task(archiver(room, counting, Retired()).serve(room.feed))
        await until(lambda: _said(caplog, "archiving"))
        await room.happen(*log[3:])
        assert not serving.done()
        counting.broken = None
        async with asyncio.timeout(2 * DEADLINE_S):
            await serving
    assert await kept(store) == log
    assert _behind(caplog) == [3, len(log)]


def _behind(caplog: pytest.LogCaptureFixture) -> list[int]:
    """What the first and the last line about the trouble say."""
    said = [record for record in caplog.records if record.getMessage().startswith("archiving")]
    assert said[-1].getMessage() == "archiving goes on"
    return [vars(said[0])["behind"], vars(said[-1])["behind"]]


async def _said(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return text in caplog.text


async def test_logs_of_trouble_hold_no_word_that_was_said(
    store: SqlReportStore, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Counting(store)
    counting.broken = RuntimeError("we moved the ledger to Postgres")
    room = await live(interview())
    serving = asyncio.create_task(archiver(room, counting, Retired()).serve(room.feed))
    await until(lambda: _said(caplog, "archiving fails"))
    serving.cancel()
    await asyncio.wait([serving])
    assert "ledger" not in "\n".join(JsonLines().format(record) for record in caplog.records)


# --- dead letters ---------------------------------------------------------------------------------------------


class Letters:
    def __init__(self) -> None:
        self.of_rooms: dict[str, DeadLetter] = {}

    async def put(self, letter: DeadLetter) -> None:
        self.of_rooms[letter.room] = letter

    async def of(self, room: str) -> DeadLetter | None:
        return self.of_rooms.get(room)

    async def take(self, room: str) -> bool:
        return self.of_rooms.pop(room, None) is not None


def patient(room: Live, store: object, retired: Retired, letters: Letters) -> Archiver:
    return Archiver(
        cast(RoomLog, room.log),
        cast(ReportStore, store),
        cast(Leases, retired),
        batch_s=0.01,
        letters=cast(DeadLetters, letters),
        tries=2,
    )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.02)


@pytest.mark.usefixtures("quick")
async def test_a_room_that_cannot_be_archived_gets_a_letter_and_is_archived_when_that_is_taken_away(
    store: SqlReportStore, caplog: pytest.LogCaptureFixture
) -> None:
    log, counting, letters, retired = interview(), Counting(store), Letters(), Retired()
    room = await live(log[:3])
    counting.broken = RuntimeError("we moved the ledger to Postgres")
    serving = asyncio.create_task(patient(room, counting, retired, letters).serve(room.feed))
    await until(partial(_has_letter, letters))
    letter = letters.of_rooms[ROOM]
    assert (letter.room, letter.doing, letter.version, letter.error, letter.tries) == (
        ROOM, "archive", 0, "RuntimeError", 2
    )  # fmt: skip
    await room.happen(*log[3:10])
    assert not serving.done()  # its interview goes on, and may yet be archived
    counting.broken = None
    assert await letters.take(ROOM)
    await until(partial(_archived, store, 10))
    await room.happen(*log[10:])
    await asyncio.wait_for(serving, DEADLINE_S)
    assert await kept(store) == log
    assert (retired.rooms, letters.of_rooms) == ([ROOM], {})
    assert "ledger" not in "\n".join(JsonLines().format(record) for record in caplog.records)


async def _has_letter(letters: Letters) -> bool:
    return ROOM in letters.of_rooms


@pytest.mark.usefixtures("quick")
async def test_a_closed_room_with_a_letter_wants_no_worker_and_keeps_its_log(store: SqlReportStore) -> None:
    counting, letters, retired = Counting(store), Letters(), Retired()
    room = await live(interview())
    counting.broken = ValueError("no")
    await asyncio.wait_for(patient(room, counting, retired, letters).serve(room.feed), DEADLINE_S)
    assert (retired.rooms, room.log.expiring, room.log.durable) == ([ROOM], [], 0)
    await asyncio.wait_for(patient(room, counting, retired, letters).serve(room.feed), DEADLINE_S)
    assert letters.of_rooms[ROOM].tries == 4
    counting.broken = None
    await asyncio.wait_for(patient(room, counting, retired, letters).serve(room.feed), DEADLINE_S)
    assert (room.log.expiring, letters.of_rooms) == ([ROOM], {})
    assert await store.report(ROOM) == written(room.feed.room)


@pytest.mark.usefixtures("quick")
async def test_an_outage_however_long_is_no_reason_for_a_letter(store: SqlReportStore) -> None:
    counting, letters = Counting(store), Letters()
    room = await live(interview())
    counting.broken = Unavailable("database")
    serving = asyncio.create_task(patient(room, counting, Retired(), letters).serve(room.feed))
    await asyncio.sleep(0.2)
    assert letters.of_rooms == {}
    counting.broken = None
    await asyncio.wait_for(serving, DEADLINE_S)


# --- forks ----------------------------------------------------------------------------------------------------


def forked(common: int) -> tuple[list[Record], list[Record]]:
    """Two logs that share their first records, and the second closed."""
    first = chain([*opening(), *spoken_turn(1)])
    rest = chain([*opening(), *typed_turn(1), *skipped_turn(2), closing()], branch="b")[common:]
    return first, [*first[:common], behind(rest[0], first[common - 1].tag), *rest[1:]]


@pytest.mark.parametrize("common", [7, 8])
async def test_a_log_that_forked_while_nobody_looked_is_archived_as_it_is_now(
    store: SqlReportStore, common: int
) -> None:
    first, second = forked(common)
    await store.archive(ROOM, "epoch-1", first)
    room = await live(second)
    await archiver(room, store, Retired()).serve(room.feed)
    assert await kept(store) == second
    assert await store.report(ROOM) == written(room.feed.room)


@pytest.mark.parametrize("now", [8, 13, 18])
async def test_a_log_that_forks_under_our_eyes_is_archived_as_it_is_now(store: SqlReportStore, now: int) -> None:
    """The new branch is at first shorter than, as long as, or longer than what is archived."""
    first, second = forked(7)
    room = await live(first)
    assert len(first) == 13
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(archiver(room, store, Retired()).serve(room.feed))
        await until(lambda: _archived(store, len(first)))
        room.log.records = second[:now]
        await room.feed.mend(ResetReason.FORK)
        await until(lambda: _last_tag(store, second[now - 1]))
        if rest := second[now:]:
            await room.happen(*rest)
    assert await kept(store) == second


async def test_a_log_that_lost_what_was_about_to_be_read_is_no_failure_to_archive_it(
    store: SqlReportStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A replica that was behind took over, and nobody here had heard of it yet."""
    first, second = forked(7)
    await store.archive(ROOM, "epoch-1", first[:10])
    room = await live(first)
    room.log.records = second[:8]
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(archiver(room, store, Retired()).serve(room.feed))
        await until(lambda: _last_tag(store, second[7]))
        await room.happen(*second[8:])
    assert await kept(store) == second
    assert "archiving fails" not in [record.getMessage() for record in caplog.records]


async def test_a_log_that_lost_its_end_and_has_it_again_is_no_failure_to_archive_it(
    store: SqlReportStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at it first puts back what a replica that was behind had not."""
    story = chain([*opening(), *typed_turn(1), *skipped_turn(2), closing()])
    await store.archive(ROOM, "epoch-1", story[:5])
    room = await live(story)
    room.log.records, lost = story[:5], story[5:]
    look = room.feed.look

    async def put_back() -> None:
        room.log.records = [*story[:5], *lost]
        await look()

    monkeypatch.setattr(room.feed, "look", put_back)
    await archiver(room, store, Retired()).serve(room.feed)
    assert await kept(store) == story
    assert "archiving fails" not in [record.getMessage() for record in caplog.records]


async def _last_tag(store: ReportStore, last: Record) -> bool:
    return last in await kept(store)


# --- a real Redis ---------------------------------------------------------------------------------------------


async def test_a_room_in_redis_is_archived_as_it_happens_and_then_let_go(redis_url: str, store: SqlReportStore) -> None:
    async with RedisConnection(redis_url, PATIENT_MS) as redis, asyncio.timeout(2 * DEADLINE_S):
        log, leases = RedisRoomLog(redis), RedisLeases(redis)
        feeds = Feeds(log, RedisSubscriber(redis))
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(feeds.run())
            await leases.announce(ROOM)
            cursor = await _appended(log, None, opening()[0])
            async with feeds.follow(ROOM) as feed:
                serving = tasks.create_task(Archiver(log, store, leases, batch_s=0.01).serve(feed))
                for happening in [record.event for record in interview()[1:]]:
                    cursor = await _appended(log, cursor, happening)
                await serving
                assert await store.report(ROOM) == written(feed.room)
            assert await kept(store) == await log.read(ROOM, 0, 1000)
            assert await leases.open_rooms() == []
            assert 0 < int(await redis.call("TTL", room_key(ROOM, "log"))) <= LOG_KEPT_S
            following.cancel()


async def _appended(log: RedisRoomLog, cursor: Cursor | None, happening: Event) -> Cursor:
    command = f"c-{cursor.version if cursor else 0}"
    done = await log.append(ROOM, command, cursor, OPENED_AT, [happening])
    assert isinstance(done, Appended)
    return done.cursor


# --- a real Postgres ------------------------------------------------------------------------------------------


async def test_postgres_killed_in_mid_interview_and_restarted_has_each_fact_once(
    killable_postgres: Callable[[], Postgres], caplog: pytest.LogCaptureFixture
) -> None:
    server = killable_postgres()
    log, retired = chain(_long_interview(60)), Retired()
    async with opened(server.url) as store, asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as tasks:
        room = await live(log[:1])
        serving = tasks.create_task(archiver(room, store, retired).serve(room.feed))
        for number, record in enumerate(log[1:], 1):
            if record.version > room.feed.cursor.version:
                await room.happen(record)
            if number % 10 == 0:
                await asyncio.sleep(0.01)
            if number in (70, 170):
                await asyncio.to_thread(server.kill)
                caplog.clear()
                await room.happen(log[number + 1])
                await until(lambda: _said(caplog, "stands still"))
            if number in (90, 190):
                await asyncio.to_thread(server.start)
        await serving
        assert await kept(store) == log
        assert await store.report(ROOM) == written(room.feed.room)
    assert retired.rooms == [ROOM]


def _long_interview(turns: int) -> list[Event]:
    return [*opening(), *(event for turn in range(1, turns + 1) for event in skipped_turn(turn)), closing()]


@pytest.mark.usefixtures("quick")
async def test_what_only_a_newer_release_reads_is_no_fault_of_a_room_and_no_reason_for_a_letter(
    store: SqlReportStore, caplog: pytest.LogCaptureFixture
) -> None:
    log, letters, retired = interview(), Letters(), Retired()
    room = await live(log[:3])
    serving = asyncio.create_task(patient(room, store, retired, letters).serve(room.feed))
    await until(partial(_archived, store, 3))
    await room.happen(newer(log[2]))
    with pytest.raises(NewerFact):
        await asyncio.wait_for(serving, DEADLINE_S)
    assert (letters.of_rooms, retired.rooms, await store.archived(ROOM)) == ({}, [], 3)
    assert not await _said(caplog, "archiving fails")


async def test_the_archive_keeps_what_only_a_newer_release_reads_as_it_was_written(store: SqlReportStore) -> None:
    log = interview()[:3]
    with_more = Record(4, "t-4", log[-1].tag, log[-1].at, "c-4", b'{"kind":"interview_started","next":[1, 2]}')
    await store.archive(ROOM, EPOCH, [*log, with_more, newer(with_more)])
    found = [record async for record in store.records(ROOM)]
    assert [record.text for record in found[3:]] == [with_more.text, newer(with_more).text]
    assert [record.kind for record in found[3:]] == ["interview_started", "turn_sung"]
