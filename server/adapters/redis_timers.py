"""`ports.Timers` in Redis or Valkey.

Decides how timers lie in Redis:
    greenroom:timers            sorted set: room -> when something is due there, in ms since 1970
    greenroom:chore:<name>      there as long as the chore was lately taken
Never decides what is due.
"""

from server.adapters.redis_connection import PREFIX, RedisConnection, Script
from server.ports import Claim, Clock

_TIMERS = f"{PREFIX}timers"
_CLAIM = Script.load("claim_timers.lua")
_SETTLE = Script.load("settle_timer.lua")


class RedisTimers:
    def __init__(self, redis: RedisConnection, clock: Clock | None = None) -> None:
        """By Redis's own clock, or by another one."""
        self._redis, self._clock = redis, clock

    async def put(self, room: str, at_ms: int | None) -> None:
        command = ("ZREM", _TIMERS, room) if at_ms is None else ("ZADD", _TIMERS, at_ms, room)
        await self._redis.call(*command)

    async def claim(self, for_ms: int, limit: int) -> Claim:
        now = self._clock.now_ms() if self._clock else ""
        now_ms, until_ms, rooms = await self._redis.script(_CLAIM, [_TIMERS], (now, for_ms, limit))
        return Claim(now_ms, until_ms, [room.decode() for room in rooms])

    async def settle(self, room: str, until_ms: int, next_ms: int | None) -> None:
        await self._redis.script(_SETTLE, [_TIMERS], (room, until_ms, "" if next_ms is None else next_ms))

    async def take_chore(self, name: str, every_ms: int) -> bool:
        return await self._redis.call("SET", f"{PREFIX}chore:{name}", 1, "NX", "PX", every_ms) is not None
