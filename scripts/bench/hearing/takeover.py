"""Section `takeover`: the hearing worker is killed while twenty candidates are in mid-word.

Real processes on the real road: sockets, a web worker, Redis, a worker that hears all rooms, and one that stands by.
The first is killed with SIGKILL; for each room it counts how long after that the next words come, by the worker that
took over. What was told as certain must stay: each later partial begins with it, and so does what is written down.
"""

import asyncio
import itertools
import json
import statistics
import time
from datetime import datetime
from typing import Final

import uvloop

from scripts.bench.contestants import Greenroom
from scripts.bench.crowd import talk
from scripts.bench.hearing.given import Given
from scripts.bench.hearing.phrases import FRAME_BYTES, PHRASES, Loop
from scripts.bench.hearing.streams import LIMITS, Speaker, candidates
from scripts.bench.rows import Mode, Row
from scripts.bench.sockets import Socket
from scripts.bench.usage import at_share, processor_s
from tests.deployment import START_DEADLINE_S, Deployment, Process, deployed
from tests.servers import Redis, find_redis
from tests.speech import silence, speech
from tests.waiting import until

ROOMS: Final = 20
ROUNDS: Final = 5
SETTLE_S: Final = 6.0
"""In which each room commits words of an utterance that is under way."""
IN_FLIGHT_S: Final = 0.05
"""What comes sooner after the kill was told before it."""
DEADLINE_S: Final = 20.0
_PROGRAM: Final = "scripts.bench.hearing.ticking"


class Reader(Speaker):
    """A candidate who reads what is written of her words."""

    def __init__(self, socket: Socket, loop: Loop, at: int) -> None:
        super().__init__(socket, loop, at)
        self.words_at: list[float] = []
        """When words came that were not there before."""
        self.certain: dict[str, str] = {}
        self.broken = 0
        """How often words that were certain were missing later."""

    def _heard(self, message: bytes) -> None:
        if b'"partial"' in message or b'"utterance_heard"' in message:
            self._read(json.loads(message))

    def _read(self, message: dict[str, object]) -> None:
        said = message.get("what") or message.get("event")
        if not isinstance(said, dict):
            return
        if said["kind"] == "partial" and (said["stable"] or said["unstable"]):
            name, certain = said["utterance"], said["stable"]
        elif said["kind"] == "utterance_heard":
            name, certain = said["utterance"]["id"], said["utterance"]["text"]
        else:
            return
        self.words_at.append(time.perf_counter())
        self.broken += not certain.startswith(self.certain.get(name, ""))
        self.certain[name] = certain


def measure(given: Given) -> list[Row]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measured(given, 1 if given.quick else ROUNDS))


async def _measured(given: Given, rounds: int) -> list[Row]:
    redis = Redis(find_redis())
    redis.start()
    try:
        with deployed(redis.url, **LIMITS) as deployment:
            return await _killed(given, deployment, rounds)
    finally:
        redis.remove()


async def _killed(given: Given, deployment: Deployment, rounds: int) -> list[Row]:
    greenroom = Greenroom(deployment)
    web = greenroom.start()
    hearing = await _worker(deployment)
    loop = _loop()
    sockets = await candidates(greenroom, web, ROOMS)
    readers = [Reader(socket, loop, number * len(loop.frames) // ROOMS) for number, socket in enumerate(sockets)]
    talking = asyncio.create_task(talk(readers))
    took, usual, taken, cpu = list[float](), list[float](), list[float](), list[float]()
    for number in range(rounds):
        other = await _worker(deployment)
        began = time.perf_counter()
        await asyncio.sleep(SETTLE_S)
        usual += [ms for reader in readers for ms in _gaps_ms(reader.words_at, began)]
        spent = processor_s(other.popen.pid)
        killed_at, wall = time.perf_counter(), time.time()
        hearing.kill()
        waits = await _next_words(readers, killed_at)
        cpu += [(processor_s(other.popen.pid) - spent) * 1000 / ROOMS]
        took += waits
        taken += _taken_ms(other, wall)
        given.say(f"    kill {number + 1}: words again after {max(waits):.0f} ms at the latest")
        hearing = other
    talking.cancel()
    for reader in readers:
        reader.socket.close()
    return _rows(
        sorted(took), sorted(usual), sorted(taken), statistics.fmean(cpu), sum(reader.broken for reader in readers)
    )


def _rows(took: list[float], usual: list[float], taken: list[float], cpu_ms: float, broken: int) -> list[Row]:
    clock = Mode.CLOCK
    beside = f"{at_share(usual, 0.95):.0f} between words when nothing happens" if usual else ""
    return [
        Row("rooms that were taken over in mid-word", len(took), digits=0),
        Row("from kill to the room being another's, p50 ms", at_share(taken, 0.5), clock),
        Row("from kill to the room being another's, p95 ms", at_share(taken, 0.95), clock),
        Row.at_most("from kill to the next words, p50 ms", at_share(took, 0.5), 1_000, clock),
        Row.at_most("from kill to the next words, p95 ms", at_share(took, 0.95), 2_000, clock, compared=beside),
        Row("processor time that taking a room over and catching up takes, ms", cpu_ms),
        Row.at_most("words told as certain that were missing later", broken, 0, digits=0),
    ]


async def _worker(deployment: Deployment) -> Process:
    worker = deployment.worker(program=_PROGRAM)
    await until(lambda: "worker up" in worker.log, START_DEADLINE_S)
    return worker


async def _next_words(readers: list[Reader], killed_at: float) -> list[float]:
    since = killed_at + IN_FLIGHT_S

    def heard(reader: Reader) -> bool:
        return bool(reader.words_at) and reader.words_at[-1] > since

    await until(lambda: all(map(heard, readers)), DEADLINE_S)
    return [next(at - killed_at for at in reader.words_at if at > since) * 1000 for reader in readers]


def _gaps_ms(at: list[float], since: float) -> list[float]:
    lately = [moment for moment in at if moment >= since]
    return [(b - a) * 1000 for a, b in itertools.pairwise(lately)]


def _taken_ms(worker: Process, killed_at: float) -> list[float]:
    """How long after the kill it took each room, by its own log."""
    lines = (json.loads(line) for line in worker.log.splitlines() if '"room taken"' in line)
    return [(_wall(line["at"]) - killed_at) * 1000 for line in lines]


def _wall(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _loop() -> Loop:
    """Speech with breaths that end no utterance."""
    pcm = b"".join(speech(phrase) + silence(250) for phrase in PHRASES)
    whole = len(pcm) // FRAME_BYTES
    return Loop([pcm[n * FRAME_BYTES : (n + 1) * FRAME_BYTES] for n in range(whole)], frozenset(), {})
