"""A worker is well while its event loop turns, and not for long after."""

import asyncio
import os
import time
from pathlib import Path

from server import pulse


async def beaten(var: Path) -> asyncio.Task[None]:
    """A worker that has marked the time once."""
    beating = asyncio.create_task(pulse.beat(var, every_ms=10))
    async with asyncio.timeout(5):
        while not pulse.is_well(var, within_ms=60_000):
            await asyncio.sleep(0)
    return beating


def age(var: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(var / "worker.pulse", (then, then))


def test_a_worker_that_never_ran_is_not_well(tmp_path: Path) -> None:
    assert not pulse.is_well(tmp_path, within_ms=60_000)


async def test_a_worker_that_turns_is_well(tmp_path: Path) -> None:
    beating = await beaten(tmp_path / "made" / "for it")
    assert pulse.is_well(tmp_path / "made" / "for it", within_ms=5_000)
    beating.cancel()


async def test_it_beats_again_and_again(tmp_path: Path) -> None:
    beating = await beaten(tmp_path)
    age(tmp_path, seconds=100)
    async with asyncio.timeout(5):
        while not pulse.is_well(tmp_path, within_ms=5_000):
            await asyncio.sleep(0.01)
    beating.cancel()


async def test_a_worker_whose_last_mark_is_old_is_not_well(tmp_path: Path) -> None:
    beating = await beaten(tmp_path)
    beating.cancel()
    age(tmp_path, seconds=6)
    assert not pulse.is_well(tmp_path, within_ms=5_000)
