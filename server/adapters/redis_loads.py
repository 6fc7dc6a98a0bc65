"""What processes say of themselves, in Redis or Valkey: `server.loads.Loads` and `server.equipment.Equipments`.

    greenroom:<matter>:workers     set: the names of processes that said something of it lately
    greenroom:<matter>:<process>   what each said last, as JSON, for a few seconds

Decides how long what was said counts.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from pydantic import ValidationError

from server.adapters.redis_connection import PREFIX, RedisConnection
from server.equipment import Equipment
from server.loads import Load

TTL_MS = 6_000


S = TypeVar("S", Load, Equipment)


class _Sayings(Generic[S]):
    def __init__(self, redis: RedisConnection, matter: str, kind: type[S]) -> None:
        self._redis, self._matter = redis, f"{PREFIX}{matter}"
        self._kind: type[S] = kind

    async def say(self, said: S) -> None:
        await self._redis.calls(
            [
                ("SET", f"{self._matter}:{said.worker}", said.model_dump_json(), "PX", TTL_MS),
                ("SADD", f"{self._matter}:workers", said.worker),
            ]
        )

    async def all(self) -> Sequence[S]:
        known = f"{self._matter}:workers"
        workers = sorted(name.decode() for name in await self._redis.call("SMEMBERS", known))
        said = await self._redis.calls([("GET", f"{self._matter}:{worker}") for worker in workers])
        if silent := [worker for worker, one in zip(workers, said, strict=True) if one is None]:
            await self._redis.call("SREM", known, *silent)
        return [found for one in said if one and (found := self._read(one))]

    def _read(self, said: bytes) -> S | None:
        """None for what another release said in its own way."""
        try:
            return self._kind.model_validate_json(said)
        except ValidationError:
            return None


class RedisLoads(_Sayings[Load]):
    def __init__(self, redis: RedisConnection) -> None:
        super().__init__(redis, "hearing", Load)


class RedisEquipments(_Sayings[Equipment]):
    def __init__(self, redis: RedisConnection) -> None:
        super().__init__(redis, "equipment", Equipment)
