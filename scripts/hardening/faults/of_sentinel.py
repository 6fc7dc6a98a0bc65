"""A Redis guarded by a Sentinel (`--sentinel`): primaries that die, hang or are replaced, and a Sentinel that is gone.

What a primary took and its replica had not yet is lost with it: that is how Redis replicates. It has to be said, and to
come back from the database and from clients, as after any other loss.
"""

import asyncio

from scripts.hardening.cluster import Cluster
from scripts.hardening.faults.fault import Fault
from tests.redis_servers import Guarded, cut_all_of


class _Guarded(Fault):
    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return isinstance(cluster.stores, Guarded)

    @property
    def guarded(self) -> Guarded:
        assert isinstance(self.cluster.stores, Guarded)
        return self.cluster.stores

    async def settle(self) -> None:
        """The next round finds a replica that follows."""
        await asyncio.to_thread(self.guarded.wait_for_all)


class PrimaryKilled(_Guarded):
    """The primary is killed with -9 and the Sentinel puts its replica in its place; 4 s later it is back, a replica."""

    lasts_s = 4.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.guarded.kill_primary)


class PrimaryFrozen(_Guarded):
    """The primary stands still for 8 s (SIGSTOP), is replaced, and then goes on as if it still were the primary."""

    lasts_s = 8.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.guarded.freeze_primary)


class FailedOver(_Guarded):
    """The Sentinel is told to put the replica in the primary's place while everything lives (SENTINEL FAILOVER)."""

    async def inject(self) -> None:
        await asyncio.to_thread(self.guarded.fail_over)


class SentinelKilled(_Guarded):
    """The Sentinel is killed with -9 and every process of ours cut off; nobody can ask who is the primary for 3 s."""

    lasts_s = 3.0

    async def inject(self) -> None:
        primary = await asyncio.to_thread(lambda: self.guarded.primary)
        for sentinel in self.guarded.sentinels:
            await asyncio.to_thread(sentinel.kill)
        for _ in range(3):
            await asyncio.to_thread(cut_all_of, primary)
            await asyncio.sleep(0.1)
