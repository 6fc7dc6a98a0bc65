"""A Redis Cluster (`--cluster`): nodes that die, hang or are replaced, and slots that move while their rooms live.

Three primaries with a replica each. What a primary took and its replica had not yet is lost where others replace it;
where it hands over in good order, or a slot moves, nothing may be.
"""

import asyncio
import time

from scripts.hardening.cluster import Cluster
from scripts.hardening.faults.fault import Fault
from scripts.hardening.network import Network
from server.adapters.redis_connection import room_key
from tests.redis_servers import RedisCluster, cut_all_of
from tests.servers import Redis

HALF_MOVED_S = 0.03
"""Between one key of a slot and the next: rooms ask in that time, at both ends."""


class _OnCluster(Fault):
    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return isinstance(cluster.stores, RedisCluster)

    @property
    def nodes(self) -> RedisCluster:
        assert isinstance(self.cluster.stores, RedisCluster)
        return self.cluster.stores

    async def settle(self) -> None:
        """The next round finds every slot served, and every primary with its replica."""
        await asyncio.to_thread(self.nodes.wait_until_whole)

    async def a_rooms_home(self) -> Redis:
        """The node that keeps one of the round's rooms."""
        home = await asyncio.to_thread(self.cluster.redis_of, self.chance.choice(self.stage.rooms))
        self.into = f"the node at {home.port}"
        return home


class NodeKilled(_OnCluster):
    """A primary that keeps a room is killed with -9, and its replica takes over; 6 s later it is back, a replica."""

    lasts_s = 6.0

    async def inject(self) -> None:
        await asyncio.to_thread((await self.a_rooms_home()).kill)


class NodeFrozen(_OnCluster):
    """A primary that keeps a room stands still for 8 s (SIGSTOP), is replaced, and goes on as if it still were one."""

    lasts_s = 8.0

    async def inject(self) -> None:
        (await self.a_rooms_home()).pause()


class NodeHandsOver(_OnCluster):
    """Each primary hands over to its replica in good order (CLUSTER FAILOVER), one after the other."""

    async def inject(self) -> None:
        for primary in await asyncio.to_thread(self.nodes.now_primaries):
            await asyncio.to_thread(self.nodes.fail_over, primary)
        self.into = "every primary"


class NodesKilled(_OnCluster):
    """Every node is killed with -9 at once; all are started again on their append-only files a second later."""

    lasts_s = 1.0

    async def inject(self) -> None:
        self.into = "every node"
        await asyncio.gather(*(asyncio.to_thread(server.kill) for server in self.nodes.servers))


class _LosesPackets(_OnCluster):
    lasts_s = 8.0

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return super().fits(cluster) and cluster.network is not None

    @property
    def network(self) -> Network:
        assert self.cluster.network is not None
        return self.cluster.network


class NodeAlone(_LosesPackets):
    """For 8 s a primary that keeps a room loses all packets to and from other nodes; everybody else reaches it well."""

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return super().fits(cluster) and cluster.network is not None and cluster.network.isolates

    async def inject(self) -> None:
        self.network.isolate(self.nodes.addresses[await self.a_rooms_home()])


class NodesApart(_LosesPackets):
    """For 8 s no packet gets anywhere (loopback is down): each node is alone, gives up, and finds the others again."""

    async def inject(self) -> None:
        self.into = "everything"
        self.network.down()


class NodesCut(_OnCluster):
    """Every node drops the connections of all who ask or listen, over and over for a second (CLIENT KILL)."""

    async def inject(self) -> None:
        for _ in range(10):
            for server in self.nodes.servers:
                await asyncio.to_thread(cut_all_of, server)
            await asyncio.sleep(0.1)


class SlotsMoved(_OnCluster):
    """The slot of every room moves to another node, key by key, while the room lives (ASK, TRYAGAIN, MOVED); twice."""

    async def inject(self) -> None:
        self.into = f"{2 * len(self.stage.rooms)} moves"
        for _ in range(2):
            for room in self.stage.rooms:
                await asyncio.to_thread(self._move, room_key(room, "log"))

    def _move(self, key: str) -> None:
        home = self.nodes.home(key)
        others = [server for server in self.nodes.now_primaries() if server is not home]
        self.nodes.move(key, self.chance.choice(others), lambda: time.sleep(HALF_MOVED_S))
