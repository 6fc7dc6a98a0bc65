"""Rooms are forgotten: on their owner's wish, and by their age."""

from collections.abc import AsyncIterator, Awaitable
from functools import partial
from pathlib import Path

import pytest

from client import Greenroom, RefusedError
from rooms.commands import EndInterview, GiveConsent, StartInterview
from rooms.protocol import Frame
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.redis_audio import RedisAudioLog
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.adapters.redis_directory import RedisDirectory
from server.adapters.redis_ledger import RedisLedger
from server.adapters.redis_log import RedisRoomLog
from server.adapters.redis_timers import RedisTimers
from server.adapters.report_store import SqlReportStore
from server.erasing import DAY_MS, Eraser
from server.ports import ReportRow
from tests.deployment import deployed
from tests.kept_rooms import EPOCH, OPENED_AT, chain, interview
from tests.server.conftest import Standing
from tests.server.hearings import SteppedClock
from tests.waiting import until


class Kept:
    """Rooms in a database and in a Redis."""

    def __init__(self, redis: RedisConnection, database: Database, days: int) -> None:
        self.redis, self.clock, self.clock_of_redis = redis, SteppedClock(), SteppedClock()
        self.log, self.audio = RedisRoomLog(redis), RedisAudioLog(redis, 60)
        self.store = SqlReportStore(database, self.clock)
        letters, ledger = RedisDeadLetters(redis), RedisLedger(redis)
        timers, directory = RedisTimers(redis, self.clock_of_redis), RedisDirectory(redis, self.clock)
        self.eraser = Eraser(self.log, self.audio, self.store, directory, timers, letters, ledger, self.clock, days)

    async def room(self, room: str, closed_ms: int) -> None:
        records = interview(room, closed_ms=closed_ms)
        await self.store.archive(room, EPOCH, records)
        row = ReportRow(room, "owner", "behavioural", OPENED_AT, OPENED_AT + closed_ms, 3.0, 3)
        await self.store.keep_report(row, b"{}")
        await self.log.append(room, "open", None, OPENED_AT, [records[0].event])
        await self.audio.append(room, "s-1", [Frame(0, 0, bytes(640))])

    async def keys(self, room: str) -> list[bytes]:
        found: list[bytes] = await self.redis.call("KEYS", f"*{room}*")
        return found


@pytest.fixture
async def kept(redis_url: str, tmp_path: Path) -> AsyncIterator[Kept]:
    url = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    await migrate(url)
    database = Database(url, 5_000)
    async with RedisConnection(redis_url, 3_000) as redis:
        yield Kept(redis, database, days=30)
    await database.close()


async def test_rooms_older_than_they_may_be_are_forgotten_everywhere(kept: Kept) -> None:
    await kept.room("r-old", 0)
    await kept.room("r-young", DAY_MS)
    kept.clock.ms = kept.clock_of_redis.ms = OPENED_AT + 30 * DAY_MS + 1
    assert await kept.eraser.sweep() == 1
    assert await kept.eraser.sweep() == 0
    assert await kept.store.report("r-old") is None
    assert await kept.log.head("r-old") is None
    assert await kept.keys("r-old") == [b"greenroom:{r-old}:head"]  # which says that it was erased
    assert await kept.store.report("r-young") is not None
    assert await kept.log.head("r-young") is not None


@pytest.mark.parametrize("which", ["clock", "clock_of_redis"])
async def test_one_clock_that_jumped_ahead_forgets_no_room(kept: Kept, which: str) -> None:
    await kept.room("r-young", 0)
    kept.clock.ms = kept.clock_of_redis.ms = OPENED_AT + DAY_MS
    getattr(kept, which).ms += 1_000 * DAY_MS
    assert await kept.eraser.sweep() == 0
    assert await kept.store.report("r-young") is not None


async def test_a_worker_forgets_what_is_too_old_by_itself(redis_url: str) -> None:
    with deployed(redis_url, RETENTION_DAYS="1") as deployment:
        database = Database(deployment.database_url, 5_000)
        store = SqlReportStore(database, SteppedClock())
        try:
            opened, *rest = (record.event for record in interview("r-old"))
            long_ago = opened.model_copy(update={"opened_at": SteppedClock().ms})
            await store.archive("r-old", EPOCH, chain([long_ago, *rest]))
            await store.keep_report(ReportRow("r-old", "owner", "behavioural", 0, 0, 3.0, 3), b"{}")
            deployment.worker()
            await until(partial(_is_forgotten, store, "r-old"))
            assert [record async for record in store.records("r-old")] == []
        finally:
            await database.close()


async def _is_forgotten(store: SqlReportStore, room: str) -> bool:
    return await store.report(room) is None


async def test_an_owner_erases_a_room_that_is_over(standing: Standing, greenroom: Greenroom) -> None:
    opened = await greenroom.open_room("behavioural")
    async with greenroom.join(opened) as candidate:
        await candidate.do(GiveConsent(notice=candidate.room.notice))
        await candidate.do(StartInterview())
        with pytest.raises(RefusedError, match="End it first"):
            await greenroom.erase(opened.room)
        await candidate.do(EndInterview())
    await greenroom.wait_for_report(opened.room)
    await greenroom.erase(opened.room)
    # A process that was in it lately may know for a moment that it was, but not what was said.
    assert await code_of(greenroom.report(opened.room)) in ("report_not_ready", "unknown_room")
    assert await code_of(nothing_is_told(greenroom, opened.room)) in (None, "unknown_room")
    assert await code_of(greenroom.erase(opened.room)) in (None, "unknown_room")


async def nothing_is_told(greenroom: Greenroom, room: str) -> None:
    assert [fact async for fact in greenroom.history(room)] == []


async def code_of(asking: Awaitable[object]) -> str | None:
    """Why it was refused, if it was."""
    try:
        await asking
    except RefusedError as refused:
        return refused.code
    return None
