"""A whole Greenroom on loopback: web workers and workers behind fault proxies, a Redis that keeps, a database.

Decides which processes run and where; never when one fails (`faults`). All die with us, also when we are killed.
"""

import asyncio
import json
import os
import random
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from scripts.hardening.disk import Disk
from scripts.hardening.network import Network
from scripts.hardening.nursery import Process
from scripts.hardening.post import COMES_UP_S, READY_POLL_S, Post
from server.adapters.redis_connection import room_key
from tests.deployment import STOP_DEADLINE_S, TOKEN
from tests.redis_servers import Guarded, RedisCluster
from tests.servers import Postgres, Redis, find_postgres, find_redis, free_port

OUTBOX_BYTES = 16_384
"""What a slow reader may leave unread here: less than in production, so that a round is long enough to reach it."""

SNAPSHOT_EVERY_RECORDS, LOG_TAIL_RECORDS = 30, 60
"""Less than in production too: logs of rounds are short, and are to be forgotten behind snapshots as long ones are."""

NODE_TIMEOUT_MS = 2_500
"""After so long a node of a Redis Cluster counts as dead: with less, one that a busy machine kept waiting would too."""

TURN_LIMIT_S = 20
"""Longer than nearly every fault lasts: whoever lingers in an answer is hardly ever cut short."""

Kind = Literal["one", "sentinel", "cluster"]
Stores = Redis | Guarded | RedisCluster
"""What keeps the rooms."""


class Cluster:
    """What runs. Get one from `running`."""

    def __init__(
        self,
        directory: Path,
        stores: Stores,
        postgres: Postgres | None = None,
        disk: Disk | None = None,
        *,
        webs: int,
        workers: int,
        ears: Mapping[str, str] | None = None,
        network: Network | None = None,
    ) -> None:
        """`ears`: settings with which workers hear; None: interviews are typed."""
        self.directory, self.stores, self.postgres, self.disk = directory, stores, postgres, disk
        self.network = network
        if postgres:
            self.database_url = _database(postgres, disk)
        else:
            self.database_url = f"sqlite+aiosqlite:///{directory / 'greenroom.sqlite3'}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
            "REDIS_URL": stores.url,
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "s" * 40,
            "SIGN_IN_TOKEN": TOKEN,
            "VAR_DIR": str(directory),
            "TRANSCRIBER": "none",
            "OUTBOX_BYTES": str(OUTBOX_BYTES),
            "SNAPSHOT_EVERY_RECORDS": str(SNAPSHOT_EVERY_RECORDS),
            "LOG_TAIL_RECORDS": str(LOG_TAIL_RECORDS),
            "TURN_LIMIT_S": str(TURN_LIMIT_S),
            "TURN_WARNING_S": str(TURN_LIMIT_S // 2),
            "START_REMINDER_S": "2",
            **(ears or {}),
        }
        self.hears = ears is not None
        where = directory, self.environment
        self.webs = [Post(f"web-{at}", *where, free_port(), network) for at in range(1, webs + 1)]
        self.workers = [Post(f"worker-{at}", *where, network=network) for at in range(1, workers + 1)]
        self._read_to: dict[Path, int] = {}

    @property
    def redis(self) -> Redis:
        """The one that keeps all rooms; of a cluster there is none."""
        assert not isinstance(self.stores, RedisCluster), "each node has rooms of its own"
        return self.stores if isinstance(self.stores, Redis) else self.stores.primary

    def redis_of(self, room: str) -> Redis:
        """The server that keeps this room."""
        return self.stores.home(room_key(room, "log")) if isinstance(self.stores, RedisCluster) else self.redis

    @property
    def posts(self) -> list[Post]:
        return [*self.webs, *self.workers]

    def urls(self, chance: random.Random) -> list[str]:
        """The addresses of all web workers, in an order of chance: who uses them starts at the first."""
        urls = [post.proxy.url for post in self.webs if post.proxy]
        return chance.sample(urls, len(urls))

    async def start(self) -> None:
        log = self.directory / "migrate.log"
        migrating = Process(self.environment, log, "migrate")
        if await asyncio.to_thread(migrating.wait, COMES_UP_S) != 0:
            raise RuntimeError(log.read_text(errors="replace"))
        for post in self.posts:
            await post.connect()
            post.start()
        await self.ready()

    async def stop(self) -> None:
        for post in self.posts:
            post.resume()
            for way in post.ways:
                way.heal()  # whoever cannot reach Redis takes its deadlines to end
        running = [post.process for post in self.posts if post.process]
        for process in running:
            process.terminate()
        until = monotonic() + STOP_DEADLINE_S
        while any(process.running for process in running) and monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(READY_POLL_S)
        await asyncio.gather(*(post.kill() for post in self.posts))
        for post in self.posts:
            await post.disconnect()

    async def heal(self) -> None:
        """Whatever a fault left behind is made good: everything runs, flows and answers."""
        await self.mend()
        await self.ready()

    async def ready(self) -> None:
        """Return when every web worker takes people in."""
        await asyncio.gather(*(post.ready() for post in self.posts))

    async def mend(self) -> None:
        """Nothing is broken any more: everything was started, goes on, and can be reached, ready or not."""
        if self.network:
            self.network.heal()
        for server in (self.stores,) if isinstance(self.stores, Redis) else self.stores.all:
            server.resume()
            if not server.is_running:
                server.process = None
                await asyncio.to_thread(server.start)
        if self.disk:
            self.disk.free()
        if self.postgres:
            self.postgres.resume()
            if not self.postgres.is_running:
                self.postgres.process = None
                await asyncio.to_thread(self.postgres.start)
        for post in self.posts:
            post.resume()
            post.clock_jumps_to(0)
            for way in post.ways:
                way.heal()
            if post.process is None or not post.process.running:
                post.process = None
                post.start()

    async def use(self, redis: Redis) -> None:
        """Everybody is led to another Redis from now on; the one until now is done for."""
        before, self.stores = self.redis, redis
        for post in self.posts:
            assert post.to_redis is not None
            post.to_redis.lead_to(redis.port)
        await asyncio.to_thread(before.remove)

    def gone(self) -> list[str]:
        """Posts whose process ended without being told to."""
        return [post.name for post in self.posts if post.process and not post.process.running]

    def written(self) -> list[tuple[str, dict[str, Any]]]:
        """What the processes wrote down since this was last asked: (post, line)."""
        found: list[tuple[str, dict[str, Any]]] = []
        for post in self.posts:
            start = self._read_to.get(post.log, 0)
            with post.log.open("rb") as log:
                log.seek(start)
                lines = log.read().split(b"\n")
                self._read_to[post.log] = log.tell() - len(lines[-1])
            found += [(post.name, said) for line in lines[:-1] if isinstance(said := _said(line), dict)]
        return found


@asynccontextmanager
async def running(
    *, webs: int, workers: int, postgres: bool, voice: bool = False, kind: Kind = "one", network: Network | None = None
) -> AsyncIterator[Cluster]:
    """A cluster that serves; everything of it is gone at the end. `kind`: of Redis."""
    with tempfile.TemporaryDirectory(prefix="greenroom-hardening-") as name:
        stores, database, disk, cluster = _stores(kind, network), None, None, None
        try:
            stores.start()
            if postgres:
                database = Postgres(find_postgres())
                database.start()
                disk = Disk.mounted(database.directory / "disk", database.run_as)
            ears = _ears(Path(name)) if voice else None
            cluster = Cluster(
                Path(name), stores, database, disk, webs=webs, workers=workers, ears=ears, network=network
            )
            await cluster.start()
            yield cluster
        finally:
            if cluster:
                await cluster.stop()
                stores = cluster.stores
            stores.remove()
            if database:
                database.remove()
            if disk:
                disk.close()


def _stores(kind: Kind, network: Network | None) -> Stores:
    match kind:
        case "one":
            return Redis(find_redis())
        case "sentinel":
            return Guarded()
        case "cluster":
            addresses = [network.address() for _ in range(6)] if network else []
            return RedisCluster(replicas=1, addresses=addresses, cluster_node_timeout=NODE_TIMEOUT_MS)


def _ears(directory: Path) -> dict[str, str]:
    from scripts.hardening.voice import ears

    return ears(directory)


def _database(postgres: Postgres, disk: Disk | None) -> str:
    """A new database, on the disk that can be full where there is one."""
    if disk:
        postgres.sql(f"CREATE TABLESPACE small LOCATION '{disk.place}'")
        postgres.sql('CREATE DATABASE "greenroom" TABLESPACE small')
        return postgres.database_url("greenroom")
    return postgres.create_database("greenroom")


def _said(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
