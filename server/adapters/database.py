"""One database, SQLite or Postgres, through one engine: transactions with a deadline, and one way of failing.

Decides how connections are made and which of their errors mean "away" or "full" (`Unavailable`); never what is kept.
Any other error is a fault of ours and passes through. Errors never carry the values of a statement: they hold words
that were said.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.ports import Unavailable

CONNECTIONS = 5
"""Kept open per process; a transaction that finds none free waits for one until its deadline."""

_AWAY_SQLSTATES = ("08", "28", "3D", "40", "53", "55P03", "57", "58", "25006")
"""Classes and codes of Postgres (its appendix A): connection, sign-in, no such database, rollback, resources, lock,
operator, system, read-only."""
_DISK_FULL_SQLSTATE = "53100"

_FULL_SQLITE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_AWAY_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
    }
)


class Database:
    """Transactions on one database. Make it once per process; it connects when first asked."""

    def __init__(self, url: str, timeout_ms: int) -> None:
        """`url`: sqlite+aiosqlite:// or postgresql+asyncpg://. One statement may take `timeout_ms`."""
        self.engine = _engine(make_url(url), timeout_ms)
        self._deadline_s = 2 * timeout_ms / 1000
        self._for_writing = self.engine.execution_options(greenroom_begin="BEGIN IMMEDIATE")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees one state of the database."""
        async with unavailable_if_away(self._deadline_s), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, kept whole when the block ends and not at all when it raises."""
        async with unavailable_if_away(self._deadline_s), self._for_writing.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


def insert(connection: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own insert: both know `on_conflict_do_nothing` and `on_conflict_do_update`, under one name."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


@asynccontextmanager
async def unavailable_if_away(deadline_s: float) -> AsyncIterator[None]:
    """Turns what says that the database is away or full, or a passed deadline, into `Unavailable`."""
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
        if not (invalidated or _away(cause) or _full(cause)):
            raise
        raise Unavailable("database", full=_full(cause)) from error
    except (OSError, TimeoutError, PoolTimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise Unavailable("database") from error


def _away(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) & 0xFF in _AWAY_SQLITE  # the low byte is the primary code
    sqlstate = getattr(cause, "sqlstate", None)
    return sqlstate is not None and str(sqlstate).startswith(_AWAY_SQLSTATES)


def _full(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) in _FULL_SQLITE
    return getattr(cause, "sqlstate", None) == _DISK_FULL_SQLSTATE


def _sqlite_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _engine(url: URL, timeout_ms: int) -> AsyncEngine:
    same: dict[str, Any] = {
        "pool_size": CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": timeout_ms / 1000,
        "hide_parameters": True,
        "json_serializer": str,
        "json_deserializer": str,
    }
    if url.get_backend_name() == "postgresql":
        limits = {"statement_timeout": str(timeout_ms), "idle_in_transaction_session_timeout": str(2 * timeout_ms)}
        arguments = {"timeout": timeout_ms / 1000, "server_settings": {"application_name": "greenroom", **limits}}
        return create_async_engine(url, pool_pre_ping=True, connect_args=arguments, **same)
    engine = create_async_engine(url, **same)
    _tune_sqlite(engine.sync_engine, timeout_ms)
    return engine


def _tune_sqlite(engine: Engine, timeout_ms: int) -> None:
    """Readers beside one writer (WAL), waiting for each other, each commit on the disk before it returns."""

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin when we say so, and hold DDL too
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={timeout_ms}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: Connection) -> None:
        # A writer that began by reading is refused, not queued, once another wrote: it takes the lock at once.
        connection.exec_driver_sql(connection.get_execution_options().get("greenroom_begin", "BEGIN"))

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
