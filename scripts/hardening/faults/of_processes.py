"""Processes of ours that die, are sent away, or stand still."""

from scripts.hardening.faults.fault import Fault


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
