"""`ports.Leases` in Redis or Valkey.

Decides how open rooms, leases and signs of life lie in Redis:
    greenroom:rooms             set of rooms that want a worker
    greenroom:{room}:lease      the holder, with a time to live
    greenroom:{room}:fence      the number of the last holder
    greenroom:worker:<name>     there as long as a web worker lives
Never decides who should hold a room.
"""

from collections.abc import Mapping, Sequence

from server.adapters.redis_connection import PREFIX, RedisConnection, Script, room_key

FENCE_TTL_MS = 30 * 24 * 3_600_000

_ROOMS = f"{PREFIX}rooms"
_TAKE = Script.load("take_lease.lua")
_KEEP = Script.load("keep_lease.lua")


class RedisLeases:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def open_rooms(self) -> Sequence[str]:
        return sorted(room.decode() for room in await self._redis.call("SMEMBERS", _ROOMS))

    async def announce(self, room: str) -> None:
        await self._redis.call("SADD", _ROOMS, room)

    async def retire(self, room: str) -> None:
        await self._redis.call("SREM", _ROOMS, room)

    async def holders(self, rooms: Sequence[str]) -> Mapping[str, str]:
        found = await self._redis.calls([("GET", room_key(room, "lease")) for room in rooms])
        return {room: holder.decode() for room, holder in zip(rooms, found, strict=True) if holder}

    async def take(self, room: str, holder: str, ttl_ms: int, gone: str = "") -> int | None:
        keys = [room_key(room, name) for name in ("lease", "fence", "head")]
        fence = await self._redis.script(_TAKE, keys, (holder, ttl_ms, FENCE_TTL_MS, gone))
        return None if fence is None else int(fence)

    async def keep(self, rooms: Sequence[str], holder: str, ttl_ms: int) -> frozenset[str]:
        # A run for each room, in one round trip: a script over many rooms' keys would not do in a cluster.
        kept = await self._redis.scripts(_KEEP, [([room_key(room, "lease")], (holder, ttl_ms)) for room in rooms])
        return frozenset(room for room, held in zip(rooms, kept, strict=True) if held)

    async def release(self, room: str, holder: str) -> None:
        await self._redis.script(_KEEP, [room_key(room, "lease")], (holder, 0))

    async def beat(self, worker: str, ttl_ms: int) -> None:
        await self._redis.call("SET", f"{PREFIX}worker:{worker}", 1, "PX", ttl_ms)

    async def alive(self, workers: Sequence[str]) -> frozenset[str]:
        there = await self._redis.calls([("EXISTS", f"{PREFIX}worker:{worker}") for worker in workers])
        return frozenset(worker for worker, lives in zip(workers, there, strict=True) if lives)
