"""Recognising for many rooms with one recogniser: work waits in a fair queue and is done a batch at a time.

Decides when the next batch begins, and measures how busy the recogniser is; whose work is in it is
`server.hearing.queue`'s to decide. Never gives up what was begun: deadlines are the caller's (`recognition`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from server.hearing.queue import FairQueue

_BUSY_OVER_S: Final = 10.0
"""Over how long busyness is averaged."""

J = TypeVar("J")
R = TypeVar("R")


class _Waiting(NamedTuple, Generic[J, R]):
    job: J
    answer: "asyncio.Future[R]"


class Decoding(Generic[J, R]):
    """`decode` gets jobs, all final or all guesses, and gives their results in order; at most `lanes` at once."""

    def __init__(
        self, decode: Callable[[Sequence[J]], Awaitable[Sequence[R]]], *, most: int = 1, lanes: int = 1
    ) -> None:
        self._decode, self._most, self._lanes = decode, most, lanes
        self._queue: FairQueue[_Waiting[J, R]] = FairQueue()
        self._running: set[asyncio.Task[None]] = set()
        self._busy = Busy(lanes)
        self._taken = asyncio.Event()
        """Work was taken from the queue: there is room for more."""

    @property
    def busy(self) -> float:
        """The share of the last seconds in which the recogniser worked: 0 to 1."""
        return self._busy.share(_now())

    @property
    def idle(self) -> bool:
        """Whether a guess would begin at once."""
        return not len(self._queue) and len(self._running) < self._lanes

    async def final(self, room: str, job: J) -> R:
        """The final result. Cancelled before its turn, it is not done."""
        waiting = _Waiting[J, R](job, asyncio.get_running_loop().create_future())
        while not self._queue.put_final(room, waiting):
            self._taken.clear()
            await self._taken.wait()
        self._go_on()
        return await waiting.answer

    def guess(self, room: str, job: J) -> "asyncio.Future[R]":
        """The result of a guess; cancelled when a newer one of the same room takes its place."""
        waiting = _Waiting[J, R](job, asyncio.get_running_loop().create_future())
        older = self._queue.put_guess(room, waiting)
        if older:
            older.answer.cancel()
        self._go_on()
        return waiting.answer

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        while waiting := self._queue.next():
            waiting[0].answer.cancel()

    def _go_on(self) -> None:
        while len(self._running) < self._lanes and (batch := self._batch()):
            self._busy.begun(_now())
            task = asyncio.create_task(self._do(batch))
            self._running.add(task)
            task.add_done_callback(self._done)

    def _batch(self) -> list[_Waiting[J, R]]:
        """The next work that somebody still waits for."""
        while chosen := self._queue.next(self._most):
            self._taken.set()
            if wanted := [waiting for waiting in chosen if not waiting.answer.done()]:
                return wanted
        return []

    async def _do(self, batch: Sequence[_Waiting[J, R]]) -> None:
        try:
            results = await self._decode([waiting.job for waiting in batch])
            for waiting, result in zip(batch, results, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(result)
        except asyncio.CancelledError:
            for waiting in batch:
                waiting.answer.cancel()
            raise
        except Exception as failure:
            if len(batch) > 1:  # one of them broke it: the others shall not suffer
                for waiting in batch:
                    await self._do([waiting])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(failure)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._busy.ended(_now())
        if not task.cancelled():
            self._go_on()


class Busy:
    """Which share of the last seconds something worked, averaged with less weight on what is longer ago."""

    def __init__(self, lanes: int) -> None:
        self._lanes, self._running = lanes, 0
        self._share, self._at = 0.0, 0.0

    def begun(self, now: float) -> None:
        self._to(now)
        self._running += 1

    def ended(self, now: float) -> None:
        self._to(now)
        self._running -= 1

    def share(self, now: float) -> float:
        self._to(now)
        return self._share

    def _to(self, now: float) -> None:
        weight = 0.5 ** ((now - self._at) / (_BUSY_OVER_S / 2))
        self._share = self._share * weight + self._running / self._lanes * (1 - weight)
        self._at = now


def _now() -> float:
    return asyncio.get_running_loop().time()
