"""One round: interviews begin, faults come one after the other, all is healed, and what is left is read.

Decides the order of these steps and their deadlines; never what must be true (`invariants`).
"""

import asyncio
import random
from collections.abc import Sequence
from time import monotonic
from typing import Any

from redis import Redis as RedisClient

from rooms.state import replay
from scripts.hardening import history as h
from scripts.hardening.cluster import Cluster
from scripts.hardening.faults import FAULTS, Fault
from scripts.hardening.history import History
from scripts.hardening.interviews import Interview
from scripts.hardening.stage import Stage
from server.adapters.database import Database
from server.adapters.redis_connection import room_key
from server.adapters.redis_records import unpacked
from server.adapters.report_store import SqlReportStore
from server.clock import SystemClock
from server.ports import Record

BEGIN_DEADLINE_S = 60.0
END_DEADLINE_S = 120.0
LEAVE_DEADLINE_S = 12.0
"""Longer than a lease and the grace of a reconnect together."""
POLL_S = 0.2


async def play(cluster: Cluster, history: History, seed: int, faults: Sequence[str], rooms: int) -> None:
    """Play a round and fill its history."""
    history.note(h.Began(seed=seed, faults=tuple(faults)))
    stage = Stage(cluster, history)
    name = f"{seed}/{'+'.join(faults)}"
    interviews = [Interview(stage, number, name) for number in range(rooms)]
    async with asyncio.TaskGroup() as tasks:
        held = [tasks.create_task(interview.hold()) for interview in interviews]
        try:
            async with asyncio.timeout(BEGIN_DEADLINE_S):
                await asyncio.gather(*(interview.began.wait() for interview in interviews))
            await _break_things(stage, random.Random(name), faults)
        finally:
            stage.quiet.set()
            await cluster.heal()
        _, late = await asyncio.wait(held, timeout=END_DEADLINE_S)
        for task in late:
            task.cancel()
    known = [interview for interview in interviews if interview.room]
    for interview, task in zip(interviews, held, strict=True):
        if task in late:
            history.note(h.Stuck(room=interview.room, who="candidate", sentence="the interview did not end in time"))
    await asyncio.gather(*(interview.look_back() for interview in known))
    await _read_what_is_kept(cluster, history, [interview.room for interview in known])
    for post in cluster.gone():
        history.note(h.Died(process=post, sentence="ended by itself"))
    for post, error in cluster.errors():
        history.note(h.Died(process=post, sentence=error))


async def _break_things(stage: Stage, chance: random.Random, faults: Sequence[str]) -> None:
    for name in faults:
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        fault: Fault = FAULTS[name](stage, chance)
        stage.history.note(h.Injected(fault=name))
        try:
            await fault.inject()
            await asyncio.sleep(fault.lasts_s)
        finally:
            await fault.heal()
            await stage.cluster.heal()
            stage.history.note(h.Healed(fault=f"{name} {fault.into}".strip()))
    await asyncio.sleep(chance.uniform(0.2, 1.0))


async def _read_what_is_kept(cluster: Cluster, history: History, rooms: Sequence[str]) -> None:
    """Read logs once everybody counts as gone, or should; and what the database has."""
    until = monotonic() + LEAVE_DEADLINE_S
    with RedisClient.from_url(cluster.redis.url) as redis:
        logs = {room: _log(redis, room) for room in rooms}
        while monotonic() < until and not all(_is_left(log) for log in logs.values()):
            await asyncio.sleep(POLL_S)
            logs |= {room: _log(redis, room) for room, log in logs.items() if not _is_left(log)}
    for room, log in logs.items():
        for record in log:
            history.note(h.Logged(room=room, **_fields(record)))
    database = Database(cluster.database_url, 5_000)
    store = SqlReportStore(database, SystemClock())
    try:
        for room in rooms:
            async for record in store.records(room):
                history.note(h.Archived(room=room, **_fields(record)))
    finally:
        await database.close()


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("version", "tag", "before", "command", "event")}


def _log(redis: RedisClient, room: str) -> list[Record]:
    entries: Any = redis.xrange(room_key(room, "log"))
    return [unpacked(fields[b"record"]) for _, fields in entries]


def _is_left(log: Sequence[Record]) -> bool:
    """Whether the interview is over and nobody is here any more."""
    room = replay(record.event for record in log)
    return room is not None and room.closed_ms is not None and not any(person.here for person in room.people)
