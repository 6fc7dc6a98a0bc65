"""Processes of ours that die, are sent away, stand still, or do not know what time it is."""

import asyncio
from time import monotonic

from scripts.hardening.cluster import TURN_LIMIT_S
from scripts.hardening.faults.fault import Fault, OnOneRedis


class WebKilled(Fault):
    """A web worker is killed with -9; another one comes after two seconds."""

    async def inject(self) -> None:
        await self.chosen(self.cluster.webs).kill()


class WorkerKilled(Fault):
    """A worker is killed with -9; another one comes after two seconds."""

    async def inject(self) -> None:
        await self.chosen(self.cluster.workers).kill()


class WebStopped(Fault):
    """A web worker gets SIGTERM and sends its people on."""

    async def inject(self) -> None:
        await self.chosen(self.cluster.webs).stop()


class WorkerStopped(Fault):
    """A worker gets SIGTERM and hands its rooms on."""

    async def inject(self) -> None:
        await self.chosen(self.cluster.workers).stop()


class WebsRolled(Fault):
    """All web workers are restarted, one after the other, as a deployment does."""

    lasts_s = 0.5

    async def inject(self) -> None:
        self.into = "every web worker"
        for post in self.cluster.webs:
            await post.stop()
            post.start()
            await post.ready()


class WebFrozen(Fault):
    """A web worker stands still for 8 s (SIGSTOP), past its lease, and then goes on as if nothing had been."""

    lasts_s = 8.0

    async def inject(self) -> None:
        self.chosen(self.cluster.webs).pause()


class WorkerFrozen(Fault):
    """A worker stands still for 8 s (SIGSTOP), past its leases, and then goes on as if nothing had been."""

    lasts_s = 8.0

    async def inject(self) -> None:
        self.chosen(self.cluster.workers).pause()


class WorkersFrozen(Fault):
    """All workers stand still for 8 s at once, so that nobody hears, asks, scores or keeps, and then go on."""

    lasts_s = 8.0

    async def inject(self) -> None:
        self.into = "every worker"
        for post in self.cluster.workers:
            post.pause()


class PowerCut(OnOneRedis):
    """Every process of ours and Redis are killed with -9 at once; all come back a second later."""

    lasts_s = 1.0

    async def inject(self) -> None:
        self.into = "everything"
        redis = asyncio.to_thread(self.cluster.redis.kill)
        await asyncio.gather(redis, *(post.kill() for post in self.cluster.posts))


class ClocksJump(Fault):
    """The wall clock of each process jumps by up to an hour, forth or back, and two seconds later once more."""

    lasts_s = 2.0

    async def inject(self) -> None:
        self._jump()
        await asyncio.sleep(2.0)
        self._jump()

    def _jump(self) -> None:
        for post in self.cluster.posts:
            post.clock_jumps_to(self.chance.choice((-3600, -60, 0, 60, 3600)))


class LimitsUnderKills(Fault):
    """Candidates fall silent, so that their answers' limits come due while one worker after the other is killed."""

    lasts_s = 1.0

    async def inject(self) -> None:
        self.into = "worker after worker"
        self.stage.silent = True
        until = monotonic() + TURN_LIMIT_S + 2
        while monotonic() < until:
            post = self.chance.choice(self.cluster.workers)
            await post.kill()
            post.start()
            await asyncio.sleep(self.chance.uniform(1.0, 4.0))

    async def heal(self) -> None:
        self.stage.silent = False
