"""Greenroom on one machine: a real Redis, a SQLite file, web workers and a worker process, started and kept alive.

Decides which processes run here and restarts those that die. Everything it starts also runs by itself elsewhere; with
REDIS_URL or DATABASE_URL set, it uses those instead of its own.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from server import embedded
from server.lifeline import dying_with_us

RESTART_PAUSE_S = 0.5
STOP_DEADLINE_S = 15.0
START_DEADLINE_S = 60.0


async def serve(host: str, port: int, web: int, var: Path) -> int:
    """Run until SIGINT or SIGTERM; then stop everything in order. Returns the exit code."""
    try:
        listening = _listen(host, port)
    except OSError as taken:
        print(f"greenroom: cannot listen on {host}:{port} ({taken.strerror}). Try --port N.", file=sys.stderr)
        return 1
    var = var.absolute()
    var.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    redis = None
    async with contextlib.AsyncExitStack() as stack:
        port = listening.getsockname()[1]
        environment = _environment(var, f"http://{host}:{port}")
        near = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 - read, not bound
        (var / "address").write_text(f"http://{near}:{port}\n")  # for the verbs of a second terminal
        if "REDIS_URL" not in environment:
            _say("starting Redis")
            redis = await embedded.start(var / "redis")
            stack.push_async_callback(redis.stop)
            environment["REDIS_URL"] = redis.url
        _say("bringing the database up to date")
        if await _run_once(environment, "migrate") != 0:
            return 1
        # Before anybody is let in: a worker that fetches a model for minutes would leave rooms standing still.
        _say("getting the speech model ready")
        model = await _found(environment)
        if model is None:
            return 1
        environment |= model
        async with asyncio.TaskGroup() as tasks:
            if redis:
                tasks.create_task(redis.keep(stop, _say))
            fd = str(listening.fileno())
            for number in range(web):
                child = Child(f"web {number + 1}", environment, ("web", "--fd", fd), listening.fileno())
                tasks.create_task(child.keep(stop))
            tasks.create_task(Child("worker", environment, ("worker",)).keep(stop))
            tasks.create_task(_announce(environment, host, listening.getsockname()[1], stop))
    _say("stopped; everything is kept in " + str(var))
    return 0


class Child:
    """One process of ours, started again when it dies."""

    def __init__(self, name: str, environment: Mapping[str, str], arguments: tuple[str, ...], fd: int | None = None):
        self._name, self._environment, self._arguments = name, environment, arguments
        self._fds = () if fd is None else (fd,)

    async def keep(self, stop: asyncio.Event) -> None:
        """Keep it running until `stop`; then end it with SIGTERM, which it answers by handing everything over."""
        while not stop.is_set():
            process = await asyncio.create_subprocess_exec(
                *_command(*self._arguments),
                env=self._environment,
                pass_fds=self._fds,
                start_new_session=True,  # Ctrl-C reaches us alone: we stop them in order
            )
            ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
            await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not ended.done():
                await _end(process)
            elif not stop.is_set():
                _say(f"{self._name} died with {process.returncode}; starting it again")
                await asyncio.sleep(RESTART_PAUSE_S)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_DEADLINE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _run_once(environment: Mapping[str, str], *arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(*_command(*arguments), env=environment)
    return await process.wait()


async def _found(environment: Mapping[str, str]) -> dict[str, str] | None:
    """The recogniser that there is, as settings: it is looked for once. None: there is none, and why was said."""
    process = await asyncio.create_subprocess_exec(*_command("fetch"), env=environment, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    lines = (line.partition("=") for line in said.decode().splitlines())
    return None if process.returncode else {name: value for name, _, value in lines if name}


async def _announce(environment: Mapping[str, str], host: str, port: int, stop: asyncio.Event) -> None:
    """Print the link once the first web worker answers."""
    token = environment["SIGN_IN_TOKEN"]
    for _ in range(int(START_DEADLINE_S / 0.1)):
        if stop.is_set():
            return
        if await _answers(host, port):
            base = environment["PUBLIC_URL"]
            print(
                f"\n  Greenroom is ready. Open this link to sign in:\n\n    {base}/sign-in?token={token}\n", flush=True
            )
            return
        await asyncio.sleep(0.1)
    _say("the web workers do not answer; look at the log lines above")


async def _answers(host: str, port: int) -> bool:
    """Whether a web worker is ready: the socket alone is ours and accepts from the start."""
    writer = None
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False
    finally:
        if writer:
            writer.close()


def _environment(var: Path, public_url: str) -> dict[str, str]:
    """The children's settings: what is set stays, the rest is a laptop's."""
    laptops = {name.upper(): value for name, value in kept(var).items()}
    return {"PUBLIC_URL": public_url, **laptops, **os.environ}


def kept(var: Path) -> dict[str, str]:
    """The settings, by their fields, that follow from where a laptop keeps its data; its secrets, made if absent."""
    return {
        "database_url": f"sqlite+aiosqlite:///{var / 'greenroom.sqlite3'}",
        "secret_key": _secret(var / "secret-key"),
        "sign_in_token": _secret(var / "sign-in-token"),
        "var_dir": str(var),
    }


def _secret(path: Path) -> str:
    """The secret in this file; made on the first start, readable by its owner alone."""
    with contextlib.suppress(FileExistsError), open(path, "x", opener=_private) as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def _command(*arguments: str) -> tuple[str, ...]:
    return dying_with_us(sys.executable, "-m", "server", *arguments)


def _say(text: str) -> None:
    print(f"greenroom: {text}", file=sys.stderr, flush=True)
