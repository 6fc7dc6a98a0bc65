"""A Redis that dies, hangs, says no, or forgets."""

import asyncio
import contextlib
import random
from typing import Any, ClassVar

from redis import Redis as RedisClient

from scripts.hardening.faults.fault import OnOneRedis
from scripts.hardening.proxy import Proxy
from scripts.hardening.stage import Stage
from tests.servers import Redis, free_port

SYNC_DEADLINE_S = 20.0


class RedisKilled(OnOneRedis):
    """Redis is killed with -9 and started again on its append-only file a second later."""

    lasts_s = 1.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.cluster.redis.kill)


class RedisFrozen(OnOneRedis):
    """Redis stands still for 8 s (SIGSTOP), past every deadline: connections stay open and nothing answers."""

    lasts_s = 8.0

    async def inject(self) -> None:
        self.cluster.redis.pause()


class RedisRestarted(OnOneRedis):
    """Redis ends in good order (SIGTERM) and is started again a second later."""

    lasts_s = 1.0

    async def inject(self) -> None:
        await asyncio.to_thread(self.cluster.redis.stop)


class _Asked(OnOneRedis):
    """A fault that Redis itself is asked for."""

    def ask(self, *command: str, of: Redis | None = None) -> Any:
        with contextlib.closing(RedisClient.from_url((of or self.cluster.redis).url)) as client:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]


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


class RedisFlushed(_Asked):
    """Redis loses everything at once (FLUSHALL): rooms, leases, tickets, presence."""

    lasts_s = 3.0

    async def inject(self) -> None:
        self.ask("FLUSHALL")


class RedisFailsOverBehind(_Asked):
    """Redis dies half a second after its replica had lost touch, and the replica is put in its place."""

    lasts_s = 3.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self._link = Proxy(stage.cluster.redis.port)
        self._replica: Redis | None = None

    async def inject(self) -> None:
        primary, replica = self.cluster.redis, Redis(self.cluster.redis.binary)
        self._replica = replica
        await asyncio.to_thread(replica.start)
        await self._link.start()
        self.ask("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        self.ask("REPLICAOF", "127.0.0.1", str(self._link.port), of=replica)
        async with asyncio.timeout(SYNC_DEADLINE_S):
            while self._behind(primary, replica) != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        self._link.hang()
        await asyncio.sleep(self.chance.uniform(0.3, 1.0))
        self.into = f"{self._behind(primary, replica)} bytes behind"
        await asyncio.to_thread(primary.kill)
        self.ask("REPLICAOF", "NO", "ONE", of=replica)
        self._replica = None
        await self.cluster.use(replica)

    async def heal(self) -> None:
        await self._link.stop()
        if self._replica:
            await asyncio.to_thread(self._replica.remove)

    def _behind(self, primary: Redis, replica: Redis) -> int | None:
        """By how many bytes of its log of writes the replica is behind; None while it is not in touch."""
        there, here = self.ask("INFO", "replication", of=primary), self.ask("INFO", "replication", of=replica)
        if here["master_link_status"] != "up":
            return None
        return int(there["master_repl_offset"]) - int(here["slave_repl_offset"])
