"""Tickets, who holds a connection, and what was revoked.

Decides contracts, worked out in the docstrings; does nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from rooms.people import Participant

Grounds = tuple[tuple[str, int], ...]
"""What somebody's place in a room rests on: names of what could be revoked (their sign-in, their invitation), each with
since when they have it (milliseconds since 1970, UTC). None for a program that showed the sign-in token."""


class Ticket(NamedTuple):
    room: str
    participant: Participant
    origin: str
    """The origin that the ticket was given to; a socket from another one is refused ("" for programs)."""
    grounds: Grounds = ()


class Tickets(Protocol):
    async def issue(self, ticket: Ticket, ttl_s: int) -> str:
        """A secret that lets its bearer in once within `ttl_s` seconds."""

    async def spend(self, secret: str) -> Ticket | None:
        """The ticket, once; None if unknown, spent or expired."""


class Holds(Protocol):
    """Which socket holds a connection. The one that it was opened with and named after, until somebody came back to it.

    The first part of a socket's name is its web worker's, as of a connection's (`server.worker.worker_of`).
    """

    async def take(self, room: str, connection: str, holder: str, taker: str) -> bool:
        """From now on `taker` holds the connection. False where `holder` does not hold it any more, or there is no such
        room any more."""

    async def let_go(self, room: str, connection: str, holder: str, before: str | None = None) -> bool:
        """Nobody takes this connection any more. False where another one than `holder` has taken it. `before`: from
        whom it took it, if that was confirmed; a store that lost this since does not keep it from letting go."""

    async def holders(self, room: str, connections: Collection[str]) -> Mapping[str, str]:
        """Who holds each of these connections, "" for nobody."""


class Revocation(NamedTuple):
    """Grounds of this name that somebody had at this moment, or before, hold no more."""

    name: str
    at: int
    """Milliseconds since 1970, UTC. May lie ahead, so that what somebody else's clock says of the past is before it."""
    until: int
    """From when on nobody can have such grounds any more: then it may be forgotten."""


class Revocations(Protocol):
    """Raises `Unavailable` when the database is away. Not in Redis: that may come back empty."""

    async def add(self, revocation: Revocation) -> Revocation:
        """Keep it, in place of an earlier one of that name, and forget those whose time has passed by then.

        Gives it as it is kept: always later than the one before of its name, whatever the clocks say.
        """

    async def since(self, at: int) -> Sequence[Revocation]:
        """Those of this moment or later."""
