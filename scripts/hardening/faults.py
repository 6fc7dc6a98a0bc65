"""What can break: one small class a fault, with what it does and how that is made good.

Decides where and for how long something breaks, by the chance handed in; never what must still be true afterwards.
Every fault is bounded: what it kills is started again, what it stops goes on, whatever happens in between
(`Cluster.heal`). All of it on this machine's loopback.
"""

import asyncio
import contextlib
import os
import random
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from redis import Redis as RedisClient
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket

from client import connect
from rooms.people import Role
from rooms.protocol import VERSION, Hello
from scripts.hardening.cluster import Cluster, Post
from scripts.hardening.stage import Stage
from tests.deployment import TOKEN
from tests.servers import Server, free_port


class Fault(ABC):
    """One thing that breaks. `inject` breaks it, `heal` makes it good after `lasts_s` seconds."""

    lasts_s: ClassVar[float] = 2.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage, self.chance = stage, chance
        self.into = ""
        """What was hit."""

    @property
    def cluster(self) -> Cluster:
        return self.stage.cluster

    @abstractmethod
    async def inject(self) -> None: ...

    async def heal(self) -> None:
        """Make good what `Cluster.heal` does not know of."""
        return

    @classmethod
    def fits(cls, cluster: Cluster) -> bool:
        """Whether this cluster has what breaks."""
        return True

    def chosen(self, posts: list[Post]) -> Post:
        post = self.chance.choice(posts)
        self.into = post.name
        return post


# --- processes ------------------------------------------------------------------------------------------------


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


# --- Redis ----------------------------------------------------------------------------------------------------


class RedisKilled(Fault):
    """Redis is killed with -9 and started again on its append-only file a second later."""

    lasts_s = 1.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.cluster.redis.kill)


class RedisFrozen(Fault):
    """Redis stands still for 8 s (SIGSTOP), past every deadline: connections stay open and nothing answers."""

    lasts_s = 8.0

    async def inject(self) -> None:
        self.cluster.redis.pause()


class _Asked(Fault):
    """A fault that Redis itself is asked for."""

    def ask(self, *command: str) -> None:
        with contextlib.closing(RedisClient.from_url(self.cluster.redis.url)) as client:
            client.execute_command(*command)  # type: ignore[no-untyped-call]


class SubscribersCut(_Asked):
    """Redis drops every subscriber's connection, over and over for a second (CLIENT KILL TYPE pubsub)."""

    type: ClassVar[str] = "pubsub"

    async def inject(self) -> None:
        for _ in range(10):
            self.ask("CLIENT", "KILL", "TYPE", self.type)
            await asyncio.sleep(0.1)


class ConnectionsCut(SubscribersCut):
    """Redis drops every other connection, over and over for a second (CLIENT KILL TYPE normal)."""

    type = "normal"


class RedisReadOnly(_Asked):
    """Redis refuses to write for 3 s: for that long it is the replica of a primary that is not there."""

    lasts_s = 3.0

    async def inject(self) -> None:
        self.ask("REPLICAOF", "127.0.0.1", str(free_port()))

    async def heal(self) -> None:
        self.ask("REPLICAOF", "NO", "ONE")


class RedisFull(_Asked):
    """Redis is out of memory for 3 s (maxmemory 1, noeviction)."""

    lasts_s = 3.0

    async def inject(self) -> None:
        self.ask("CONFIG", "SET", "maxmemory", "1")

    async def heal(self) -> None:
        self.ask("CONFIG", "SET", "maxmemory", "0")


# --- Postgres -------------------------------------------------------------------------------------------------


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


# --- the network and its people -------------------------------------------------------------------------------


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


class CommandsDoubled(Fault):
    """For 4 s each command is put twice with the same id: at once on two sockets, or again after its answer."""

    lasts_s = 4.0

    async def inject(self) -> None:
        self.stage.doubling = True

    async def heal(self) -> None:
        self.stage.doubling = False


class StuckReader(Fault):
    """In every room an observer and a coach say hello and never read a word, for 6 s."""

    lasts_s = 6.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self._stuck: list[ClientConnection] = []

    async def inject(self) -> None:
        async with connect(urls=self.cluster.urls(self.chance), token=TOKEN) as greenroom:
            for room in self.stage.rooms:
                for role in (Role.OBSERVER, Role.COACH):
                    ticket = await greenroom.ticket(room, role, "Stuck")
                    address = greenroom.address(ticket.socket).replace("http", "ws", 1)
                    socket = await open_socket(
                        address, compression=None, ping_interval=None, max_queue=1, proxy=None, close_timeout=0.1
                    )
                    self._stuck.append(socket)
                    await socket.send(Hello(protocol=VERSION, ticket=ticket.ticket).model_dump_json())

    async def heal(self) -> None:
        for socket in self._stuck:
            socket.transport.abort()
        self._stuck.clear()


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "web-killed": WebKilled,
        "worker-killed": WorkerKilled,
        "web-stopped": WebStopped,
        "worker-stopped": WorkerStopped,
        "webs-rolled": WebsRolled,
        "web-frozen": WebFrozen,
        "worker-frozen": WorkerFrozen,
        "redis-killed": RedisKilled,
        "redis-frozen": RedisFrozen,
        "subscribers-cut": SubscribersCut,
        "connections-cut": ConnectionsCut,
        "redis-read-only": RedisReadOnly,
        "redis-full": RedisFull,
        "postgres-killed": PostgresKilled,
        "postgres-frozen": PostgresFrozen,
        "sockets-cut": SocketsCut,
        "half-open": HalfOpen,
        "slow-network": SlowNetwork,
        "commands-doubled": CommandsDoubled,
        "stuck-reader": StuckReader,
    }
)
QUICK = (
    "sockets-cut", "commands-doubled", "subscribers-cut", "web-killed", "redis-killed", "worker-killed", "web-stopped"
)  # fmt: skip
"""What a quick run does to one cluster, one after the other, in less than a minute."""

__all__ = ["FAULTS", "QUICK", "Fault"]
