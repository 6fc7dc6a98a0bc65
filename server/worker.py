"""The worker process: takes rooms under a lease and runs their readers: hearing, interviewer, scorer, archiver.

Decides which rooms this process serves and for how long. A worker holds no state that a room's logs do not have: when
it dies, its leases run out and another worker goes on from there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, NamedTuple

from rooms.commands import Leave
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.releases import NewerFact
from rooms.state import Room
from server.absence import Absence
from server.feed import Feed, Feeds, UnknownRoom
from server.pen import Pen
from server.ports import Fenced, Holds, Leases, Presence, Unavailable
from server.settings import Settings
from server.writer import Writer

_log = logging.getLogger(__name__)

LOOK_S: Final = 0.15
"""How often open rooms without a worker are looked for."""

OTHERS_FIRST_S: Final = 1.0
"""How long a worker that has enough to do leaves rooms to the others."""

FIRST_REST_S: Final = 0.5
"""How long a room whose readers broke is left alone, twice as long each time..."""
LONGEST_REST_S: Final = 30.0
"""...up to this,"""
LONGEST_REST_AWAY_S: Final = 2.0
"""or to this where only a store was away: the interview waits."""
STEADY_S: Final = 60.0
"""Who served a room for so long begins with short rests anew."""

BEAT_LATE: Final = 1.2
"""A beat may come this much later than its time."""
GHOSTS_EVERY_S: Final = 1.0
"""How often ghosts are looked for."""
ANNOUNCE_EVERY_S: Final = 15.0
"""How often it is said again that a room wants a worker: a store that forgot it in a failover, and the room not, would
let nobody take the room from a worker that dies."""

Reader = Callable[[Feed, Pen], Awaitable[None]]
"""Follows a room, and writes into it with the pen."""


class Rest(NamedTuple):
    """A room is left alone."""

    seconds: float
    until: float
    """On the loop's clock."""
    newer: bool = False
    """Because only a newer release reads it."""


class Worker:
    def __init__(
        self,
        name: str,
        settings: Settings,
        leases: Leases,
        holds: Holds,
        presence: Presence,
        feeds: Feeds,
        writer: Writer,
        readers: Sequence[Reader],
        full: Callable[[], bool] = lambda: False,
    ) -> None:
        """`full`: whether this worker has enough to do. It then takes only rooms that no other took for a while."""
        self._name, self._settings = name, settings
        self._presence, self._absence = presence, Absence(name)
        self._attending = False
        self._leases, self._holds = leases, holds
        self._feeds, self._writer, self._readers = feeds, writer, readers
        self._full = full
        self._left_to_others: dict[str, float] = {}
        """Rooms that anybody may take, and since when."""
        self._held: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, Rest] = {}
        self._stopping = asyncio.Event()

    @property
    def rooms(self) -> int:
        """How many rooms are served right now."""
        return len(self._held)

    def stop(self) -> None:
        """Give all rooms back and return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve rooms until stopped or cancelled."""
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._keep())
            while not self._stopping.is_set():
                try:
                    await self._take(tasks)
                except Unavailable as away:
                    self._absence.blind(_now())
                    _log.warning("cannot look for rooms", extra={"part": away.part})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._stopping.wait()
            keeping.cancel()
            for task in self._held.values():
                task.cancel()

    async def _take(self, tasks: asyncio.TaskGroup) -> None:
        if not self._attending:
            await self._presence.attend(self._name)
            self._attending = True
        open_rooms = await self._leases.open_rooms()
        self._resting = {room: rest for room, rest in self._resting.items() if room in open_rooms}
        others = [room for room in open_rooms if room not in self._held]
        holders = await self._leases.holders(others)
        gone = await self._gone({*holders.values()} - {self._name})
        free = [room for room in others if holders.get(room, self._name) in {self._name, *gone}]
        for room in self._mine(free):
            holder = holders.get(room, "")
            if len(self._held) >= self._settings.rooms_per_worker or self._rests(room):
                continue
            fence = await self._leases.take(room, self._name, self._settings.worker_ttl_ms, holder)
            if fence is not None:
                _log.info("room taken", extra={"room": room, "fence": fence, "from": holder or None})
                self._held[room] = tasks.create_task(self._serve(Pen(room, fence, self._writer)))

    def _mine(self, free: Sequence[str]) -> list[str]:
        """Of the rooms that nobody holds, those to be taken now."""
        now = _now()
        self._left_to_others = {room: self._left_to_others.get(room, now) for room in free}
        patience_s = OTHERS_FIRST_S if self._full() else 0.0
        return [room for room, since in self._left_to_others.items() if now - since >= patience_s]

    async def _gone(self, workers: Collection[str]) -> frozenset[str]:
        asked_at = _now()
        present = await self._presence.present({*workers, self._name})
        return self._absence.gone(workers, present, asked_at, _now())

    async def _keep(self) -> None:
        """Prolong the leases; let go of what was lost to another worker."""
        while True:
            await asyncio.sleep(self._settings.beat_s)
            held = tuple(self._held)  # rooms that are taken while we ask are not among those we ask for
            try:
                kept = await self._leases.keep(held, self._name, self._settings.worker_ttl_ms)
            except Unavailable:
                continue  # nobody else can take them either
            for room in held:
                if room not in kept and (task := self._held.get(room)):
                    _log.warning("lease lost", extra={"room": room})
                    task.cancel()

    async def _serve(self, pen: Pen) -> None:
        """One room, until it is archived. A reader that breaks ends this task only; the room is taken up again."""
        room, began = pen.room_id, _now()
        try:
            async with self._feeds.follow(room) as feed, asyncio.TaskGroup() as tasks:
                aside = (self._reap(feed, pen), self._announce(room))
                ghosts, announcing = (tasks.create_task(task) for task in aside)
                deserted = tasks.create_task(self._deserted(feed))
                reopened = tasks.create_task(_reopened(feed))
                readers = [tasks.create_task(_reading(reader, feed, pen)) for reader in self._readers]
                archived = tasks.create_task(_ended(readers))
                await asyncio.wait((archived, deserted, reopened), return_when=asyncio.FIRST_COMPLETED)
                announcing.cancel()
                if archived.done():
                    await self._last_goodbyes(feed)
                for task in (ghosts, archived, deserted, reopened, *readers):
                    task.cancel()
        except* Fenced:
            _log.warning("lease lost", extra={"room": room, "fence": pen.fence})
        except* Unavailable as away:
            self._rest(room, began, LONGEST_REST_AWAY_S)
            _log.warning("room let go", extra={"room": room, "error": str(_first(away))})
        except* NewerFact as newer:
            self._leave_to_others(room, newer)
        except* UnknownRoom:  # the log is lost, and the archive has nothing to go on with: over, or never kept
            self._rest(room, began, LONGEST_REST_S)
            _log.warning("a room to serve is gone", extra={"room": room})
            with contextlib.suppress(Unavailable):
                await self._leases.retire(room)  # whoever comes into it where it is back says that it is wanted
        except* Exception:
            self._rest(room, began, LONGEST_REST_S)
            _log.exception("a reader broke", extra={"room": room})
        finally:
            del self._held[room]
            with contextlib.suppress(Unavailable):
                await self._leases.release(room, self._name)

    def _rest(self, room: str, began: float, longest_s: float) -> None:
        """Leave a room alone for a while: taken up at once, it would break again at once."""
        before = self._resting.get(room)
        doubled_s = before.seconds * 2 if before and _now() - began < STEADY_S else FIRST_REST_S
        seconds = min(longest_s, doubled_s)
        self._resting[room] = Rest(seconds, _now() + seconds)

    def _leave_to_others(self, room: str, newer: BaseExceptionGroup[NewerFact]) -> None:
        """To workers of a newer release. It stays wanted, nothing of it is lost, and nothing here is broken."""
        before = self._resting.get(room)
        level = logging.DEBUG if before and before.newer else logging.WARNING  # said once
        line = {"room": room, "kind": str(_first(newer))}
        _log.log(level, "a room is left to workers of a newer release", extra=line)
        self._resting[room] = Rest(LONGEST_REST_S, _now() + LONGEST_REST_S, newer=True)

    def _rests(self, room: str) -> bool:
        rest = self._resting.get(room)
        return rest is not None and _now() < rest.until

    async def _announce(self, room: str) -> None:
        while True:
            await asyncio.sleep(ANNOUNCE_EVERY_S)
            with contextlib.suppress(Unavailable):
                await self._leases.announce(room)

    async def _deserted(self, feed: Feed) -> None:
        """Return when nobody has been here for long, nothing is under way and all is archived; whoever joins announces
        the room anew."""
        while True:
            await _until(feed, lambda room: not _busy(room))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.empty_room_s):
                    await _until(feed, _busy)
                    continue
            if feed.durable < feed.cursor.version and len(self._held) < self._settings.rooms_per_worker:
                continue  # not all of it is archived, and nobody else needs its place
            with contextlib.suppress(Unavailable):
                await self._leases.retire(feed.room_id)
                await feed.look()  # who joined before we retired it announced it too early
                if not _busy(feed.room):
                    _log.info("room deserted", extra={"room": feed.room_id})
                    return
                await self._leases.announce(feed.room_id)

    async def _reap(self, feed: Feed, pen: Pen) -> None:
        """Say goodbye for the connections of web workers that died: silent for their time to live, and a beat more.

        When Redis was away, everybody's sign of life has run out; those who live give a new one within a beat.
        """
        silent_since: dict[str, float] = {}
        while True:
            await asyncio.sleep(GHOSTS_EVERY_S)
            here = {c: p.participant.id for p in feed.room.people for c in p.connections}
            try:
                held = await self._holds.holders(feed.room_id, here)
                workers = {worker_of(holder) for holder in held.values() if holder}
                silent = workers - await self._leases.alive(sorted(workers))
                silent_since = {worker: silent_since.get(worker, _now()) for worker in silent}
                patience_s = self._settings.beat_s * BEAT_LATE
                dead = {worker for worker, since in silent_since.items() if _now() - since > patience_s}
                for connection, holder in held.items():  # "": whoever let go of it did not come to say goodbye yet
                    if holder and worker_of(holder) not in dead:
                        continue
                    if await self._holds.let_go(feed.room_id, connection, holder):
                        leave = Leave(participant=here[connection], connection=connection)
                        await pen.do(leave, SYSTEM, f"reap.{connection}")
            except Unavailable:
                silent_since = {}  # silence that nobody could break proves nothing

    async def _last_goodbyes(self, feed: Feed) -> None:
        """Return when nobody is here whose web worker died before the end: the reaper beside us has seen to them."""
        until = _now() + self._settings.worker_ttl_ms / 1000
        while connections := [c for person in feed.room.people for c in person.connections]:
            with contextlib.suppress(Unavailable):
                held = await self._holds.holders(feed.room_id, connections)
                workers = {worker_of(holder) for holder in held.values()}  # nobody's is nobody who is alive
                if _now() > until and workers <= await self._leases.alive(sorted(workers)):
                    return
            await asyncio.sleep(1)


def without_pen(follow: Callable[[Feed], Awaitable[None]]) -> Reader:
    """A reader that writes nothing into the room."""

    async def reader(feed: Feed, _: Pen) -> None:
        await follow(feed)

    return reader


def later(reader: Reader, seconds: float) -> Reader:
    """A reader that nobody waits for: where a room is taken over, hearing and the others come first."""

    async def begun(feed: Feed, pen: Pen) -> None:
        await asyncio.sleep(seconds)
        await reader(feed, pen)

    return begun


def worker_of(connection: str) -> str:
    """The web worker of a socket, or of the one that a connection was opened with: the first part of its id."""
    return connection.partition(".")[0]


def _busy(room: Room) -> bool:
    """Whether there is something to do for a worker. An interview that is left under way is brought to its end."""
    return any(person.here for person in room.people) or not (room.phase is Phase.LOBBY or room.paused) or room.ending


async def _until(feed: Feed, holds: Callable[[Room], bool]) -> None:
    while not holds(feed.room):
        await feed.moved(feed.cursor.version)


async def _reopened(feed: Feed) -> None:
    """Return when the room was over and is not any more: its log lost its end, and who went home is wanted again."""
    await _until(feed, lambda room: room.phase is Phase.CLOSED)
    await _until(feed, lambda room: room.phase is not Phase.CLOSED)
    _log.warning("a room that was over goes on", extra={"room": feed.room_id})


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


async def _reading(reader: Reader, feed: Feed, pen: Pen) -> None:
    await reader(feed, pen)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    """What a reader raised, out of the groups of tasks it stood in."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _now() -> float:
    return asyncio.get_running_loop().time()
