"""A deadline for what is awaited, for where thousands a second are needed: each command has two.

Decides nothing of its own: it is `asyncio.timeout` without its coroutines, at a third of the price
(docs/PERFORMANCE.md). Where a deadline is set once a connection, use that.
"""

import asyncio
from types import TracebackType


class Deadline:
    """`with Deadline(seconds): await ...`. TimeoutError when that takes longer."""

    __slots__ = ("_cancelling", "_handle", "_seconds", "_struck", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._struck = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None, "a deadline is set within a task"
        self._task, self._cancelling = task, task.cancelling()
        self._handle = loop.call_later(self._seconds, self._strike)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.cancel()
        # Cancelled by somebody else as well: then that is what happened.
        if self._struck and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _strike(self) -> None:
        self._struck = True
        self._task.cancel()
