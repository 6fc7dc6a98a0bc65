"""The contract of `ports.Leases`, on Valkey, on Redis 6.2 and on a cluster."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from server.adapters.redis_connection import RedisConnection, room_key
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_log import RedisRoomLog
from server.ports import Appended, Leases
from tests.redis_parts import OPENED, admin_of, whisper
from tests.waiting import PATIENT_MS, until

SOON_MS, LONG_MS = 30, 60_000


@pytest.fixture
async def leases(every_redis_url: str) -> AsyncIterator[Leases]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield RedisLeases(redis)


async def taken_at_last(leases: Leases, room: str, holder: str) -> int:
    return int(await until(lambda: leases.take(room, holder, LONG_MS)))


def life_ms(url: str, room: str = "r-1") -> int:
    """How long a lease still lasts."""
    with admin_of(url) as admin:
        return int(admin.pttl(room_key(room, "lease")))


async def test_announced_rooms_are_open_until_they_are_retired(leases: Leases) -> None:
    assert list(await leases.open_rooms()) == []
    for room in ("r-1", "r-2", "r-1"):
        await leases.announce(room)
    assert sorted(await leases.open_rooms()) == ["r-1", "r-2"]
    await leases.retire("r-1")
    await leases.retire("r-1")
    assert list(await leases.open_rooms()) == ["r-2"]


async def test_a_room_has_one_holder(leases: Leases) -> None:
    assert await leases.take("r-1", "w-1", LONG_MS) is not None
    assert await leases.take("r-1", "w-2", LONG_MS) is None
    assert await leases.take("r-2", "w-2", LONG_MS) is not None


async def test_of_many_that_want_a_room_one_gets_it(leases: Leases) -> None:
    fences = await asyncio.gather(*(leases.take("r-1", f"w-{number}", LONG_MS) for number in range(50)))
    assert len([fence for fence in fences if fence is not None]) == 1


async def test_each_new_holder_gets_a_higher_number(leases: Leases) -> None:
    first = await leases.take("r-1", "w-1", LONG_MS)
    await leases.release("r-1", "w-1")
    second = await leases.take("r-1", "w-2", LONG_MS)
    await leases.release("r-1", "w-2")
    third = await leases.take("r-1", "w-1", LONG_MS)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first < second < third


async def test_numbers_grow_though_all_was_forgotten(leases: Leases, every_redis_url: str) -> None:
    first = await leases.take("r-1", "w-1", LONG_MS)
    with admin_of(every_redis_url) as admin:
        admin.flushall()
    await asyncio.sleep(0.002)  # they are times in ms
    second = await leases.take("r-1", "w-2", LONG_MS)
    assert first is not None
    assert second is not None
    assert first < second


async def test_a_holder_can_write_though_the_log_has_taken_a_number_of_a_clock_that_was_ahead(
    every_redis_url: str,
) -> None:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        log, leases = RedisRoomLog(redis), RedisLeases(redis)
        ahead = int(time.time() * 1000) + 3_600_000
        opened = await log.append("r-1", "open", None, 0, [OPENED], ahead)
        fence = await leases.take("r-1", "w-1", LONG_MS)
        assert fence is not None
        assert fence > ahead
        assert isinstance(await log.append("r-1", "c-1", opened.cursor, 0, [whisper("on")], fence), Appended)


async def test_taking_what_one_holds_prolongs_it_under_the_same_number(leases: Leases, every_redis_url: str) -> None:
    first = await leases.take("r-1", "w-1", LONG_MS)
    assert life_ms(every_redis_url) <= LONG_MS
    assert await leases.take("r-1", "w-1", 10 * LONG_MS) == first
    assert life_ms(every_redis_url) > LONG_MS
    assert await leases.take("r-1", "w-2", LONG_MS) is None


async def test_a_dead_holders_lease_runs_out(leases: Leases) -> None:
    first = await leases.take("r-1", "w-1", SOON_MS)
    assert first is not None
    assert await taken_at_last(leases, "r-1", "w-2") > first


async def test_keeping_prolongs_what_is_held_and_names_it(leases: Leases, every_redis_url: str) -> None:
    await leases.take("r-1", "w-1", LONG_MS)
    await leases.take("r-2", "w-2", LONG_MS)
    assert await leases.keep(["r-1", "r-2", "r-3"], "w-1", 10 * LONG_MS) == {"r-1"}
    assert life_ms(every_redis_url, "r-1") > LONG_MS >= life_ms(every_redis_url, "r-2")
    assert await leases.take("r-1", "w-2", LONG_MS) is None
    assert await leases.keep([], "w-1", LONG_MS) == frozenset()


async def test_what_ran_out_is_not_kept(leases: Leases) -> None:
    await leases.take("r-1", "w-1", SOON_MS)
    await taken_at_last(leases, "r-1", "w-2")
    assert await leases.keep(["r-1"], "w-1", LONG_MS) == frozenset()


async def test_only_the_holder_can_give_a_room_back(leases: Leases) -> None:
    await leases.take("r-1", "w-1", LONG_MS)
    await leases.release("r-1", "w-2")
    assert await leases.take("r-1", "w-2", LONG_MS) is None
    await leases.release("r-1", "w-1")
    assert await leases.take("r-1", "w-2", LONG_MS) is not None


async def test_a_worker_lives_as_long_as_it_beats(leases: Leases) -> None:
    await leases.beat("w-1", LONG_MS)
    await leases.beat("w-2", SOON_MS)
    assert "w-1" in await leases.alive(["w-1", "w-2", "w-3"])

    async def one_is_left() -> bool:
        return await leases.alive(["w-1", "w-2", "w-3"]) == {"w-1"}

    await until(one_is_left)
    assert await leases.alive([]) == frozenset()
