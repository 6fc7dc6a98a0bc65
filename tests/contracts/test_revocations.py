"""The contract of `ports.Revocations`, on SQLite and on Postgres."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.revocation_store import SqlRevocations
from server.ports import Revocation, Revocations
from tests.waiting import PATIENT_MS


@pytest.fixture(params=["sqlite", "postgres"])
async def revocations(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Revocations]:
    on_disk = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    url = on_disk if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    await migrate(url)
    database = Database(url, timeout_ms=PATIENT_MS)
    yield SqlRevocations(database)
    await database.close()


async def test_each_name_is_kept_with_when_it_was_revoked_last(revocations: Revocations) -> None:
    first, later, other = Revocation("a", 10, 100), Revocation("a", 20, 110), Revocation("b", 15, 105)
    await asyncio.gather(*(revocations.add(one) for one in (later, first, other)))
    assert sorted(await revocations.since(0)) == [later, other]
    assert await revocations.since(16) == await revocations.since(20) == [later]
    assert await revocations.since(21) == []


async def test_what_nobody_can_have_any_more_is_forgotten(revocations: Revocations) -> None:
    old, new = Revocation("a", 10, 100), Revocation("b", 101, 200)
    await revocations.add(old)
    await revocations.add(new)
    assert await revocations.since(0) == [new]
