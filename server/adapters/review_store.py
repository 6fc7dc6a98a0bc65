"""`ports.Reviews` on SQLite and Postgres: what people say of answers, beside the reports.

Decides what one transaction holds and which rows answer a question; never who may say anything (`server.reviewing`).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rooms.evidence import Dimension
from scoring.report import Override
from scoring.review import Rating
from server.adapters import tables as t
from server.adapters.database import Database, insert
from server.ports import Waiting


class SqlReviews:
    """In one database, which `migrations.migrate` has prepared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rate(self, rating: Rating) -> bool:
        row = rating.model_dump(mode="json")
        row["scores"] = json.dumps(row["scores"])
        async with self._database.writing() as connection:
            statement = insert(connection, t.ratings).values(row).on_conflict_do_nothing()
            return (await connection.execute(statement)).rowcount > 0

    async def override(self, room: str, override: Override) -> None:
        kept = t.overrides.c
        async with self._database.writing() as connection:
            # The room's row first: whoever else gives a word on this room waits here until we are done.
            await connection.execute(select(t.rooms.c.room).where(t.rooms.c.room == room).with_for_update())
            given = await connection.scalar(select(func.count()).where(kept.room == room)) or 0
            earlier = select(kept.after).where(
                kept.room == room, kept.turn == override.turn, kept.dimension == override.dimension.value
            )
            last = await connection.scalar(earlier.order_by(kept.number.desc()).limit(1))
            row = override.model_dump(mode="json") | {"room": room, "number": given + 1}
            await connection.execute(
                insert(connection, t.overrides).values(row | ({"before": last} if last is not None else {}))
            )

    async def ratings(self, rooms: Sequence[str]) -> Sequence[Rating]:
        query = select(t.ratings).where(t.ratings.c.room.in_(rooms)).order_by(t.ratings.c.at, t.ratings.c.by)
        async with self._database.reading() as connection:
            return [_rating(row) for row in await connection.execute(query)]

    async def overrides(self, room: str) -> Sequence[Override]:
        async with self._database.reading() as connection:
            return (await _overrides(connection, [room])).get(room, [])

    async def overruled(self, rooms: Sequence[str]) -> Mapping[str, tuple[bytes, Sequence[Override]]]:
        async with self._database.reading() as connection:
            words = await _overrides(connection, rooms)
            reports = select(t.reports.c.room, t.reports.c.report).where(t.reports.c.room.in_(words))
            return {room: (str(report).encode(), words[room]) for room, report in await connection.execute(reports)}

    async def show(self, room: str, by: str, at: int) -> None:
        async with self._database.writing() as connection:
            statement = insert(connection, t.sights).values(room=room, by=by, at=at).on_conflict_do_nothing()
            await connection.execute(statement)

    async def shown(self, room: str, by: str) -> bool:
        query = select(t.sights.c.at).where(t.sights.c.room == room, t.sights.c.by == by)
        async with self._database.reading() as connection:
            return await connection.scalar(query) is not None

    async def known(self, rooms: Sequence[str], by: str, candidate: str) -> frozenset[str]:
        room, turn, rating, seen = t.rooms.c, t.turns.c, t.ratings.c, t.sights.c
        rated = exists().where(rating.room == turn.room, rating.turn == turn.turn, rating.by == by)
        left = exists().where(turn.room == room.room, ~rated)
        sight = exists().where(seen.room == room.room, seen.by == by)
        query = select(room.room).where(room.room.in_(rooms), or_(room.candidate == candidate, sight, ~left))
        async with self._database.reading() as connection:
            return frozenset((await connection.scalars(query)).all())

    async def waiting(self, owner: str | None, rooms: Sequence[str], limit: int) -> Sequence[Waiting]:
        turn, room = t.turns.c, t.rooms.c
        word = exists().where(t.overrides.c.room == turn.room, t.overrides.c.turn == turn.turn)
        query = (
            select(turn.room, turn.turn, room.mode, turn.question, turn.abstained, room.closed_at)
            .join(t.rooms, room.room == turn.room)
            .where(turn.abstained.is_not(None), ~word, or_(room.owner == owner, turn.room.in_(rooms)))
            .order_by(room.closed_at, turn.room, turn.turn)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [Waiting(*row) for row in await connection.execute(query)]

    async def scored(self, owner: str) -> Mapping[str, bytes]:
        rated = exists().where(t.ratings.c.room == t.reports.c.room)
        query = (
            select(t.reports.c.room, t.reports.c.report)
            .join(t.rooms, t.rooms.c.room == t.reports.c.room)
            .where(t.rooms.c.owner == owner, rated)
        )
        async with self._database.reading() as connection:
            return {room: str(report).encode() for room, report in await connection.execute(query)}


async def _overrides(connection: AsyncConnection, rooms: Sequence[str]) -> Mapping[str, list[Override]]:
    """By room, in the order they were given; rooms without any are left out."""
    kept = t.overrides.c
    columns = (kept.turn, kept.dimension, kept.before, kept.after, kept.by, kept.name, kept.reason, kept.at)
    query = select(kept.room, *columns).where(kept.room.in_(rooms)).order_by(kept.room, kept.number)
    found: dict[str, list[Override]] = {}
    for room, *fields in await connection.execute(query):
        given = dict(zip((column.name for column in columns), fields, strict=True))
        found.setdefault(room, []).append(Override.model_validate(given))
    return found


def _rating(row: Row[Any]) -> Rating:
    given = dict(row._mapping)
    scores = {Dimension(name): score for name, score in json.loads(given["scores"]).items()}
    return Rating.model_validate(given | {"scores": scores})
