"""The contract of `ports.Revocations`, on SQLite and on Postgres."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.revocation_store import SqlRevocations
from server.ports import Revocation, Revocations
from server.revoked import Revoked, of_session
from server.settings import Settings
from tests.waiting import PATIENT_MS


class FakeClock:
    now = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.now


def lasting(session_s: int) -> Settings:
    given = {"redis_url": "redis://nowhere", "database_url": "sqlite+aiosqlite://", "secret_key": "k" * 32}
    return Settings.model_validate({**given, "session_ttl_s": session_s})


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
    assert [await revocations.add(one) for one in (first, later, other)] == [first, later, other]
    assert sorted(await revocations.since(0)) == [later, other]
    assert await revocations.since(16) == await revocations.since(20) == [later]
    assert await revocations.since(21) == []


async def test_what_is_revoked_again_is_revoked_later_also_by_a_clock_that_is_behind(revocations: Revocations) -> None:
    one, behind = Revocation("a", 20, 110), Revocation("a", 10, 100)
    kept = sorted(await asyncio.gather(*(revocations.add(each) for each in (one, behind, behind))))
    assert len({each.at for each in kept}) == 3
    assert await revocations.since(0) == [kept[-1]]
    assert kept[-1].at >= 20
    assert kept[-1].until == 110


async def test_a_longer_setting_brings_no_session_back_that_was_ended(revocations: Revocations) -> None:
    clock, month_s = FakeClock(), 30 * 24 * 3600
    kept_short = Revoked(lasting(month_s), revocations, clock)
    await kept_short.revoke(of_session("s"))
    clock.now += 1000 * (month_s + 3 * 24 * 3600)
    await kept_short.revoke(of_session("t"))  # which forgets what may be forgotten
    kept_long = Revoked(lasting(2 * month_s), revocations, clock)
    await kept_long.look()
    assert [kept_long.why_not(((of_session(name), 0),)) for name in "stu"] == ["session_ended"] * 2 + [None]


async def test_what_nobody_can_have_any_more_is_forgotten(revocations: Revocations) -> None:
    old, new = Revocation("a", 10, 100), Revocation("b", 101, 200)
    await revocations.add(old)
    await revocations.add(new)
    assert await revocations.since(0) == [new]
