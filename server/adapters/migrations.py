"""Brings a database to the tables of this release: `await migrate(url)`, before anything else uses it.

Decides that steps run once, one process at a time, all or none; never what a step does (`server.migrations`).
"""

import asyncio
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from server.adapters.database import Database
from server.ports import Misconfigured, Unavailable

STEPS = Path(__file__).parent.parent / "migrations"
PATIENCE_S = 60.0
"""How long to wait for a database that is still starting, or for another process that is migrating it."""
_PAUSE_S = 0.2
_LOCK = 0x6772656E  # one number for all processes: "gren"


class NewerDatabaseError(Misconfigured):
    """The database was migrated by a newer release than this one."""


async def migrate(database_url: str, patience_s: float = PATIENCE_S) -> None:
    """Run the steps that the database has not had; harmless when there are none, or when two processes do it at once.

    Raises `Unavailable` when the database stays away for `patience_s`, and NewerDatabaseError.
    """
    _make_private_file(database_url)
    database = Database(database_url, timeout_ms=int(patience_s * 1000))
    try:
        async with asyncio.timeout(patience_s):
            while not await _tried(database):  # noqa: ASYNC110 - nothing in this process tells when it is there
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError as late:
        raise Unavailable("database") from late
    finally:
        await database.close()


async def _tried(database: Database) -> bool:
    try:
        async with database.writing() as connection:
            await _wait_for_the_lock(connection)
            await connection.run_sync(_upgrade)
    except Unavailable as away:
        if away.full:
            raise
        return False
    return True


async def _wait_for_the_lock(connection: AsyncConnection) -> None:
    """One process at a time. SQLite's write transaction is such a lock already."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _upgrade(connection: Connection) -> None:
    config = configured(connection)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        head = ScriptDirectory.from_config(config).get_current_head()
        raise NewerDatabaseError(
            f"This database was made by a newer Greenroom; this one knows it up to step {head}. "
            "Start the newer release, or name another database in DATABASE_URL."
        ) from error


def configured(connection: Connection) -> Config:
    """Alembic's settings for a connection that is already in a transaction."""
    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _make_private_file(database_url: str) -> None:
    """A new SQLite file is readable by its owner only: it holds what people said."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
