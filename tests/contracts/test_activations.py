"""The contract of `ports.Activations`, on SQLite and on Postgres."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.adapters.activation_store import SqlActivations
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.ports import Activation, Activations
from tests.waiting import PATIENT_MS


@pytest.fixture(params=["sqlite", "postgres"])
async def activations(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Activations]:
    on_disk = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    url = on_disk if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    await migrate(url)
    database = Database(url, timeout_ms=PATIENT_MS)
    yield SqlActivations(database)
    await database.close()


def wish(version: str, mode: str = "", seniority: str = "") -> Activation:
    return Activation(0, mode, seniority, None, version, "ab" * 32, "ada", "Ada", "People agree more.", 1_795_000)


async def test_each_change_is_kept_with_what_was_there_before(activations: Activations) -> None:
    assert await activations.all() == []
    first = await activations.add(wish("1.0.0"))
    other = await activations.add(wish("1.1.0", "technical"))
    back = await activations.add(wish("1.2.0"))
    assert [(one.number, one.before) for one in (first, other, back)] == [(1, None), (2, None), (3, "1.0.0")]
    assert await activations.all() == [first, other, back]


async def test_changes_at_the_same_moment_are_numbered_without_a_gap(activations: Activations) -> None:
    await asyncio.gather(*(activations.add(wish(f"1.{n}.0")) for n in range(4)))
    kept = await activations.all()
    assert [one.number for one in kept] == [1, 2, 3, 4]
    assert [one.before for one in kept] == [None, *(one.version for one in kept[:-1])]
