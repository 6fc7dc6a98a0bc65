"""Waiting in tests: for what is to come, as long as a busy machine may take.

A test waits for what stays so once it is so, or for "at least so many": what is true for a moment may be over before
anybody looks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Final

from server.ports import Unavailable

DEADLINE_S: Final = 30.0
"""For whatever is to come. How long it takes says how busy the machine is; only what never comes takes so long."""
PATIENT_MS: Final = 30_000
"""Likewise, of whatever is asked and is to answer."""
LOOK_EVERY_S: Final = 0.005
TURNS: Final = 200
"""Of the event loop: more than anything takes from one end of a socket of this process through the other."""


async def until(true: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """Wait for what a test expects, and give it; a clear failure instead of a hang. What it asks may be awaited."""
    async with asyncio.timeout(deadline_s):
        while not (found := await _now(true)):
            await asyncio.sleep(LOOK_EVERY_S)
        return found


async def until_it_works(ask: Callable[[], Awaitable[Any]], deadline_s: float = DEADLINE_S) -> Any:
    """Ask again and again while the other side is away; gives the answer."""
    async with asyncio.timeout(deadline_s):
        while True:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(LOOK_EVERY_S)


async def until_settled() -> None:
    """Let the event loop deal with all that was sent within this process: it lies in the kernel, to be read."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _now(true: Callable[[], Any]) -> Any:
    found = true()
    return await found if isawaitable(found) else found
