"""Reports over HTTP, from a real database: who may read what, and each way of not getting one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rooms.people import Role
from rooms.state import Room, replay
from server.adapters.database import Database
from server.identity import Person
from tests.kept_rooms import OPENED_AT, interview
from tests.server.api.reading import NOBODY, REPORT, Greenroom, opened, refused

GUEST = Person(id="guest-1", name="Guest", invited={"r-1": Role.CANDIDATE})
STRANGER = Person(id="guest-2", name="Guest", invited={"r-2": Role.COACH})


@pytest.fixture
async def greenroom(tmp_path: Path) -> AsyncIterator[Greenroom]:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/greenroom.db") as app:
        yield app


async def test_the_owner_lists_reports_newest_first(greenroom: Greenroom) -> None:
    await greenroom.keep("r-1", closed_ms=1_000)
    await greenroom.keep("r-2", closed_ms=2_000)
    await greenroom.keep("r-3", owner="someone")
    listed = (await greenroom.ask("/api/reports")).json()["reports"]
    assert [report["room"] for report in listed] == ["r-2", "r-1"]
    assert listed[1] == {
        "room": "r-1",
        "mode": "behavioural",
        "opened_at": OPENED_AT,
        "closed_at": OPENED_AT + 1_000,
        "overall": None,
        "withheld": True,
        "questions": 3,
    }


async def test_the_list_goes_on_before_a_time(greenroom: Greenroom) -> None:
    await greenroom.keep("r-1", closed_ms=1_000)
    await greenroom.keep("r-2", closed_ms=2_000)
    listed = (await greenroom.ask(f"/api/reports?before={OPENED_AT + 2_000}")).json()["reports"]
    assert [report["room"] for report in listed] == ["r-1"]


@pytest.mark.parametrize("before", ["-1", "soon", str(2**53), str(2**70)])
async def test_a_time_that_is_none_is_refused(greenroom: Greenroom, before: str) -> None:
    assert (await greenroom.ask(f"/api/reports?before={before}")).status_code == 422


async def test_a_report_comes_whole_to_its_owner_and_to_who_was_invited(greenroom: Greenroom) -> None:
    await greenroom.keep("r-1")
    for person in (None, GUEST):
        response = await greenroom.ask("/api/reports/r-1", person)
        assert (response.status_code, response.content) == (200, REPORT)
        assert response.headers["content-type"] == "application/json"


async def test_a_report_is_not_there_for_anybody_else(greenroom: Greenroom) -> None:
    await greenroom.keep("r-1")
    assert refused(await greenroom.ask("/api/reports/r-1", STRANGER)) == (404, "unknown_room", False)
    assert refused(await greenroom.ask("/api/reports/r-1", NOBODY)) == (401, "signed_out", False)
    assert refused(await greenroom.ask("/api/reports", NOBODY)) == (401, "signed_out", False)
    assert (await greenroom.ask("/api/reports", STRANGER)).json() == {"reports": []}


async def test_a_report_that_is_being_written_says_so_to_those_who_may_read_it(greenroom: Greenroom) -> None:
    greenroom.rooms["r-1"] = _room(interview())
    assert refused(await greenroom.ask("/api/reports/r-1", GUEST)) == (404, "report_not_ready", True)
    assert refused(await greenroom.ask("/api/reports/r-1", STRANGER)) == (404, "unknown_room", False)


async def test_an_interview_that_goes_on_has_no_report_yet(greenroom: Greenroom) -> None:
    greenroom.rooms["r-1"] = _room(interview()[:-1])
    assert refused(await greenroom.ask("/api/reports/r-1")) == (404, "interview_open", True)


async def test_a_room_that_never_was_is_unknown(greenroom: Greenroom) -> None:
    assert refused(await greenroom.ask("/api/reports/r-9")) == (404, "unknown_room", False)


async def test_a_room_name_that_cannot_be_is_refused(greenroom: Greenroom) -> None:
    assert (await greenroom.ask("/api/reports/%00")).status_code == 422


async def test_reports_say_that_the_database_is_away(greenroom: Greenroom, tmp_path: Path) -> None:
    away = Database("postgresql+asyncpg://app:x@127.0.0.1:1/none", timeout_ms=500)
    lost = Greenroom(away, "sqlite+aiosqlite:///unused")
    for path in ("/api/reports", "/api/reports/r-1"):
        assert refused(await lost.ask(path)) == (503, "database_away", True)
    await away.close()


def _room(records: list[Any]) -> Room:
    room = replay(record.event for record in records)
    assert room is not None
    return room
