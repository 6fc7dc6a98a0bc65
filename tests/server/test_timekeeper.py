"""What comes due by itself happens once, whoever is alive to see to it. The timers lie in a real Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from rooms import commands as c
from rooms.events import Closing, Finish, Mode
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.timers import Limits
from server import timekeeper as module
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_timers import RedisTimers
from server.hearing import Hearing
from server.interviewer import Interviewer
from server.marker import Marker
from server.reporting import written
from server.scorer import Scorer
from server.shelf import Shelf
from server.timekeeper import AGAIN_MS, CLAIM_MS, Timekeeper
from server.writer import Writer
from tests.kept_rooms import newer
from tests.server.hearings import CANDIDATE, OPENED_AT, Heard, LevelVoice, Rig, SteppedClock
from tests.server.test_interviewer import BANK
from tests.server.test_worker import MemoryLeases
from tests.waiting import PATIENT_MS, until

LIMITS = Limits(answer_ms=300_000, warning_ms=60_000, reminder_ms=60_000, abandoned_ms=3_600_000, unbegun_ms=86_400_000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.02)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisConnection]:
    async with RedisConnection(redis_url, PATIENT_MS) as redis:
        yield redis


def keeper(rig: Rig, redis: RedisConnection, leases: MemoryLeases | None = None) -> Timekeeper:
    """Another worker's: it knows of the room what the log knows."""
    writer = Writer(rig.log, None, rig.clock)
    return Timekeeper(LIMITS, RedisTimers(redis, rig.clock), leases or MemoryLeases(), writer)


@contextlib.asynccontextmanager
async def kept(rig: Rig, room: Heard, *serving: Timekeeper, firing: tuple[Timekeeper, ...] = ()) -> AsyncIterator[None]:
    """Some workers that serve the room, and some that look for due timers."""
    async with rig.feeds.follow(room.id) as feed, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one.serve(feed)) for one in serving]
        running += [tasks.create_task(one.run()) for one in firing]
        yield
        for task in running:
            task.cancel()


async def timer_is_put(redis: RedisConnection, at_ms: int | None) -> None:
    async def it_is() -> bool:
        score = await redis.call("ZSCORE", "greenroom:timers", "r-1")
        return (None if score is None else int(float(score))) == at_ms

    await until(it_is)


async def kinds(rig: Rig) -> list[str]:
    return [record.kind for record in await rig.log.read("r-1", 0, 1_000)]


async def test_an_answer_is_warned_of_and_ended_once_though_many_look(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        one, two = keeper(rig, redis), keeper(rig, redis)
        async with kept(rig, room, one, firing=(one, two)):
            rig.clock.ms = OPENED_AT + 240_000
            await room.until(lambda: room.turn.limit_ms == 300_000)
            rig.clock.ms = OPENED_AT + 300_000
            await room.until(lambda: room.turn.finished)
            await timer_is_put(redis, None)
        assert room.turn.finished
        assert room.turn.finished.reason is Finish.LIMIT
        told = await kinds(rig)
        assert (told.count("turn_limit_near"), told.count("answer_finished")) == (1, 1)


@pytest.mark.parametrize("wrong_ms", [-3_600_000, 3_600_000])
async def test_a_timer_fires_in_time_by_redis_whatever_the_clock_of_its_worker_says(
    redis: RedisConnection, wrong_ms: int
) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        wrong = SteppedClock()
        wrong.ms += wrong_ms
        one = Timekeeper(LIMITS, RedisTimers(redis, rig.clock), MemoryLeases(), Writer(rig.log, None, wrong))
        async with kept(rig, room, one, firing=(one,)):
            rig.clock.ms = OPENED_AT + 240_000
            await room.until(lambda: room.turn.limit_ms == 300_000)
            rig.clock.ms = OPENED_AT + 300_000
            await room.until(lambda: room.turn.finished)


async def test_a_typed_answer_has_the_limit_too_and_its_words_count(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room, rig.hearing(None, room):
        await room.do(c.TypeAnswer(turn=1, text="I would put a queue in front."))
        one = keeper(rig, redis)
        async with kept(rig, room, one, firing=(one,)):
            rig.clock.ms = OPENED_AT + 240_000
            await room.until(lambda: room.turn.limit_ms)
            rig.clock.ms = OPENED_AT + 300_000
            turn = await room.closed()
        assert turn.finished
        assert (turn.finished.reason, turn.transcript.text) == (Finish.LIMIT, "I would put a queue in front.")


async def test_a_timer_fires_though_the_worker_that_put_it_is_gone(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        async with kept(rig, room, keeper(rig, redis)):
            await timer_is_put(redis, OPENED_AT + 240_000)
        async with kept(rig, room, firing=(keeper(rig, redis),)):
            rig.clock.ms = OPENED_AT + 240_000
            await room.until(lambda: room.turn.limit_ms)


async def test_a_timer_claimed_by_a_worker_that_died_fires_when_the_claim_ran_out(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        async with kept(rig, room, keeper(rig, redis)):
            await timer_is_put(redis, OPENED_AT + 240_000)
        rig.clock.ms = OPENED_AT + 240_000
        assert (await RedisTimers(redis, rig.clock).claim(CLAIM_MS, 10)).rooms == ["r-1"]  # and dies
        async with kept(rig, room, firing=(keeper(rig, redis),)):
            await asyncio.sleep(0.1)
            assert room.turn.limit_ms is None
            rig.clock.ms += CLAIM_MS
            await room.until(lambda: room.turn.limit_ms)


async def test_a_timer_done_by_a_worker_that_died_before_it_said_so_is_not_done_again(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        rig.clock.ms = OPENED_AT + 240_000
        warn = c.WarnOfLimit(turn=1, counts_ms=0, ends_ms=300_000)
        await rig.writer.do(room.id, warn, SYSTEM, "timer.warn.1.0")
        await RedisTimers(redis).put("r-1", rig.clock.ms)
        async with kept(rig, room, firing=(keeper(rig, redis),)):
            await timer_is_put(redis, OPENED_AT + 300_000)
        assert (await kinds(rig)).count("turn_limit_near") == 1


async def test_timers_that_redis_forgot_are_put_back(redis: RedisConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUT_AGAIN_S", 0.05)
    rig = Rig()
    async with rig.up(), rig.room() as room, kept(rig, room, keeper(rig, redis)):
        await timer_is_put(redis, OPENED_AT + 240_000)
        await redis.call("FLUSHALL")
        await timer_is_put(redis, OPENED_AT + 240_000)


async def test_a_pause_puts_the_timer_off(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        one = keeper(rig, redis)
        async with kept(rig, room, one, firing=(one,)):
            await timer_is_put(redis, OPENED_AT + 240_000)
            await room.do(c.PauseInterview())
            await timer_is_put(redis, None)
            rig.clock.ms += 100_000
            await room.do(c.ResumeInterview())
            await timer_is_put(redis, OPENED_AT + 340_000)


async def test_a_stale_timer_is_dropped(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room(asked=False) as room:
        await RedisTimers(redis).put("r-1", OPENED_AT)
        await RedisTimers(redis).put("r-never", OPENED_AT)
        async with kept(rig, room, firing=(keeper(rig, redis),)):
            await timer_is_put(redis, None)
        assert await redis.call("ZCARD", "greenroom:timers") == 0


async def test_a_planned_room_is_opened_on_time(redis: RedisConnection) -> None:
    rig = Rig()
    starts_at = OPENED_AT + 600_000
    plan = c.OpenRoom(room="r-1", mode=Mode.TECHNICAL, length=3, notice="n", owner="ada", starts_at=starts_at)
    async with rig.up():
        await rig.writer.do("r-1", plan, SYSTEM, "open")
        room = Heard("r-1", rig)
        one = keeper(rig, redis)
        async with kept(rig, room, one, firing=(one,)):
            rig.clock.ms = starts_at - 60_000
            await room.until(lambda: room.room.reminded)
            assert room.room.scheduled
            rig.clock.ms = starts_at
            await room.until(lambda: not room.room.scheduled)


@pytest.mark.parametrize("begun", [True, False])
async def test_a_room_that_everybody_left_ends_by_itself_and_says_why(redis: RedisConnection, begun: bool) -> None:
    """Nobody serves it any more: the timer announces it, and whoever takes it brings it to its end."""
    rig, leases = Rig(), MemoryLeases()
    async with rig.up(), rig.room(asked=begun) as room:
        async with kept(rig, room, keeper(rig, redis)):
            await room.do(c.Leave(participant=CANDIDATE.id, connection="c"), SYSTEM)
            wait_ms = LIMITS.abandoned_ms if begun else LIMITS.unbegun_ms
            await timer_is_put(redis, OPENED_AT + wait_ms)
        async with kept(rig, room, firing=(keeper(rig, redis, leases),)):
            rig.clock.ms = OPENED_AT + wait_ms
            await room.until(lambda: room.room.ending)
        assert leases.open == {"r-1"}
        async with rig.feeds.follow("r-1") as feed, asyncio.TaskGroup() as tasks:
            hearing = Hearing(rig.settings, rig.log, rig.audio, rig.notes, None, rig.clock, LevelVoice)
            readers = (
                hearing.serve,
                Interviewer(BANK, rig.clock, 10).serve,
                Scorer(Marker(BANK, Shelf())).serve,
            )
            running = [tasks.create_task(reader(feed, rig.pen())) for reader in readers]
            running.append(tasks.create_task(hearing.run()))
            await room.until(lambda: room.room.phase is Phase.CLOSED)
            for task in running:
                task.cancel()
        assert room.room.closing is Closing.ABANDONED
        row, report = written(room.room)
        assert row.closed_at == rig.clock.ms
        assert report


async def test_a_timer_of_a_room_that_only_a_newer_release_reads_is_left_to_its_workers(redis: RedisConnection) -> None:
    rig = Rig()
    async with rig.up(), rig.room():
        rig.clock.ms = OPENED_AT + 240_000
        await RedisTimers(redis).put("r-1", rig.clock.ms)
        life = rig.log.rooms["r-1"]
        life.records.append(newer(life.records[-1]))
        firing = asyncio.create_task(keeper(rig, redis).run())
        await timer_is_put(redis, rig.clock.ms + AGAIN_MS)  # soon, not when the claim runs out
        firing.cancel()
        assert (await kinds(rig)).count("turn_limit_near") == 0
