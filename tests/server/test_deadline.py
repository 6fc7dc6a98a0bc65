"""A deadline strikes what it was set for, and nothing else; so does each of many that share a timer."""

import asyncio
from collections.abc import Callable

import pytest

from server.deadline import Deadline, Deadlines, OneOf

NEVER = 60


Set = Callable[[float], Deadline]
either = pytest.mark.parametrize(
    "deadline", [Deadline, lambda seconds: OneOf(Deadlines(seconds))], ids=["alone", "many"]
)


@either
async def test_what_takes_too_long_is_struck(deadline: Set) -> None:
    with pytest.raises(TimeoutError), deadline(0.01):
        await asyncio.sleep(NEVER)
    await asyncio.sleep(0)  # and the task goes on as if it had never been cancelled
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_is_done_in_time_is_left_alone() -> None:
    deadline = Deadline(NEVER)
    with deadline:
        await asyncio.sleep(0)
    assert deadline._handle.cancelled()


@either
async def test_an_error_within_is_raised_as_it_is(deadline: Set) -> None:
    with pytest.raises(KeyError), deadline(NEVER):
        raise KeyError


@either
async def test_the_inner_of_two_deadlines_leaves_the_outer_one_alone(deadline: Set) -> None:
    with deadline(NEVER):
        with pytest.raises(TimeoutError), deadline(0.01):
            await asyncio.sleep(NEVER)
        await asyncio.sleep(0)


@either
async def test_who_is_cancelled_from_outside_is_cancelled_and_not_late(deadline: Set) -> None:
    async def wait() -> None:
        with deadline(NEVER):
            await asyncio.sleep(NEVER)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_many_deadlines_each_strikes_at_its_own_time() -> None:
    """The timer was set for one that was over in time; those set behind it, and one set while it is due, are struck."""
    deadlines, began = Deadlines(0.03), asyncio.get_running_loop().time()

    async def struck_after(pause: float) -> float:
        await asyncio.sleep(pause)
        with pytest.raises(TimeoutError), OneOf(deadlines):
            await asyncio.sleep(NEVER)
        return asyncio.get_running_loop().time() - began

    with OneOf(deadlines):
        await asyncio.sleep(0)
    took = await asyncio.wait_for(asyncio.gather(*map(struck_after, (0.01, 0.02, 0.05))), 5)
    assert all(late >= least - 0.002 for late, least in zip(took, (0.04, 0.05, 0.08), strict=True))
    assert list(took) == sorted(took)
    later = asyncio.get_running_loop().time() - began
    assert await struck_after(0) >= later + 0.03 - 0.002  # and who comes behind them all has their time
