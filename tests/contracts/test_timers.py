"""The contract of `ports.Timers`, on Valkey and on Redis 6.2."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_timers import RedisTimers
from server.ports import Timers

NOW = 1_795_000_000_000
LATER = NOW + 10_000


@pytest.fixture
async def timers(every_redis_url: str) -> AsyncIterator[Timers]:
    async with RedisConnection(every_redis_url, 3_000) as redis:
        yield RedisTimers(redis)


async def test_what_is_due_is_claimed_by_one_of_many(timers: Timers) -> None:
    await timers.put("r-1", NOW)
    await timers.put("r-2", NOW + 1)
    claims = await asyncio.gather(*(timers.claim(NOW, LATER, 10) for _ in range(20)))
    assert [room for claim in claims for room in claim] == ["r-1"]


async def test_a_claim_that_nobody_settled_comes_due_again(timers: Timers) -> None:
    await timers.put("r-1", NOW)
    assert list(await timers.claim(NOW, LATER, 10)) == ["r-1"]
    assert list(await timers.claim(LATER - 1, LATER + 1, 10)) == []
    assert list(await timers.claim(LATER, LATER + 10_000, 10)) == ["r-1"]


async def test_a_room_has_one_timer_and_the_last_one_counts(timers: Timers) -> None:
    await timers.put("r-1", NOW)
    await timers.put("r-1", LATER)
    assert list(await timers.claim(NOW, LATER, 10)) == []
    await timers.put("r-1", None)
    assert list(await timers.claim(LATER, LATER + 1, 10)) == []


@pytest.mark.parametrize(("next_ms", "due"), [(None, []), (NOW + 5, ["r-1"])])
async def test_what_was_dealt_with_is_due_when_it_is_due_next(
    timers: Timers, next_ms: int | None, due: list[str]
) -> None:
    await timers.put("r-1", NOW)
    await timers.claim(NOW, LATER, 10)
    await timers.settle("r-1", LATER, next_ms)
    assert list(await timers.claim(LATER * 2, LATER * 3, 10)) == due


async def test_a_timer_that_was_put_meanwhile_is_left_as_it_is(timers: Timers) -> None:
    await timers.put("r-1", NOW)
    await timers.claim(NOW, LATER, 10)
    await timers.put("r-1", NOW + 1)
    await timers.settle("r-1", LATER, None)
    assert list(await timers.claim(NOW + 1, LATER, 10)) == ["r-1"]


async def test_no_more_are_claimed_than_asked_for(timers: Timers) -> None:
    for number in range(5):
        await timers.put(f"r-{number}", NOW + number)
    assert list(await timers.claim(LATER, LATER + 1, 2)) == ["r-0", "r-1"]


async def test_a_chore_is_one_callers_for_a_while(timers: Timers) -> None:
    assert sorted(await asyncio.gather(*(timers.take_chore("sweep", 30) for _ in range(5)))) == [False] * 4 + [True]
    assert await timers.take_chore("other", 60_000)
    async with asyncio.timeout(5):
        while not await timers.take_chore("sweep", 60_000):
            await asyncio.sleep(0.005)
