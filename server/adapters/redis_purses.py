"""`ports.Purses` in Redis or Valkey: greenroom:purse:<name>, a number that is forgotten after its time.

Sent twice by a connection that was lost in between, a sum is taken twice: the budget errs towards spending less.
"""

from server.adapters.redis_connection import PREFIX, RedisConnection, Script

_SPEND = Script.load("spend.lua")


class RedisPurses:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def spend(self, purse: str, amount: int, limit: int, ttl_s: int) -> bool:
        return bool(await self._redis.script(_SPEND, [_key(purse)], (amount, limit, ttl_s * 1000)))

    async def settle(self, purse: str, amount: int) -> None:
        # As a sum without a limit; a purse that is forgotten by now stays so.
        await self._redis.script(_SPEND, [_key(purse)], (amount, "", ""))

    async def spent(self, purse: str) -> int:
        return int(await self._redis.call("GET", _key(purse)) or 0)


def _key(purse: str) -> str:
    return f"{PREFIX}purse:{purse}"
