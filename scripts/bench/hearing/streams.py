"""Section `streams`: many candidates speak at once, and only voices are listened for.

The real road, in real processes: sockets, a web worker, Redis with its append-only file, a hearing worker, and what it
tells on its way back to the socket. Two cores carry all of it, the load generator included. An event's delay counts
from when the frame with the speech's first voiced sample was sent until it is back at the candidate. Its parts:
until the frame is sent behind which the rules tell of a voice, until that one is safe, and until the event came. With
`--soak-minutes` the voices go on for so long, and memory must not grow while all of them are heard.
"""

import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import uvloop

from rooms.protocol import Frame, pack_frame
from scripts.bench.contestants import JOIN_S, Greenroom, Worker
from scripts.bench.crowd import lag, talk
from scripts.bench.hearing.given import Given
from scripts.bench.hearing.phrases import FRAME_MS, GRIDS, Loop, free_ms, spoken_loop
from scripts.bench.letting_in import all_in, joined
from scripts.bench.rows import InputMissingError, Mode, Row
from scripts.bench.sockets import BINARY, Socket, frame
from scripts.bench.usage import Meter, at_share, resident_kb
from server.notice import NOTICE
from tests.deployment import deployed
from tests.servers import Redis, find_redis
from tests.speech import RATE_HZ

STREAMS: Final = 100
PROBES: Final = 20
SETTLE_S: Final = 3.0
LATE_S: Final = 1.0
"""An event that comes later than this after speech began is not about that speech."""
SAMPLE_EVERY_S: Final = 10.0
WARM_S: Final = 120.0
"""Memory that comes with the first audio is not growth."""
HEARD_WITHIN_S: Final = 60.0
"""Every voice begins to speak more often than this."""
LIMITS: Final = {
    "MESSAGES_PER_SECOND": "1000000",
    "TICKET_TTL_S": "600",
    "TURN_LIMIT_S": "36000",  # nothing is written down, so nothing ends the first answer
}


class Speaker:
    """A candidate whose microphone is open."""

    def __init__(self, socket: Socket, loop: Loop, at: int) -> None:
        self.socket = socket
        self.took_ms: list[float] = []
        """From the first voiced sample's frame until `speaking` came back."""
        self.unheard = 0
        """Phrases after whose beginning no event came."""
        self.uncalled = 0
        """Events when nobody had begun."""
        self.safe_ms: list[float] = []
        """Of it, from the frame behind which the rules tell of a voice until that was acknowledged..."""
        self.told_ms: list[float] = []
        """...and from then on."""
        self._loop, self._at, self._seq = loop, at, 0
        self._began: float | None = None
        self._tells = -1
        """The frame behind which the rules tell of a voice..."""
        self._sent: float | None = None
        """...when it was sent..."""
        self._safe: float | None = None
        """...and when it was acknowledged."""
        self._told = time.perf_counter()
        """When it was last told that this voice speaks."""
        socket.heard = self._heard

    def speak(self) -> None:
        place = (self._at + self._seq) % len(self._loop.frames)
        pcm = self._loop.frames[place]
        self.socket.transport.write(frame(BINARY, pack_frame(Frame(self._seq, FRAME_MS * self._seq, pcm))))
        if place in self._loop.begins:
            self.unheard += self._began is not None
            self._began, self._sent, self._safe = time.perf_counter(), None, None
            self._tells = self._seq + self._loop.tells.get((place, self._seq % GRIDS), 0)
        if self._seq == self._tells:
            self._sent = time.perf_counter()
        self._seq += 1

    @property
    def heard(self) -> bool:
        return time.perf_counter() - self._told < HEARD_WITHIN_S

    def forget(self) -> None:
        """What is measured begins here."""
        self.took_ms, self.safe_ms, self.told_ms = [], [], []
        self.unheard, self.uncalled, self._began, self._sent = 0, 0, None, None

    def _heard(self, message: bytes) -> None:
        now = time.perf_counter()
        if self._sent and not self._safe and message.startswith(b'{"type":"audio_safe"'):
            through = json.loads(message)["through"]
            self._safe = now if through is not None and through >= self._tells else None
        elif b'"speaking"' in message and b'"on":true' in message:
            self._told, began, self._began = now, self._began, None
            if began is None or now - began >= LATE_S:
                self.uncalled += 1
                return
            self.took_ms.append((now - began) * 1000)
            if self._sent and self._safe:
                self.safe_ms.append((self._safe - self._sent) * 1000)
                self.told_ms.append((now - self._safe) * 1000)


class Stage(NamedTuple):
    """What runs while it is measured."""

    speakers: list[Speaker]
    probes: list[Socket]
    """Idle sockets on the same web worker, to be pinged."""
    pids: dict[str, int]
    lag_file: Path

    def worker_lag_ms(self) -> list[float]:
        """How late the hearing worker's event loop came round, sorted."""
        return sorted(float(ms) for ms in self.lag_file.read_text().split())


def measure(given: Given) -> list[Row]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_latency(given, 12 if given.quick else 60))


def soak(given: Given) -> list[Row]:
    """Memory over time. InputMissingError if no time was given."""
    if given.soak_minutes * 60 < 2 * WARM_S:
        raise InputMissingError("it was given no time: --soak-minutes 30")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_memory(given, given.soak_minutes * 60))


async def _latency(given: Given, seconds: float) -> list[Row]:
    async with _talking(given) as stage:
        for speaker in stage.speakers:
            speaker.forget()
        stage.lag_file.write_text("")
        meter = Meter.start(**stage.pids, load=os.getpid())
        web_ms = await lag(stage.probes, seconds)
        shares = meter.shares()
        took, safe, told = (
            sorted(ms for speaker in stage.speakers for ms in getattr(speaker, name))
            for name in ("took_ms", "safe_ms", "told_ms")
        )
        unheard, uncalled = (sum(getattr(s, name) for s in stage.speakers) for name in ("unheard", "uncalled"))
        worker_ms = stage.worker_lag_ms()
    if not took:
        raise RuntimeError("no beginning of speech was told")
    cores = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    clock = Mode.CLOCK
    free = sorted(free_ms())
    return [
        Row("speech-start event, p50 ms", at_share(free, 0.5), Mode.FREE),
        Row.at_most("speech-start event, p95 ms", at_share(free, 0.95), 150, Mode.FREE),
        Row("live streams at once", len(stage.speakers), digits=0),
        Row("beginnings of speech that were told", len(took), digits=0),
        Row("speech-start event, p50 ms", at_share(took, 0.5), clock),
        Row.at_most("speech-start event, p95 ms", at_share(took, 0.95), 150, clock),
        *(
            Row(f"of it, {part}, p50 ms", at_share(ms, 0.5), clock, f"p95 {at_share(ms, 0.95):.1f}")
            for part, ms in (("until the audio that it takes is safe", safe), ("from there until it is told", told))
        ),
        Row.at_most("beginnings that no event followed", unheard, 0, digits=0),
        Row("events when nobody had begun", uncalled, digits=0),
        Row.at_most("loop lag of the web worker, p99 ms", at_share(web_ms, 0.99), 10, clock),
        Row.at_most("loop lag of the hearing worker, p99 ms", at_share(worker_ms, 0.99), 10, clock),
        Row("shares of a core", cores),
    ]


async def _memory(given: Given, seconds: float) -> list[Row]:
    taken: dict[str, list[tuple[float, float]]] = {}
    async with _talking(given) as stage:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            for name, pid in stage.pids.items():
                taken.setdefault(name, []).append((passed, resident_kb(pid)))
            heard = sum(speaker.heard for speaker in stage.speakers)
            given.say(
                f"    {passed:.0f} s: {heard} heard, "
                + ", ".join(f"{n} {all_[-1][1] / 1024:.1f} MB" for n, all_ in taken.items())
            )
            if heard < len(stage.speakers) and passed >= WARM_S:
                codes = Counter(s.socket.code for s in stage.speakers if s.socket.closed.is_set())
                raise RuntimeError(f"after {passed:.0f} s only {heard} are heard; closed: {dict(codes)}")
            await asyncio.sleep(SAMPLE_EVERY_S)
    return [
        Row.at_least("live streams that were heard all the time", heard, STREAMS, digits=0),
        *(
            Row.at_most(
                f"memory of {name}: growth in 10 minutes, % (over {seconds / 60:g} minutes)",
                slope_percent(samples),
                1.0,
                compared=f"{samples[-1][1] / 1024:.1f} MB at the end",
                digits=2,
            )
            for name, samples in taken.items()
            if name != "redis"
        ),
    ]


def slope_percent(samples: list[tuple[float, float]]) -> float:
    """Growth in 10 minutes, in percent of the mean, by a line through all samples (seconds, size) once warm."""
    warm = [(at, size) for at, size in samples if at >= WARM_S]
    slope, _ = np.polyfit([at for at, _ in warm], [size for _, size in warm], 1)
    return float(slope) * 600 / statistics.fmean(size for _, size in warm) * 100


@contextlib.asynccontextmanager
async def _talking(given: Given) -> AsyncIterator[Stage]:
    """STREAMS candidates in rooms of their own, all of them speaking until this ends."""
    redis = Redis(find_redis())
    redis.start()
    assert redis.process is not None, "it was started"
    try:
        with tempfile.TemporaryDirectory() as folder, deployed(redis.url, **LIMITS) as deployment:
            lag_file = Path(folder) / "lag"
            lag_file.touch()
            greenroom = Greenroom(deployment)
            web = greenroom.start()
            worker = deployment.worker(program="scripts.bench.hearing.deaf", LAG_FILE=str(lag_file))
            given.say(f"    {STREAMS} candidates come in")
            sockets, loop = await candidates(greenroom, web, STREAMS), spoken_loop()
            speakers = [Speaker(s, loop, number * len(loop.frames) // STREAMS) for number, s in enumerate(sockets)]
            probes = await all_in(greenroom, web, web, await greenroom.rooms(web, PROBES))
            pids = {"web": web.pid, "hearing": worker.popen.pid, "redis": redis.process.pid}
            talking = asyncio.create_task(talk(speakers))
            await asyncio.sleep(SETTLE_S)
            yield Stage(speakers, probes, pids, lag_file)
            talking.cancel()
            for socket in (*probes, *(speaker.socket for speaker in speakers)):
                socket.close()
    finally:
        redis.remove()


async def candidates(greenroom: Greenroom, web: Worker, count: int) -> list[Socket]:
    """In rooms of their own. They consented, began, and each has a question before them."""
    rooms = await greenroom.rooms(web, count)
    asked = asyncio.Semaphore(0)

    def heard(message: bytes) -> None:
        if b'"question_asked"' in message:
            asked.release()

    sockets = await joined(greenroom, web, rooms, await greenroom.passes(web, rooms, "candidate"), heard)
    for command in (
        {"kind": "give_consent", "notice": NOTICE.version},
        {"kind": "open_microphone", "stream": "m-1", "sample_rate": RATE_HZ},
        {"kind": "start_interview"},
    ):
        for socket in sockets:
            socket.send(greenroom.wish(command))
    async with asyncio.timeout(JOIN_S):
        for _ in sockets:
            await asked.acquire()
    return sockets
