"""What can break: one small class a fault, with what it does and how that is made good.

Decides where and for how long something breaks, by the chance handed in; never what must still be true afterwards.
Every fault is bounded: what it kills is started again, what it stops goes on, whatever happens in between
(`Cluster.heal`). All of it on this machine's loopback.
"""

from collections.abc import Mapping
from types import MappingProxyType

from scripts.hardening.faults.at_once import together
from scripts.hardening.faults.fault import Fault
from scripts.hardening.faults.of_cluster import (
    NodeAlone,
    NodeFrozen,
    NodeHandsOver,
    NodeKilled,
    NodesApart,
    NodesCut,
    NodesKilled,
    SlotsMoved,
)
from scripts.hardening.faults.of_network import (
    HalfOpen,
    LoopbackDown,
    RedisPacketsLost,
    SlowNetwork,
    SocketsCut,
    WebLosesRedis,
    WebPacketsLost,
    WebsLosePostgres,
    WorkerLosesRedis,
    WorkerPacketsLost,
    WorkersLosePostgres,
)
from scripts.hardening.faults.of_people import ClientKilled, CommandsDoubled, CommandsMuddled, SecondDevice, StuckReader
from scripts.hardening.faults.of_postgres import PostgresFrozen, PostgresFull, PostgresKilled, PostgresRestarted
from scripts.hardening.faults.of_processes import (
    ClocksJump,
    LimitsUnderKills,
    PowerCut,
    WebFrozen,
    WebKilled,
    WebsRolled,
    WebStopped,
    WorkerFrozen,
    WorkerKilled,
    WorkersFrozen,
    WorkerStopped,
)
from scripts.hardening.faults.of_redis import (
    ConnectionsCut,
    RedisFailsOverBehind,
    RedisFlushed,
    RedisFrozen,
    RedisFull,
    RedisKilled,
    RedisReadOnly,
    RedisRestarted,
    SubscribersCut,
)
from scripts.hardening.faults.of_sentinel import FailedOver, PrimaryFrozen, PrimaryKilled, SentinelKilled
from scripts.hardening.history import AT_ONCE

OF_SENTINEL: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "primary-killed": PrimaryKilled,
        "primary-frozen": PrimaryFrozen,
        "failed-over": FailedOver,
        "sentinel-killed": SentinelKilled,
    }
)
"""What only a run on a guarded Redis can do."""
OF_CLUSTER: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "node-killed": NodeKilled,
        "node-frozen": NodeFrozen,
        "node-hands-over": NodeHandsOver,
        "node-alone": NodeAlone,
        "nodes-killed": NodesKilled,
        "nodes-apart": NodesApart,
        "nodes-cut": NodesCut,
        "slots-moved": SlotsMoved,
    }
)
"""What only a run on a Redis Cluster can do."""
OF_ONE_REDIS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "web-killed": WebKilled,
        "worker-killed": WorkerKilled,
        "power-cut": PowerCut,
        "web-stopped": WebStopped,
        "worker-stopped": WorkerStopped,
        "webs-rolled": WebsRolled,
        "web-frozen": WebFrozen,
        "worker-frozen": WorkerFrozen,
        "workers-frozen": WorkersFrozen,
        "clocks-jump": ClocksJump,
        "limits-under-kills": LimitsUnderKills,
        "redis-killed": RedisKilled,
        "redis-restarted": RedisRestarted,
        "redis-frozen": RedisFrozen,
        "subscribers-cut": SubscribersCut,
        "connections-cut": ConnectionsCut,
        "redis-read-only": RedisReadOnly,
        "redis-full": RedisFull,
        "redis-flushed": RedisFlushed,
        "redis-fails-over-behind": RedisFailsOverBehind,
        "postgres-killed": PostgresKilled,
        "postgres-restarted": PostgresRestarted,
        "postgres-frozen": PostgresFrozen,
        "postgres-full": PostgresFull,
        "sockets-cut": SocketsCut,
        "half-open": HalfOpen,
        "slow-network": SlowNetwork,
        "web-loses-redis": WebLosesRedis,
        "worker-loses-redis": WorkerLosesRedis,
        "webs-lose-postgres": WebsLosePostgres,
        "workers-lose-postgres": WorkersLosePostgres,
        "loopback-down": LoopbackDown,
        "web-packets-lost": WebPacketsLost,
        "worker-packets-lost": WorkerPacketsLost,
        "redis-packets-lost": RedisPacketsLost,
        "commands-doubled": CommandsDoubled,
        "commands-muddled": CommandsMuddled,
        "second-device": SecondDevice,
        "client-killed": ClientKilled,
        "stuck-reader": StuckReader,
    }
)
FAULTS: Mapping[str, type[Fault]] = MappingProxyType({**OF_ONE_REDIS, **OF_SENTINEL, **OF_CLUSTER})
QUICK = ("sockets-cut", "commands-muddled", "subscribers-cut", "web-killed", "redis-killed", "worker-killed")
"""What a quick run does to one cluster, one after the other."""


def fault_of(name: str) -> type[Fault]:
    """The fault of this name, or of these names. KeyError where there is none."""
    kinds = [FAULTS[one] for one in name.split(AT_ONCE)]
    return together(kinds) if len(kinds) > 1 else kinds[0]


__all__ = ["FAULTS", "OF_CLUSTER", "OF_ONE_REDIS", "OF_SENTINEL", "QUICK", "Fault", "fault_of"]
