"""The contract of `ports.Presence`, on Valkey, on Redis 6.2 and on a cluster: who dies is seen to be gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_presence import RedisPresence
from server.adapters.redis_subscriber import RedisSubscriber
from tests.redis_parts import cut_all_connections
from tests.waiting import PATIENT_MS, until


@contextlib.asynccontextmanager
async def there(url: str) -> AsyncIterator[RedisPresence]:
    """A process with its connections; leaving it ends them, as the kernel does for one that is killed."""
    async with RedisConnection(url, PATIENT_MS) as redis:
        subscriber = RedisSubscriber(redis)
        listening = asyncio.create_task(subscriber.run(lambda message: None, lambda: None))
        try:
            yield RedisPresence(redis, subscriber)
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def seen(presence: RedisPresence, wanted: set[str]) -> None:
    async def as_wanted() -> bool:
        return await presence.present(["w-1", "w-2", "w-3"]) == wanted

    await until(as_wanted)


async def test_who_attends_is_present_until_its_process_ends(every_redis_url: str) -> None:
    async with there(every_redis_url) as one:
        await one.attend("w-1")
        async with there(every_redis_url) as two:
            await two.attend("w-2")
            for presence in (one, two):
                await seen(presence, {"w-1", "w-2"})
            assert await one.present([]) == frozenset()
        await seen(one, {"w-1"})


async def test_cut_connections_come_back_by_themselves(every_redis_url: str) -> None:
    async with there(every_redis_url) as one:
        await one.attend("w-1")
        cut_all_connections(every_redis_url)
        await seen(one, {"w-1"})
