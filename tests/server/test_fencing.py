"""A worker that stood still past its lease and goes on as if nothing had been can write no word any more."""

import asyncio
import signal
import sys
from pathlib import Path

from rooms.events import TranscriberNamed
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_log import RedisRoomLog
from tests.redis_parts import ROOM, open_room
from tests.waiting import DEADLINE_S, PATIENT_MS

ROOT = Path(__file__).parents[2]


class Process:
    """One worker of tests.frozen_worker."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name, self._process = name, process

    @classmethod
    async def started(cls, name: str, url: str) -> "Process":
        command = (sys.executable, "-m", "tests.frozen_worker", name, url)
        return cls(name, await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE))

    async def said(self, word: str) -> list[str]:
        """All that it says up to a line with this word."""
        assert self._process.stdout
        lines = list[str]()
        async with asyncio.timeout(DEADLINE_S):
            while not lines or word not in lines[-1]:
                lines.append((await self._process.stdout.readline()).decode())
                assert lines[-1], "it died"
        return lines

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def end(self) -> None:
        self.signal(signal.SIGCONT)
        self._process.kill()
        await self._process.communicate()


async def test_a_worker_that_was_frozen_past_its_lease_cannot_write_when_it_wakes(redis_url: str) -> None:
    async with RedisConnection(redis_url, PATIENT_MS) as redis:
        log = RedisRoomLog(redis)
        await open_room(log)
        await RedisLeases(redis).announce(ROOM)
        frozen = await Process.started("frozen", redis_url)
        other: Process | None = None
        try:
            await frozen.said("wrote")
            frozen.signal(signal.SIGSTOP)
            other = await Process.started("other", redis_url)
            await other.said("wrote")
            frozen.signal(signal.SIGCONT)
            woke = await frozen.said("fenced")
            await other.said("wrote")
            # What it had sent before it was stopped may be answered now; it is in the log from before.
            assert len([line for line in woke if "wrote" in line]) < 200
        finally:
            for process in filter(None, (frozen, other)):
                await process.end()
        wrote = [r.command.split(".") for r in await log.read(ROOM, 0, 10_000) if isinstance(r.event, TranscriberNamed)]
        fences = [int(fence) for _, fence, _ in wrote]
        assert fences == sorted(fences), "once the other wrote, the frozen one wrote no more under its lost lease"
        assert {name for name, _, _ in wrote} == {"frozen", "other"}
