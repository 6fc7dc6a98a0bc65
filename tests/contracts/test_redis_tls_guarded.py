"""Sentinels and clusters by TLS, with logins of the least rights: also where they lead one on to another server.

Before each server stands a real TLS front, at the address that it announces: those in wheels speak no TLS themselves.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from server.adapters.redis_connection import room_key
from tests.contracts.test_redis_sentinel import let_in, replicated
from tests.contracts.test_redis_tls import Certificates, Make, certificates, make
from tests.contracts.test_subscriber import listening
from tests.redis_parts import PASSWORD, ROOM, append, least_rights, nothing_is_had, open_room, told
from tests.redis_servers import Guarded, RedisCluster, running
from tests.servers import ServerNotFoundError
from tests.tls_front import fronted
from tests.waiting import until

__all__ = ["certificates", "make"]


async def test_behind_sentinels_by_tls_a_room_goes_on_at_the_new_primary(
    certificates: Certificates, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    guarded = _or_skipped(Guarded)
    tls = certificates.server_side(asks_for_one=True)
    with fronted([*guarded.servers, *guarded.sentinels], tls), running(guarded):
        url = let_in(guarded).replace("redis+", "rediss+")
        async with listening(f"{url}&{certificates.whole_query}") as ear:
            await ear.subscriber.subscribe(ROOM)
            cursor = await open_room(ear.log)
            await asyncio.to_thread(replicated, guarded)
            generation = ear.redis.generation
            await asyncio.to_thread(guarded.fail_over)
            await until(lambda: ear.redis.generation > generation and ear.reconnected)
            await append(ear.log, "c", cursor)
            await until(lambda: ear.versions[-1] == 2)
        await nothing_is_had(f"{url}&{make().query}", lambda: "not trusted" in told(caplog))


async def test_in_a_cluster_by_tls_a_room_whose_slot_moves_goes_on_at_its_new_home(certificates: Certificates) -> None:
    cluster = _or_skipped(lambda: RedisCluster(primaries=2))
    with fronted(cluster.servers, certificates.server_side(asks_for_one=True)), running(cluster):
        cluster.let_in("greenroom", PASSWORD, least_rights())
        url = f"{cluster.url.replace('redis+cluster', 'rediss+cluster')}?{certificates.whole_query}"
        async with listening(url) as ear:
            await ear.subscriber.subscribe(ROOM)
            cursor = await append(ear.log, "c", await open_room(ear.log))
            home = cluster.home(room_key(ROOM, "log"))
            other = next(server for server in cluster.primaries if server is not home)
            await asyncio.to_thread(cluster.move, room_key(ROOM, "log"), other)
            cursor = await append(ear.log, "d", cursor)
            await until(lambda: ear.reconnected)
            await append(ear.log, "e", cursor)
            await until(lambda: ear.versions[-1] == 4)
        await nothing_is_had(url.replace(PASSWORD, "another"))


Servers = TypeVar("Servers", Guarded, RedisCluster)


def _or_skipped(make: Callable[[], Servers]) -> Servers:
    try:
        return make()
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
