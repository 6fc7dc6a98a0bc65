"""When somebody counts as gone."""

import asyncio
from typing import Any

import pytest

from rooms import commands as c
from rooms.people import SYSTEM, Participant, Role
from rooms.state import replay
from server import departures as departures_module
from server.departures import Departures
from server.ports import Unavailable
from server.writer import Writer
from tests.memory_holds import MemoryHolds
from tests.server.hearings import CANDIDATE, Heard, Rig
from tests.waiting import DEADLINE_S, until

COACH = Participant(id="ben", name="Ben", role=Role.COACH)


def connections(room: Heard) -> tuple[str, ...]:
    return room.room.people[0].connections


async def test_who_stays_away_for_the_grace_is_gone() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room, Departures(rig.writer, MemoryHolds(), grace_ms=20) as departures:
        departures.left(room.id, CANDIDATE.id, "c", "c")
        assert connections(room) == ("c",)
        await room.until(lambda: connections(room) == ())


async def test_who_comes_back_in_time_was_never_gone() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        async with Departures(rig.writer, MemoryHolds(), grace_ms=60_000) as departures:
            await room.do(c.Join(participant=COACH, connection="k-1", worker="w"), SYSTEM)
            departures.left(room.id, COACH.id, "k-1", "k-1")
            await room.do(c.Join(participant=COACH, connection="k-2", worker="w"), SYSTEM)
        await room.until(lambda: room.room.people[1].connections == ("k-2",))
        events = [record.event for record in await rig.log.read(room.id, 0, 100)]
        stories = (replay(events[:length]) for length in range(1, len(events) + 1))
        assert all(story.people[1].here for story in stories if story and len(story.people) == 2)


async def test_who_took_a_connection_over_leaves_no_ghost_where_that_was_forgotten() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room, Departures(rig.writer, MemoryHolds(), grace_ms=1) as departures:
        departures.left(room.id, CANDIDATE.id, "c", "x.2", "c")
        await room.until(lambda: connections(room) == ())


async def test_an_outage_of_the_log_does_not_leave_a_ghost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures_module, "AGAIN_S", 0.02)
    rig = Rig()
    writer, failed = Writer(rig.log, rig.feeds, rig.clock, deadline_ms=50), list[Exception]()
    do = writer.do

    async def noted(*args: Any, **more: Any) -> Any:
        try:
            return await do(*args, **more)
        except Unavailable as away:
            failed.append(away)
            raise

    monkeypatch.setattr(writer, "do", noted)
    async with rig.up(), rig.room() as room, Departures(writer, MemoryHolds(), grace_ms=1) as departures:
        rig.log.away = True
        departures.left(room.id, CANDIDATE.id, "c", "c")
        await until(lambda: failed)
        assert connections(room) == ("c",)
        rig.log.away = False
        await room.until(lambda: connections(room) == ())


async def test_a_worker_that_stops_does_not_wait_for_the_grace() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        async with Departures(rig.writer, MemoryHolds(), grace_ms=60_000) as departures:
            departures.left(room.id, CANDIDATE.id, "c", "c")
        await room.until(lambda: connections(room) == ())


async def test_a_worker_that_stops_during_an_outage_stops_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures_module, "LAST_S", 0.1)
    rig = Rig()
    patient = Writer(rig.log, rig.feeds, rig.clock, deadline_ms=3_600_000)
    async with rig.up(), rig.room() as room:
        rig.log.away = True
        async with asyncio.timeout(DEADLINE_S):
            async with Departures(patient, MemoryHolds(), grace_ms=1) as departures:
                departures.left(room.id, CANDIDATE.id, "c", "c")
        rig.log.away = False


async def test_a_connection_that_never_got_in_leaves_no_trace() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        before = room.room
        async with Departures(rig.writer, MemoryHolds(), grace_ms=1) as departures:
            departures.left(room.id, CANDIDATE.id, "never", "never")
            departures.left("r-never", CANDIDATE.id, "never", "never")
        assert room.room == before
