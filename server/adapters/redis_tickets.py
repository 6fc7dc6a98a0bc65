"""`ports.Tickets` in Redis or Valkey: greenroom:ticket:<SHA-256 of the secret>, there until it is spent or expires.

Whoever reads Redis (a backup, a screen) finds no secret that opens a room.
"""

import hashlib
import json
import secrets
from typing import Any

from pydantic import TypeAdapter

from server.adapters.redis_connection import PREFIX, RedisConnection
from server.ports import Ticket

_TICKET = TypeAdapter(Ticket)


class RedisTickets:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def issue(self, ticket: Ticket, ttl_s: int) -> str:
        secret = secrets.token_urlsafe(32)
        await self._redis.call("SET", _key(secret), _TICKET.dump_json(ticket), "EX", ttl_s)
        return secret

    async def spend(self, secret: str) -> Ticket | None:
        # Sent twice by a connection that was lost in between, it finds nothing: the bearer gets a new ticket.
        found = await self._redis.call("GETDEL", _key(secret))
        return None if found is None else _TICKET.validate_python(_known(json.loads(found)), extra="ignore")


def _known(ticket: list[Any]) -> list[Any]:
    """Without what the next release adds behind it."""
    return ticket[: len(Ticket._fields)]


def _key(secret: str) -> str:
    return f"{PREFIX}ticket:{hashlib.sha256(secret.encode()).hexdigest()}"
