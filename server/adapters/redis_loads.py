"""`ports.Loads` in Redis or Valkey.

    greenroom:hearing:workers     set: the names of workers that said lately how much they hear
    greenroom:hearing:<worker>    what each said last, as JSON, for a few seconds

Decides how long what was said counts.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from server.adapters.redis_connection import PREFIX, RedisConnection
from server.loads import Load

TTL_MS = 6_000

_WORKERS = f"{PREFIX}hearing:workers"


class RedisLoads:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def say(self, load: Load) -> None:
        await self._redis.calls(
            [
                ("SET", f"{PREFIX}hearing:{load.worker}", load.model_dump_json(), "PX", TTL_MS),
                ("SADD", _WORKERS, load.worker),
            ]
        )

    async def all(self) -> Sequence[Load]:
        workers = sorted(name.decode() for name in await self._redis.call("SMEMBERS", _WORKERS))
        said = await self._redis.calls([("GET", f"{PREFIX}hearing:{worker}") for worker in workers])
        if silent := [worker for worker, load in zip(workers, said, strict=True) if load is None]:
            await self._redis.call("SREM", _WORKERS, *silent)
        return [load for one in said if one and (load := _read(one))]


def _read(said: bytes) -> Load | None:
    """None for what another release said in its own way."""
    try:
        return Load.model_validate_json(said)
    except ValidationError:
        return None
