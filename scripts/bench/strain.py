"""Measures what strains a worker: idle sockets, a long absence, a member who never reads, the death of the worker.

Decides how each is brought about and what is counted; what is enough is the table's to say.
"""

import asyncio
import itertools
import json
import os
import socket as sockets
import statistics
import time
from collections import Counter
from typing import Any, Final, NamedTuple

from scripts.bench.contestants import Contestant, Greenroom, Worker
from scripts.bench.fanout import Figures, stamp, stamped
from scripts.bench.letting_in import AT_ONCE, all_in, joined
from scripts.bench.sockets import Socket
from scripts.bench.usage import at_share, processor_s, resident_kb

WARM_SOCKETS: Final = 60
"""Opened and closed before memory is read, so that no first-time cost counts."""
REST_S: Final = 2.0


async def idle(contestant: Contestant, a: Worker, b: Worker, count: int) -> Figures:
    """Kilobytes of resident memory that each of `count` idle sockets costs worker B, three in a room."""
    rooms = await contestant.rooms(a, count // 3 + 1)
    seats = [rooms[index // 3] for index in range(count)]
    warm = await all_in(contestant, a, b, seats[:WARM_SOCKETS])
    for one in warm:
        one.close()
    entries = await contestant.passes(a, seats)
    await asyncio.sleep(1)
    before, began = resident_kb(b.pid), time.monotonic()
    members = await joined(contestant, b, seats, entries)
    took = time.monotonic() - began
    await asyncio.sleep(REST_S)
    figures = {"kb_per_socket": (resident_kb(b.pid) - before) / count, "joins_per_second": count / took}
    for member in members:
        member.close()
    return figures


async def resume(greenroom: Greenroom, a: Worker, b: Worker, missed: int, tries: int) -> Figures:
    """Milliseconds from connecting to having all `missed` lines, for somebody who was away that long."""
    (room,) = await greenroom.rooms(a, 1)
    entries = iter(await greenroom.passes(a, [room] * (tries + 2)))
    stays = await greenroom.join(b, room, next(entries), lambda _: None)
    speaker, welcome = await greenroom.enter(a, room, next(entries), lambda _: None)
    arrived = asyncio.Event()
    speaker.heard = lambda message: arrived.set() if b"%08d." % (missed - 1) in message else None
    for number in range(missed):
        speaker.send(greenroom.line(room, stamped(number)))
        if number % 50 == 49:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        await arrived.wait()
    took = sorted([await _resumed(greenroom, b, room, next(entries), welcome["cursor"], missed) for _ in range(tries)])
    for one in (stays, speaker):
        one.close()
    return {"p50_ms": at_share(took, 0.5) * 1000, "p95_ms": at_share(took, 0.95) * 1000}


async def _resumed(
    greenroom: Greenroom, b: Worker, room: str, entry: str, cursor: dict[str, Any], missed: int
) -> float:
    lines, whole = itertools.count(1), asyncio.Event()

    def heard(message: bytes) -> None:
        if b"@" in message and next(lines) == missed:
            whole.set()

    began = time.perf_counter()
    member, welcome = await greenroom.enter(b, room, entry, heard, cursor)
    async with asyncio.timeout(20):
        await whole.wait()
    took = time.perf_counter() - began
    if not welcome["resumed"]:
        raise RuntimeError(f"not resumed: {welcome['reset']}")
    member.close()
    return took


# --- a member who never reads ---------------------------------------------------------------------------------

HOT_PER_SECOND: Final = 300
HOT_LINE: Final = "\N{MICROPHONE}" * 1000  # 4 KB, the longest line there is
OTHERS: Final = 10


class Run(NamedTuple):
    """A busy room for a while."""

    others_p99_ms: float
    grown_mb: float
    """B, at its peak."""
    cut_after_s: float
    """When the odd one was cut; -1: never."""


async def stuck(greenroom: Greenroom, a: Worker, b: Worker, seconds: float, pairs: int) -> Figures:
    """What changes for others when one member of a busy room never reads: their p99, B's memory, until it is cut.

    With and without such a member in turns, the order turned round each time; the medians are compared.
    """
    runs: dict[bool, list[Run]] = {True: [], False: []}
    for number in range(pairs):
        for reads in (True, False) if number % 2 == 0 else (False, True):
            runs[reads].append(await _busy(greenroom, a, b, seconds, reads=reads))
            await asyncio.sleep(REST_S / 2)
    (with_ms, with_mb, cut), (without_ms, without_mb, _) = (_medians(runs[reads]) for reads in (False, True))
    return {
        "others_p99_ms": with_ms,
        "others_p99_change_ms": with_ms - without_ms,
        "memory_mb": with_mb - without_mb,
        "cut_after_s": cut,
    }


def _medians(runs: list[Run]) -> Run:
    return Run(*(statistics.median(figures) for figures in zip(*runs, strict=True)))


async def _busy(greenroom: Greenroom, a: Worker, b: Worker, seconds: float, *, reads: bool) -> Run:
    rooms = await greenroom.rooms(a, 1 + OTHERS)
    took: list[float] = []

    def heard(message: bytes) -> None:
        if b"@" in message:
            took.append((time.perf_counter_ns() - stamp(message)[0]) / 1e6)

    speakers = await all_in(greenroom, a, a, rooms)
    others = await all_in(greenroom, a, b, [rooms[0], rooms[0], *rooms[1:]], heard)
    (odd,) = await all_in(greenroom, a, b, rooms[:1])
    if not reads:
        odd.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        odd.transport.pause_reading()
    before = peak = resident_kb(b.pid)
    began = time.monotonic()
    cutting = asyncio.create_task(_cut_after_s(odd, b))
    for number in range(int(seconds * HOT_PER_SECOND)):
        await asyncio.sleep(max(0.0, began + number / HOT_PER_SECOND - time.monotonic()))
        line = f"@{time.perf_counter_ns():020d}{number:08d}"
        speakers[0].send(greenroom.line(rooms[0], line + HOT_LINE[len(line) :]))
        if number % 5 == 0:
            index = 1 + number // 5 % OTHERS
            speakers[index].send(greenroom.line(rooms[index], stamped(number)))
        if number % 25 == 0:
            peak = max(peak, resident_kb(b.pid))
    await asyncio.sleep(0.5)
    cut = cutting.result() if cutting.done() else -1.0
    cutting.cancel()
    for one in (*speakers, *others, odd):
        one.close()
    return Run(at_share(sorted(took), 0.99), (peak - before) / 1024, cut)


async def _cut_after_s(odd: Socket, b: Worker) -> float:
    """Looks in a thread: the kernel's table is long after a crowd, and lines are timed here meanwhile."""
    began = time.monotonic()
    while not await asyncio.to_thread(_is_cut, odd, b):  # noqa: ASYNC110  # the kernel tells nobody
        await asyncio.sleep(0.1)
    return time.monotonic() - began


def _is_cut(odd: Socket, b: Worker) -> bool:
    """Whether B has let go of this connection: it is not among those that the kernel holds for B any more."""
    mine = odd.transport.get_extra_info("sockname")[1]
    pair = f":{b.port:04X} 0100007F:{mine:04X} 01 "
    with open("/proc/net/tcp") as table:
        return not any(pair in line for line in table)


# --- a worker that dies ---------------------------------------------------------------------------------------

SEATS: Final = 4
BACKOFF_S: Final = 0.2
LINES_PER_SECOND: Final = 100


class Client:
    """A member who comes back with their cursor, as ours does, and keeps count of what they got."""

    def __init__(self, greenroom: Greenroom, room: str, spread: float) -> None:
        self._greenroom, self._room, self._spread = greenroom, room, spread
        self._cursor: dict[str, Any] = {}
        self._return_ticket = ""
        self._place_s = 0.0
        """Their place in the line of those who lose the worker together, as it told them."""
        self.got: Counter[int] = Counter()
        self.back_s = 0.0
        """How long coming back took, from the first try."""
        self.back_at = 0.0
        self.socket: Socket

    async def enter(self, at: Worker, entry: str) -> None:
        resume = self._cursor or None
        self.socket, welcome = await self._greenroom.enter(at, self._room, entry, self._heard, resume)
        if resume and welcome["resumed"] is None:
            raise RuntimeError(f"reset instead of resumed: {welcome['reset']}")
        self._return_ticket, self._place_s = welcome["return_ticket"], welcome["return_after_ms"] / 1000
        if not resume:
            self._cursor = welcome["cursor"]

    async def come_back(self, to: Worker) -> None:
        """After the connection was lost: their place in the line and a short pause, another worker."""
        await self.socket.closed.wait()
        await asyncio.sleep(self._place_s + BACKOFF_S * self._spread)
        began = time.monotonic()
        await self.enter(to, self._return_ticket)
        self.back_at = time.monotonic()
        self.back_s = self.back_at - began

    def _heard(self, message: bytes) -> None:
        if not message.startswith(b'{"type":"event"'):
            return
        said = json.loads(message)
        if said["after"] > self._cursor["version"]:
            raise RuntimeError("a gap in the story")
        self._cursor = {**self._cursor, "version": said["version"], "tag": said["tag"]}
        if said["event"]["kind"] == "note_taken":
            self.got[stamp(message)[1]] += 1


async def killed(greenroom: Greenroom, a: Worker, b: Worker, count: int) -> Figures:
    """Worker B dies under `count` clients while lines are said: how soon all are back on A, and what they missed."""
    rooms = await greenroom.rooms(a, count // SEATS)
    clients = [Client(greenroom, rooms[index % len(rooms)], index / count) for index in range(count)]
    entries = await greenroom.passes(a, [rooms[index % len(rooms)] for index in range(count)])
    gate = asyncio.Semaphore(AT_ONCE)

    async def take_seat(client: Client, entry: str) -> None:
        async with gate:
            await client.enter(b, entry)

    async with asyncio.TaskGroup() as tasks:
        for client, entry in zip(clients, entries, strict=True):
            tasks.create_task(take_seat(client, entry))
    speakers = await all_in(greenroom, a, a, rooms)
    said: Counter[int] = Counter()
    async with asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(_talk(greenroom, speakers, rooms, said))
        await asyncio.sleep(1)
        before = processor_s(a.pid), processor_s(os.getpid())
        b.process.kill()
        died = time.monotonic()
        async with asyncio.TaskGroup() as returns:
            for client in clients:
                returns.create_task(client.come_back(a))
        used = processor_s(a.pid) - before[0], processor_s(os.getpid()) - before[1]
        await asyncio.sleep(1)
        talking.cancel()
    await asyncio.sleep(2)
    lost = sum(said[index % len(rooms)] - len(client.got) for index, client in enumerate(clients))
    doubled = sum(times - 1 for client in clients for times in client.got.values())
    for one in (*speakers, *(client.socket for client in clients)):
        one.close()
    back = sorted(client.back_s for client in clients)
    return {
        "clients": count,
        "back_p50_s": at_share(back, 0.5),
        "back_p95_s": at_share(back, 0.95),
        "all_back_after_s": max(client.back_at for client in clients) - died,
        "worker_ms": used[0] / count * 1000,
        "clients_ms": used[1] / count * 1000,
        "lost": lost,
        "doubled": doubled,
    }


async def _talk(greenroom: Greenroom, speakers: list[Socket], rooms: list[str], said: Counter[int]) -> None:
    for number in itertools.count():
        index = number % len(rooms)
        speakers[index].send(greenroom.line(rooms[index], stamped(said[index])))
        said[index] += 1
        await asyncio.sleep(1 / LINES_PER_SECOND)
