"""Measures one worker process with very many sockets: most of them idle, some speaking all the time.

Decides how the crowd is brought about and how the loop's lag is told from outside: by WebSocket pings on sockets that
are otherwise idle. A ping is answered in the very callback that reads it, so its way there and back is the time until
the event loop came round to it, and some tens of microseconds.
"""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from rooms.protocol import Frame, pack_frame
from scripts.bench.contestants import Greenroom, Worker
from scripts.bench.fanout import Figures
from scripts.bench.letting_in import joined
from scripts.bench.sockets import BINARY, PING, Socket, frame
from scripts.bench.usage import Meter, at_share, resident_kb
from server.notice import NOTICE

IDLE_IN_A_ROOM: Final = 5
FRAME_MS: Final = 40
"""As both our clients send."""
TURNS: Final = 20
"""The speakers speak in so many turns within the time of a frame."""
PCM: Final = bytes(32 * FRAME_MS)
PROBES: Final = 40
"""Idle sockets that are pinged in turn, none of them more often than a client may."""
PROBES_PER_SECOND: Final = 100
SETTLE_S: Final = 2.0


class Speaks(Protocol):
    def speak(self) -> None:
        """Send the next frame."""


class Speaker:
    """A candidate whose microphone is open: 25 frames of 40 ms a second."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.safe = -1
        self._seq = 0
        socket.heard = self._heard

    def speak(self) -> None:
        self.socket.transport.write(frame(BINARY, pack_frame(Frame(self._seq, FRAME_MS * self._seq, PCM))))
        self._seq += 1

    @property
    def missing(self) -> int:
        """Frames that were sent and are not safe."""
        return self._seq - 1 - self.safe

    def _heard(self, message: bytes) -> None:
        if message.startswith(b'{"type":"audio_safe"'):
            through = json.loads(message)["through"]
            self.safe = self.safe if through is None else through


async def crowd(
    greenroom: Greenroom, a: Worker, b: Worker, redis_pid: int, idle: int, speaking: int, seconds: float
) -> Figures:
    """Lag of B's loop (milliseconds) with nobody speaking and with `speaking` voices, `idle` sockets being there."""
    rooms = await greenroom.rooms(a, idle // IDLE_IN_A_ROOM)
    seats = [rooms[index // IDLE_IN_A_ROOM] for index in range(len(rooms) * IDLE_IN_A_ROOM)]
    before = resident_kb(b.pid)
    members = await joined(greenroom, b, seats, await greenroom.passes(a, seats))
    await asyncio.sleep(SETTLE_S)
    kb = (resident_kb(b.pid) - before) / len(members)
    still = await lag(members[:PROBES], seconds / 2)
    speakers = await _speakers(greenroom, a, b, speaking)
    meter = Meter.start(a=a.pid, b=b.pid, redis=redis_pid, load=os.getpid())
    talking = asyncio.create_task(talk(speakers))
    await asyncio.sleep(1)
    late = await lag(members[:PROBES], seconds)
    shares = meter.shares()
    talking.cancel()
    await asyncio.sleep(1)
    missing = sum(speaker.missing for speaker in speakers)
    for socket in (*members, *(speaker.socket for speaker in speakers)):
        socket.close()
    return {
        "sockets": len(members) + len(speakers),
        "kb_per_socket": kb,
        "still_lag_p99_ms": at_share(still, 0.99),
        "lag_p50_ms": at_share(late, 0.5),
        "lag_p99_ms": at_share(late, 0.99),
        "frames_not_safe": missing,
        **{f"cpu_{name}": share for name, share in shares.items()},
    }


async def _speakers(greenroom: Greenroom, a: Worker, b: Worker, count: int) -> list[Speaker]:
    """Candidates who consented and opened a microphone, each in a room of their own."""
    rooms = await greenroom.rooms(a, count)
    sockets = await joined(greenroom, b, rooms, await greenroom.passes(a, rooms, "candidate"))
    speakers = [Speaker(socket) for socket in sockets]
    for command in (
        {"kind": "give_consent", "notice": NOTICE.version},
        {"kind": "open_microphone", "stream": "m-1", "sample_rate": 16_000},
    ):
        for speaker in speakers:
            speaker.socket.send(greenroom.wish(command))
        await asyncio.sleep(SETTLE_S)
    return speakers


async def talk(speakers: Sequence[Speaks]) -> None:
    """Each speaks once in the time of a frame, spread evenly over it, until cancelled."""
    began, step = time.monotonic(), FRAME_MS / 1000 / TURNS
    for number in itertools.count():
        await asyncio.sleep(max(0.0, began + number * step - time.monotonic()))
        for speaker in speakers[number % TURNS :: TURNS]:
            speaker.speak()


async def lag(probes: list[Socket], seconds: float) -> list[float]:
    """Milliseconds that pings took there and back, sorted."""
    took: list[float] = []
    ping = frame(PING, b"")
    began = time.monotonic()
    for number in range(int(seconds * PROBES_PER_SECOND)):
        await asyncio.sleep(max(0.0, began + number / PROBES_PER_SECOND - time.monotonic()))
        probe = probes[number % len(probes)]
        probe.ponged = _stopwatch(took)
        probe.transport.write(ping)
    await asyncio.sleep(1)
    return sorted(took)


def _stopwatch(took: list[float]) -> Callable[[], None]:
    """Notes, when it is called, how many milliseconds passed since now."""
    began = time.perf_counter()
    return lambda: took.append((time.perf_counter() - began) * 1000)
