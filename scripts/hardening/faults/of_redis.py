"""A Redis that dies, hangs, or says no."""

import asyncio
import contextlib
from typing import ClassVar

from redis import Redis as RedisClient

from scripts.hardening.faults.fault import Fault
from tests.servers import free_port


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
