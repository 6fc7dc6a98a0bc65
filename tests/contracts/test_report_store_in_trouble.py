"""What a `ReportStore` does when its database is away, hangs, is full or is locked, and once it is well again."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.report_store import SqlReportStore
from server.clock import SystemClock
from server.ports import Record, ReportStore, Unavailable
from tests.kept_rooms import EPOCH, chain, interview, opening, spoken_turn
from tests.servers import Postgres
from tests.waiting import PATIENT_MS, until_it_works, within

TIMEOUT_MS = 500
"""For what is not to come. What is may need longer on a busy machine, and is asked again."""
LONG = chain([*opening(), *(happened for turn in range(1, 200) for happened in spoken_turn(turn))])
"""About 1.2 MB in a database."""


@asynccontextmanager
async def opened(url: str, timeout_ms: int = PATIENT_MS) -> AsyncIterator[tuple[SqlReportStore, Database]]:
    await migrate(url)
    database = Database(url, timeout_ms)
    try:
        yield SqlReportStore(database, SystemClock()), database
    finally:
        await database.close()


def sqlite_url(directory: Path) -> str:
    return f"sqlite+aiosqlite:///{directory}/greenroom.db"


async def kept(store: ReportStore) -> list[Record]:
    return [record async for record in store.records("r-1")]


async def expect_unavailable(store: ReportStore, *, full: bool = False, records: list[Record] = LONG) -> None:
    with pytest.raises(Unavailable) as raised:
        await store.archive("r-1", EPOCH, records)
    assert (raised.value.part, raised.value.full) == ("database", full)


# --- away -----------------------------------------------------------------------------------------------------


async def test_a_killed_postgres_is_unavailable_and_needs_nothing_from_us_once_it_is_back(
    killable_postgres: Callable[[], Postgres],
) -> None:
    server = killable_postgres()
    async with opened(server.url) as (store, _):
        await store.archive("r-1", EPOCH, LONG[:10])
        server.kill()
        for asking in (store.ping, lambda: store.archived("r-1"), lambda: store.report("r-1")):
            with pytest.raises(Unavailable):
                await asking()
        await expect_unavailable(store)
        server.start()
        await store.archive("r-1", EPOCH, LONG)
        assert await kept(store) == LONG


async def test_a_postgres_that_hangs_is_unavailable_within_the_deadline(
    killable_postgres: Callable[[], Postgres],
) -> None:
    server = killable_postgres()
    async with opened(server.url, TIMEOUT_MS) as (store, _):
        await until_it_works(store.ping)
        _send_to_all(server, signal.SIGSTOP)
        try:
            async with within(2 * TIMEOUT_MS / 1000 + 3):
                await expect_unavailable(store)
        finally:
            _send_to_all(server, signal.SIGCONT)
        await until_it_works(lambda: store.archive("r-1", EPOCH, LONG))
        assert await until_it_works(lambda: kept(store)) == LONG


def _send_to_all(server: Postgres, number: signal.Signals) -> None:
    """To the processes that serve our connections as well, which go on when only the first one is stopped."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    if not children.exists():
        pytest.skip("this machine does not tell the children of a process")
    for child in (server.process.pid, *map(int, children.read_text().split())):
        os.kill(child, number)


async def test_a_slow_statement_is_ended_by_postgres_itself(postgres_url: str) -> None:
    async with opened(postgres_url, TIMEOUT_MS) as (store, database):
        await until_it_works(store.ping)
        async with within(2 * TIMEOUT_MS / 1000):
            with pytest.raises(Unavailable):
                async with database.reading() as connection:
                    await connection.execute(text("SELECT pg_sleep(10)"))
        await until_it_works(store.ping)


async def test_more_askers_than_connections_wait_for_their_turn(postgres_url: str) -> None:
    async with opened(postgres_url) as (store, _):
        await asyncio.gather(*(store.archive(f"r-{n}", EPOCH, interview(f"r-{n}")) for n in range(50)))
        assert [await store.archived(f"r-{n}") for n in range(50)] == [len(interview())] * 50


async def test_many_rooms_at_once_wait_for_their_turn_in_sqlite_too(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as (store, _):
        await asyncio.gather(*(store.archive(f"r-{n}", EPOCH, interview(f"r-{n}")) for n in range(50)))
        assert [await store.archived(f"r-{n}") for n in range(50)] == [len(interview())] * 50


async def test_a_locked_sqlite_is_unavailable_until_the_lock_is_gone(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path), TIMEOUT_MS) as (store, _):
        other = sqlite3.connect(tmp_path / "greenroom.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await expect_unavailable(store)
        assert await until_it_works(lambda: store.archived("r-1")) == 0  # readers are not held up by a writer
        other.execute("ROLLBACK")
        await until_it_works(lambda: store.archive("r-1", EPOCH, LONG))
        assert await until_it_works(lambda: kept(store)) == LONG
        other.close()


async def test_a_fault_of_ours_is_not_called_an_absence_and_tells_no_words(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as (store, database):
        async with database.writing() as connection:
            await connection.execute(text("ALTER TABLE events RENAME TO others"))
        with pytest.raises(DBAPIError) as raised:
            await store.archive("r-1", EPOCH, LONG)
        assert "ledger" not in str(raised.value)


# --- full -----------------------------------------------------------------------------------------------------


async def test_a_sqlite_at_its_limit_is_full_keeps_what_it_has_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as (store, database):
        limit = {"pages": 60}

        def limited(connection: Any, *_: object) -> None:
            connection.cursor().execute(f"PRAGMA max_page_count={limit['pages']}")

        event.listen(database.engine.sync_engine, "checkout", limited)
        await store.archive("r-1", EPOCH, LONG[:20])
        await expect_unavailable(store, full=True)
        assert await kept(store) == LONG[:20]
        limit["pages"] = 2**30
        await store.archive("r-1", EPOCH, LONG)
        assert await kept(store) == LONG


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A function that mounts a small disk of the given size."""
    place = tmp_path / "disk"

    def mount(size: str) -> Path:
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this machine does not let us mount a small disk")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_sqlite_on_a_full_disk_is_full_and_goes_on_when_there_is_room(
    small_disk: Callable[[str], Path],
) -> None:
    disk = small_disk("2m")
    async with opened(sqlite_url(disk)) as (store, _):
        await store.archive("r-1", EPOCH, LONG[:20])
        ballast = disk / "ballast"
        _fill(ballast)
        await expect_unavailable(store, full=True)
        assert await kept(store) == LONG[:20]
        ballast.unlink()
        await store.archive("r-1", EPOCH, LONG[:200])
        assert await kept(store) == LONG[:200]


async def test_a_sqlite_that_first_meets_a_full_disk_is_full(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("2m")
    await migrate(sqlite_url(disk))
    _fill(disk / "ballast")
    database = Database(sqlite_url(disk), PATIENT_MS)
    await expect_unavailable(SqlReportStore(database, SystemClock()), full=True)
    await database.close()


async def test_a_postgres_on_a_full_disk_is_full_and_goes_on_when_there_is_room(
    postgres_server: Postgres, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("12m")
    place = disk / "tables"
    place.mkdir()
    for folder in (*disk.parents, disk):  # tmp_path is private; Postgres may not be us
        if folder != Path("/") and os.geteuid() == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    if postgres_server.run_as:
        os.chown(place, postgres_server.run_as.pw_uid, postgres_server.run_as.pw_gid)
    postgres_server.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
    postgres_server.sql("CREATE DATABASE small_one TABLESPACE small")
    try:
        async with opened(postgres_server.database_url("small_one")) as (store, _):
            await store.archive("r-1", EPOCH, LONG[:20])
            ballast = disk / "ballast"
            _fill(ballast)
            await expect_unavailable(store, full=True)
            assert await kept(store) == LONG[:20]
            ballast.unlink()
            await store.archive("r-1", EPOCH, LONG)
            assert await kept(store) == LONG
    finally:
        postgres_server.drop_database("small_one")
        postgres_server.sql("DROP TABLESPACE small")


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return
