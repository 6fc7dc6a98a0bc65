"""docs/DATA.md tells the truth: its tables are the tables, and its questions run on both databases."""

import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from rooms.state import replay
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.report_store import SqlReportStore
from server.adapters.tables import tables
from server.clock import SystemClock
from server.reporting import written
from tests.kept_rooms import EPOCH, OPENED_AT, interview

PAGE = (Path(__file__).parent.parent.parent / "docs" / "DATA.md").read_text()
QUESTIONS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    on_disk = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    url = on_disk if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    await migrate(url)
    database = Database(url, timeout_ms=5_000)
    store = SqlReportStore(database, SystemClock())
    for room in ("r-1", "r-2"):
        log = interview(room)
        await store.archive(room, EPOCH, log)
        closed = replay(record.event for record in log)
        assert closed is not None
        await store.keep_report(*written(closed))
    yield database
    await database.close()


async def ask(database: Database, number: int) -> Sequence[tuple[object, ...]]:
    async with database.reading() as connection:
        found = await connection.execute(text(QUESTIONS[number]))
        return [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in found]


def test_the_page_names_every_table_and_no_other() -> None:
    section = PAGE.partition("## The tables")[2].partition("##")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(named) == sorted(tables.tables)


def test_the_page_names_each_key() -> None:
    for name, key in re.findall(r"^\| `(\w+)` \|.*\| ([\w, ]+) \|$", PAGE, re.MULTILINE):
        assert [column.name for column in tables.tables[name].primary_key] == key.split(", ")


async def test_the_first_question_finds_the_hard_questions(database: Database) -> None:
    found = {row[0]: row[1:] for row in await ask(database, 0)}
    assert found == {"b-01": (2, 3.0, 0), "b-02": (2, None, 2), "b-03": (2, None, 2)}


async def test_the_second_question_finds_the_missed_points(database: Database) -> None:
    assert await ask(database, 1) == [
        ("learnt", 2, 2, None),
        ("acted", 2, 0, "we moved the ledger to Postgres"),
    ]


async def test_the_third_question_follows_a_person(database: Database) -> None:
    day = OPENED_AT // 86_400_000
    for found, room in zip(await ask(database, 2), ("r-1", "r-2"), strict=True):
        assert found[:3] == (day, room, 3.0)
        assert found[3] == pytest.approx(60_000 / 4_400)
