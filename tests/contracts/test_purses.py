"""The contract of `ports.Purses`, on Valkey, on Redis 6.2 and on a cluster."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_purses import RedisPurses
from server.ports import Purses
from tests.waiting import PATIENT_MS, until


@pytest.fixture
async def purses(every_redis_url: str) -> AsyncIterator[Purses]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield RedisPurses(redis)


async def test_many_workers_together_never_spend_more_than_the_limit(purses: Purses) -> None:
    taken = await asyncio.gather(*(purses.spend("room:r-1", 30, 100, 60) for _ in range(10)))
    assert sorted(taken) == [False] * 7 + [True] * 3
    assert await purses.spent("room:r-1") == 90
    assert await purses.spent("room:r-2") == 0


async def test_what_was_reckoned_too_high_is_given_back(purses: Purses) -> None:
    assert await purses.spend("owner:ada", 100, 100, 60)
    await purses.settle("owner:ada", -60)
    assert await purses.spend("owner:ada", 60, 100, 60)
    assert not await purses.spend("owner:ada", 1, 100, 60)


async def test_a_purse_is_forgotten_after_its_time_and_settling_does_not_bring_it_back(purses: Purses) -> None:
    await purses.settle("room:gone", 5)
    assert await purses.spent("room:gone") == 0
    assert await purses.spend("room:r-1", 100, 100, 1)
    await until(lambda: purses.spend("room:r-1", 100, 100, 1))
