"""The contract of `ports.DeadLetters`, and what is made of them and of the heads of rooms."""

import json

import pytest

from rooms.protocol import Cursor
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_loads import RedisEquipments, RedisLoads
from server.adapters.redis_log import RedisRoomLog
from server.errors import Failed
from server.operations import Backlog, replay, told
from server.ports import DeadLetter, Unavailable
from tests.redis_parts import append, open_room
from tests.waiting import PATIENT_MS

LETTER = DeadLetter("r-1", "archive", 7, "ValueError", 8, 1_795_000_000_000)


class Displaced:
    """The part of a store that is asked here."""

    def __init__(self) -> None:
        self.away = False

    async def displaced(self) -> int:
        if self.away:
            raise Unavailable("database")
        return 3


async def test_letters_are_kept_replaced_listed_and_taken(every_redis_url: str) -> None:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        letters = RedisDeadLetters(redis)
        assert await letters.of("r-1") is None
        assert await letters.all() == []
        later = LETTER._replace(room="r-2", at=LETTER.at + 1)
        for letter in (later, LETTER, LETTER._replace(tries=16)):
            await letters.put(letter)
        assert await letters.all() == [LETTER._replace(tries=16), later]
        assert await letters.of("r-2") == later
        assert [await letters.take("r-2") for _ in range(2)] == [True, False]
        await redis.call("HSET", "greenroom:dead-letters", "r-3", json.dumps({**LETTER._asdict(), "more": 1}))
        assert await letters.of("r-3") == LETTER  # what the next release adds is overlooked


async def test_what_waits_for_the_database_is_counted_and_too_much_of_it_opens_no_room(redis_url: str) -> None:
    async with RedisConnection(redis_url, PATIENT_MS) as redis:
        log, leases, letters, store = RedisRoomLog(redis), RedisLeases(redis), RedisDeadLetters(redis), Displaced()
        backlog = Backlog(log, leases, letters, store, RedisLoads(redis), RedisEquipments(redis), limit=5)  # type: ignore[arg-type]
        ends = [await grown(log, "r-1", 4), await grown(log, "r-2", 2), await grown(log, "r-3", 1)]
        await leases.announce("r-1")
        await letters.put(LETTER._replace(room="r-2"))
        now = await backlog.look()  # nobody serves r-3, and nothing of it waits
        assert now.archive.model_dump() == {
            "rooms": 2, "behind": 6, "worst": 4, "limit": 5, "database": True, "displaced": 3
        }  # fmt: skip
        assert [letter.room for letter in now.dead_letters] == ["r-2"]
        with pytest.raises(Failed) as failed:
            await backlog.admit()
        assert failed.value.problem.code == "archive_behind"
        assert failed.value.problem.retry
        await log.mark_durable("r-1", ends[0])
        store.away = True
        now = await backlog.look()
        assert (now.archive.behind, now.archive.database, now.archive.displaced) == (2, False, None)
        await backlog.admit()
        assert "dead letters: 1" in told(now)
        assert "r-2: archive failed 8 times with ValueError; kept up to 7" in told(now)


async def grown(log: RedisRoomLog, room: str, records: int) -> Cursor:
    cursor = await open_room(log, room)
    for number in range(1, records):
        cursor = await append(log, f"c-{number}", cursor, room=room)
    return cursor


async def test_a_letter_is_tried_again_by_name_or_with_all_others(redis_url: str) -> None:
    async with RedisConnection(redis_url, PATIENT_MS) as redis:
        leases, letters = RedisLeases(redis), RedisDeadLetters(redis)
        for number in range(3):
            await letters.put(LETTER._replace(room=f"r-{number}"))
        assert await replay(letters, leases, "r-none") == []
        assert await replay(letters, leases, "r-1") == ["r-1"]
        assert await leases.open_rooms() == ["r-1"]
        assert sorted(await replay(letters, leases, None)) == ["r-0", "r-2"]
        assert await letters.all() == []
        assert await leases.open_rooms() == ["r-0", "r-1", "r-2"]
