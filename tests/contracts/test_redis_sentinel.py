"""Greenroom on a primary guarded by a Sentinel: whoever is the primary, commands and listeners find it."""

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis as Client
from redis.asyncio import Redis as AsyncClient

from server.adapters import redis_roads
from server.adapters.redis_address import parsed
from server.adapters.redis_connection import RedisConnection
from server.ports import Unavailable
from tests.contracts.test_subscriber import listening
from tests.redis_parts import PASSWORD, ROOM, append, least_rights, nothing_is_had, open_room, room_log, told
from tests.redis_servers import Guarded, client, running
from tests.servers import ServerNotFoundError, find_redis
from tests.waiting import PATIENT_MS, until, within


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    try:
        find_redis()
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    with running(Guarded()) as servers:
        yield servers


async def test_appends_and_messages_go_on_under_the_new_primary_after_the_old_one_died(guarded: Guarded) -> None:
    async with listening(guarded.url, timeout_ms=PATIENT_MS) as ear:
        await ear.subscriber.subscribe(ROOM)
        cursor = await open_room(ear.log)
        for number in range(20):
            cursor = await append(ear.log, f"c-{number}", cursor)
        await until(lambda: len(ear.heard) == 21)
        generation = ear.redis.generation
        await asyncio.to_thread(replicated, guarded)
        guarded.kill_primary()
        cursor = await append(ear.log, "c-after", cursor)  # within its one deadline
        assert cursor.version == 22
        assert ear.redis.generation > generation
        await until(lambda: ear.reconnected >= 1)
        await append(ear.log, "c-heard", cursor)
        await until(lambda: ear.versions[-1] == 23)


async def test_a_primary_that_is_demoted_in_good_order_is_left(guarded: Guarded) -> None:
    async with listening(guarded.url, timeout_ms=PATIENT_MS) as ear:
        await ear.subscriber.subscribe(ROOM)
        cursor = await open_room(ear.log)
        await asyncio.to_thread(replicated, guarded)
        generation = ear.redis.generation
        await asyncio.to_thread(guarded.fail_over)
        await until(lambda: ear.redis.generation > generation)
        await until(lambda: ear.reconnected >= 1)
        await append(ear.log, "c", cursor)
        await until(lambda: ear.versions[-1] == 2)


async def test_a_server_that_the_sentinels_gave_up_is_left_though_it_answers(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off from the Sentinels, it still takes itself for the primary; what it is told would be lost."""
    monkeypatch.setattr(redis_roads, "SENTINEL_LOOK_S", 0.05)
    async with RedisConnection(guarded.url, PATIENT_MS) as redis:
        await redis.call("SET", "greenroom:a", "1")
        generation = redis.generation
        others = [server for server in guarded.servers if server is not guarded.primary]

        async def primary(_: object) -> tuple[str, int]:
            return "127.0.0.1", others[0].port

        monkeypatch.setattr(redis_roads.Sentinels, "primary", primary)
        with Client.from_url(others[0].url) as admin:
            admin.replicaof("NO", "ONE")
        await until(lambda: redis.generation > generation)
        assert await redis.call("CONFIG", "GET", "port") == [b"port", str(others[0].port).encode()]


async def test_the_sentinels_and_the_servers_have_logins_of_their_own(guarded: Guarded) -> None:
    url = let_in(guarded)
    async with room_log(url) as log:
        await append(log, "c", await open_room(log))
    await nothing_is_had(url.replace("right", "wrong"))


async def test_a_name_that_no_sentinel_knows_is_an_outage_and_said(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    await nothing_is_had(
        guarded.url.replace(guarded.name, "another"), lambda: "no Sentinel knows 'another'" in told(caplog)
    )


async def test_a_sentinel_whose_connection_breaks_while_it_is_asked_does_not_end_the_road(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvloop says RuntimeError of a transport that was closed while it was written to. For a while nobody noticed that
    with it all connections of the process were gone for good."""
    monkeypatch.setattr(redis_roads, "SENTINEL_LOOK_S", 0.01)
    breaks = ["the handler is closed"] * 3
    ask = AsyncClient.sentinel_master

    async def broken(client: AsyncClient, name: str) -> object:
        if breaks:
            raise RuntimeError(breaks.pop())
        return await ask(client, name)

    async with RedisConnection(guarded.url, PATIENT_MS) as redis:
        await redis.call("SET", "greenroom:a", "1")
        monkeypatch.setattr(AsyncClient, "sentinel_master", broken)
        await until(lambda: not breaks)
        assert await redis.call("GET", "greenroom:a") == b"1"
        generation = redis.generation
        await asyncio.to_thread(guarded.fail_over)
        await until(lambda: redis.generation > generation)


async def test_without_sentinels_a_call_ends_at_its_deadline() -> None:
    async with room_log("redis+sentinel://127.0.0.1:1,127.0.0.1:2/name", timeout_ms=300) as log, within(2):
        with pytest.raises(Unavailable):
            await log.head(ROOM)


def let_in(guarded: Guarded) -> str:
    """The address with a login of the least rights at the servers, and another one at the Sentinels."""
    for server in guarded.servers:
        with Client.from_url(server.url) as admin:
            admin.execute_command("ACL", "SETUSER", *least_rights())
    with client(guarded.sentinels[0].port) as admin:
        admin.execute_command("ACL", "SETUSER", "asker", "on", ">right", "+@all")
    login = "sentinel_username=asker&sentinel_password=right"
    return f"{guarded.url.replace('://', f'://greenroom:{PASSWORD}@')}?{login}"


def replicated(guarded: Guarded) -> None:
    """Wait until the replica has all: a failover may lose the last moment, and this is not about that."""
    with Client.from_url(guarded.primary.url) as admin:
        admin.set("greenroom:last", "1")
        assert admin.execute_command("WAIT", 1, PATIENT_MS) == 1


async def test_those_who_have_not_heard_of_a_failover_are_not_believed_after_one_who_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old primary may be back by then, and calls itself one until the Sentinels tell it otherwise."""
    old, new = ("127.0.0.1", 1), ("127.0.0.1", 2)
    answers = [(3, old), (4, new), "TimeoutError: ", (3, old)]

    async def answer(_: object, __: object) -> tuple[int, tuple[str, int]] | str:
        return answers.pop(0)

    monkeypatch.setattr(redis_roads.Sentinels, "_ask", answer)
    sentinels = redis_roads.Sentinels(parsed("redis+sentinel://127.0.0.1:1,127.0.0.1:2/name"), 1)
    assert await sentinels.primary() == new
    assert await sentinels.primary() == new
    monkeypatch.setattr(redis_roads, "SENTINEL_MEMORY_S", 0)
    answers = [(1, old), (1, old)]  # set up anew, they count from the beginning
    assert await sentinels.primary() == old
    await sentinels.close()
