"""Migrations: from nothing to the tables of this release, on both databases, by several processes at once."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from server.adapters.database import Database
from server.adapters.migrations import NewerDatabaseError, configured, migrate
from server.adapters.tables import tables
from server.ports import Unavailable
from server.settings import LONGEST_S


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    on_disk = f"sqlite+aiosqlite:///{tmp_path}/var/greenroom.db"
    return on_disk if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


async def test_the_steps_lead_to_the_tables_that_the_code_uses(url: str) -> None:
    await migrate(url)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables)

    database = Database(url, timeout_ms=5_000)
    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_what_was_ended_before_an_update_stays_ended_as_long_as_what_is_ended_after_it(url: str) -> None:
    database = Database(url, timeout_ms=5_000)
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite+aiosqlite:///")).parent.mkdir()
    async with database.writing() as connection:
        await connection.run_sync(lambda sync: command.upgrade(configured(sync), "0004"))
        await connection.execute(text("INSERT INTO revocations VALUES ('session s', 5, 10), ('session t', 6, :far)"),
                                 {"far": 10**14})  # fmt: skip
    await migrate(url)
    async with database.reading() as connection:
        kept = await connection.execute(text("SELECT until FROM revocations ORDER BY at"))
        assert kept.scalars().all() == [5 + 1000 * LONGEST_S, 10**14]
    await database.close()


async def test_migrating_again_changes_nothing(url: str) -> None:
    await migrate(url)
    await migrate(url)


async def test_four_processes_that_start_at_once_migrate_once(url: str) -> None:
    script = "import asyncio, sys; from server.adapters.migrations import migrate; asyncio.run(migrate(sys.argv[1]))"
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, url, stderr=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]
    for ended, (_, said) in zip(started, [await process.communicate() for process in started], strict=True):
        assert ended.returncode == 0, said.decode()
    database = Database(url, timeout_ms=5_000)
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all() == ["0005"]
    await database.close()


async def test_a_step_that_fails_leaves_nothing_behind(url: str) -> None:
    database = Database(url, timeout_ms=5_000)
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite+aiosqlite:///")).parent.mkdir()
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE turns (room TEXT)"))
    with pytest.raises(Exception, match="turns"):
        await migrate(url)
    async with database.reading() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["turns"]
    await database.close()


async def test_a_database_of_a_newer_release_is_left_alone_with_a_sentence(url: str) -> None:
    await migrate(url)
    database = Database(url, timeout_ms=5_000)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(NewerDatabaseError, match="newer Greenroom"):
        await migrate(url)


async def test_a_database_that_stays_away_is_unavailable() -> None:
    with pytest.raises(Unavailable) as away:
        await migrate("postgresql+asyncpg://app:x@127.0.0.1:1/none", patience_s=0.5)
    assert away.value.part == "database"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
async def test_a_new_sqlite_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "greenroom.db"
    await migrate(f"sqlite+aiosqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
