"""`ports.Timers` in Redis or Valkey.

Decides how timers lie in Redis:
    greenroom:timers            sorted set: room -> when something is due there, in ms since 1970
    greenroom:chore:<name>      there as long as the chore was lately taken
Never decides what is due.
"""

from collections.abc import Sequence

from server.adapters.redis_connection import PREFIX, RedisConnection, Script

_TIMERS = f"{PREFIX}timers"
_CLAIM = Script.load("claim_timers.lua")
_SETTLE = Script.load("settle_timer.lua")


class RedisTimers:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def put(self, room: str, at_ms: int | None) -> None:
        command = ("ZREM", _TIMERS, room) if at_ms is None else ("ZADD", _TIMERS, at_ms, room)
        await self._redis.call(*command)

    async def claim(self, now_ms: int, until_ms: int, limit: int) -> Sequence[str]:
        return [room.decode() for room in await self._redis.script(_CLAIM, [_TIMERS], (now_ms, until_ms, limit))]

    async def settle(self, room: str, until_ms: int, next_ms: int | None) -> None:
        await self._redis.script(_SETTLE, [_TIMERS], (room, until_ms, "" if next_ms is None else next_ms))

    async def take_chore(self, name: str, every_ms: int) -> bool:
        return await self._redis.call("SET", f"{PREFIX}chore:{name}", 1, "NX", "PX", every_ms) is not None
