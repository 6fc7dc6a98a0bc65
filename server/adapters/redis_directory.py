"""`ports.Directory` in Redis: a sorted set an owner, newest rooms last."""

from collections.abc import Sequence

from server.adapters.redis_connection import PREFIX, RedisConnection
from server.ports import Clock

KEPT = 200
"""Rooms remembered for an owner. Older ones are found by their reports."""


class RedisDirectory:
    def __init__(self, redis: RedisConnection, clock: Clock) -> None:
        self._redis, self._clock = redis, clock

    async def add(self, owner: str, room: str) -> None:
        key = _key(owner)
        add = ("ZADD", key, self._clock.now_ms(), room)
        await self._redis.calls([add, ("ZREMRANGEBYRANK", key, 0, -KEPT - 1)])

    async def remove(self, owner: str, room: str) -> None:
        await self._redis.call("ZREM", _key(owner), room)

    async def rooms(self, owner: str) -> Sequence[str]:
        return [room.decode() for room in await self._redis.call("ZREVRANGE", _key(owner), 0, KEPT - 1)]


def _key(owner: str) -> str:
    return f"{PREFIX}owner:{{{owner}}}:rooms"
