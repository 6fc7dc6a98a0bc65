"""One round: interviews begin, faults come one after the other, all is healed, and what is left is read.

Decides the order of these steps and their deadlines; never what must be true (`invariants`).
"""

import asyncio
import random
import traceback
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from redis import Redis as RedisClient

from rooms.state import replay
from scripts.hardening import history as h
from scripts.hardening.cluster import Cluster
from scripts.hardening.faults import Fault, fault_of
from scripts.hardening.history import History
from scripts.hardening.interviews import Interview
from scripts.hardening.invariants import broken, longest_wait_s
from scripts.hardening.people import PATIENCE_S
from scripts.hardening.stage import Stage
from scripts.hardening.verdicts import Round, Verdict, told
from server.adapters.database import Database
from server.adapters.redis_connection import room_key
from server.adapters.redis_records import unpacked
from server.adapters.report_store import SqlReportStore
from server.clock import SystemClock
from server.ports import Record

BEGIN_DEADLINE_S = END_DEADLINE_S = PATIENCE_S + 30.0
"""Longer than anybody's patience: who is stuck says first what they waited for."""
LEAVE_DEADLINE_S = 12.0
"""Longer than a lease and the grace of a reconnect together."""
POLL_S = 0.2
AWAY = "Unavailable"
"""Written down as an error, so that it is noticed, and no fault of ours: Redis or the database does not answer."""


async def judged(cluster: Cluster, one: Round, rooms: int, histories: Path) -> tuple[Verdict, list[str]]:
    """Play a round and say what came of it. Its history stays only if something broke."""
    began, failed = monotonic(), False
    path = histories / f"{one.seed}-{one.faults[0]}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        history = History(file)
        try:
            await play(cluster, history, one.seed, one.faults, rooms)
        except Exception as error:  # a cluster that does not come back is a finding, and others may still tell more
            failed = True
            history.note(h.Died(process="the round", sentence="".join(traceback.format_exception(error))))
    breaks = broken([entry for entry in history.entries if isinstance(entry, h.Died) or not failed])
    names = tuple(dict.fromkeys(broke.invariant for broke in breaks))
    verdict = Verdict(
        faults=one.faults, seed=one.seed, seconds=round(monotonic() - began, 1), entries=len(history.entries),
        waited_s=round(longest_wait_s(history.entries), 1), broken=names, failed=failed,
    )  # fmt: skip
    if not breaks:
        path.unlink()
        return verdict, []
    return verdict, [*told(history.entries, breaks), f"  history: {path}"]


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
            if cluster.hears:
                await _until_somebody_speaks(stage, held)
            broke = await _break_things(stage, random.Random(name), faults)
        finally:
            stage.quiet.set()
            await cluster.heal()
        _, late = await asyncio.wait(held, timeout=END_DEADLINE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*(fault.settle() for fault in broke))
    known = [interview for interview in interviews if interview.room]
    for interview, task in zip(interviews, held, strict=True):
        if task in late:
            history.note(h.Stuck(room=interview.room, who="candidate", sentence="the interview did not end in time"))
    await asyncio.gather(*(interview.look_back() for interview in known))
    await _read_what_is_kept(cluster, history, [interview.room for interview in known])
    for post in cluster.gone():
        history.note(h.Died(process=post, sentence="ended by itself"))
    for post, line in cluster.written():
        if line.get("level") in ("error", "critical") and line.get("error") != AWAY:
            trace = [str(place).strip() for place in line.get("trace") or [""]]
            ours = [place for place in trace if "/server/" in place]
            places = dict.fromkeys((*ours[-1:], trace[-1]))
            sentence = f"{line.get('what')} ({line.get('error', '')}) {' '.join(places)}"
            history.note(h.Died(process=post, sentence=sentence))
        elif line.get("what") == "room taken" and line["room"] in stage.rooms:
            history.note(h.Taken(room=line["room"], worker=post, fence=line["fence"]))


async def _until_somebody_speaks(stage: Stage, interviews: Sequence[asyncio.Task[None]]) -> None:
    """So that what breaks breaks into what is said; an interview that ended without a word is not waited for."""
    speaking = asyncio.create_task(stage.speaking.wait())
    try:
        await asyncio.wait([speaking, interviews[0]], timeout=BEGIN_DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        speaking.cancel()


async def _break_things(stage: Stage, chance: random.Random, faults: Sequence[str]) -> list[Fault]:
    broke = [fault_of(name)(stage, chance) for name in faults]
    for name, fault in zip(faults, broke, strict=True):
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        stage.history.note(h.Injected(fault=name))
        try:
            await fault.inject()
            await asyncio.sleep(fault.lasts_s)
        finally:
            await fault.heal()
            await stage.cluster.mend()
            stage.history.note(h.Healed(fault=f"{name} {fault.into}".strip()))
            await stage.cluster.ready()
    await asyncio.sleep(chance.uniform(0.2, 1.0))
    return broke


async def _read_what_is_kept(cluster: Cluster, history: History, rooms: Sequence[str]) -> None:
    """Read logs once everybody counts as gone, or should; and what the database has.

    What a log has forgotten is taken from the archive: that the two meet is for the invariants to say.
    """
    until = monotonic() + LEAVE_DEADLINE_S
    database = Database(cluster.database_url, 5_000)
    store = SqlReportStore(database, SystemClock())
    try:
        for room in rooms:
            forgotten = list[Record]()
            with RedisClient.from_url((await asyncio.to_thread(cluster.redis_of, room)).url) as redis:
                log = await _whole(redis, store, room, forgotten)
                while monotonic() < until and not _is_left(log):
                    await asyncio.sleep(POLL_S)
                    log = await _whole(redis, store, room, forgotten)
            for record in log:
                history.note(h.Logged(room=room, **_fields(record)))
            async for record in store.records(room):
                history.note(h.Archived(room=room, **_fields(record)))
    finally:
        await database.close()


async def _whole(redis: RedisClient, store: SqlReportStore, room: str, forgotten: list[Record]) -> list[Record]:
    """A room's log, with what it has forgotten from the archive before it; read once, and kept in `forgotten`."""
    log = _log(redis, room)
    begins = log[0].version if log else 1
    if len(forgotten) != begins - 1:
        forgotten[:] = [record async for record in store.records(room) if record.version < begins]
    return [*forgotten, *log]


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("version", "tag", "before", "command", "event")}


def _log(redis: RedisClient, room: str) -> list[Record]:
    entries: Any = redis.xrange(room_key(room, "log"))
    return [unpacked(fields[b"record"]) for _, fields in entries]


def _is_left(log: Sequence[Record]) -> bool:
    """Whether the interview is over and nobody is here any more."""
    room = replay(record.event for record in log)
    return room is not None and room.closed_ms is not None and not any(person.here for person in room.people)
