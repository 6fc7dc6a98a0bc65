"""A deadline for what is awaited, for where thousands a second are needed: each command has two.

Decides nothing of its own: it is `asyncio.timeout` without its coroutines, at a third of the price, and deadlines of
one length share a timer, at half of that (docs/PERFORMANCE.md). Where a deadline is set once a connection, use
`asyncio.timeout`.
"""

import asyncio
from types import TracebackType
from typing import Final

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
        self._begin(loop)
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

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        task = asyncio.current_task(loop)
        assert task is not None, "a deadline is set within a task"
        self._task, self._cancelling = task, task.cancelling()

    def _end(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        # Cancelled by somebody else as well: then that is what happened.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Deadlines:
    """Any number of one length: `with deadlines.one(): await ...`, as `Deadline`."""

    __slots__ = ("_loop", "_running", "_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[_OneOfMany, float] = {}
        """When each ends; the first to end is the first."""
        self._timer: asyncio.TimerHandle | None = None
        """For the one that was the first when it was set: those that are over in time leave it be."""

    def one(self) -> Deadline:
        return _OneOfMany(self)

    def _add(self, deadline: "_OneOfMany", loop: asyncio.AbstractEventLoop) -> None:
        self._running[deadline] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Strike those that are due, and look again when the next one is."""
        self._timer, now = None, loop.time()
        while self._running:
            deadline, end = next(iter(self._running.items()))
            if end > now + _EARLY_S:
                self._timer = loop.call_later(end - now, self._look, loop)
                return
            del self._running[deadline]
            deadline.strike()


class _OneOfMany(Deadline):
    __slots__ = ("_many",)

    def __init__(self, many: Deadlines) -> None:
        self._many, self._struck = many, False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._begin(loop)
        self._many._add(self, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._many._running.pop(self, None)
        if self._struck:
            self._end(kind, error)
