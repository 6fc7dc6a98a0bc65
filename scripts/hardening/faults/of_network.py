"""A network between web workers and their people that cuts, hangs, or crawls."""

import asyncio

from scripts.hardening.faults.fault import Fault


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
