"""A Postgres that crashes, ends, hangs, or has no room."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Iterable
from pathlib import Path

from scripts.hardening.cluster import Cluster
from scripts.hardening.faults.fault import Fault
from scripts.hardening.stage import Stage
from tests.servers import Server


class _OnPostgres(Fault):
    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return cluster.postgres is not None

    @property
    def postgres(self) -> Server:
        assert self.cluster.postgres is not None
        return self.cluster.postgres


class PostgresKilled(_OnPostgres):
    """Postgres crashes (SIGQUIT) and recovers 3 s later."""

    lasts_s = 3.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.postgres.kill)


class PostgresRestarted(_OnPostgres):
    """Postgres ends in good order and is started again 3 s later."""

    lasts_s = 3.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.postgres.stop)


class PostgresFull(Fault):
    """The disk under the database takes not one page more for 4 s (a tmpfs without room)."""

    lasts_s = 4.0

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return cluster.disk is not None

    async def inject(self) -> None:
        assert self.cluster.disk is not None
        self.cluster.disk.fill()


class PostgresFrozen(_OnPostgres):
    """Postgres stands still for 8 s, with everybody it serves (SIGSTOP)."""

    lasts_s = 8.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self._still: list[int] = []

    async def inject(self) -> None:
        self._still = _family(self.postgres)
        _signal(self._still, signal.SIGSTOP)

    async def heal(self) -> None:
        _signal(self._still, signal.SIGCONT)


def _family(server: Server) -> list[int]:
    """The process and its children: Postgres has one for each connection."""
    assert server.process is not None
    first = server.process.pid
    children = Path(f"/proc/{first}/task/{first}/children")
    return [first, *(map(int, children.read_text().split()) if children.exists() else ())]


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
