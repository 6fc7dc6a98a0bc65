"""`ports.Holds` in Redis or Valkey: greenroom:{room}:holders, a hash of connections to sockets.

Decides how long it is remembered who holds a connection. What is forgotten is held by the socket that opened it: at
worst somebody counts as gone and comes back anew.
"""

from collections.abc import Collection, Mapping
from typing import Final

from server.adapters.redis_connection import RedisConnection, Script, room_key

KEPT_MS: Final = 24 * 3_600_000
"""Since the last time that somebody came back to the room or left it."""

_TAKE = Script.load("take_hold.lua")
NOBODY: Final = ""


class RedisHolds:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def take(self, room: str, connection: str, holder: str, taker: str) -> bool:
        return await self._take(room, connection, holder, taker, NOBODY)

    async def let_go(self, room: str, connection: str, holder: str, before: str | None = None) -> bool:
        return await self._take(room, connection, holder, NOBODY, before or NOBODY)

    async def holders(self, room: str, connections: Collection[str]) -> Mapping[str, str]:
        if not connections:
            return {}
        # Not the whole hash: it remembers all who ever left, and a worker asks every second.
        known = await self._redis.call("HMGET", _key(room), *connections)
        return {
            connection: connection if holder is None else holder.decode()
            for connection, holder in zip(connections, known, strict=True)
        }

    async def _take(self, room: str, connection: str, holder: str, taker: str, before: str) -> bool:
        keys = [_key(room), room_key(room, "head")]
        return bool(await self._redis.script(_TAKE, keys, (connection, holder, taker, KEPT_MS, before)))


def _key(room: str) -> str:
    return room_key(room, "holders")
