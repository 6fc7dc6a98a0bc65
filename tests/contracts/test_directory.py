"""`ports.Directory`: which rooms an owner has opened."""

from collections.abc import AsyncIterator

import pytest

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_directory import KEPT, RedisDirectory
from tests.waiting import PATIENT_MS


class Ticking:
    """A clock that goes on by a millisecond at each look."""

    def __init__(self) -> None:
        self._now = 0

    def now_ms(self) -> int:
        self._now += 1
        return self._now


@pytest.fixture
async def directory(every_redis_url: str) -> AsyncIterator[RedisDirectory]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield RedisDirectory(redis, Ticking())


async def test_rooms_are_listed_newest_first_for_their_owner_only(directory: RedisDirectory) -> None:
    for owner, room in (("ana", "r-1"), ("ben", "r-2"), ("ana", "r-3")):
        await directory.add(owner, room)
    assert list(await directory.rooms("ana")) == ["r-3", "r-1"]
    assert list(await directory.rooms("nobody")) == []


async def test_a_removed_room_is_not_listed(directory: RedisDirectory) -> None:
    await directory.add("ana", "r-1")
    await directory.remove("ana", "r-1")
    assert list(await directory.rooms("ana")) == []


async def test_only_the_newest_are_kept(directory: RedisDirectory) -> None:
    for number in range(KEPT + 5):
        await directory.add("ana", f"r-{number}")
    rooms = await directory.rooms("ana")
    assert len(rooms) == KEPT
    assert rooms[0] == f"r-{KEPT + 4}"
