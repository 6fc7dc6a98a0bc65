"""The routes of reports and reviews alone, over a SQLite file, for tests that ask them as different people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from rooms.interview.bank import load_bank
from rooms.state import Room, replay
from server.adapters.activation_store import SqlActivations
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.report_store import SqlReportStore
from server.adapters.review_store import SqlReviews
from server.api import calibrating, fairness, reports, reviews, weights
from server.clock import SystemClock
from server.errors import Failed, body, problem_of
from server.gate import Gate
from server.identity import Identity, Person
from server.ports import Purses, Record, ReportRow, Tickets, Unavailable
from server.reporting import written
from server.settings import Settings
from server.shelf import Shelf
from tests.kept_rooms import EPOCH, OPENED_AT, interview
from tests.waiting import PATIENT_MS

REPORT = b'{"schema_version": "1", "overall": 3.0, "quote": "caf\xc3\xa9"}'


class Greenroom:
    """An app with rooms that a test puts there."""

    def __init__(self, database: Database, url: str) -> None:
        settings = Settings(
            redis_url="redis://unused", database_url=url, secret_key="x" * 32, sign_in_token="the-token-of-this-test"
        )
        self.identity = Identity(settings)
        self.database = database
        self.store, self.reviews = SqlReportStore(database, SystemClock()), SqlReviews(database)
        self.rooms: dict[str, Room] = {}
        self.app = FastAPI()
        self._settings = settings
        self._gate = gate = Gate(settings, self.identity, cast(Tickets, None), cast(Purses, None))
        for made in (reports, reviews):
            self.app.include_router(made.routes(gate, self._look, self.store, self.reviews, SystemClock()))
        self.app.include_router(fairness.routes(gate, self.store, self.reviews))
        self.app.include_router(calibrating.routes(gate, self._look, load_bank(), Shelf(), self.reviews))
        self.app.add_exception_handler(Failed, _answer)
        self.app.add_exception_handler(Unavailable, _answer)

    def with_weights(self, shelf: Shelf, activated_by: str = "owner") -> None:
        """The routes of weights too; once."""
        settings = self._settings.model_copy(update={"weights_activated_by": activated_by})
        kept = SqlActivations(self.database)
        self.app.include_router(
            weights.routes(
                settings, self._gate, self._look, load_bank(), shelf, kept, self.reviews, SystemClock(), None
            )
        )

    async def _look(self, room: str) -> Room | None:
        return self.rooms.get(room)

    async def keep(self, room: str, owner: str = "owner", closed_ms: int = 300_000) -> None:
        await self.store.archive(room, EPOCH, interview(room, owner, closed_ms))
        row = ReportRow(room, owner, "behavioural", OPENED_AT, OPENED_AT + closed_ms, 3.0, 3)
        await self.store.keep_report(row, REPORT)

    async def keep_whole(self, room: str, records: list[Record]) -> None:
        """A closed room with the report that follows from its log."""
        await self.store.archive(room, EPOCH, records)
        closed = replay(record.event for record in records)
        assert closed is not None
        self.rooms[room] = closed
        await self.store.keep_report(*written(closed))

    async def put(self, path: str, person: Person | None, given: object) -> httpx.Response:
        """A request with a body, by the owner (None) or the person."""
        return await self.ask(path, person, given)

    async def ask(self, path: str, person: Person | None = None, given: object = None) -> httpx.Response:
        """A request by the owner, or by the person; `NOBODY` brings nothing."""
        headers = {"authorization": "Bearer the-token-of-this-test"} if person is None else self._cookie(person)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            if given is None:
                return await client.get(path, headers=headers)
            return await client.post(path, headers=headers, json=given)

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


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Greenroom]:
    await migrate(url)
    database = Database(url, timeout_ms=PATIENT_MS)
    yield Greenroom(database, url)
    await database.close()


def refused(response: httpx.Response) -> tuple[int, Any, Any]:
    answer = response.json()
    assert set(answer) == {"code", "sentence", "retry"}
    return response.status_code, answer["code"], answer["retry"]
