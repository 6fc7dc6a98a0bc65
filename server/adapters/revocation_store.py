"""`ports.Revocations` on SQLite and Postgres: one row for each name that was revoked."""

from collections.abc import Sequence

from sqlalchemy import case, delete, select

from server.adapters import tables as t
from server.adapters.database import Database, insert
from server.ports import Revocation


class SqlRevocations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, revocation: Revocation) -> Revocation:
        async with self._database.writing() as connection:
            kept = t.revocations.c
            await connection.execute(delete(t.revocations).where(kept.until < revocation.at))
            new = insert(connection, t.revocations).values(revocation._asdict())
            later = case((kept.at < new.excluded.at, new.excluded.at), else_=kept.at + 1)
            longer = case((kept.until < new.excluded.until, new.excluded.until), else_=kept.until)
            both = new.on_conflict_do_update(index_elements=[kept.name], set_={"at": later, "until": longer})
            return Revocation(*(await connection.execute(both.returning(kept.name, kept.at, kept.until))).one())

    async def since(self, at: int) -> Sequence[Revocation]:
        kept = t.revocations.c
        async with self._database.reading() as connection:
            found = await connection.execute(select(kept.name, kept.at, kept.until).where(kept.at >= at))
            return [Revocation(*row) for row in found]
