"""`ports.Ledger` in Redis or Valkey, for all processes of a deployment together.

Decides how it lies there:
    greenroom:{ledger}:turns    sorted set: room/turn -> when it was entered; what is there is not entered again
    greenroom:{ledger}:latest   list: the latest entries, newest first
    greenroom:{ledger}:counts   hash: what grew since Redis was empty
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from server.adapters.redis_connection import PREFIX, RedisConnection, Script, Word

KEPT_TURNS: Final = 10_000
"""Turns that are known to be entered. A room that is served again after so many others counts twice."""
KEPT_ENTRIES: Final = 200

_KEYS: Final = [f"{PREFIX}{{ledger}}:{name}" for name in ("turns", "latest", "counts")]
_TURNS, _LATEST, _COUNTS = _KEYS
_ENTER = Script.load("enter_turn.lua")


class RedisLedger:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def enter(self, room: str, turn: int, at: int, entry: str, counts: Mapping[str, int]) -> bool:
        args: list[Word] = [f"{room}/{turn}", at, KEPT_TURNS, entry, KEPT_ENTRIES]
        for field, growth in counts.items():
            args += (field, growth)
        return bool(await self._redis.script(_ENTER, _KEYS, args))

    async def latest(self) -> Sequence[str]:
        return [entry.decode() for entry in await self._redis.call("LRANGE", _LATEST, 0, -1)]

    async def counts(self) -> Mapping[str, int]:
        flat = await self._redis.call("HGETALL", _COUNTS)
        pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return {field.decode(): int(count) for field, count in pairs}

    async def forget(self, room: str) -> None:
        found = [entry for entry in await self.latest() if json.loads(entry)["room"] == room]
        if found:
            await self._redis.calls([("LREM", _LATEST, 0, entry) for entry in found])
