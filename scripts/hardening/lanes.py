"""Clusters side by side: each lane is a process with a cluster of its own, and takes one round after the other.

Decides who plays which round next, and that a lane whose cluster failed is replaced; never what a round does.
A lane reads rounds from its standard input, a JSON line each, and writes what it has to say to its standard output:
a line that begins with a brace is a verdict, every other one is for people.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

from scripts.hardening.verdicts import Round, Verdict
from server.lifeline import dying_with_us

STOP_DEADLINE_S = 60.0
LINE_BYTES = 1 << 22
STARTS = 3
"""How often a lane is started for a round that it did not take: a cluster that never came up says nothing of rooms."""


async def played(
    rounds: Iterator[Round], lanes: int, command: Sequence[str], say: Callable[[str], None]
) -> AsyncIterator[Verdict]:
    """Verdicts as they come. `command` starts a lane."""
    verdicts: asyncio.Queue[Verdict | None] = asyncio.Queue()

    async def drive(number: int) -> None:
        try:
            for first in rounds:
                for _ in range(STARTS):
                    if await _lane(first, rounds, command, lambda text: say(f"{number}| {text}"), verdicts.put):
                        break
                else:
                    raise RuntimeError(f"Lane {number} did not come up {STARTS} times; what it said is above.")
        finally:
            await verdicts.put(None)

    async with asyncio.TaskGroup() as drivers:
        for number in range(1, lanes + 1):
            drivers.create_task(drive(number))
        ended = 0
        while ended < lanes:
            verdict = await verdicts.get()
            if verdict is None:
                ended += 1
            else:
                yield verdict


async def _lane(
    first: Round,
    rounds: Iterator[Round],
    command: Sequence[str],
    say: Callable[[str], None],
    judged: Callable[[Verdict], Awaitable[None]],
) -> bool:
    """One lane from its start until there are no more rounds, or its cluster failed; False where it did not come up."""
    lane = await asyncio.create_subprocess_exec(*dying_with_us(*command), stdin=PIPE, stdout=PIPE, limit=LINE_BYTES)
    assert lane.stdout is not None
    plays = True
    try:
        if not (up := (await lane.stdout.readline()).decode()):
            return False
        say(up.rstrip())
        next_one: Round | None = first
        while next_one is not None:
            plays = True
            verdict = await _one(lane, next_one, say)
            plays = False
            await judged(verdict)
            if verdict.failed:
                return True
            next_one = next(rounds, None)
        return True
    finally:
        await _end(lane, plays)


async def _one(lane: Process, one: Round, say: Callable[[str], None]) -> Verdict:
    assert lane.stdin is not None
    assert lane.stdout is not None
    lane.stdin.write(one.model_dump_json().encode() + b"\n")
    while text := (await lane.stdout.readline()).decode():
        if text.startswith("{"):
            return Verdict.model_validate_json(text)
        say(text.rstrip())
    return Verdict(faults=one.faults, seed=one.seed, seconds=0, entries=0, broken=("no_process_breaks",), failed=True)


async def _end(lane: Process, plays: bool) -> None:
    """It stops what it started, and ends: for want of another round, or in the middle of one when it is told to."""
    if lane.returncode is None:
        assert lane.stdin is not None
        if plays:
            lane.terminate()
        lane.stdin.close()
        try:
            async with asyncio.timeout(STOP_DEADLINE_S):
                await lane.wait()
        except TimeoutError:
            lane.kill()
            await lane.wait()


async def given() -> AsyncIterator[Round]:
    """In a lane: the rounds that it is told to play."""
    while text := await asyncio.to_thread(sys.stdin.readline):
        yield Round.model_validate_json(text)
