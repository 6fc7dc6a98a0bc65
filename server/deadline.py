"""A deadline for what is awaited, for where thousands a second are needed: each command has two.

Decides nothing of its own: it is `asyncio.timeout` without its coroutines, at a third of the price, and deadlines of
one length share a timer, at half of that (docs/PERFORMANCE.md). Where a deadline is set once a connection, use
`asyncio.timeout`.
"""

import asyncio
from itertools import takewhile
from types import TracebackType
from typing import Final

_IN_A_TASK: Final = "a deadline is set within a task"
_EARLY_S: Final = 0.001
"""What an event loop's clock may be short of when a timer of its own is due."""


class Deadline:
    """`with Deadline(seconds): await ...`. TimeoutError when that takes longer."""

    __slots__ = ("_cancelling", "_handle", "_seconds", "_struck", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._struck = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None, _IN_A_TASK
        self._task, self._cancelling = task, task.cancelling()
        self._handle = loop.call_later(self._seconds, self.strike)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.cancel()
        if self._struck:
            self._end(kind, error)

    def strike(self) -> None:
        """It is over: who is within is cancelled."""
        self._struck = True
        self._task.cancel()

    def _end(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        # Cancelled by somebody else as well: then that is what happened.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class OneOf(Deadline):
    """`with OneOf(deadlines): await ...`, as `Deadline`."""

    __slots__ = ("_deadlines",)

    def __init__(self, deadlines: "Deadlines") -> None:
        self._deadlines, self._struck = deadlines, False

    def __enter__(self) -> None:
        deadlines = self._deadlines
        loop = deadlines.loop or deadlines.begin()
        task = asyncio.current_task(loop)
        assert task is not None, _IN_A_TASK
        self._task, self._cancelling = task, task.cancelling()
        deadlines.running[self] = loop.time() + deadlines.seconds
        if deadlines.timer is None:
            deadlines.watch(deadlines.seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.running.pop(self, None)
        if self._struck:
            self._end(kind, error)


class Deadlines:
    """Any number of one length, on one event loop. They share a timer, which is set for the first and left alone when
    that is over in time: it looks for whom to strike when it is due, and is set for the next."""

    __slots__ = ("loop", "running", "seconds", "timer")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.running: dict[OneOf, float] = {}
        """When each ends, the first to end first."""
        self.timer: asyncio.TimerHandle | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """Once there was one: to ask for it is a system call each time."""

    def begin(self) -> asyncio.AbstractEventLoop:
        self.loop = asyncio.get_running_loop()
        return self.loop

    def watch(self, seconds: float) -> None:
        assert self.loop is not None, "there was a deadline"
        self.timer = self.loop.call_later(seconds, self._look, self.loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.timer, now = None, loop.time()
        for one, _ in tuple(takewhile(lambda each: each[1] <= now + _EARLY_S, self.running.items())):
            del self.running[one]
            one.strike()
        if self.running:
            self.watch(next(iter(self.running.values())) - now)
