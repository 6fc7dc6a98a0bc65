"""Who is measured, and how one talks to each: Greenroom, Socket.IO on Node, python-socketio.

Decides how a contestant's workers are started, how a member joins a room and how a line is said in it; never what is
measured. Every contestant runs two worker processes on the same Redis.
"""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from rooms.protocol import VERSION
from scripts.bench.sockets import Api, Socket
from server.lifeline import dying_with_us
from tests.deployment import TOKEN, Deployment
from tests.servers import free_port

HERE: Final = Path(__file__).parent
START_S: Final = 30.0
JOIN_S: Final = 30.0
API_CONNECTIONS: Final = 16

Heard = Callable[[bytes], None]


class Worker(NamedTuple):
    """One worker process."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


class Contestant(Protocol):
    name: str

    def start(self) -> Worker:
        """One more worker, ready."""

    async def rooms(self, by: Worker, count: int) -> list[str]:
        """New rooms, opened through a worker."""

    async def passes(self, by: Worker, rooms: list[str]) -> list[str]:
        """What it takes to join each of the rooms once."""

    async def join(self, at: Worker, room: str, entry: str, heard: Heard) -> Socket:
        """A member who is in the room: `heard` gets every message that comes from now on."""

    def line(self, room: str, text: str) -> bytes:
        """The message with which a member says a line that all members of the room get."""


@contextlib.contextmanager
def working(contestant: Contestant) -> Iterator[tuple[Worker, Worker]]:
    """Two workers, killed at the end."""
    started: list[Worker] = []
    try:
        for _ in range(2):
            started.append(contestant.start())  # noqa: PERF401  (the first is to be killed if the second fails)
        yield started[0], started[1]
    finally:
        for worker in started:
            worker.kill()


class Greenroom:
    """Our own web workers, with all their checks. A line is a coach's note: in the log, seen by coaches only."""

    def __init__(self, deployment: Deployment, name: str = "greenroom", checkout: Path | None = None) -> None:
        """`checkout`: whose code is measured; this one's where none is named."""
        self.name = name
        self._deployment, self._checkout = deployment, checkout
        self._ids = itertools.count()
        self._run = secrets.token_hex(3)

    def start(self) -> Worker:
        web = self._deployment.web(self._checkout)
        return Worker(web.port, web.popen)

    async def rooms(self, by: Worker, count: int) -> list[str]:
        bodies = [("/api/rooms", {"mode": "behavioural"})] * count
        return [answer["room"] for answer in await _posts(by.port, bodies)]

    async def passes(self, by: Worker, rooms: list[str], role: str = "coach") -> list[str]:
        bodies = [(f"/api/rooms/{room}/tickets", {"role": role}) for room in rooms]
        return [answer["ticket"] for answer in await _posts(by.port, bodies)]

    async def join(self, at: Worker, room: str, entry: str, heard: Heard) -> Socket:
        socket, _ = await self.enter(at, room, entry, heard)
        return socket

    async def enter(
        self, at: Worker, room: str, entry: str, heard: Heard, resume: dict[str, Any] | None = None
    ) -> tuple[Socket, dict[str, Any]]:
        """A member and their welcome. `heard` gets every message behind that."""
        welcome: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def first(text: bytes) -> None:
            socket.heard = heard
            welcome.set_result(text)

        socket = await Socket.connect(at.port, f"/rooms/{room}/socket", first)
        socket.send(json.dumps({"type": "hello", "protocol": VERSION, "ticket": entry, "resume": resume}).encode())
        async with asyncio.timeout(JOIN_S):
            said = json.loads(await welcome)
        if said["type"] != "welcome":
            raise RuntimeError(f"not let in: {said}")
        return socket, said

    def wish(self, command: dict[str, Any]) -> bytes:
        """The message that puts a command."""
        return json.dumps({"type": "do", "id": f"{self._run}.{next(self._ids)}", "command": command}).encode()

    def line(self, room: str, text: str) -> bytes:
        return b'{"type":"do","id":"%s.%d","command":{"kind":"take_note","text":"%s"}}' % (
            self._run.encode(),
            next(self._ids),
            text.encode(),
        )


class SocketIo:
    """Either Socket.IO: rooms come into being by being joined, and nobody asks who you are."""

    def __init__(self, name: str, redis_url: str, directory: Path, command: list[str], environment: dict[str, str]):
        self.name = name
        self._redis_url, self._directory, self._command, self._environment = redis_url, directory, command, environment

    def start(self) -> Worker:
        port = free_port()
        with (self._directory / f"{self.name.split()[0]}-{port}.log").open("wb") as log:
            process = subprocess.Popen(
                dying_with_us(*self._command, str(port), self._redis_url),
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], **self._environment},
            )
        worker = Worker(port, process)
        _wait_until_open(worker)
        return worker

    async def rooms(self, by: Worker, count: int) -> list[str]:
        return [f"r-{secrets.token_hex(4)}" for _ in range(count)]

    async def passes(self, by: Worker, rooms: list[str]) -> list[str]:
        return [""] * len(rooms)

    async def join(self, at: Worker, room: str, entry: str, heard: Heard) -> Socket:
        joined = asyncio.Event()

        def text(data: bytes) -> None:
            if data.startswith(b'42["said"'):
                heard(data)
            elif data == b"2":
                socket.send(b"3")
            elif data.startswith(b"0"):
                socket.send(b"40")
            elif data.startswith(b"40"):
                socket.send(b'42["join","%s"]' % room.encode())
            elif data.startswith(b'42["joined"'):
                joined.set()

        early: list[bytes] = []
        socket = await Socket.connect(at.port, "/socket.io/?EIO=4&transport=websocket", early.append)
        socket.heard = text
        for data in early:
            text(data)
        async with asyncio.timeout(JOIN_S):
            await joined.wait()
        return socket

    def line(self, room: str, text: str) -> bytes:
        return b'42["say",{"room":"%s","text":"%s"}]' % (room.encode(), text.encode())


def bare_relay(redis_url: str, directory: Path) -> SocketIo:
    """What this machine allows to who checks, keeps and knows nothing."""
    return SocketIo("a bare relay", redis_url, directory, [sys.executable, str(HERE / "peers" / "bare.py")], {})


class PeerMissingError(Exception):
    """A peer cannot be had here; the text says why."""


def node_peer(redis_url: str, directory: Path, kept: Path) -> SocketIo:
    """Socket.IO on Node, installed under `kept` unless it is there."""
    packages = ("socket.io", "@socket.io/redis-adapter", "redis")
    folder = kept / "node"
    if not (folder / "node_modules" / ".package-lock.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _install(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages])
    versions = {name: json.loads((folder / "node_modules" / name / "package.json").read_text())["version"]
                for name in packages}  # fmt: skip
    name = f"Socket.IO {versions['socket.io']}, redis-adapter {versions['@socket.io/redis-adapter']}, Node"
    paths = {"NODE_PATH": str(folder / "node_modules"), "NODE_ENV": "production"}
    return SocketIo(name, redis_url, directory, ["node", str(HERE / "peers" / "node.js")], paths)


def python_peer(redis_url: str, directory: Path, kept: Path) -> SocketIo:
    """python-socketio with the same uvicorn, uvloop and redis as ours, in an environment of its own under `kept`."""
    folder = kept / "python"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        _install([sys.executable, "-m", "venv", "--clear", str(folder)])
        _install(
            [str(python), "-m", "pip", "install", "--quiet", "python-socketio", "uvicorn[standard]", "redis", "hiredis"]
        )
        (folder / "installed").touch()
    version = subprocess.run(
        [python, "-c", "from importlib.metadata import version; print(version('python-socketio'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    command = [str(python), str(HERE / "peers" / "python.py")]
    return SocketIo(f"python-socketio {version}, tuned", redis_url, directory, command, {})


def _install(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=180)
    except FileNotFoundError as missing:
        raise PeerMissingError(f"{missing.filename} is not installed") from None
    except subprocess.CalledProcessError as failed:
        raise PeerMissingError(failed.stderr.decode(errors="replace").strip()[-300:]) from None
    except subprocess.TimeoutExpired:
        raise PeerMissingError("its installation took too long") from None


def _wait_until_open(worker: Worker) -> None:
    import socket

    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", worker.port), 1):
            return
        if worker.process.poll() is not None:
            break
        time.sleep(0.05)
    worker.process.kill()
    raise PeerMissingError(f"it did not start: exit code {worker.process.poll()}")


async def _posts(port: int, requests: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The answers to many requests, in order, over a few connections."""
    answers: list[dict[str, Any]] = [{}] * len(requests)
    waiting: Iterator[tuple[int, tuple[str, Any]]] = iter(enumerate(requests))

    async def work() -> None:
        api = Api(port, TOKEN)
        try:
            for index, (path, body) in waiting:
                answers[index] = await api.post(path, body)
        finally:
            api.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(API_CONNECTIONS, len(requests))):
            tasks.create_task(work())
    return answers
