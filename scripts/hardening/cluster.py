"""A whole Greenroom on loopback: web workers behind fault proxies, workers, a Redis that keeps, a database.

Decides which processes run and where; never when one fails (`faults`). All die with us, also when we are killed.
"""

import asyncio
import json
import os
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.request import urlopen

from scripts.hardening.proxy import Proxy
from tests.deployment import START_DEADLINE_S, STOP_DEADLINE_S, TOKEN, Process
from tests.servers import Postgres, Redis, find_postgres, find_redis, free_port

READY_POLL_S = 0.05


class Post:
    """A process's place: it can be killed and manned again, on the same port."""

    def __init__(self, cluster: "Cluster", name: str, port: int | None = None) -> None:
        self.name, self.port = name, port
        self._cluster = cluster
        self.process: Process | None = None
        self.proxy = Proxy(port) if port else None

    def start(self) -> None:
        """Man the post; `ready` says when it serves."""
        assert self.process is None, f"{self.name} is manned already"
        words = ("web", "--port", str(self.port)) if self.port else ("worker",)
        self.process = Process(self._cluster.environment, self.log, *words)

    async def ready(self) -> None:
        """Return when a web worker is ready; of a worker nobody waits for that."""
        until = monotonic() + START_DEADLINE_S
        while self.port and not await asyncio.to_thread(_is_ready, self.port):
            if self.process is None or not self.process.running or monotonic() > until:
                raise RuntimeError(f"{self.name} did not come up; see {self.log}")
            await asyncio.sleep(READY_POLL_S)

    async def kill(self) -> None:
        """As a power cut would."""
        if self.process:
            process, self.process = self.process, None
            await asyncio.to_thread(process.kill)

    async def stop(self) -> None:
        """As a deployment does: SIGTERM, and it ends by itself."""
        if self.process:
            process, self.process = self.process, None
            await asyncio.to_thread(process.stop)

    def pause(self) -> None:
        if self.process:
            self.process.pause()

    def resume(self) -> None:
        if self.process:
            self.process.resume()

    @property
    def log(self) -> Path:
        return self._cluster.directory / f"{self.name}.log"


class Cluster:
    """What runs. Get one from `running`."""

    def __init__(self, directory: Path, redis: Redis, postgres: Postgres | None, webs: int, workers: int) -> None:
        self.directory, self.redis, self.postgres = directory, redis, postgres
        if postgres:
            self.database_url = postgres.create_database("greenroom")
        else:
            self.database_url = f"sqlite+aiosqlite:///{directory / 'greenroom.sqlite3'}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
            "REDIS_URL": redis.url,
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "s" * 40,
            "SIGN_IN_TOKEN": TOKEN,
            "VAR_DIR": str(directory),
            "TRANSCRIBER": "none",
        }
        self.webs = [Post(self, f"web-{number}", free_port()) for number in range(1, webs + 1)]
        self.workers = [Post(self, f"worker-{number}") for number in range(1, workers + 1)]
        self._read_to: dict[Path, int] = {}

    @property
    def posts(self) -> list[Post]:
        return [*self.webs, *self.workers]

    def urls(self, chance: random.Random) -> list[str]:
        """The addresses of all web workers, in an order of chance: who uses them starts at the first."""
        urls = [post.proxy.url for post in self.webs if post.proxy]
        return chance.sample(urls, len(urls))

    async def start(self) -> None:
        migrating = Process(self.environment, self.directory / "migrate.log", "migrate")
        if await asyncio.to_thread(migrating.popen.wait, START_DEADLINE_S) != 0:
            raise RuntimeError(migrating.log)
        for post in self.posts:
            post.start()
            if post.proxy:
                await post.proxy.start()
        await asyncio.gather(*(post.ready() for post in self.posts))

    async def stop(self) -> None:
        for post in self.posts:
            post.resume()
            if post.proxy:
                post.proxy.flow()
                await post.proxy.stop()
        running = [post.process for post in self.posts if post.process]
        for process in running:
            process.popen.terminate()
        until = monotonic() + STOP_DEADLINE_S
        while any(process.running for process in running) and monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(READY_POLL_S)
        await asyncio.gather(*(post.kill() for post in self.posts))

    async def heal(self) -> None:
        """Whatever a fault left behind is made good: everything runs, flows and answers."""
        self.redis.resume()
        if not self.redis.is_running:
            self.redis.process = None
            await asyncio.to_thread(self.redis.start)
        if self.postgres:
            self.postgres.resume()
            if not self.postgres.is_running:
                self.postgres.process = None
                await asyncio.to_thread(self.postgres.start)
        for post in self.posts:
            post.resume()
            if post.proxy:
                post.proxy.flow()
                post.proxy.delay_s = 0.0
            if post.process is None or not post.process.running:
                post.process = None
                post.start()
        await asyncio.gather(*(post.ready() for post in self.posts))

    def gone(self) -> list[str]:
        """Posts whose process ended without being told to."""
        return [post.name for post in self.posts if post.process and not post.process.running]

    def errors(self) -> list[tuple[str, str]]:
        """What the processes wrote down as internal errors since this was last asked: (post, what)."""
        found: list[tuple[str, str]] = []
        for post in self.posts:
            start = self._read_to.get(post.log, 0)
            with post.log.open("rb") as log:
                log.seek(start)
                lines = log.read().split(b"\n")
                self._read_to[post.log] = log.tell() - len(lines[-1])
            found += [(post.name, error) for line in lines[:-1] if (error := _error(line))]
        return found


@asynccontextmanager
async def running(*, webs: int, workers: int, postgres: bool) -> AsyncIterator[Cluster]:
    """A cluster that serves; everything of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="greenroom-hardening-") as name:
        redis = Redis(find_redis())
        database = None
        cluster = None
        try:
            redis.start()
            if postgres:
                database = Postgres(find_postgres())
                database.start()
            cluster = Cluster(Path(name), redis, database, webs, workers)
            await cluster.start()
            yield cluster
        finally:
            if cluster:
                await cluster.stop()
            redis.remove()
            if database:
                database.remove()


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _error(line: bytes) -> str | None:
    """What an internal error's line says, and where it came from."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("level") not in ("error", "critical"):
        return None
    trace = said.get("trace") or [""]
    return f"{said.get('what')} ({said.get('error', '')}) {str(trace[-1]).strip()}"
