"""A network that cuts, hangs, or crawls: before web workers, or between processes and what they stand on."""

import asyncio

from scripts.hardening.cluster import Cluster
from scripts.hardening.faults.fault import Fault, OnOneRedis
from scripts.hardening.network import Network
from scripts.hardening.proxy import Proxy
from tests.servers import Redis


class SocketsCut(Fault):
    """Every socket of every person is reset, three times within a second."""

    lasts_s = 0.5

    async def inject(self) -> None:
        for _ in range(3):
            for post in self.cluster.webs:
                if post.proxy:
                    post.proxy.cut()
            await asyncio.sleep(self.chance.uniform(0.1, 0.5))


class HalfOpen(Fault):
    """For 18 s nothing passes between one web worker and its people, longer than a ping waits, and nobody is told."""

    lasts_s = 18.0

    async def inject(self) -> None:
        if proxy := self.chosen(self.cluster.webs).proxy:
            proxy.hang()


class SlowNetwork(Fault):
    """For 5 s each piece takes 300 ms, both ways."""

    lasts_s = 5.0

    async def inject(self) -> None:
        for post in self.cluster.webs:
            if post.proxy:
                post.proxy.delay_s = 0.3


class WebLosesRedis(OnOneRedis):
    """For 8 s nothing passes between one web worker and Redis, past its lease, while its people reach it well."""

    lasts_s = 8.0

    async def inject(self) -> None:
        _hang(self.chosen(self.cluster.webs).to_redis)


class WorkerLosesRedis(OnOneRedis):
    """For 8 s nothing passes between one worker and Redis: others take its rooms, and then it comes back."""

    lasts_s = 8.0

    async def inject(self) -> None:
        _hang(self.chosen(self.cluster.workers).to_redis)


class _WithoutPostgres(Fault):
    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return cluster.postgres is not None


class WebsLosePostgres(_WithoutPostgres):
    """For 4 s every connection of web workers to Postgres is reset, while workers reach it well."""

    lasts_s = 4.0

    async def inject(self) -> None:
        for post in self.cluster.webs:
            if post.to_postgres:
                post.to_postgres.shut()


class WorkersLosePostgres(_WithoutPostgres):
    """For 8 s nothing passes between workers and Postgres, longer than they wait, and nobody is told."""

    lasts_s = 8.0

    async def inject(self) -> None:
        for post in self.cluster.workers:
            _hang(post.to_postgres)


def _hang(way: Proxy | None) -> None:
    assert way is not None, "it fits this cluster"
    way.hang()


class _LosesPackets(Fault):
    """In the run's own network: what is sent is lost, and sent again ever more seldom, and nobody is told."""

    lasts_s = 8.0

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        return cluster.network is not None and isinstance(cluster.stores, Redis)

    @property
    def network(self) -> Network:
        assert self.cluster.network is not None
        return self.cluster.network

    def lose(self, *ways: Proxy | None) -> None:
        for way in ways:
            if way:
                self.network.lose(way.host)


class LoopbackDown(_LosesPackets):
    """For 8 s no packet gets anywhere, from people or to Redis and Postgres (loopback is down), and nobody is told."""

    async def inject(self) -> None:
        self.into = "everything"
        self.network.down()


class WebPacketsLost(_LosesPackets):
    """For 18 s every packet between one web worker and its people is lost, longer than a ping waits."""

    lasts_s = 18.0

    async def inject(self) -> None:
        self.lose(self.chosen(self.cluster.webs).proxy)


class WorkerPacketsLost(_LosesPackets):
    """For 8 s every packet between one worker and Redis or Postgres is lost; others take its rooms, and it is back."""

    async def inject(self) -> None:
        self.lose(*self.chosen(self.cluster.workers).ways)


class RedisPacketsLost(_LosesPackets):
    """For 8 s every packet between all processes and Redis is lost, while people reach web workers well."""

    async def inject(self) -> None:
        self.into = "every way to Redis"
        self.lose(*(post.to_redis for post in self.cluster.posts))
