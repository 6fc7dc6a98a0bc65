"""Reports over HTTP, from a real database: who may read what, and each way of not getting one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from rooms.people import Role
from rooms.state import Room, replay
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.report_store import SqlReportStore
from server.api import reports
from server.clock import SystemClock
from server.errors import Failed, body, problem_of
from server.gate import Gate
from server.identity import Identity, Person
from server.ports import ReportRow, Tickets, Unavailable
from server.settings import Settings
from tests.kept_rooms import EPOCH, OPENED_AT, interview

REPORT = b'{"schema_version": "1", "overall": 3.0, "quote": "caf\xc3\xa9"}'
GUEST = Person(id="guest-1", name="Guest", invited={"r-1": Role.CANDIDATE})
STRANGER = Person(id="guest-2", name="Guest", invited={"r-2": Role.COACH})

Ask = Callable[..., Awaitable[httpx.Response]]


class Greenroom:
    """An app with the report routes alone, over a SQLite file, with rooms that a test puts there."""

    def __init__(self, store: SqlReportStore, url: str) -> None:
        settings = Settings(
            redis_url="redis://unused", database_url=url, secret_key="x" * 32, sign_in_token="the-token-of-this-test"
        )
        self.identity = Identity(settings)
        self.store = store
        self.rooms: dict[str, Room] = {}
        self.app = FastAPI()
        gate = Gate(settings, self.identity, cast(Tickets, None))
        self.app.include_router(reports.routes(gate, self._look, store))
        self.app.add_exception_handler(Failed, _answer)
        self.app.add_exception_handler(Unavailable, _answer)

    async def _look(self, room: str) -> Room | None:
        return self.rooms.get(room)

    async def keep(self, room: str, owner: str = "owner", closed_ms: int = 300_000) -> None:
        await self.store.archive(room, EPOCH, interview(room, owner, closed_ms))
        row = ReportRow(room, owner, "behavioural", OPENED_AT, OPENED_AT + closed_ms, 3.0, 3)
        await self.store.keep_report(row, REPORT)

    async def ask(self, path: str, person: Person | None = None) -> httpx.Response:
        """A request by the owner, or by the person; `NOBODY` brings nothing."""
        headers = {"authorization": "Bearer the-token-of-this-test"} if person is None else self._cookie(person)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.get(path, headers=headers)

    def _cookie(self, person: Person) -> dict[str, str]:
        if person is NOBODY:
            return {}
        response = JSONResponse({})
        self.identity.remember(response, person)
        return {"cookie": response.headers["set-cookie"].partition(";")[0]}


NOBODY = Person(id="nobody", name="Nobody")


async def _answer(_: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error)
    return JSONResponse(body(problem), problem.status)


@pytest.fixture
async def greenroom(tmp_path: Path) -> AsyncIterator[Greenroom]:
    url = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    async with opened(url) as store:
        yield Greenroom(store, url)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlReportStore]:
    await migrate(url)
    database = Database(url, timeout_ms=1_000)
    yield SqlReportStore(database, SystemClock())
    await database.close()


def refused(response: httpx.Response) -> tuple[int, Any, Any]:
    answer = response.json()
    assert set(answer) == {"code", "sentence", "retry"}
    return response.status_code, answer["code"], answer["retry"]


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
        "overall": 3.0,
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
    lost = Greenroom(SqlReportStore(away, SystemClock()), "unused")
    for path in ("/api/reports", "/api/reports/r-1"):
        assert refused(await lost.ask(path)) == (503, "database_away", True)
    await away.close()


def _room(records: list[Any]) -> Room:
    room = replay(record.event for record in records)
    assert room is not None
    return room
