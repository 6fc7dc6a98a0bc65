"""Lets many people into rooms at once, as a crowd comes: so many at a time, each with a ticket.

Decides how many come at a time; who they are is the caller's to say.
"""

import asyncio
from typing import Any, Final

from scripts.bench.contestants import Contestant, Worker
from scripts.bench.sockets import Socket

AT_ONCE: Final = 32


async def all_in(
    contestant: Contestant, a: Worker, at: Worker, rooms: list[str], heard: Any = lambda _: None
) -> list[Socket]:
    """A member of each room, on one worker, with tickets from worker A."""
    return await joined(contestant, at, rooms, await contestant.passes(a, rooms), heard)


async def joined(
    contestant: Contestant, at: Worker, rooms: list[str], entries: list[str], heard: Any = lambda _: None
) -> list[Socket]:
    """A member of each room, with these tickets."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(room: str, entry: str) -> Socket:
        async with gate:
            return await contestant.join(at, room, entry, heard)

    return await asyncio.gather(*(one(room, entry) for room, entry in zip(rooms, entries, strict=True)))
