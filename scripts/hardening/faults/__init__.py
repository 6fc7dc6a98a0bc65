"""What can break: one small class a fault, with what it does and how that is made good.

Decides where and for how long something breaks, by the chance handed in; never what must still be true afterwards.
Every fault is bounded: what it kills is started again, what it stops goes on, whatever happens in between
(`Cluster.heal`). All of it on this machine's loopback.
"""

from collections.abc import Mapping
from types import MappingProxyType

from scripts.hardening.faults.fault import Fault
from scripts.hardening.faults.of_network import HalfOpen, SlowNetwork, SocketsCut
from scripts.hardening.faults.of_people import CommandsDoubled, StuckReader
from scripts.hardening.faults.of_postgres import PostgresFrozen, PostgresKilled
from scripts.hardening.faults.of_processes import (
    WebFrozen,
    WebKilled,
    WebsRolled,
    WebStopped,
    WorkerFrozen,
    WorkerKilled,
    WorkerStopped,
)
from scripts.hardening.faults.of_redis import (
    ConnectionsCut,
    RedisFrozen,
    RedisFull,
    RedisKilled,
    RedisReadOnly,
    SubscribersCut,
)

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
