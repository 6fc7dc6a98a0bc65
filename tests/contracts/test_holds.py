"""The contract of `ports.Holds`, on Valkey, on Redis 6.2, on a cluster, and of its stand-in in memory."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from server.adapters.redis_connection import RedisConnection, room_key
from server.adapters.redis_holds import RedisHolds
from server.adapters.redis_log import RedisRoomLog
from server.ports import Holds
from tests.memory_holds import MemoryHolds
from tests.waiting import PATIENT_MS


class HoldsContract:
    async def test_a_connection_is_held_by_the_socket_that_opened_it_until_it_is_taken(self, holds: Holds) -> None:
        assert await holds.holders("r", ["w.1"]) == {"w.1": "w.1"}
        assert await holds.holders("r", []) == {}
        assert not await holds.take("r", "w.1", "w.2", "w.3")
        assert await holds.take("r", "w.1", "w.1", "x.2")
        assert await holds.take("r", "w.1", "x.2", "x.3")
        assert not await holds.take("r", "w.1", "w.1", "x.4")
        assert await holds.holders("r", ["w.2", "w.1"]) == {"w.1": "x.3", "w.2": "w.2"}
        assert await holds.holders("another", ["w.1"]) == {"w.1": "w.1"}

    async def test_of_many_who_take_it_at_once_one_has_it(self, holds: Holds) -> None:
        took = await asyncio.gather(*(holds.take("r", "w.1", "w.1", f"x.{number}") for number in range(20)))
        assert took.count(True) == 1
        assert await holds.holders("r", ["w.1"]) == {"w.1": f"x.{took.index(True)}"}

    async def test_a_command_that_comes_twice_is_done_once(self, holds: Holds) -> None:
        assert [await holds.take("r", "w.1", "w.1", "x.2") for _ in range(2)] == [True, True]
        assert [await holds.let_go("r", "w.1", "x.2") for _ in range(2)] == [True, True]

    async def test_nobody_takes_what_was_let_go_of_and_nobody_lets_go_of_what_was_taken(self, holds: Holds) -> None:
        await holds.take("r", "w.1", "w.1", "x.2")
        assert not await holds.let_go("r", "w.1", "w.1")
        assert await holds.let_go("r", "w.1", "x.2")
        assert not await holds.take("r", "w.1", "x.2", "x.3")
        assert await holds.holders("r", ["w.1"]) == {"w.1": ""}

    @pytest.mark.parametrize("remembered", [(), ("w.1",), ("w.1", "x.2")])
    async def test_who_took_it_lets_go_of_it_also_where_that_was_forgotten(
        self, holds: Holds, remembered: tuple[str, ...]
    ) -> None:
        for before, taker in itertools.pairwise(remembered):
            await holds.take("r", "w.1", before, taker)
        assert not await holds.let_go("r", "w.1", "x.3")
        assert await holds.let_go("r", "w.1", "x.3", remembered[-1] if remembered else "x.2")
        assert await holds.holders("r", ["w.1"]) == {"w.1": ""}

    async def test_who_took_it_does_not_let_go_of_it_when_others_have_it(self, holds: Holds) -> None:
        for before, taker in itertools.pairwise(("w.1", "x.2", "x.3", "x.4")):
            assert await holds.take("r", "w.1", before, taker)
        assert not await holds.let_go("r", "w.1", "x.3", "x.2")
        assert await holds.holders("r", ["w.1"]) == {"w.1": "x.4"}


class TestInRedis(HoldsContract):
    @pytest.fixture
    async def holds(self, every_redis_url: str) -> AsyncIterator[Holds]:
        async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
            for room in ("r", "another"):
                await redis.call("HSET", room_key(room, "head"), "epoch", "e")
            yield RedisHolds(redis)

    async def test_nobody_takes_what_is_held_in_a_room_that_was_erased(self, every_redis_url: str) -> None:
        async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
            holds, log = RedisHolds(redis), RedisRoomLog(redis)
            await redis.call("HSET", room_key("r-1", "head"), "epoch", "e")
            assert await holds.take("r-1", "w.1", "w.1", "x.2")
            await log.erase("r-1")
            assert not await holds.take("r-1", "w.1", "x.2", "x.3")
            assert not await holds.take("r-1", "w.2", "w.2", "x.3")
            assert await holds.let_go("r-1", "w.2", "w.2")


class TestInMemory(HoldsContract):
    @pytest.fixture
    def holds(self) -> Holds:
        return MemoryHolds()
