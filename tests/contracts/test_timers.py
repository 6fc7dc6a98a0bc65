"""The contract of `ports.Timers`, on Valkey and on Redis 6.2."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_timers import RedisTimers
from server.ports import Claim, Timers
from tests.waiting import PATIENT_MS, until

NOW = 1_795_000_000_000
LATER = NOW + 10_000


FOR_MS = LATER - NOW


class Stepped:
    now = NOW

    def now_ms(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Stepped:
    return Stepped()


@pytest.fixture
async def timers(every_redis_url: str, clock: Stepped) -> AsyncIterator[Timers]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield RedisTimers(redis, clock)


async def due(timers: Timers, limit: int = 10) -> list[str]:
    return list((await timers.claim(FOR_MS, limit)).rooms)


async def test_what_is_due_is_claimed_by_one_of_many(timers: Timers) -> None:
    await timers.put("r-1", NOW)
    await timers.put("r-2", NOW + 1)
    claims = await asyncio.gather(*(due(timers) for _ in range(20)))
    assert [room for claim in claims for room in claim] == ["r-1"]


async def test_a_claim_that_nobody_settled_comes_due_again(timers: Timers, clock: Stepped) -> None:
    await timers.put("r-1", NOW)
    assert await timers.claim(FOR_MS, 10) == Claim(NOW, LATER, ["r-1"])
    clock.now = LATER - 1
    assert await due(timers) == []
    clock.now = LATER
    assert await due(timers) == ["r-1"]


async def test_a_room_has_one_timer_and_the_last_one_counts(timers: Timers, clock: Stepped) -> None:
    await timers.put("r-1", NOW)
    await timers.put("r-1", LATER)
    assert await due(timers) == []
    await timers.put("r-1", None)
    clock.now = LATER
    assert await due(timers) == []


@pytest.mark.parametrize(("next_ms", "is_due"), [(None, []), (NOW + 5, ["r-1"])])
async def test_what_was_dealt_with_is_due_when_it_is_due_next(
    timers: Timers, clock: Stepped, next_ms: int | None, is_due: list[str]
) -> None:
    await timers.put("r-1", NOW)
    claim = await timers.claim(FOR_MS, 10)
    await timers.settle("r-1", claim.until_ms, next_ms)
    clock.now = LATER * 2
    assert await due(timers) == is_due


async def test_a_timer_that_was_put_meanwhile_is_left_as_it_is(timers: Timers, clock: Stepped) -> None:
    await timers.put("r-1", NOW)
    claim = await timers.claim(FOR_MS, 10)
    await timers.put("r-1", NOW + 1)
    await timers.settle("r-1", claim.until_ms, None)
    clock.now = NOW + 1
    assert await due(timers) == ["r-1"]


async def test_no_more_are_claimed_than_asked_for(timers: Timers, clock: Stepped) -> None:
    for number in range(5):
        await timers.put(f"r-{number}", NOW + number)
    clock.now = LATER
    assert await due(timers, 2) == ["r-0", "r-1"]


async def test_what_is_due_is_due_by_the_stores_own_clock(every_redis_url: str) -> None:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        timers = RedisTimers(redis)
        now_ms = int(time.time() * 1000)
        await timers.put("r-1", now_ms - 1)
        await timers.put("r-2", now_ms + 3_600_000)
        claim = await timers.claim(FOR_MS, 10)
        assert claim.rooms == ["r-1"]
        assert now_ms <= claim.now_ms <= int(time.time() * 1000)
        assert claim.until_ms == claim.now_ms + FOR_MS


async def test_a_chore_is_one_callers_for_a_while(timers: Timers) -> None:
    assert sorted(await asyncio.gather(*(timers.take_chore("sweep", 60_000) for _ in range(5)))) == [False] * 4 + [True]
    assert await timers.take_chore("other", 30)
    await until(lambda: timers.take_chore("other", 60_000))
    assert not await timers.take_chore("other", 60_000)
