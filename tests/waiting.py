"""Waiting in tests: for what is to come, as long as a busy machine may take.

A test waits for what stays so once it is so, or for "at least so many": what is true for a moment may be over before
anybody looks.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import isawaitable
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest

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


@contextlib.asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """What is awaited inside ends so soon, not counting what this process stood still: a machine may be busy."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            turns += 1

    counting = asyncio.create_task(count())
    try:
        yield
        assert turns * LOOK_EVERY_S < seconds
    finally:
        counting.cancel()


class Clock:
    """A time that passes as soon as it may, instead of by the wall; modules and lines are put under it."""

    def __init__(self, may_pass: Callable[[], Any]) -> None:
        self.now = 0.0
        self._may_pass = may_pass

    def monotonic(self) -> float:
        self.now += 0.001  # no two things happen at the same moment
        return self.now

    async def sleep(self, seconds: float) -> None:
        await until(self._may_pass)
        self.now += max(0.0, seconds)
        await asyncio.sleep(0)

    def rule(self, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on this module sleeps by this clock and reads it. Deadlines stay what they are."""
        names = {**vars(asyncio), "sleep": self.sleep, "get_running_loop": lambda: _Loop(self)}
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(**names))
        if hasattr(module, "monotonic"):
            monkeypatch.setattr(module, "monotonic", self.monotonic)


class _Loop:
    """The running loop, but for its time."""

    def __init__(self, clock: Clock) -> None:
        self.time = clock.monotonic

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_running_loop(), name)


async def _now(true: Callable[[], Any]) -> Any:
    found = true()
    return await found if isawaitable(found) else found
