"""Measures a worker at which everything that can be wrong is thrown, and a room next door that is to notice nothing.

Decides how much of each kind is thrown and how the neighbour is listened to; what is wrong, and what must be answered,
is for `scripts.fuzz` to say.
"""

import asyncio
import json
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from client import connect
from rooms.people import Role
from scripts.bench.contestants import Greenroom, Worker
from scripts.bench.counted import blocks
from scripts.bench.fanout import Figures, stamp, stamped
from scripts.bench.sockets import PING, Api, Socket, frame
from scripts.bench.usage import Meter, at_share, resident_kb
from scripts.fuzz import frames, messages, wires
from scripts.fuzz.campaign import GOOD_FRAMES, STAGES, Campaign, Place, placed
from scripts.fuzz.rawline import commit, knock
from scripts.fuzz.thrower import Notes
from tests.deployment import TOKEN, Deployment

SEED: Final = 20261121
NEIGHBOUR_PER_SECOND: Final = 10
"""Lines; they stay in their room, so that many would count as memory."""
PINGS_A_SOCKET: Final = 20_000
QUIET_S, CUT_S = 4.0, 20.0
PLANTED: Final = b"planted-next-door"


class Share(NamedTuple):
    """How much of each kind, in frames (`pings` come on top)."""

    texts: int
    commands: int
    audio: int
    breaches: int
    pings: int

    def part(self) -> "Share":
        return Share(*(count // PARTS for count in self))


PARTS: Final = 4
"""What is kept of bad input adds to each of them, caches that fill to the first."""
WHOLE: Final = Share(224_000, 140_000, 240_000, 1_000, 1_040_000)
QUICK: Final = Share(12_000, 10_000, 20_000, 100, 160_000)


class Neighbour:
    """Two in a room of their own on the same worker: one says lines evenly, the other hears them."""

    def __init__(self, greenroom: Greenroom, at: Worker) -> None:
        self._greenroom, self._at = greenroom, at
        self.took: list[float] = []
        """Milliseconds from saying to hearing."""
        self.got: Counter[int] = Counter()
        self.said = 0
        self._room = ""
        self._people: list[Socket] = []

    async def come(self) -> None:
        (self._room,) = await self._greenroom.rooms(self._at, 1)
        for entry in await self._greenroom.passes(self._at, [self._room] * 2):
            self._people.append(await self._greenroom.join(self._at, self._room, entry, lambda _: None))
        self._people[1].heard = self._heard

    async def talk(self) -> None:
        """Until cancelled."""
        while True:
            line = stamped(self.said).replace("....", PLANTED.decode(), 1)
            self._people[0].send(self._greenroom.line(self._room, line))
            self.said += 1
            await asyncio.sleep(1 / NEIGHBOUR_PER_SECOND)

    def p99_ms(self) -> float:
        """Since it was asked last."""
        took, self.took = sorted(self.took), []
        return at_share(took, 0.99) if took else 0.0

    def wrong(self) -> tuple[int, int, int]:
        """Lines lost, lines heard twice, people who were cut off."""
        doubled = sum(times - 1 for times in self.got.values())
        return self.said - len(self.got), doubled, sum(one.closed.is_set() for one in self._people)

    def _heard(self, message: bytes) -> None:
        if b"@" in message:
            at, number = stamp(message)
            self.got[number] += 1
            self.took.append((time.perf_counter_ns() - at) / 1e6)


class Tickets:
    """Tickets over a few connections, as fast as the worker gives them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Api] = []

    async def __call__(self, room: str, role: Role) -> str:
        api = self._free.pop() if self._free else Api(self._port, TOKEN)
        try:
            answer = await api.post(f"/api/rooms/{room}/tickets", {"role": role.value})
        except (EOFError, ConnectionError):  # nobody asked for a while, so the worker closed this connection
            api.close()
            api = Api(self._port, TOKEN)
            answer = await api.post(f"/api/rooms/{room}/tickets", {"role": role.value})
        self._free.append(api)
        return str(answer["ticket"])

    def close(self) -> None:
        for api in self._free:
            api.close()


async def fuzz(
    greenroom: Greenroom, deployment: Deployment, share: Share, say: Callable[[str], None]
) -> tuple[Figures, list[str], Counter[str]]:
    """Figures, what was not as it must be (in sentences), and how often each code was the answer."""
    web, worker = deployment.web(program="scripts.bench.counted"), deployment.worker()
    at, ticket, notes = Worker(web.port, web.popen), Tickets(web.port), Notes(planted=(PLANTED,))
    neighbour = Neighbour(greenroom, at)
    try:
        await neighbour.come()
        async with connect(web.url, token=TOKEN) as owner:
            places = [await placed(owner, stage) for stage in STAGES]
            audio = await placed(owner, "answering")
        assault = Assault(Campaign(ticket, web.port, notes, SEED), places, audio, at, ticket)
        await assault.everything(QUICK, lambda _: None)  # what only happens once happens now
        count = partial(blocks, web.popen.pid, deployment.directory)
        figures = await _measured(assault, neighbour, at, count, share, say)
        wrong = [*notes.faults, *(f"the log says: {line}" for line in _errors_in(web.log))]
        if not web.running:
            wrong.append("the web worker died")
        return {**figures, "wrong": len(wrong)}, wrong, notes.codes
    finally:
        ticket.close()
        for process in (web, worker):
            process.kill()


async def _measured(
    assault: "Assault",
    neighbour: Neighbour,
    at: Worker,
    count: Callable[[], int],
    share: Share,
    say: Callable[[str], None],
) -> Figures:
    talking = asyncio.create_task(neighbour.talk())
    await asyncio.sleep(QUIET_S)
    quiet_ms, before_kb, thrown = neighbour.p99_ms(), resident_kb(at.pid), assault.thrown
    kept: list[float] = []
    """Blocks a frame, in each part."""
    during_ms: list[float] = []

    def thrown_all(text: str) -> None:
        during_ms.append(neighbour.p99_ms())
        say(f"{text}, neighbours' p99 {during_ms[-1]:.1f} ms")

    meter = Meter.start(worker=at.pid, load=os.getpid())
    began = time.monotonic()
    for _ in range(PARTS):
        blocks_before, thrown_before = await asyncio.to_thread(count), assault.thrown
        await assault.everything(share.part(), thrown_all)
        await asyncio.sleep(1)
        kept.append((await asyncio.to_thread(count) - blocks_before) / (assault.thrown - thrown_before))
        grown_mb = (resident_kb(at.pid) - before_kb) / 1024
        say(f"    blocks kept a frame: {kept[-1]:.2f}; memory grew by {grown_mb:.1f} MB so far")
    passed, shares = time.monotonic() - began, meter.shares()
    thrown = assault.thrown - thrown
    talking.cancel()
    await asyncio.sleep(1)
    lost, doubled, cut = neighbour.wrong()
    return {
        "frames": thrown,
        "frames_per_second": thrown / passed,
        "pings": share.pings,
        "memory_mb": grown_mb,
        "kept_blocks": statistics.median(kept[1:]),
        "quiet_p99_ms": quiet_ms,
        "neighbour_p99_ms": max(during_ms),
        "neighbour_lost": lost,
        "neighbour_doubled": doubled,
        "neighbour_cut": cut,
        **{f"cpu_{name}": share for name, share in shares.items()},
    }


class Assault:
    """Everything that is thrown, one kind after the other."""

    def __init__(self, campaign: Campaign, places: list[Place], audio: Place, at: Worker, ticket: Tickets) -> None:
        self._campaign, self._places, self._audio, self._at, self._ticket = campaign, places, audio, at, ticket
        self._breached = 0

    @property
    def thrown(self) -> int:
        """Frames so far; pings do not count."""
        return self._campaign.notes.thrown + self._breached

    async def everything(self, share: Share, say: Callable[[str], None]) -> None:
        for name, kind in (
            ("texts", self._texts(share.texts)),
            ("commands of onlookers", self._campaign.commands_of_onlookers(self._places, share.commands)),
            ("audio", self._frames(share.audio)),
            ("breaches of RFC 6455 and HTTP", self._breaches(share.breaches)),
            (f"{share.pings:,} pings", self._pings(share.pings)),
        ):
            before, began = self.thrown, time.monotonic()
            await kind
            say(f"    {name}: {self.thrown - before:,} frames, {time.monotonic() - began:.1f} s")

    async def _texts(self, count: int) -> None:
        every = messages.broken()
        bads = random.Random(SEED).sample(every, min(len(every), count // 3))
        await self._campaign.hellos(self._places[0], bads)
        for _ in range(max(1, (count - len(bads)) // (2 * len(bads)))):
            await self._campaign.texts(self._places, bads)

    async def _frames(self, count: int) -> None:
        every = frames.broken()
        for _ in range(max(1, count // (GOOD_FRAMES + sum(len(bad.messages) for bad in every)))):
            await self._campaign.frames(self._audio, every)

    async def _breaches(self, count: int) -> None:
        every, room, notes = wires.breaches(), self._places[0].room, self._campaign.notes
        for number in range(count):
            breach = every[number % len(every)]
            if fault := await commit(self._at.port, room, await self._ticket(room, Role.COACH), breach):
                notes.fault(fault)
            notes.codes[f"wire {sorted(breach.codes)}"] += 1
        for one in (knocks := wires.knocks(f"/rooms/{room}/socket")):
            if fault := await knock(self._at.port, one):
                notes.fault(fault)
        self._breached += count + len(knocks)

    async def _pings(self, count: int) -> None:
        """As fast as they go, from sockets that are cut off for it."""
        flood = frame(PING, b"") * PINGS_A_SOCKET
        for _ in range(count // PINGS_A_SOCKET):
            async with self._campaign.entered(self._places[0], Role.OBSERVER) as thrower:
                thrower.socket.transport.write(flood)
                async with asyncio.timeout(CUT_S):
                    await thrower.socket.closed.wait()
                self._campaign.notes.codes[f"pings {thrower.socket.code}"] += 1


def _errors_in(log: str) -> list[str]:
    lines = [line for line in log.splitlines() if line.strip()]
    return [
        line[:300] for line in lines if not line.startswith("{") or json.loads(line)["level"] in ("error", "critical")
    ]
