"""A room's story told again, in its own time, faster, or at once.

Decides when which line is printed; the lines are those of `greenroom watch` (`client.screen`).
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable

from client.screen import Screen
from rooms.protocol import Happened
from rooms.state import Room, after


async def replay(
    story: AsyncIterable[Happened],
    screen: Screen,
    speed: float | None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> int:
    """Print what happened. `speed` 1: in its own time, 4: four times as fast, None: at once. Gives how much it was."""
    room: Room | None = None
    told, before_ms = 0, None
    async for fact in story:
        if speed is not None and before_ms is not None and fact.at > before_ms:
            await sleep((fact.at - before_ms) / 1000 / speed)
        before_ms = fact.at
        room = after(room, fact.event)
        told += 1
        screen.show(fact, room)
    return told
