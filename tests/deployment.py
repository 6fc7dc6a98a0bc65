"""Greenroom's own processes for journeys: web workers and workers that a test starts, kills and starts again.

Real processes on real servers, as in production; only the recogniser may be chosen. Every wait has a deadline.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from server.lifeline import dying_with_us
from tests.servers import free_port

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 20.0
TOKEN = "the-token-of-this-test-run"
SECRET_KEY = "s" * 40


class Process:
    """One process of Greenroom's."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        *arguments: str,
        program: str = "server",
        checkout: Path | None = None,
    ) -> None:
        """`checkout`: whose code runs; ours where none is named."""
        self._log = log
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                dying_with_us(sys.executable, "-m", program, *arguments),
                env=environment,
                stdout=out,
                stderr=out,
                cwd=checkout,  # `python -m` looks there first
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut would."""
        self.popen.kill()
        self.popen.wait(STOP_DEADLINE_S)

    def stop(self) -> None:
        """As a deployment does: SIGTERM, and it ends by itself."""
        self.popen.terminate()
        self.popen.wait(STOP_DEADLINE_S)

    def pause(self) -> None:
        self.popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.popen.send_signal(signal.SIGCONT)

    @property
    def running(self) -> bool:
        return self.popen.poll() is None


class Web(Process):
    """A web worker on a port of its own."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, checkout: Path | None = None, program: str = "server"
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = ("web", "--port", str(self.port))
        super().__init__({**environment, "PUBLIC_URL": self.url}, log, *arguments, program=program, checkout=checkout)

    def wait_until_ready(self) -> None:
        end = time.monotonic() + START_DEADLINE_S
        while not _ready(self.url):
            if not self.running or time.monotonic() > end:
                raise AssertionError(f"the web worker did not come up:\n{self.log[-4000:]}")
            time.sleep(0.05)


class Deployment:
    """Any number of web workers and workers on one Redis and one database."""

    def __init__(self, redis_url: str, database_url: str, directory: Path, **settings: str) -> None:
        self.directory, self.database_url = directory, database_url
        self._started: list[Process] = []
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
            "REDIS_URL": redis_url,
            "DATABASE_URL": database_url,
            "SECRET_KEY": SECRET_KEY,
            "SIGN_IN_TOKEN": TOKEN,
            "VAR_DIR": str(directory),
            "TRANSCRIBER": "none",
            # On a machine that many tests share a recogniser may stand in line for longer than one that hangs would.
            "RECOGNISER_HANG_S": "30",
            **settings,
        }

    def migrate(self) -> None:
        process = Process(self._environment, self.directory / "migrate.log", "migrate")
        if process.popen.wait(START_DEADLINE_S) != 0:
            raise AssertionError(process.log)

    def web(self, checkout: Path | None = None, program: str = "server", **settings: str) -> Web:
        """One more web worker, ready; of another checkout than ours, or by another program, where one is named."""
        web = Web({**self._environment, **settings}, self._log("web"), checkout, program)
        self._started.append(web)
        web.wait_until_ready()
        return web

    def worker(self, program: str = "server", checkout: Path | None = None, **settings: str) -> Process:
        """One more worker, by another program or of another checkout than ours where one is named."""
        environment = {**self._environment, **settings}
        worker = Process(environment, self._log("worker"), "worker", program=program, checkout=checkout)
        self._started.append(worker)
        return worker

    def stop(self) -> None:
        for process in self._started:
            if process.running:
                process.resume()
                process.popen.terminate()
        for process in self._started:
            try:
                process.popen.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()

    @property
    def logs(self) -> str:
        """Everything that was logged, for a failing test and for looking for what must not be there."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("*.log")))

    def _log(self, kind: str) -> Path:
        return self.directory / f"{kind}-{len(self._started)}.log"


@contextmanager
def deployed(redis_url: str, database_url: str | None = None, **settings: str) -> Iterator[Deployment]:
    """A deployment on a migrated database (a new SQLite file if none is named), stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as name:
        directory = Path(name)
        if not database_url:
            (directory / "test.sqlite3").write_bytes(_migrated_sqlite())
        url = database_url or f"sqlite+aiosqlite:///{directory / 'test.sqlite3'}"
        deployment = Deployment(redis_url, url, directory, **settings)
        try:
            if database_url:
                deployment.migrate()
            yield deployment
        finally:
            deployment.stop()


@cache
def _migrated_sqlite() -> bytes:
    """A new database, migrated once for the whole run: that takes longer than most tests."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as name:
        file = Path(name) / "new.sqlite3"
        Deployment("redis://127.0.0.1:1/0", f"sqlite+aiosqlite:///{file}", Path(name)).migrate()
        return file.read_bytes()


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
