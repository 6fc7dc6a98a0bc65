"""A process's place in the cluster: its port, its log, its ways to Redis and Postgres, and its wall clock.

Decides how a process is started, stopped and reached; never when one fails (`faults`).
"""

import asyncio
import struct
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from scripts.hardening.network import Network
from scripts.hardening.nursery import Process
from scripts.hardening.proxy import Proxy

READY_POLL_S = 0.05
COMES_UP_S = 180.0
"""How long a web worker may take to come up: on a machine busy with other clusters that is long."""


class Post:
    """It can be killed and manned again, on the same port. Everything it says and hears goes through proxies."""

    def __init__(
        self,
        name: str,
        directory: Path,
        environment: Mapping[str, str],
        port: int | None = None,
        network: Network | None = None,
    ) -> None:
        """`network`: where each of its ways gets an address of its own."""
        self.name, self.port, self._network = name, port, network
        self.log = directory / f"{name}.log"
        self.process: Process | None = None
        self.proxy: Proxy | None = Proxy(port) if port else None
        """Between a web worker and its people."""
        self.to_redis, self.to_postgres = (_before(environment[name]) for name in ("REDIS_URL", "DATABASE_URL"))
        """None to a Redis Cluster, whose nodes say themselves where they are, and to SQLite."""
        self._environment = dict(environment)
        self._clock = directory / f"{name}.clock"

    @property
    def ways(self) -> list[Proxy]:
        """All its proxies."""
        return [way for way in (self.proxy, self.to_redis, self.to_postgres) if way]

    async def connect(self) -> None:
        """Open its ways; before it is manned."""
        for each in self.ways:
            await (each.start(self._network.address()) if self._network else each.start())
        for name, way in (("REDIS_URL", self.to_redis), ("DATABASE_URL", self.to_postgres)):
            if way:
                url = self._environment[name]
                self._environment[name] = url.replace(f"127.0.0.1:{urlsplit(url).port}/", f"{way.host}:{way.port}/")
        self._environment["HARDENING_CLOCK"] = str(self._clock)
        self.clock_jumps_to(0)

    async def disconnect(self) -> None:
        for way in self.ways:
            await way.stop()

    def start(self) -> None:
        """Man the post; `ready` says when it serves."""
        assert self.process is None, f"{self.name} is manned already"
        words = ("web", "--port", str(self.port)) if self.port else ("worker",)
        self.process = Process(self._environment, self.log, *words)

    async def ready(self) -> None:
        """Return when a web worker is ready; of a worker nobody waits for that."""
        until = monotonic() + COMES_UP_S
        while self.port and not await asyncio.to_thread(_is_ready, self.port):
            if self.process is None or not self.process.running or monotonic() > until:
                raise RuntimeError(f"{self.name} did not come up:\n{self.log.read_text(errors='replace')[-2000:]}")
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

    def clock_jumps_to(self, ahead_s: int) -> None:
        """Its wall clock goes so many seconds ahead (or behind) of ours from now on; other clocks stay as they are."""
        ahead = struct.pack("<q", ahead_s * 1_000_000_000)
        with self._clock.open("r+b" if self._clock.exists() else "wb") as file:
            file.write(ahead)


def _before(url: str) -> Proxy | None:
    """A proxy before the one server that a URL names."""
    if "," in url or not (port := urlsplit(url).port):
        return None
    return Proxy(port)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
