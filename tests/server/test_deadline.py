"""A deadline strikes what it was set for, and nothing else."""

import asyncio

import pytest

from server.deadline import Deadline

NEVER = 60


async def test_what_takes_too_long_is_struck() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01):
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


async def test_an_error_within_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError), Deadline(NEVER):
        raise KeyError


async def test_the_inner_of_two_deadlines_leaves_the_outer_one_alone() -> None:
    with Deadline(NEVER):
        with pytest.raises(TimeoutError), Deadline(0.01):
            await asyncio.sleep(NEVER)
        await asyncio.sleep(0)


async def test_who_is_cancelled_from_outside_is_cancelled_and_not_late() -> None:
    async def wait() -> None:
        with Deadline(NEVER):
            await asyncio.sleep(NEVER)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
