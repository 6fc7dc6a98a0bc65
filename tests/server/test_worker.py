"""The worker: takes rooms under a lease, lets go of what it lost, and leaves alone what breaks."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from itertools import pairwise

import pytest

from rooms import commands as c
from rooms.events import ParticipantJoined, ParticipantLeft
from rooms.interview.bank import load_bank
from rooms.people import SYSTEM, Participant, Role
from rooms.phases import Phase
from rooms.protocol import Cursor
from rooms.releases import NewerFact
from server import worker as module
from server.feed import Feed
from server.interviewer import Interviewer
from server.pen import Pen
from server.ports import Message, Unavailable
from server.settings import Settings
from server.worker import Reader, Worker, worker_of
from tests.memory_holds import MemoryHolds
from tests.memory_log import MemoryRoomLog, MemorySubscriber
from tests.server.hearings import CANDIDATE, Rig
from tests.waiting import until

TTL_MS = 300


class MemoryLeases:
    """Who serves which room, as `ports.Leases` has it. A test may give a room to somebody else."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.holder: dict[str, str] = {}
        self.living: set[str] = {"web-1"}
        self.taken: list[tuple[str, str]] = []
        self.away = False
        self.looks = 0
        """How often a worker looked for rooms."""
        self.slow: asyncio.Event | None = None
        self.asked = asyncio.Event()
        """A worker asked which leases are kept while that is `slow`."""

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("redis")

    async def open_rooms(self) -> Sequence[str]:
        self._answer()
        self.looks += 1
        return sorted(self.open)

    async def announce(self, room: str) -> None:
        self._answer()
        self.open.add(room)

    async def retire(self, room: str) -> None:
        self._answer()
        self.open.discard(room)

    async def holders(self, rooms: Sequence[str]) -> Mapping[str, str]:
        self._answer()
        return {room: self.holder[room] for room in rooms if room in self.holder}

    async def take(self, room: str, holder: str, ttl_ms: int, gone: str = "") -> int | None:
        self._answer()
        if self.holder.setdefault(room, holder) not in (holder, gone):
            return None
        self.holder[room] = holder
        self.taken.append((room, holder))
        return len(self.taken)

    async def keep(self, rooms: Sequence[str], holder: str, ttl_ms: int) -> frozenset[str]:
        self._answer()
        kept = frozenset(room for room in rooms if self.holder.get(room) == holder)
        if self.slow:
            self.asked.set()
            await self.slow.wait()
        return kept

    async def release(self, room: str, holder: str) -> None:
        self._answer()
        if self.holder.get(room) == holder:
            del self.holder[room]

    async def beat(self, worker: str, ttl_ms: int) -> None:
        self.living.add(worker)

    async def alive(self, workers: Sequence[str]) -> frozenset[str]:
        self._answer()
        return frozenset(worker for worker in workers if worker in self.living)


async def looked_again(leases: MemoryLeases, workers: int = 1) -> None:
    """Wait until so many workers have looked for rooms, and done what came of it: they begin to look once more."""
    seen = leases.looks
    await until(lambda: leases.looks >= seen + 2 * workers)


class Everybody:
    """Who is there, as `ports.Presence` has it: everybody but those a test has killed."""

    def __init__(self) -> None:
        self.killed: set[str] = set()

    async def attend(self, worker: str) -> None: ...

    async def present(self, workers: Collection[str]) -> frozenset[str] | None:
        return frozenset(workers) - self.killed


class Reading:
    """A reader that reads for ever, and remembers for which rooms it does."""

    def __init__(self) -> None:
        self.rooms: list[str] = []

    async def __call__(self, feed: Feed, _: Pen) -> None:
        self.rooms.append(feed.room_id)
        try:
            await asyncio.Event().wait()
        finally:
            self.rooms.remove(feed.room_id)


@pytest.fixture
def leases() -> MemoryLeases:
    return MemoryLeases()


@contextlib.asynccontextmanager
async def working(
    rig: Rig,
    leases: MemoryLeases,
    *readers: Reader,
    name: str = "worker-1",
    presence: Everybody | None = None,
    holds: MemoryHolds | None = None,
) -> AsyncIterator[Worker]:
    worker = Worker(
        name, rig.settings, leases, holds or MemoryHolds(), presence or Everybody(), rig.feeds, rig.writer, readers
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(worker.run())
        yield worker
        running.cancel()


def a_rig(**settings: object) -> Rig:
    return Rig(worker_ttl_ms=TTL_MS, **settings)


async def test_announced_rooms_are_served_by_one_worker_each(leases: MemoryLeases) -> None:
    rig, one, two = a_rig(), Reading(), Reading()
    async with rig.up(), rig.room("r-1"), rig.room("r-2"):
        leases.open = {"r-1", "r-2"}
        async with working(rig, leases, one), working(rig, leases, two, name="worker-2"):
            await until(lambda: len(one.rooms) + len(two.rooms) == 2)
            assert sorted(one.rooms + two.rooms) == ["r-1", "r-2"]


async def test_a_worker_takes_no_more_rooms_than_it_may(leases: MemoryLeases) -> None:
    rig, reading = a_rig(rooms_per_worker=1), Reading()
    async with rig.up(), rig.room("r-1"), rig.room("r-2"):
        leases.open = {"r-1", "r-2"}
        async with working(rig, leases, reading) as worker:
            await until(lambda: reading.rooms == ["r-1"])
            await looked_again(leases)
            assert (worker.rooms, len(leases.taken)) == (1, 1)


async def test_a_worker_that_has_enough_to_do_leaves_rooms_to_others_and_takes_what_nobody_wants(
    leases: MemoryLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OTHERS_FIRST_S", 3_600.0)
    rig, reading = a_rig(), Reading()
    async with rig.up(), rig.room("r-1"), rig.room("r-2"):
        leases.open = {"r-1"}
        full = Worker(
            "w", rig.settings, leases, MemoryHolds(), Everybody(), rig.feeds, rig.writer, [reading], lambda: True
        )
        running = asyncio.create_task(full.run())
        await looked_again(leases)
        assert reading.rooms == []
        async with working(rig, leases, Reading(), name="worker-2"):
            await until(lambda: leases.holder.get("r-1") == "worker-2")
            leases.open.add("r-2")
            leases.holder["r-2"] = "worker-3"
            await looked_again(leases, workers=2)
            assert reading.rooms == []
        monkeypatch.setattr(module, "OTHERS_FIRST_S", 3 * module.LOOK_S)
        await until(lambda: reading.rooms == ["r-1"])
        full.stop()
        await running


async def test_a_lease_that_is_lost_is_let_go(leases: MemoryLeases) -> None:
    rig, reading = a_rig(), Reading()
    async with rig.up(), rig.room():
        leases.open = {"r-1"}
        async with working(rig, leases, reading) as worker:
            await until(lambda: reading.rooms == ["r-1"])
            leases.holder["r-1"] = "worker-2"
            await until(lambda: worker.rooms == 0)
            assert reading.rooms == []
            assert leases.holder["r-1"] == "worker-2"  # and what is another's is not released


async def test_rooms_of_a_worker_that_was_killed_are_taken_before_its_lease_runs_out(leases: MemoryLeases) -> None:
    rig, reading, presence = a_rig(), Reading(), Everybody()
    leases.holder["r-1"] = "worker-2"  # for ever: it never runs out
    async with rig.up(), rig.room():
        leases.open = {"r-1"}
        async with working(rig, leases, reading, presence=presence):
            await looked_again(leases)
            assert reading.rooms == []
            presence.killed.add("worker-2")
            await until(lambda: reading.rooms == ["r-1"])
            assert leases.holder["r-1"] == "worker-1"


async def test_a_room_taken_while_the_leases_are_kept_is_not_lost(leases: MemoryLeases) -> None:
    rig, reading = a_rig(), Reading()
    async with rig.up(), rig.room("r-1"), rig.room("r-2"):
        leases.open = {"r-1"}
        async with working(rig, leases, reading):
            await until(lambda: reading.rooms == ["r-1"])
            leases.slow = asyncio.Event()
            await until(leases.asked.is_set)
            leases.open.add("r-2")
            await until(lambda: sorted(reading.rooms) == ["r-1", "r-2"])
            leases.slow.set()
            await asyncio.sleep(TTL_MS / 1000)
            assert sorted(reading.rooms) == ["r-1", "r-2"]
            assert len(leases.taken) == 2


async def test_a_room_whose_reader_breaks_is_taken_up_again_after_longer_and_longer_rests(
    leases: MemoryLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.005)
    monkeypatch.setattr(module, "FIRST_REST_S", 0.05)
    rig, quiet, began = a_rig(), Reading(), list[float]()

    async def broken(feed: Feed, pen: Pen) -> None:
        if feed.room_id == "r-1":
            began.append(asyncio.get_running_loop().time())
            if len(began) < 5:
                raise ZeroDivisionError
        await quiet(feed, pen)

    async with rig.up(), rig.room("r-1"), rig.room("r-2"):
        leases.open = {"r-1", "r-2"}
        async with working(rig, leases, broken):
            await until(lambda: sorted(quiet.rooms) == ["r-1", "r-2"])
            pauses = [after - before for before, after in pairwise(began)]
            assert [pause >= 0.05 * 2**number for number, pause in enumerate(pauses)] == [True] * 4
            assert [room for room, _ in leases.taken].count("r-2") == 1  # the other room noticed nothing


async def test_a_room_that_is_left_to_a_newer_release_is_said_once_also_where_it_rested_before(
    leases: MemoryLeases, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.005)
    monkeypatch.setattr(module, "FIRST_REST_S", 0.0)
    monkeypatch.setattr(module, "LONGEST_REST_S", 0.0)
    rig, serves = a_rig(), asyncio.Event()
    wrong: list[Exception] = [Unavailable("redis"), NewerFact("turn_sung"), NewerFact("turn_sung")]

    async def reader(_: Feed, __: Pen) -> None:
        if wrong:
            raise wrong.pop(0)
        serves.set()
        await asyncio.Event().wait()

    async with rig.up(), rig.room():
        leases.open = {"r-1"}
        async with working(rig, leases, reader):
            await until(serves.is_set)
    said = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert said.count("a room is left to workers of a newer release") == 1


async def test_a_room_whose_log_is_gone_does_not_keep_a_worker_busy(
    leases: MemoryLeases, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_REST_S", module.LONGEST_REST_S)
    rig = a_rig()
    async with rig.up():
        leases.open = {"r-gone"}
        async with working(rig, leases, Reading()):
            await until(lambda: "a room to serve is gone" in caplog.messages)
            await looked_again(leases)
            assert len(leases.taken) == 1
            await until(lambda: not leases.open)  # nobody wants it until somebody comes into it
    assert all(record.levelname != "ERROR" for record in caplog.records)  # nothing of ours is broken


async def test_a_worker_that_stops_gives_its_rooms_back(leases: MemoryLeases) -> None:
    rig, reading = a_rig(), Reading()
    async with rig.up(), rig.room():
        leases.open = {"r-1"}
        worker = Worker("worker-1", rig.settings, leases, MemoryHolds(), Everybody(), rig.feeds, rig.writer, [reading])
        running = asyncio.create_task(worker.run())
        await until(lambda: reading.rooms == ["r-1"])
        worker.stop()
        await asyncio.wait_for(running, 10)
        assert leases.holder == {}
        assert leases.open == {"r-1"}


async def test_an_outage_of_the_leases_ends_nothing(leases: MemoryLeases) -> None:
    rig, reading = a_rig(), Reading()
    async with rig.up(), rig.room():
        leases.open = {"r-1"}
        async with working(rig, leases, reading):
            await until(lambda: reading.rooms == ["r-1"])
            leases.away = True
            await asyncio.sleep(1.2)  # longer than a round of looking, keeping and reaping
            leases.away = False
            assert reading.rooms == ["r-1"]
            assert len(leases.taken) == 1


async def test_ghosts_of_a_dead_web_worker_leave(leases: MemoryLeases) -> None:
    rig = a_rig()
    coach = Participant(id="ben", name="Ben", role=Role.COACH)
    async with rig.up(), rig.room() as room:
        leases.open, leases.living = {"r-1"}, {"web-1", "w"}
        for connection in ("web-1.a", "web-2.b"):
            await room.do(c.Join(participant=coach, connection=connection, worker=worker_of(connection)), SYSTEM)
        async with working(rig, leases, Reading()):
            await room.until(lambda: room.room.people[1].connections == ("web-1.a",))
            leases.living.clear()
            await room.until(lambda: not any(person.here for person in room.room.people))


def test_ghosts_are_gone_within_eight_seconds() -> None:
    """As the settings come: silent at one look, given a late beat's time, and dead at a look after that."""
    settings = Rig(worker_ttl_ms=Settings.model_fields["worker_ttl_ms"].default).settings
    looks = 1 + math.ceil(settings.beat_s * module.BEAT_LATE / module.GHOSTS_EVERY_S)
    assert settings.worker_ttl_ms / 1000 + looks * module.GHOSTS_EVERY_S < 8


async def test_who_was_carried_on_by_a_worker_that_lives_is_no_ghost_and_who_was_by_one_that_died_is(
    leases: MemoryLeases,
) -> None:
    rig, holds = a_rig(), MemoryHolds()
    coach = Participant(id="ben", name="Ben", role=Role.COACH)
    async with rig.up(), rig.room() as room:
        leases.open, leases.living = {"r-1"}, {"web-1", "w"}
        for connection in ("web-1.a", "web-2.b", "web-1.c"):
            await room.do(c.Join(participant=coach, connection=connection, worker=worker_of(connection)), SYSTEM)
        await holds.take("r-1", "web-2.b", "web-2.b", "web-1.d")  # web-2 was killed
        await holds.take("r-1", "web-1.a", "web-1.a", "web-2.e")  # and had carried this one on
        await holds.let_go("r-1", "web-1.c", "web-1.c")  # whoever let go of it has died before saying goodbye
        async with working(rig, leases, Reading(), holds=holds):
            await room.until(lambda: room.room.people[1].connections == ("web-2.b",))
            assert not await holds.take("r-1", "web-1.a", "web-2.e", "web-1.f")  # too late


# --- rooms that nobody is in ----------------------------------------------------------------------------------


async def test_a_room_that_nobody_came_back_to_makes_room_for_others(
    leases: MemoryLeases,
) -> None:
    rig, reading = a_rig(rooms_per_worker=1, empty_room_s=1), Reading()
    leases.living = {"w"}
    async with rig.up(), rig.room("r-1", asked=False) as left, rig.room("r-2"):
        leases.open = {"r-1", "r-2"}
        async with working(rig, leases, reading):
            await until(lambda: reading.rooms == ["r-1"])
            await left.do(c.Leave(participant=CANDIDATE.id, connection="c"), SYSTEM)
            await until(lambda: reading.rooms == ["r-2"])
            assert leases.open == {"r-2"}


async def test_a_room_that_nobody_came_back_to_is_served_until_it_is_archived(leases: MemoryLeases) -> None:
    rig, reading = a_rig(empty_room_s=1), Reading()
    leases.living = {"w"}
    async with rig.up(), rig.room("r-1", asked=False) as left:
        leases.open = {"r-1"}
        async with working(rig, leases, reading):
            await until(lambda: reading.rooms == ["r-1"])
            await left.do(c.Leave(participant=CANDIDATE.id, connection="c"), SYSTEM)
            await asyncio.sleep(1.3)  # the database is away
            assert reading.rooms == ["r-1"]
            await rig.log.mark_durable("r-1", await head(rig.log))
            await until(lambda: reading.rooms == [])
            assert leases.open == set()


async def test_an_interview_that_is_under_way_is_served_though_nobody_is_there(leases: MemoryLeases) -> None:
    rig, reading = a_rig(empty_room_s=1), Reading()
    async with rig.up(), rig.room() as room:
        leases.open = {"r-1"}
        await room.do(c.Leave(participant=CANDIDATE.id, connection="c"), SYSTEM)
        async with working(rig, leases, reading):
            await until(lambda: reading.rooms == ["r-1"])
            await asyncio.sleep(1.3)
            assert reading.rooms == ["r-1"]


async def test_who_joins_just_before_a_room_is_let_go_is_served(leases: MemoryLeases) -> None:
    log = MemoryRoomLog()
    rig = Rig(log, MemorySubscriber(log, loses=_coming_again), worker_ttl_ms=TTL_MS, empty_room_s=1)
    reading = Reading()
    leases.living = {"w"}
    async with rig.up(), rig.room(asked=False) as room:
        leases.open = {"r-1"}
        retire, retired = leases.retire, asyncio.Event()

        async def late(id: str) -> None:
            leases.retire = retire  # type: ignore[method-assign]
            await room.do(c.Join(participant=CANDIDATE, connection="again", worker="w"), SYSTEM)
            await leases.announce(id)
            await retire(id)
            retired.set()

        leases.retire = late  # type: ignore[method-assign]
        await room.do(c.Leave(participant=CANDIDATE.id, connection="c"), SYSTEM)
        await log.mark_durable("r-1", await head(log))
        async with working(rig, leases, reading):
            await until(retired.is_set)
            await until(lambda: leases.open == {"r-1"})
            assert room.room.people[0].here
            assert reading.rooms == ["r-1"]


async def head(log: MemoryRoomLog) -> Cursor:
    cursor = await log.head("r-1")
    assert cursor is not None
    return cursor


def _coming_again(message: Message) -> bool:
    events = [record.event for record in message.records]
    return any(isinstance(event, ParticipantJoined) and event.connection == "again" for event in events)


async def test_a_room_that_the_store_forgot_to_be_wanted_is_taken_from_a_worker_that_dies(
    leases: MemoryLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANNOUNCE_EVERY_S", 0.01)
    rig, one, two = a_rig(), Reading(), Reading()
    async with rig.up(), rig.room():
        leases.open = {"r-1"}
        async with working(rig, leases, one):
            await until(lambda: one.rooms)
            leases.open = set()  # of a cluster's nodes, one failed over behind
            await until(lambda: leases.open)
        async with working(rig, leases, two, name="worker-2"):
            await until(lambda: two.rooms == ["r-1"])


async def test_a_room_whose_end_was_lost_is_brought_to_its_end_again(leases: MemoryLeases) -> None:
    rig, archiving = a_rig(), Reading()
    interviewer = Interviewer(load_bank(), rig.clock, 2_000)
    async with rig.up(), rig.room(asked=False) as room:
        leases.open = {"r-1"}
        async with working(rig, leases, interviewer.serve, archiving):
            await until(lambda: archiving.rooms)
            await room.do(c.EndInterview())
            await until(lambda: room.room.phase is Phase.CLOSED)
            before = rig.feeds.here("r-1")
            assert before is not None
            lost = before.cursor
            # A failover loses the last fact, and somebody writes before anybody who saw it looks: both went on.
            rig.log.fall_back("r-1", lost.version - 1)
            left = ParticipantLeft(participant=CANDIDATE.id, connection="c", at_ms=1)
            await rig.log.append("r-1", "leave.c", await rig.log.head("r-1"), 1, [left])
            await until(lambda: room.room.phase is not Phase.CLOSED)
            await until(lambda: room.room.phase is Phase.CLOSED)
