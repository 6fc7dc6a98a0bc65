"""`ports.DeadLetters` in Redis or Valkey: greenroom:dead-letters, a hash of rooms and their letters as JSON."""

import json
from collections.abc import Sequence

from server.adapters.redis_connection import PREFIX, RedisConnection
from server.ports import DeadLetter

_LETTERS = f"{PREFIX}dead-letters"


class RedisDeadLetters:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def put(self, letter: DeadLetter) -> None:
        await self._redis.call("HSET", _LETTERS, letter.room, json.dumps(letter._asdict()))

    async def of(self, room: str) -> DeadLetter | None:
        found = await self._redis.call("HGET", _LETTERS, room)
        return found and _letter(found)

    async def all(self) -> Sequence[DeadLetter]:
        return sorted(map(_letter, await self._redis.call("HVALS", _LETTERS)), key=lambda letter: letter.at)

    async def take(self, room: str) -> bool:
        return bool(await self._redis.call("HDEL", _LETTERS, room))


def _letter(text: bytes) -> DeadLetter:
    """The letter; what the next release adds to it is left out."""
    return DeadLetter(**{name: said for name, said in json.loads(text).items() if name in DeadLetter._fields})
