"""Redis as users run it, for tests and the checker: guarded by Sentinels, or a cluster. Real servers, started here.

Servers of one kind come from one program, Valkey's where there is one; every wait has a deadline.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis as Client
from redis.exceptions import MovedError, RedisError, ResponseError

from tests.servers import Redis, Server, find_redis, free_port
from tests.waiting import DEADLINE_S, PATIENT_MS

SILENT_MS = 600
SLOTS = 16_384
_REPLICATION: dict[str, str | int] = {"repl_diskless_sync_delay": 0, "repl_ping_replica_period": 1}


class Sentinel(Server):
    """One Sentinel. It takes no primary for dead that is only slow, until it is told to look closely."""

    def __init__(self, binary: Path, primary: Redis, name: str, quorum: int) -> None:
        super().__init__("sentinel")
        self.binary = binary
        (self.directory / "sentinel.conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.directory}\n"
            f"sentinel monitor {name} 127.0.0.1 {primary.port} {quorum}\n"
            f"sentinel down-after-milliseconds {name} {PATIENT_MS}\nsentinel failover-timeout {name} 3000\n"
        )

    def _command(self) -> list[str | Path]:
        return [self.binary, self.directory / "sentinel.conf", "--sentinel"]

    def _ready(self) -> bool:
        with contextlib.suppress(RedisError), client(self.port) as redis:
            return bool(redis.ping())
        return False


class Guarded:
    """A primary with replicas, guarded by Sentinels that make a replica the primary when it dies."""

    name = "greenroom-rooms"

    def __init__(self, replicas: int = 1, sentinels: int = 1, binary: Path | None = None, **options: str | int) -> None:
        binary = binary or find_redis()
        self.servers = [Redis(binary, **_REPLICATION, **options) for _ in range(1 + replicas)]
        self.sentinels = [Sentinel(binary, self.servers[0], self.name, sentinels // 2 + 1) for _ in range(sentinels)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{self.name}"

    @property
    def all(self) -> list[Server]:
        """Everything that runs."""
        return [*self.sentinels, *self.servers]

    def flush(self) -> None:
        with client(self.servers[0].port) as redis:
            redis.flushall()

    def start(self) -> None:
        first, *replicas = self.servers
        for server in self.servers:
            server.start()
        for replica in replicas:
            with client(replica.port) as redis:
                redis.replicaof("127.0.0.1", str(first.port))
        until(lambda: self._follow(first), "replicas in step")
        for sentinel in self.sentinels:
            sentinel.start()
        until(lambda: all(self._knows(sentinel) for sentinel in self.sentinels), "the Sentinels know all")

    @property
    def primary(self) -> Redis:
        """The one that the Sentinels name."""
        with client(self.sentinels[0].port) as redis:
            _, port = redis.sentinel_get_master_addr_by_name(self.name)
        return next(server for server in self.servers if server.port == int(port))

    def fail_over(self) -> None:
        """Make a replica the primary in good order; returns when the Sentinels name it."""
        before = self.primary
        until(self._begin_failover, "a replica that may be promoted")
        until(lambda: self.primary is not before, "another primary")

    def _begin_failover(self) -> bool:
        """Whether the Sentinel found a replica fit for it: one that it heard from within the last seconds."""
        with client(self.sentinels[0].port) as redis:
            try:
                redis.execute_command("SENTINEL", "FAILOVER", self.name)
            except ResponseError as refused:
                if not str(refused).startswith("NOGOODSLAVE"):
                    raise
                return False
        return True

    def kill_primary(self) -> Redis:
        """As a crash does. The killed server, which may be started again."""
        primary = self._watched_closely()
        primary.kill()
        return primary

    def freeze_primary(self) -> Redis:
        """Let it hang. The frozen server, which may be resumed."""
        primary = self._watched_closely()
        primary.pause()
        return primary

    def _watched_closely(self) -> Redis:
        """The primary, which the Sentinels take for dead from now on after so little silence."""
        for sentinel in self.sentinels:
            with client(sentinel.port) as redis:
                redis.execute_command("SENTINEL", "SET", self.name, "down-after-milliseconds", SILENT_MS)
        return self.primary

    def wait_for_answers(self) -> None:
        """Until replicas answer WAIT: the first word of a new one may take a second."""
        _wait_for_answers(self.servers[0], len(self.servers) - 1)

    def wait_for_all(self) -> None:
        """Until every server runs, and follows the primary that the Sentinels name."""

        until(lambda: self._follow(self.primary), "all servers behind one primary")

    def remove(self) -> None:
        for server in (*self.sentinels, *self.servers):
            server.remove()

    def _follow(self, primary: Redis) -> bool:
        with client(primary.port) as redis:
            said: Any = redis.info("replication")
        states = [said[f"slave{at}"]["state"] for at in range(said["connected_slaves"])]
        return said["role"] == "master" and states.count("online") == len(self.servers) - 1

    def _knows(self, sentinel: Sentinel) -> bool:
        with client(sentinel.port) as redis:
            state: Any = redis.sentinel_master(self.name)
        others = len(self.sentinels) - 1
        return bool(state["num-slaves"] == len(self.servers) - 1 and state["num-other-sentinels"] == others)


class RedisCluster:
    """A cluster: primaries that share the slots evenly, and replicas of each."""

    def __init__(
        self,
        primaries: int = 3,
        replicas: int = 0,
        binary: Path | None = None,
        addresses: Iterable[str] = (),
        **options: str | int,
    ) -> None:
        """`addresses`: at which nodes speak among themselves, in their order; to all others they are at 127.0.0.1."""
        binary = binary or find_redis()
        settings: dict[str, str | int] = {
            **_REPLICATION,
            "cluster_enabled": "yes",
            "cluster_node_timeout": 1000,
            "cluster_require_full_coverage": "no",
            "cluster_replica_validity_factor": 0,
            **options,
        }
        self.servers = [_node(binary, settings) for _ in range(primaries * (1 + replicas))]
        self.primaries = self.servers[:primaries]
        self.addresses = dict(zip(self.servers, addresses, strict=False))
        for server, address in self.addresses.items():
            server.options |= {
                "bind": ("127.0.0.1", address),
                "bind-source-addr": address,
                "cluster-announce-ip": address,
                "cluster-announce-hostname": "127.0.0.1",
                "cluster-preferred-endpoint-type": "hostname",
                "protected-mode": "no",  # it answers nobody but loopback's 127.0.0.1 without a password
            }
        self._replicas = replicas
        self._login = ""

    @property
    def url(self) -> str:
        return f"redis+cluster://{self._login}" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers[:3])

    @property
    def all(self) -> list[Server]:
        """Everything that runs."""
        return [*self.servers]

    def start(self) -> None:
        for server in self.servers:
            server.start()
        share = -(-SLOTS // len(self.primaries))
        for number, server in enumerate(self.primaries):
            with client(server.port) as redis:
                slots = range(number * share, min(SLOTS, (number + 1) * share))
                redis.execute_command("CLUSTER", "ADDSLOTS", *slots)
                redis.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        with client(self.servers[0].port) as redis:
            for server in self.servers[1:]:
                redis.execute_command("CLUSTER", "MEET", "127.0.0.1", server.port)
        until(lambda: all(self._knows_all(server) for server in self.servers), "all nodes know each other")
        for number, replica in enumerate(self.servers[len(self.primaries) :]):
            with client(replica.port) as redis:
                redis.execute_command("CLUSTER", "REPLICATE", self.id(self.primaries[number % len(self.primaries)]))
        until(self._whole, "a whole cluster")

    def be_patient(self) -> None:
        """From now on nodes that are slow are not taken for dead; nor are dead ones, for a while."""
        for server in self.servers:
            with client(server.port) as redis:
                redis.config_set("cluster-node-timeout", PATIENT_MS)

    def let_in(self, user: str, password: str, rule: Sequence[str]) -> None:
        """From now on the address is that of this user, who has the rights in `rule`."""
        for server in self.servers:
            with client(server.port) as redis:
                redis.execute_command("ACL", "SETUSER", *rule)
        self._login = f"{user}:{password}@"

    def flush(self) -> None:
        for server in self.primaries:
            with client(server.port) as redis:
                redis.execute_command("FLUSHALL")

    def id(self, server: Redis) -> str:
        with client(server.port) as redis:
            return _text(redis.execute_command("CLUSTER", "MYID"))

    def now_primaries(self) -> list[Redis]:
        """Those that have slots by now, whoever had them at the start."""
        with client(self._living().port) as redis:
            ports = {port for _, _, port, _ in _slots(redis)}
        return [server for server in self.servers if server.port in ports]

    def home(self, key: str) -> Redis:
        """The primary that has a key's slot, as most of the nodes see it."""
        with client(self._living().port) as redis:
            slot = int(redis.execute_command("CLUSTER", "KEYSLOT", key))
            for first, last, node, *_ in _slots(redis):
                if first <= slot <= last:
                    return next(server for server in self.servers if server.port == node)
        raise AssertionError(f"nobody has {key}")

    def move(self, key: str, to: Redis, between: Callable[[], None] = lambda: None) -> None:
        """Move the slot of a key with all keys in it to another primary; `between` runs while it is half moved."""
        source, there, here = self.home(key), self.id(to), self.id(self.home(key))
        with client(source.port) as old, client(to.port) as new:
            slot = int(old.execute_command("CLUSTER", "KEYSLOT", key))
            new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", here)
            old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", there)
            between()
            while keys := old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1):
                old.execute_command("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", *keys)
                between()
            for redis in (new, old):
                redis.execute_command("CLUSTER", "SETSLOT", slot, "NODE", there)

    def replica_of(self, primary: Redis) -> Redis:
        """The first one of a primary."""
        with client(primary.port) as redis:
            replicas = next(replicas for _, _, port, replicas in _slots(redis) if port == primary.port)
        return next(server for server in self.servers if server.port == int(replicas[0][1]))

    def fail_over(self, primary: Redis) -> Redis:
        """Let its replica take over in good order; returns the new primary when all know of it."""
        replica = self.replica_of(primary)
        with client(replica.port) as redis:
            redis.execute_command("CLUSTER", "FAILOVER")
        living = [server for server in self.servers if server.is_running]
        until(lambda: all(self._is_primary(replica, server) for server in living), "the replica to take over")
        return replica

    def wait_for_answers(self) -> None:
        """Until the replicas of each primary answer WAIT."""
        for server in self.primaries:
            _wait_for_answers(server, self._replicas)

    def wait_until_whole(self) -> None:
        until(self._whole, "a whole cluster")

    def remove(self) -> None:
        for server in self.servers:
            server.remove()

    def _is_primary(self, one: Redis, seen_by: Redis) -> bool:
        with client(seen_by.port) as redis:
            return any(port == one.port for _, _, port, _ in _slots(redis))

    def _living(self) -> Redis:
        return next(server for server in self.servers if server.is_running)

    def _knows_all(self, server: Redis) -> bool:
        with client(server.port) as redis:
            nodes = _text(redis.execute_command("CLUSTER", "NODES")).splitlines()
        return len(nodes) == len(self.servers) and not any("handshake" in node or "fail" in node for node in nodes)

    def _whole(self) -> bool:
        """Every living node sees every slot served, and every primary with its replicas."""
        for server in self.servers:
            if server.is_running:
                with client(server.port) as redis:
                    slots = list(_slots(redis))
                alive = [server.port for server in self.servers if server.is_running]
                if sum(last - first + 1 for first, last, port, _ in slots if port in alive) != SLOTS:
                    return False
                if any(len(replicas) < self._replicas for *_, replicas in slots) and len(self.servers) == sum(
                    one.is_running for one in self.servers
                ):
                    return False
                with client(server.port) as redis:
                    if "cluster_state:ok" not in _text(redis.execute_command("CLUSTER", "INFO")):
                        return False
        return True


Started = TypeVar("Started", Guarded, RedisCluster)


def _wait_for_answers(server: Redis, replicas: int) -> None:
    with client(server.port) as redis:
        for number in range(1_000):  # WAIT is about what was written; of a cluster's keys only some are of this server
            with contextlib.suppress(MovedError):
                redis.set(f"greenroom:first-{number}", 1, px=1_000)
                break
        until(lambda: int(redis.execute_command("WAIT", replicas, 500)) == replicas, "replicas that answer")


def cut_all_of(server: Redis) -> None:
    """Reset every connection of those who ask or listen; the server lives on, and so do its replicas' connections."""
    with client(server.port) as redis:
        for kind in ("normal", "pubsub"):
            redis.client_kill_filter(_type=kind)


def client(port: int) -> "contextlib.closing[Client]":
    """A plain connection to one server."""
    return contextlib.closing(Client(port=port, socket_timeout=5, protocol=2))


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while True:
        with contextlib.suppress(RedisError):
            if condition():
                return
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def running(servers: Started) -> Iterator[Started]:
    try:
        servers.start()
        yield servers
    finally:
        servers.remove()


def _node(binary: Path, settings: dict[str, str | int]) -> Redis:
    server = Redis(binary, **settings)
    server.port = free_port(and_above=10_000)  # where the nodes speak among themselves
    server.url = f"redis://127.0.0.1:{server.port}/0"
    return server


def _slots(redis: Client) -> Iterable[tuple[int, int, int, list[Any]]]:
    for first, last, (_, port, *_), *replicas in redis.execute_command("CLUSTER", "SLOTS"):
        yield first, last, int(port), replicas


def _text(said: bytes | str) -> str:
    return said.decode() if isinstance(said, bytes) else said
