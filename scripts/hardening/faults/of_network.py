"""A network that cuts, hangs, or crawls: before web workers, or between processes and what they stand on."""

import asyncio

from scripts.hardening.cluster import Cluster
from scripts.hardening.faults.fault import Fault, OnOneRedis


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
        self.chosen(self.cluster.webs).to_redis.hang()


class WorkerLosesRedis(OnOneRedis):
    """For 8 s nothing passes between one worker and Redis: others take its rooms, and then it comes back."""

    lasts_s = 8.0

    async def inject(self) -> None:
        self.chosen(self.cluster.workers).to_redis.hang()


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
            if post.to_postgres:
                post.to_postgres.hang()
