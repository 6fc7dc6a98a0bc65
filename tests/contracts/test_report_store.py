"""The contract of `ports.ReportStore`, on SQLite and on Postgres."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Subquery, select, text

from rooms.evidence import Level
from server.adapters import tables as t
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.report_store import SqlReportStore
from server.ports import Record, ReportRow, ReportStore
from tests.kept_rooms import (
    AWKWARD,
    EPOCH,
    OPENED_AT,
    behind,
    chain,
    closing,
    interview,
    opening,
    skipped_turn,
    spoken_turn,
)
from tests.waiting import PATIENT_MS

ROW = ReportRow("r-1", "owner", "behavioural", OPENED_AT, OPENED_AT + 300_000, 3.0, 3)
REPORT = b'{"schema_version": "1", "b": 1.50, "a": "\\u0000\xc3\xa9"}'


class Stopped:
    """A clock that stands still until told."""

    now = OPENED_AT + 400_000

    def now_ms(self) -> int:
        return self.now


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    on_disk = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    url = on_disk if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    await migrate(url)
    database = Database(url, timeout_ms=PATIENT_MS)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> ReportStore:
    return SqlReportStore(database, Stopped())


async def kept(store: ReportStore, room: str = "r-1", after: int = 0) -> list[Record]:
    return [record async for record in store.records(room, after)]


# --- the archive ----------------------------------------------------------------------------------------------


async def test_a_room_that_never_was_is_archived_up_to_nothing(store: ReportStore) -> None:
    assert await store.archived("r-1") == 0
    assert await kept(store) == []


async def test_the_end_of_what_is_kept_is_its_last_record(store: ReportStore) -> None:
    log = interview()
    assert await store.ends(["r-1"]) == await store.ends([]) == {}
    await store.archive("r-1", EPOCH, log[:4])
    assert await store.ends(["r-1"]) == {"r-1": (4, log[3].tag)}
    await store.archive("r-1", EPOCH, log[4:])
    await store.archive("r-3", EPOCH, (other := interview("r-3"))[:1])
    found = await store.ends(["r-1", "r-2", "r-3"])
    assert found == {"r-1": (len(log), log[-1].tag), "r-3": (1, other[0].tag)}


async def test_rooms_without_a_report_are_unfinished(store: ReportStore) -> None:
    for number in range(3):
        log = interview(f"r-{number}")
        await store.archive(f"r-{number}", EPOCH, log if number else log[:5])
    await store.keep_report(ROW._replace(room="r-1"), REPORT)
    assert sorted(await store.unfinished()) == ["r-0", "r-2"]


async def test_records_come_back_as_they_were(store: ReportStore) -> None:
    log = interview()
    await store.archive("r-1", EPOCH, log)
    assert await kept(store) == log
    assert await kept(store, after=7) == log[7:]
    assert await store.archived("r-1") == len(log)


async def test_a_log_longer_than_a_page_comes_back_in_order(store: ReportStore) -> None:
    log = chain([*opening(), *(event for turn in range(1, 301) for event in skipped_turn(turn))])
    await store.archive("r-1", EPOCH, log)
    assert await kept(store) == log


async def test_archiving_again_or_overlapping_keeps_each_record_once(store: ReportStore) -> None:
    log = interview()
    await store.archive("r-1", EPOCH, log[:9])
    await store.archive("r-1", "epoch-2", log[4:])
    await store.archive("r-1", EPOCH, log)
    assert await kept(store) == log


async def test_nothing_to_archive_is_fine(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, [])
    assert await store.archived("r-1") == 0


async def test_asking_how_far_a_log_is_kept_leaves_no_queries_behind(store: ReportStore) -> None:
    """A worker asks whenever it archives, and its collector comes seldom (`server.app.promptness`)."""
    await store.archived("r-1")
    gc.disable()
    try:
        before = _queries()
        for _ in range(5):
            await store.archived("r-1")
        assert _queries() == before
    finally:
        gc.enable()


def _queries() -> int:
    # By its type, as a weak proxy in there would ask what it stood for, which may be gone.
    return sum(issubclass(type(kept), Subquery) for kept in gc.get_objects())


async def test_archived_stops_before_a_gap(store: ReportStore) -> None:
    log = interview()
    await store.archive("r-1", EPOCH, log[5:8])
    assert await store.archived("r-1") == 0
    await store.archive("r-1", EPOCH, log[:3])
    assert await store.archived("r-1") == 3
    await store.archive("r-1", EPOCH, log[3:5])
    assert await store.archived("r-1") == 8


async def test_records_with_a_gap_between_them_are_refused(store: ReportStore) -> None:
    log = interview()
    with pytest.raises(ValueError, match="without a gap"):
        await store.archive("r-1", EPOCH, [log[0], log[2]])


async def test_rooms_do_not_mix(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, interview("r-1"))
    await store.archive("r-2", EPOCH, interview("r-2")[:4])
    assert await kept(store, "r-2") == interview("r-2")[:4]
    assert await store.archived("r-2") == 4


async def test_when_the_log_forked_its_branch_is_kept_and_the_other_set_aside(
    store: ReportStore, database: Database
) -> None:
    first = chain([*opening(), *spoken_turn(1)])
    await store.archive("r-1", EPOCH, first)
    common = 9
    fork, *rest = chain([*opening(), *spoken_turn(1), closing()], branch="b")[common:]
    second = [*first[:common], behind(fork, first[common - 1].tag), *rest]
    await store.archive("r-1", EPOCH, second[11:])  # behind the fork: what lies between is missing yet
    assert await store.archived("r-1") < 11
    while (archived := await store.archived("r-1")) < len(second):
        await store.archive("r-1", EPOCH, second[archived:])
    assert await kept(store) == second
    async with database.reading() as connection:
        aside = (await connection.execute(select(t.displaced_events.c.tag).order_by("version"))).scalars().all()
    assert set(aside) - {record.tag for record in second} == {record.tag for record in first[common:]}


# --- reports --------------------------------------------------------------------------------------------------


async def test_no_report_is_there_before_it_is_kept(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, interview())
    assert await store.report("r-1") is None
    assert await store.reports("owner", 10) == []


async def test_a_report_comes_back_byte_for_byte(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, interview())
    await store.keep_report(ROW, REPORT)
    assert await store.report("r-1") == (ROW, REPORT)
    assert await store.reports("owner", 10) == [ROW]


async def test_a_report_kept_twice_is_one_and_remembers_when_it_was_first_written(
    store: SqlReportStore, database: Database
) -> None:
    await store.archive("r-1", EPOCH, interview())
    await store.keep_report(ROW, REPORT)
    before = await everything(database)
    later = Stopped()
    later.now += 1_000
    await SqlReportStore(database, later).keep_report(ROW, REPORT)
    assert await everything(database) == before


async def test_a_report_without_its_whole_closed_log_is_refused(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, interview("r-1")[:-1])
    await store.archive("r-2", EPOCH, interview("r-2")[2:])
    for room, why in (("r-1", "closed"), ("r-2", "gap"), ("r-3", "closed")):
        with pytest.raises(ValueError, match=why):
            await store.keep_report(ROW._replace(room=room), REPORT)
        assert await store.report(room) is None


async def test_reports_come_newest_first_in_pages_that_leave_none_out(store: ReportStore) -> None:
    for number, closed_ms in enumerate([1_000, 2_000, 2_000, 2_000, 3_000]):
        room = f"r-{number}"
        await store.archive(room, EPOCH, interview(room, closed_ms=closed_ms))
        await store.keep_report(ROW._replace(room=room), REPORT)
    seen: list[str] = []
    before = None
    while page := await store.reports("owner", 2, before):
        seen += [row.room for row in page]
        before = page[-1].closed_at
    assert seen == ["r-4", "r-1", "r-2", "r-3", "r-0"]


async def test_reports_of_others_are_not_among_mine(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, interview(owner="someone"))
    await store.keep_report(ROW, REPORT)
    assert await store.reports("owner", 10) == []
    assert [row.owner for row in await store.reports("someone", 10)] == ["someone"]


async def test_the_rows_of_a_closed_room_say_what_its_log_says(store: ReportStore, database: Database) -> None:
    await store.archive("r-1", EPOCH, interview())
    await store.keep_report(ROW, REPORT)
    async with database.reading() as connection:
        room = (await connection.execute(select(t.rooms))).mappings().one()
        turns = (await connection.execute(select(t.turns).order_by("turn"))).mappings().all()
        marks = (await connection.execute(select(t.marks).order_by("place"))).mappings().all()
        quotes = (await connection.execute(select(t.quotes).order_by("place"))).mappings().all()
        dimensions = (await connection.execute(select(t.dimension_scores))).mappings().all()
        delivery = (await connection.execute(select(t.deliveries).where(t.deliveries.c.turn == 1))).mappings().one()
    assert (room["candidate"], room["consented_at"], room["transcriber"]) == (
        "person-1",
        OPENED_AT + 500,
        "PocketSphinx en-us",
    )
    assert [turn["reason"] for turn in turns] == ["silence", "done", "skipped"]
    assert [turn["overall"] for turn in turns] == [3.0, None, None]
    assert turns[1]["transcript"] == AWKWARD.replace("\x00", "\ufffd")
    assert [mark["level"] for mark in marks] == [Level.PRESENT, Level.ABSENT]
    assert [found["quote"] for found in quotes] == ["we moved the ledger to Postgres", "errors fell by half"]
    assert {row["dimension"]: row["score"] for row in dimensions} == {"relevance": 3.5, "depth": None}
    assert (delivery["fillers"], delivery["pauses"], delivery["longest_pause_ms"]) == (1, 1, 400)


async def test_erasing_a_room_takes_its_rows_along(store: ReportStore, database: Database) -> None:
    await store.archive("r-1", EPOCH, interview())
    await store.keep_report(ROW, REPORT)
    async with database.writing() as connection:
        await connection.execute(t.rooms.delete())
    left = await everything(database)
    assert {name for name, rows in left.items() if rows} == {"events"}


async def test_the_database_answers_a_ping(store: ReportStore) -> None:
    await store.ping()


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    async with database.reading() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key.c))]
            for table in t.tables.sorted_tables
        }


async def test_text_is_kept_as_text(store: ReportStore, database: Database) -> None:
    await store.archive("r-1", EPOCH, interview())
    async with database.reading() as connection:
        raw = await connection.scalar(text("SELECT CAST(event AS TEXT) FROM events WHERE version = 1"))
    assert raw == interview()[0].event.model_dump_json()


async def test_two_workers_that_keep_the_same_report_at_once_keep_one(store: ReportStore) -> None:
    await store.archive("r-1", EPOCH, interview())
    await asyncio.gather(*(store.keep_report(ROW, REPORT) for _ in range(4)))
    assert await store.report("r-1") == (ROW, REPORT)


async def test_two_workers_that_archive_the_same_room_at_once_keep_each_record_once(store: ReportStore) -> None:
    log = interview()
    await asyncio.gather(*(store.archive("r-1", EPOCH, log[start:]) for start in (0, 3, 0, 5, 9)))
    assert await kept(store) == log


# --- forgetting -----------------------------------------------------------------------------------------------


async def test_an_erased_room_leaves_no_row_anywhere(store: ReportStore, database: Database) -> None:
    for room in ("r-1", "r-2"):
        log = interview(room)
        await store.archive(room, EPOCH, log)
        await store.archive(room, "epoch-2", chain([*(record.event for record in log[:-1]), closing(9)], "b")[-1:])
        await store.archive(room, EPOCH, log)
        await store.keep_report(ROW._replace(room=room), REPORT)
    await store.erase("r-1")
    await store.erase("r-1")
    async with database.reading() as connection:
        for table in t.tables.sorted_tables:
            rows = (await connection.execute(select(table))).mappings().all()
            assert {row["room"] for row in rows if "room" in row} <= {"r-2"}, table.name
    assert await store.archived("r-1") == 0
    assert await store.report("r-2") is not None


async def test_rooms_that_were_closed_long_ago_are_named_oldest_first(store: ReportStore) -> None:
    for number, room in enumerate(("r-3", "r-1", "r-2")):
        closed_ms = 300_000 + number
        await store.archive(room, EPOCH, interview(room, closed_ms=closed_ms))
        await store.keep_report(ROW._replace(room=room, closed_at=OPENED_AT + closed_ms), REPORT)
    old = await store.closed_before(OPENED_AT + 300_002, 10)
    assert [row.room for row in old] == ["r-3", "r-1"]
    assert [row.room for row in await store.closed_before(OPENED_AT + 300_002, 1)] == ["r-3"]
