"""`ports.ReportStore` on SQLite and Postgres: the archive of logs, and the reports with their rows.

Decides what one transaction holds and that writing anything twice is writing it once; never when to write
(`server.archiver`) or what a row says (`projection`).
"""

import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from sqlalchemy import Column, Select, Table, TextClause, bindparam, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from rooms.lineage import Place
from server.adapters import tables as t
from server.adapters.database import Database, insert
from server.adapters.projection import Row, rows
from server.ports import Clock, Record, ReportRow

PAGE = 500
"""Records read at a time: about 200 KB of an interview."""

_log = logging.getLogger(__name__)

_ROWS_OF_A_TURN = (t.turns, t.marks, t.quotes, t.dimension_scores, t.deliveries)


class SqlReportStore:
    """Keeps rooms and reports in one database, which `migrations.migrate` has prepared."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def archive(self, room: str, epoch: str, records: Sequence[Record]) -> None:
        """Keep records that follow each other; those kept before are left as they are.

        If the log went another way than the archive (a failover lost its tail), the log is right: the archive's own
        branch is set aside in `displaced_events`, and nothing is deleted.
        """
        if not records:
            return
        if any(after.version != before.version + 1 for before, after in pairwise(records)):
            raise ValueError("records to archive follow each other without a gap")
        async with self._database.writing() as connection:
            if (fork := await _fork(connection, room, records)) is not None:
                await _set_aside(connection, room, fork)
                _log.error("a log forked; what was kept of it is set aside", extra={"room": room, "version": fork})
            statement = insert(connection, t.events).on_conflict_do_nothing()
            await connection.execute(statement, [_row(room, epoch, record) for record in records])

    async def archived(self, room: str) -> int:
        """The version up to which the room's log is kept without a gap; 0 for none."""
        async with self._database.reading() as connection:
            return await connection.scalar(_gapless(), {"of": room}) or 0

    async def ends(self, rooms: Sequence[str]) -> Mapping[str, Place]:
        """Where the kept logs end: a look at the end of an index for each room, in one query."""
        if not rooms:
            return {}
        named = {f"room_{number}": room for number, room in enumerate(rooms)}
        async with self._database.reading() as connection:
            found = (await connection.execute(_ends_of(len(rooms)), named)).all()
        return {room: Place(version, tag) for room, version, tag in found}

    async def displaced(self) -> int:
        """How many records were set aside after a fork."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(t.displaced_events)) or 0

    async def unfinished(self) -> Sequence[str]:
        """Rooms whose log is kept and that have no report."""
        begun = select(t.events.c.room).where(t.events.c.version == 1)
        reported = select(t.reports.c.room).where(t.reports.c.room == t.events.c.room).exists()
        async with self._database.reading() as connection:
            return [room for (room,) in await connection.execute(begun.where(~reported).order_by(t.events.c.at))]

    async def records(self, room: str, after: int = 0) -> AsyncIterator[Record]:
        """The kept log, in order. No transaction is held open between pages."""
        while True:
            async with self._database.reading() as connection:
                page = await _page(connection, room, after)
            for record in page:
                yield record
            if len(page) < PAGE:
                return
            after = page[-1].version

    async def keep_report(self, row: ReportRow, report: bytes) -> None:
        """Keep a report and, from the archive, the rows of its room; again replaces them with the same."""
        async with self._database.writing() as connection:
            made = rows(await _whole_log(connection, row.room))
            # The room's row first: whoever else keeps this report now waits here until we are done.
            await _put(connection, t.rooms, made[t.rooms][0])
            await connection.execute(delete(t.turns).where(t.turns.c.room == row.room))
            for table in _ROWS_OF_A_TURN:
                if made[table]:
                    await connection.execute(insert(connection, table), list(made[table]))
            await _put(connection, t.reports, self._report_row(row, report), once=("written_at",))

    async def report(self, room: str) -> tuple[ReportRow, bytes] | None:
        """The report of a room; None while there is none."""
        query = _report_rows(t.reports.c.report).where(t.rooms.c.room == room)
        async with self._database.reading() as connection:
            found = (await connection.execute(query)).one_or_none()
        return None if found is None else (ReportRow(*found[:-1]), str(found[-1]).encode())

    async def reports(self, owner: str, limit: int, before: int | None = None) -> Sequence[ReportRow]:
        """An owner's reports, newest first, closed before the given time.

        Rooms that closed in the same millisecond are never torn apart, so a page may hold a few more than `limit`:
        asking on with the last one's `closed_at` then leaves none out.
        """
        mine = [t.rooms.c.owner == owner] + ([t.rooms.c.closed_at < before] if before is not None else [])
        newest = t.rooms.c.closed_at.desc()
        times = select(t.rooms.c.closed_at).join(t.reports, t.reports.c.room == t.rooms.c.room).where(*mine)
        oldest = select(func.min(times.order_by(newest).limit(limit).subquery().c.closed_at)).scalar_subquery()
        query = _report_rows().where(*mine, t.rooms.c.closed_at >= oldest).order_by(newest, t.rooms.c.room)
        async with self._database.reading() as connection:
            return [ReportRow(*found) for found in await connection.execute(query)]

    async def closed_before(self, before_ms: int, limit: int) -> Sequence[ReportRow]:
        """Rooms with a report that were closed before this time, the oldest first."""
        query = _report_rows().where(t.rooms.c.closed_at < before_ms).order_by(t.rooms.c.closed_at).limit(limit)
        async with self._database.reading() as connection:
            return [ReportRow(*found) for found in await connection.execute(query)]

    async def erase(self, room: str) -> None:
        """Forget all that is kept of a room, in one transaction."""
        async with self._database.writing() as connection:
            for table in reversed(t.tables.sorted_tables):
                if "room" in table.c:
                    await connection.execute(delete(table).where(table.c.room == room))

    async def ping(self) -> None:
        """Raises `Unavailable` unless the database answers."""
        async with self._database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    def _report_row(self, row: ReportRow, report: bytes) -> Row:
        return {
            "room": row.room,
            "overall": row.overall,
            "questions": row.questions,
            "schema_version": str(json.loads(report).get("schema_version", "")),
            "report": report.decode(),
            "written_at": self._clock.now_ms(),
        }


# --- records --------------------------------------------------------------------------------------------------


def _row(room: str, epoch: str, record: Record) -> Row:
    return {
        "room": room,
        "version": record.version,
        "epoch": epoch,
        "tag": record.tag,
        "before": record.before,
        "at": record.at,
        "command": record.command,
        "kind": record.kind,
        "event": record.text.decode(),
    }


async def _page(connection: AsyncConnection, room: str, after: int, limit: int | None = PAGE) -> list[Record]:
    kept = t.events.c
    query = (
        select(kept.version, kept.tag, kept.before, kept.at, kept.command, kept.event)
        .where(kept.room == room, kept.version > after)
        .order_by(kept.version)
        .limit(limit)
    )
    found = await connection.execute(query)
    return [Record(*row[:-1], row[-1].encode()) for row in found]


async def _whole_log(connection: AsyncConnection, room: str) -> list[Record]:
    records = await _page(connection, room, 0, limit=None)
    if [record.version for record in records] != list(range(1, len(records) + 1)):
        raise ValueError("the archive of this room has a gap")
    return records


@cache
def _gapless() -> Select[int]:
    """How many records of a room have no gap before them. Built anew each time, it left sixty objects in circles."""
    place = func.row_number().over(order_by=t.events.c.version).label("place")
    placed = select(t.events.c.version, place).where(t.events.c.room == bindparam("of")).subquery()
    # Versions count from 1: one that stands in its own place has no gap before it.
    return select(func.count()).select_from(placed).where(placed.c.version == placed.c.place)


@cache
def _ends_of(rooms: int) -> TextClause:
    """As text: to build it anew costs more than to run it."""
    last = "SELECT room, version, tag FROM events WHERE room = :room_{} ORDER BY version DESC LIMIT 1"
    each = (f"SELECT * FROM ({last.format(number)}) AS r{number}" for number in range(rooms))  # noqa: S608  # numbers
    return text(" UNION ALL ".join(each))


async def _fork(connection: AsyncConnection, room: str, records: Sequence[Record]) -> int | None:
    """The first version at which the archive holds something else than these records and the one before them."""
    expected = {records[0].version - 1: records[0].before} | {record.version: record.tag for record in records}
    kept = select(t.events.c.version, t.events.c.tag).where(
        t.events.c.room == room, t.events.c.version.between(min(expected), max(expected))
    )
    found = await connection.execute(kept)
    return min((version for version, tag in found if tag != expected[version]), default=None)


async def _set_aside(connection: AsyncConnection, room: str, fork: int) -> None:
    branch = (t.events.c.room == room, t.events.c.version >= fork)
    names = [column.name for column in t.events.c]
    copied = insert(connection, t.displaced_events).from_select(names, select(t.events).where(*branch))
    await connection.execute(copied.on_conflict_do_nothing())
    await connection.execute(delete(t.events).where(*branch))


# --- rows -----------------------------------------------------------------------------------------------------


async def _put(connection: AsyncConnection, table: Table, row: Row, once: tuple[str, ...] = ()) -> None:
    """Insert the row, or bring the one with its key to these values, but for those written `once`."""
    changing = {name: value for name, value in row.items() if name not in once and name not in table.primary_key.c}
    statement = insert(connection, table).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=table.primary_key.c, set_=changing))


def _report_rows(*more: Column[Any]) -> Select[Any]:
    """Columns in the order of `ReportRow`, of rooms that have a report."""
    of = t.rooms.c
    columns = (of.room, of.owner, of.mode, of.opened_at, of.closed_at, t.reports.c.overall, t.reports.c.questions)
    return select(*columns, *more).join(t.reports, t.reports.c.room == of.room)
