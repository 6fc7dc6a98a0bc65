"""`ports.Presence` in Redis or Valkey: a worker listens to a channel of its own, and who is there is who listens.

Decides what is taken for a sign of life: a connection. The kernel ends it with the process that holds it, however that
dies, so a killed worker is gone within milliseconds, and one that is slow or stopped is there. A host that vanishes
keeps its connections until TCP notices; its leases run out before.
"""

from collections.abc import Collection

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_subscriber import RedisSubscriber, channel


class RedisPresence:
    def __init__(self, redis: RedisConnection, subscriber: RedisSubscriber) -> None:
        self._redis, self._subscriber = redis, subscriber
        self._generation = 0

    async def attend(self, worker: str) -> None:
        await self._subscriber.subscribe(_name(worker))
        self._generation = self._redis.generation

    async def present(self, workers: Collection[str]) -> frozenset[str] | None:
        asked = sorted(workers)
        word = "SHARDNUMSUB" if await self._redis.sharded() else "NUMSUB"
        found = await self._redis.calls([("PUBSUB", word, channel(_name(worker))) for worker in asked])
        before, self._generation = self._generation, self._redis.generation
        if self._generation != before or not self._redis.counts_listeners:
            return None  # they may still be on their way to another server, or listen at another node
        return frozenset(worker for worker, (_, listeners) in zip(asked, found, strict=True) if listeners)


def _name(worker: str) -> str:
    return f"worker.{worker}"
