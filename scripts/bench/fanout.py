"""Measures lines said on worker A on their way to members on worker B: how long they take, and how many there can be.

Decides pacing and counting. A delivery is one line at one member on B: what reaches the one who said it does not count.
"""

import asyncio
import gc
import os
import time
from collections.abc import Callable
from typing import Final

from scripts.bench.contestants import Contestant, Worker
from scripts.bench.sockets import Socket
from scripts.bench.usage import Meter, at_share

ROOMS: Final = 50
MEMBERS: Final = 3
"""Members of a room on the other worker."""
LINE_CHARS: Final = 200
WINDOW: Final = 16
"""Lines of a room under way at a time in the closed loop."""
SETTLE_S: Final = 0.5
STRAGGLERS_S: Final = 5.0

Figures = dict[str, float]


def stamped(number: int) -> str:
    """A line that says when it was said, and which of its room it is."""
    return f"@{time.perf_counter_ns():020d}{number:08d}".ljust(LINE_CHARS, ".")


def stamp(message: bytes) -> tuple[int, int]:
    """When the line in a message was said (nanoseconds), and its number."""
    at = message.index(b"@") + 1
    return int(message[at : at + 20]), int(message[at + 20 : at + 28])


class Stage:
    """Rooms with one speaker on A and three members on B each."""

    def __init__(self, contestant: Contestant, a: Worker, b: Worker, redis_pid: int) -> None:
        self._contestant, self._a, self._b, self._redis_pid = contestant, a, b, redis_pid
        self._rooms: list[str] = []
        self._speakers: list[Socket] = []
        self._members: list[Socket] = []
        self._said: list[int] = []
        self._last: list[int] = []
        self._took: list[int] = []
        self._arrived: Callable[[int, int], None] | None = None
        self.out_of_order = 0

    async def fill(self) -> None:
        """Open the rooms and let everybody in."""
        self._rooms = await self._contestant.rooms(self._a, ROOMS)
        self._said = [0] * ROOMS
        speakers = await self._contestant.passes(self._a, self._rooms)
        for room, entry in zip(self._rooms, speakers, strict=True):
            self._speakers.append(await self._contestant.join(self._a, room, entry, _not_refused))
        for _ in range(MEMBERS):
            entries = await self._contestant.passes(self._a, self._rooms)
            for index, (room, entry) in enumerate(zip(self._rooms, entries, strict=True)):
                self._members.append(await self._contestant.join(self._b, room, entry, self._listener(index)))
        await asyncio.sleep(SETTLE_S)

    def empty(self) -> None:
        for socket in (*self._speakers, *self._members):
            socket.close()

    async def paced(self, deliveries_per_second: int, seconds: float) -> Figures:
        """Latency in milliseconds of lines that are said at an even pace, room after room."""
        await self._pace(deliveries_per_second, min(1.0, seconds / 4))
        await asyncio.sleep(SETTLE_S)
        self._took.clear()
        meter = self._meter()
        gc.disable()
        said = await self._pace(deliveries_per_second, seconds)
        await self._until(lambda: len(self._took) >= said * MEMBERS)
        gc.enable()
        took = sorted(self._took)
        figures = {"p50_ms": at_share(took, 0.5) / 1e6, "p99_ms": at_share(took, 0.99) / 1e6}
        return {**figures, "missing": said * MEMBERS - len(took), **_named("cpu", meter.shares())}

    async def flat_out(self, seconds: float, window: int = WINDOW) -> Figures:
        """Deliveries a second when each room says its next line as soon as one has reached all its members, `window`
        of them at a time."""
        left: dict[tuple[int, int], int] = {}
        going = True

        def say(index: int) -> None:
            left[index, self._said[index]] = MEMBERS
            self._say(index)

        def arrived(index: int, number: int) -> None:
            missing = left[index, number] = left[index, number] - 1
            if not missing:
                del left[index, number]
                if going:
                    say(index)

        self._arrived = arrived
        for _ in range(window):
            for index in range(ROOMS):
                say(index)
        await asyncio.sleep(1)
        self._took.clear()
        meter, began = self._meter(), time.perf_counter()
        gc.disable()
        await asyncio.sleep(seconds)
        passed, count, shares = time.perf_counter() - began, len(self._took), meter.shares()
        gc.enable()
        going = False
        await self._until(lambda: not left)
        self._arrived = None
        spent = sum(shares[name] for name in ("a", "b", "redis"))
        return {
            "per_second": count / passed,
            "us_per_delivery": spent * passed / count * 1e6,
            "missing": sum(left.values()),
            **_named("cpu", shares),
        }

    async def _pace(self, deliveries_per_second: int, seconds: float) -> int:
        """Say lines for so long; gives how many."""
        gap = MEMBERS / deliveries_per_second
        began, total = time.perf_counter(), int(seconds / gap)
        for number in range(total):
            wait = began + number * gap - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            self._say(number % ROOMS)
        return total

    def _say(self, index: int) -> None:
        number = self._said[index]
        self._said[index] += 1
        self._speakers[index].send(self._contestant.line(self._rooms[index], stamped(number)))

    def _listener(self, index: int) -> Callable[[bytes], None]:
        last = -1

        def heard(message: bytes) -> None:
            nonlocal last
            now = time.perf_counter_ns()
            if b"@" not in message:
                return  # somebody came or went
            said, number = stamp(message)
            if number != last + 1:
                self.out_of_order += 1
            last = number
            self._took.append(now - said)
            if self._arrived:
                self._arrived(index, number)

        return heard

    def _meter(self) -> Meter:
        return Meter.start(a=self._a.pid, b=self._b.pid, redis=self._redis_pid, load=os.getpid())

    @staticmethod
    async def _until(done: Callable[[], bool]) -> None:
        for _ in range(int(STRAGGLERS_S / 0.02)):
            if done():
                return
            await asyncio.sleep(0.02)


def _not_refused(message: bytes) -> None:
    if message.startswith(b'{"type":"refused"'):
        raise RuntimeError(message.decode())


def _named(name: str, values: dict[str, float]) -> Figures:
    return {f"{name}_{key}": value for key, value in values.items()}
