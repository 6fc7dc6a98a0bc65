"""Tickets.

Decides contracts, worked out in the docstrings; does nothing.
"""

from typing import NamedTuple, Protocol

from rooms.people import Participant


class Ticket(NamedTuple):
    room: str
    participant: Participant
    origin: str
    """The origin that the ticket was given to; a socket from another one is refused ("" for programs)."""


class Tickets(Protocol):
    async def issue(self, ticket: Ticket, ttl_s: int) -> str:
        """A secret that lets its bearer in once within `ttl_s` seconds."""

    async def spend(self, secret: str) -> Ticket | None:
        """The ticket, once; None if unknown, spent or expired."""
