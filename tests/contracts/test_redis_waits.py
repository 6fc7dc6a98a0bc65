"""REDIS_WAIT_REPLICAS: what is acknowledged is on a replica too, and what is not may be asked for again."""

import asyncio
from collections.abc import Iterator

import pytest

from rooms.commands import SAMPLE_RATE_HZ
from rooms.protocol import Frame
from server.adapters.redis_audio import RedisAudioLog
from server.adapters.redis_connection import RedisConnection, room_key
from server.ports import Appended, Misconfigured, Unavailable
from tests.kept_rooms import OPENED_AT
from tests.redis_parts import ROOM, append, open_room, room_log, whisper
from tests.redis_servers import Guarded, client, running
from tests.servers import ServerNotFoundError, find_redis
from tests.waiting import PATIENT_MS, until_it_works

SOON_MS = 200
"""For a replica that does not answer; one that does may need longer on a busy machine, and is asked again."""


@pytest.fixture(scope="module", params=["valkey-server", "redis-server"])
def replicated(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    try:
        binary = find_redis(request.param)
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    with running(Guarded(sentinels=0, binary=binary)) as servers:
        servers.wait_for_answers()
        yield servers


@pytest.fixture
def url(replicated: Guarded) -> Iterator[str]:
    replicated.flush()
    yield replicated.servers[0].url
    replicated.servers[1].resume()


async def test_what_is_acknowledged_is_on_the_replica(url: str, replicated: Guarded) -> None:
    async with room_log(url, wait_replicas=1) as log:
        cursor = await open_room(log)
        for number in range(20):
            cursor = await append(log, f"c-{number}", cursor)
            with client(replicated.servers[1].port) as replica:
                assert replica.hget(room_key(ROOM, "head"), "version") == str(cursor.version).encode()


async def test_too_few_replicas_are_an_outage_and_the_same_command_is_confirmed_when_they_are_back(
    url: str, replicated: Guarded
) -> None:
    async with (
        room_log(url, wait_replicas=1, wait_timeout_ms=SOON_MS) as log,
        room_log(url, wait_replicas=1, wait_timeout_ms=SOON_MS) as other,
    ):
        cursor = await until_it_works(lambda: open_room(log))
        replicated.servers[1].pause()
        for one in (log, log, other):  # whoever asks: that it is in the log already is not enough
            with pytest.raises(Unavailable) as refused:
                await one.append(ROOM, "c", cursor, OPENED_AT, [whisper("once")])
            assert not refused.value.full
        with pytest.raises(Unavailable):
            await other.check(ROOM, "c", cursor)
        assert len(await log.read(ROOM, 0, 10)) == 2  # nothing is lost, and it is there once
        replicated.servers[1].resume()
        done = await until_it_works(lambda: other.append(ROOM, "c", cursor, OPENED_AT, [whisper("once")]))
        assert isinstance(done, Appended)
        assert done.cursor.version == 2
        assert await log.check(ROOM, "c", cursor) == Appended(done.cursor, fresh=False)


async def test_what_needs_no_replica_does_not_wait_for_one(url: str, replicated: Guarded) -> None:
    async with room_log(url, wait_replicas=1) as log:
        cursor = await open_room(log)
        replicated.servers[1].pause()
        late = asyncio.create_task(log.append(ROOM, "c", cursor, OPENED_AT, [whisper("late")]))
        while (await log.head(ROOM) or cursor).version == 1:
            pass
        assert not late.done()
        replicated.servers[1].resume()
        await late


async def test_many_appends_at_once_share_their_waits(url: str, replicated: Guarded) -> None:
    async with room_log(url, wait_replicas=1) as log:
        await open_room(log, "r-0")
        before = waits(replicated)
        await asyncio.gather(*(open_room(log, f"r-{number}") for number in range(1, 200)))
        assert waits(replicated) - before < 20


async def test_audio_is_safe_when_a_replica_has_it(url: str, replicated: Guarded) -> None:
    frame = Frame(0, 0, bytes(SAMPLE_RATE_HZ // 25))
    async with RedisConnection(url, PATIENT_MS, wait_replicas=1, wait_timeout_ms=SOON_MS) as redis:
        audio = RedisAudioLog(redis, 60)
        assert await until_it_works(lambda: audio.append(ROOM, "s", [frame])) == 0
        replicated.servers[1].pause()
        with pytest.raises(Unavailable):
            await audio.append(ROOM, "s", [frame])


def test_a_wait_must_leave_time_for_a_second_try() -> None:
    with pytest.raises(Misconfigured, match="REDIS_WAIT_TIMEOUT_MS"):
        RedisConnection("redis://localhost", 1_000, wait_replicas=1, wait_timeout_ms=500)


def waits(servers: Guarded) -> int:
    with client(servers.servers[0].port) as redis:
        said = redis.info("commandstats")
    return int(said["cmdstat_wait"]["calls"])
