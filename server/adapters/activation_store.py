"""`ports.Activations` on SQLite and Postgres: a table to which rows are only added."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from server.adapters import tables as t
from server.adapters.database import Database, insert
from server.ports import Activation

TRIES = 5


class SqlActivations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, activation: Activation) -> Activation:
        for left in reversed(range(TRIES)):
            try:
                return await self._add(activation)
            except IntegrityError:  # somebody else took the number in between
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _add(self, activation: Activation) -> Activation:
        kept = t.activations.c
        same = (kept.mode == activation.mode, kept.seniority == activation.seniority)
        async with self._database.writing() as connection:
            last = await connection.scalar(select(func.max(kept.number))) or 0
            earlier = select(kept.version).where(*same).order_by(kept.number.desc()).limit(1)
            added = activation._replace(number=last + 1, before=await connection.scalar(earlier))
            await connection.execute(insert(connection, t.activations).values(added._asdict()))
        return added

    async def all(self) -> Sequence[Activation]:
        columns = [t.activations.c[name] for name in Activation._fields]
        async with self._database.reading() as connection:
            found = await connection.execute(select(*columns).order_by(t.activations.c.number))
            return [Activation(*row) for row in found]
