"""Processes of the next release beside ours, on one Redis and one database: what it writes and we know is read, what it
adds is kept, and rooms with what we do not know are left to it, whole."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import httpx
import pytest

from client import connect
from rooms import events as e
from rooms.commands import EndInterview, TakeNote
from rooms.people import Role
from rooms.phases import Phase
from rooms.values import Value, added
from server.adapters.database import Database
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_loads import RedisEquipments
from server.adapters.redis_log import RedisRoomLog
from server.adapters.report_store import SqlReportStore
from server.clock import SystemClock
from server.equipment import facts
from tests.deployment import TOKEN
from tests.journeys.people import begin, next_turn, type_answer, until_closed
from tests.rooms.release_before import Before
from tests.server.conftest import Standing
from tests.waiting import DEADLINE_S, until

HERE = Path(__file__).parents[2]
PATCHES = {
    "events.py": (
        "\nEvent = (\n",
        '\nclass TurnSung(Value):\n    kind: Literal["turn_sung"] = "turn_sung"\n    turn: TurnNumber\n\n\n'
        "Event = (\n    TurnSung |\n",
    ),
    "state.py": ("        case e.RoomOpened() | ", "        case e.TurnSung() | e.RoomOpened() | "),
    "views.py": (
        "    match event:\n        case e.NoteTaken()",
        "    match event:\n        case e.TurnSung():\n            return frozenset()\n        case e.NoteTaken()",
    ),
}
"""A release with one more kind of fact, which nobody is shown."""


class LouderWhisper(e.Whispered):
    volume: int = added(0)


class TurnSung(Value):
    kind: Literal["turn_sung"] = "turn_sung"
    turn: int = 1


@pytest.fixture
async def redis(standing: Standing) -> AsyncIterator[RedisConnection]:
    async with RedisConnection(standing.redis.url, 3_000) as connection:
        yield connection


async def written(redis: RedisConnection, room: str, event: Value, command: str) -> int:
    """A fact that a process of the next release appends; gives its version."""
    log = RedisRoomLog(redis)
    while True:
        done = await log.append(room, command, await log.head(room), SystemClock().now_ms(), [event])  # type: ignore[list-item]
        if hasattr(done, "fresh"):
            return done.cursor.version


@asynccontextmanager
async def archive(standing: Standing) -> AsyncIterator[SqlReportStore]:
    database = Database(f"sqlite+aiosqlite:///{standing.deployment.directory / 'test.sqlite3'}", 5_000)
    yield SqlReportStore(database, SystemClock())
    await database.close()


def lines(standing: Standing, room: str) -> list[dict[str, object]]:
    """What our processes logged about a room."""
    found = (json.loads(line) for line in standing.deployment.logs.splitlines() if room in line and line[:1] == "{")
    return [line for line in found if line.get("room") == room]


async def test_a_field_of_the_next_release_is_overlooked_kept_and_in_nobody_s_way(
    standing: Standing, redis: RedisConnection
) -> None:
    async with connect(standing.web.url, token=TOKEN) as owner:
        opened = await owner.open_room("behavioural", 3)
        async with owner.join(opened) as candidate, owner.join(opened, Role.COACH) as coach:
            await begin(candidate)
            await next_turn(candidate, 1)
            louder = LouderWhisper(by="p-1", text="Breathe.", at_ms=5, volume=9)
            version = await written(redis, opened.room, louder, "next-1")
            for member in candidate, coach:
                await member.until(lambda room: bool(room.whispers))
            await type_answer(candidate, 1, "I measured it, and failures fell by half.")
            await candidate.do(EndInterview())
            await until_closed(candidate)
        await until(lambda: any(line["what"] == "room archived" for line in lines(standing, opened.room)))
    async with archive(standing) as store:
        kept = [record async for record in store.records(opened.room)]
        assert await store.report(opened.room)
    assert kept[version - 1].text == louder.as_json()
    assert kept[version - 1].event == e.Whispered(by="p-1", text="Breathe.", at_ms=5)
    assert [wrong for record in kept if record.version != version for wrong in Before().wrong(record.text)] == []
    assert all(line["level"] == "info" for line in lines(standing, opened.room))


async def test_a_room_with_a_kind_of_the_next_release_is_left_to_it_and_goes_on_there(
    standing: Standing, redis: RedisConnection, tmp_path: Path
) -> None:
    leases, letters, deployment = RedisLeases(redis), RedisDeadLetters(redis), standing.deployment
    next_release = checkout(tmp_path)
    newer = deployment.web(next_release)
    async with connect(urls=[standing.web.url, newer.url], token=TOKEN) as owner:
        opened, other = await owner.open_room("behavioural", 3), await owner.open_room("behavioural", 3)
        async with (
            owner.join(opened) as candidate,
            owner.join(opened, Role.COACH) as coach,
            owner.join(other, Role.COACH) as undisturbed,
        ):
            await begin(candidate)
            await next_turn(candidate, 1)
            version = await written(redis, opened.room, TurnSung(), "next-1")
            note = asyncio.create_task(coach.do(TakeNote(text="Sings.")))

            def said(what: str) -> list[dict[str, object]]:
                return [line for line in lines(standing, opened.room) if line["what"] == what]

            await until(lambda: said("a room is left to workers of a newer release"))
            assert await until(lambda: said("members are sent on to a newer release"))
            async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
                answer = await http.get(f"{standing.web.url}/api/rooms/{opened.room}")
                assert (answer.status_code, answer.json()["code"]) == (503, "release_behind")
                mine = (await http.get(f"{standing.web.url}/api/rooms")).json()["rooms"]
                assert [room["room"] for room in mine if room["room"] in (opened.room, other.room)] == [other.room]
                differences = (await http.get(f"{standing.web.url}/api/operations")).json()["differences"]
                assert [difference["what"] for difference in differences] == ["facts"]
            await until(partial(let_go_of, leases, opened.room))  # the worker says it first
            assert opened.room in await leases.open_rooms()
            assert await letters.all() == []

            await asyncio.wait_for(note, DEADLINE_S)  # a web worker of the next release did it
            worker = deployment.worker(checkout=next_release)
            await type_answer(candidate, 1, "I measured it, and failures fell by half.")
            await candidate.do(EndInterview())
            await until_closed(candidate)
            await coach.until(lambda room: room.phase is Phase.CLOSED)
            assert [line.text for line in coach.room.notes] == ["Sings."]
            assert len(undisturbed.room.people) == 1
        await until(lambda: said("room archived"))
    async with archive(standing) as store:
        kept = [(record.version, record.kind, record.text) async for record in store.records(opened.room)]
        assert await store.report(opened.room)
    assert [place for place, _, _ in kept] == list(range(1, len(kept) + 1))
    assert kept[version - 1] == (version, "turn_sung", TurnSung().as_json())
    assert [kind for _, kind, _ in kept].count("turn_scored") == 1
    assert len(said("a room is left to workers of a newer release")) == 1
    assert {line["level"] for line in lines(standing, opened.room)} <= {"info", "warning"}
    assert {line["outcome"] for line in said("connection")} >= {"release_behind"}
    worker.stop()
    newer.stop()
    for said_of in await RedisEquipments(redis).all():  # what they said is heard for seconds, by other tests too
        if said_of.facts != facts():
            await redis.call("DEL", f"greenroom:equipment:{said_of.worker}")


async def let_go_of(leases: RedisLeases, room: str) -> bool:
    return await leases.holders([room]) == {}


def checkout(folder: Path) -> Path:
    """The code of a release with one more kind of fact."""
    for name in ("server", "scoring", "client"):
        (folder / name).symlink_to(HERE / name)
    shutil.copytree(HERE / "rooms", folder / "rooms", ignore=shutil.ignore_patterns("__pycache__"))
    for name, (ours, theirs) in PATCHES.items():
        file = folder / "rooms" / name
        text = file.read_text()
        assert text.count(ours) == 1, name
        file.write_text(text.replace(ours, theirs))
    return folder
