"""Measures a worker at which everything that can be wrong is thrown, and a room next door that is to notice nothing.

Decides how much of each kind is thrown and how the neighbour is listened to; what is wrong, and what must be answered,
is for `scripts.fuzz` to say.
"""

import asyncio
import json
import random
import time
from collections import Counter
from typing import Final, NamedTuple

from client import connect
from rooms.people import Role
from scripts.bench.contestants import Greenroom, Worker
from scripts.bench.fanout import Figures, stamp, stamped
from scripts.bench.sockets import PING, Api, Socket, frame
from scripts.bench.usage import at_share, resident_kb
from scripts.fuzz import frames, messages, wires
from scripts.fuzz.campaign import STAGES, Campaign, Place, placed
from scripts.fuzz.rawline import commit, knock
from scripts.fuzz.thrower import Notes
from tests.deployment import TOKEN, Deployment

SEED: Final = 20261121
NEIGHBOUR_PER_SECOND: Final = 50
PINGS_A_SOCKET: Final = 20_000
PLANTED: Final = b"planted-next-door"


class Share(NamedTuple):
    """How much of each kind, in frames (`pings` come on top)."""

    texts: int
    commands: int
    audio: int
    breaches: int
    pings: int


WHOLE: Final = Share(160_000, 140_000, 200_000, 1_000, 1_000_000)
QUICK: Final = Share(12_000, 10_000, 20_000, 100, 100_000)


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


async def fuzz(greenroom: Greenroom, deployment: Deployment, share: Share) -> tuple[Figures, list[str], Counter[str]]:
    """Figures, what was not as it must be (in sentences), and how often each code was the answer."""
    web = deployment.web()
    worker = deployment.worker()
    at, ticket, notes = Worker(web.port, web.popen), Tickets(web.port), Notes(planted=(PLANTED,))
    neighbour = Neighbour(greenroom, at)
    try:
        await neighbour.come()
        async with connect(web.url, token=TOKEN) as owner:
            places = [await placed(owner, stage) for stage in STAGES]
            audio = await placed(owner, "answering")
            campaign = Campaign(ticket, web.port, notes, SEED)
            await _throw(campaign, places, audio, at, ticket, QUICK, loud=False)  # what only happens once happens now
            talking = asyncio.create_task(neighbour.talk())
            await asyncio.sleep(4)
            quiet_ms, before_kb, began, thrown = neighbour.p99_ms(), resident_kb(at.pid), time.monotonic(), notes.thrown
            others = await _throw(campaign, places, audio, at, ticket, share, loud=True)
            passed, during_ms = time.monotonic() - began, neighbour.p99_ms()
            thrown = notes.thrown - thrown + others
            await asyncio.sleep(1)
            talking.cancel()
            await asyncio.sleep(1)
            after_kb = resident_kb(at.pid)
        lost, doubled, cut = neighbour.wrong()
        wrong = [*notes.faults, *(f"the log says: {line}" for line in _errors_in(web.log))]
        if not web.running:
            wrong.append("the web worker died")
        figures = {
            "frames": thrown,
            "frames_per_second": thrown / passed,
            "pings": share.pings,
            "wrong": len(wrong),
            "memory_mb": (after_kb - before_kb) / 1024,
            "quiet_p99_ms": quiet_ms,
            "neighbour_p99_ms": during_ms,
            "neighbour_lost": lost,
            "neighbour_doubled": doubled,
            "neighbour_cut": cut,
        }
        return figures, wrong, notes.codes
    finally:
        ticket.close()
        for process in (web, worker):
            process.kill()


async def _throw(
    campaign: Campaign, places: list[Place], audio: Place, at: Worker, ticket: Tickets, share: Share, *, loud: bool
) -> int:
    """Everything, one kind after the other; gives how many frames the campaign has not counted itself."""
    chance = random.Random(SEED)
    every = messages.broken()
    bads = chance.sample(every, min(len(every), share.texts // 2))
    for _ in range(max(1, share.texts // (2 * len(bads)))):
        await campaign.texts(places, bads)
    await campaign.hellos(places[0], bads)
    await campaign.commands_of_onlookers(places, share.commands)
    every_frame = frames.broken()
    for _ in range(max(1, share.audio // sum(len(bad.messages) for bad in every_frame))):
        await campaign.frames(audio, every_frame)
    breaches = await _breaches(campaign, places[0], at, ticket, share.breaches)
    await _pings(campaign, places[0], at, share.pings if loud else PINGS_A_SOCKET)
    return breaches


async def _breaches(campaign: Campaign, place: Place, at: Worker, ticket: Tickets, count: int) -> int:
    """So many breaches of RFC 6455, and every wrong way to knock."""
    every = wires.breaches()
    for number in range(count):
        breach = every[number % len(every)]
        fault = await commit(at.port, place.room, await ticket(place.room, Role.COACH), breach)
        if fault:
            campaign.notes.fault(fault)
        campaign.notes.codes[f"wire {sorted(breach.codes)}"] += 1
    knocks = wires.knocks(f"/rooms/{place.room}/socket")
    for one in knocks:
        fault = await knock(at.port, one)
        if fault:
            campaign.notes.fault(fault)
    return count + len(knocks)


async def _pings(campaign: Campaign, place: Place, at: Worker, count: int) -> None:
    """So many pings, as fast as they go, from sockets that are cut off for it."""
    flood = frame(PING, b"") * PINGS_A_SOCKET
    for _ in range(count // PINGS_A_SOCKET):
        thrower = await campaign.enter(place, Role.OBSERVER)
        thrower.socket.transport.write(flood)
        async with asyncio.timeout(20):
            await thrower.socket.closed.wait()
        campaign.notes.codes[f"pings {thrower.socket.code}"] += 1


def _errors_in(log: str) -> list[str]:
    lines = [line for line in log.splitlines() if line.strip()]
    return [
        line[:300] for line in lines if not line.startswith("{") or json.loads(line)["level"] in ("error", "critical")
    ]
