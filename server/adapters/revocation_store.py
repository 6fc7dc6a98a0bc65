"""`ports.Revocations` on SQLite and Postgres: one row for each name that was revoked."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from server.adapters import tables as t
from server.adapters.database import Database, insert
from server.ports import Revocation


class SqlRevocations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, revocation: Revocation) -> None:
        async with self._database.writing() as connection:
            kept = t.revocations.c
            await connection.execute(delete(t.revocations).where(kept.until < revocation.at))
            new = insert(connection, t.revocations).values(revocation._asdict())
            latest = {"at": new.excluded.at, "until": new.excluded.until}
            await connection.execute(
                new.on_conflict_do_update(index_elements=[kept.name], set_=latest, where=kept.at < new.excluded.at)
            )

    async def since(self, at: int) -> Sequence[Revocation]:
        kept = t.revocations.c
        async with self._database.reading() as connection:
            found = await connection.execute(select(kept.name, kept.at, kept.until).where(kept.at >= at))
            return [Revocation(*row) for row in found]
