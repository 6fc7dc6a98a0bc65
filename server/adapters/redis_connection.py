"""One pipelined connection to Redis or Valkey, shared by all adapters of a process.

Decides how commands share one connection, when it is given up and made anew, and which of Redis's words mean
"unavailable". Commands written in the same turn of the event loop travel together, and one reader takes the replies
off in order: an append costs 50 us of processor time instead of 180 with redis-py's pool (docs/decisions/0005).
Never knows what a command is for.

Every command here may be sent twice: when the connection drops, unanswered ones are sent again on the next one, until
their caller's deadline. So the adapters use only commands that do no harm when repeated.
"""

import asyncio
import hashlib
import itertools
import logging
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple, Self

from hiredis import pack_command
from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from server.ports import Unavailable

MAX_WAITING = 20_000
"""Commands that may wait for a connection; one more is refused at once."""
REPLIES_PER_STEP = 200
"""Replies taken off the socket before others get their turn of the event loop."""
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.02, 0.5
PREFIX = "greenroom:"
"""All keys and channels begin with it, so that one ACL rule and one look tell ours from others'."""

_AWAY = ("READONLY", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "TRYAGAIN", "LOADING")
_FULL = ("OOM ", "MISCONF")

_log = logging.getLogger(__name__)

Word = bytes | str | int
Command = Sequence[Word]


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script beside the adapters, known to Redis by its SHA-1."""

    source: str
    sha: str

    @classmethod
    def load(cls, name: str) -> "Script":
        source = files("server.adapters").joinpath(name).read_text()
        return cls(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


class _Waiting(NamedTuple):
    """A command on its way: not sent, or sent and not answered."""

    command: Command
    reply: "asyncio.Future[Any]"


class RedisConnection:
    """`async with RedisConnection(url, timeout_ms) as redis`: redis://, rediss:// or unix://, kept up inside the block.

    Redis need not be there yet: each call waits for it. All calls raise Unavailable when Redis gives no answer within
    the deadline, and any other ResponseError as it is: that is a fault of ours.
    """

    def __init__(self, url: str, timeout_ms: int) -> None:
        self.timeout_s = timeout_ms / 1000
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,  # one shape of replies on all servers, and no pushes between them
            socket_timeout=None,  # deadlines are kept here: the library's own would cut idle listeners
            socket_connect_timeout=self.timeout_s,
            retry=Retry(NoBackoff(), 0),
            client_name="greenroom",
        )
        self._queue: deque[_Waiting] = deque()
        self._sent: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._replied_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(keep_up(self.open, self._use))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None, "it was entered"
        self._task.cancel()
        await asyncio.wait([self._task])

    async def call(self, *command: Word) -> Any:
        """One command, one reply."""
        return (await self.calls([command]))[0]

    async def calls(self, commands: Sequence[Command]) -> list[Any]:
        """Many commands in one round trip, not one transaction. The first error among the replies is raised."""
        replies = [self._put(command) for command in commands]
        try:
            async with asyncio.timeout(self.timeout_s):
                return [_checked(await reply) for reply in replies]
        except TimeoutError:
            raise Unavailable("redis") from None
        finally:
            for reply in replies:
                reply.cancel()  # one that is still queued need not be sent

    async def script(self, script: Script, keys: Sequence[str], args: Sequence[Word]) -> Any:
        """Run a script. All keys it touches are among `keys`, and in one slot of a cluster."""
        return (await self.scripts(script, [(keys, args)]))[0]

    async def scripts(self, script: Script, runs: Sequence[tuple[Sequence[str], Sequence[Word]]]) -> list[Any]:
        """Run a script many times in one round trip."""
        commands: list[Command] = [("EVALSHA", script.sha, len(keys), *keys, *args) for keys, args in runs]
        try:
            return await self.calls(commands)
        except NoScriptError:
            await self.call("SCRIPT", "LOAD", script.source)  # a Redis that was restarted forgot it
            return await self.calls(commands)

    async def open(self) -> Connection:
        """One more connection, for a listener: connected, authenticated and selected. The caller disconnects it.

        A Sentinel's or a cluster node's connection would come in here.
        """
        connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(self.timeout_s):
                await connection.connect_check_health(retry_socket_connect=False)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    def _put(self, command: Command) -> "asyncio.Future[Any]":
        if len(self._queue) >= MAX_WAITING:
            raise Unavailable("redis")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(command, reply))
        self._wake.set()
        return reply

    # --- the one task, and the three of each connection -----------------------------------------------------------

    async def _use(self, connection: Connection) -> None:
        self._replied_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(connection))
                tasks.create_task(self._read(connection))
                tasks.create_task(self._mind())
        finally:
            self._queue.extendleft(reversed(self._sent))
            self._sent.clear()

    async def _send(self, connection: Connection) -> None:
        while True:
            self._wake.clear()
            batch = [waiting for waiting in self._queue if not waiting.reply.done()]
            self._queue.clear()
            if batch:
                if not self._sent:
                    self._replied_at = asyncio.get_running_loop().time()
                self._sent.extend(batch)
                await connection.send_packed_command(packed(w.command for w in batch), check_health=False)
            if not self._queue:
                await self._wake.wait()

    async def _read(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        for taken in itertools.count(1):
            if taken % REPLIES_PER_STEP == 0:
                await asyncio.sleep(0)
            try:
                reply = await connection.read_response(timeout=math.inf)
            except ResponseError as error:
                reply = error
            self._replied_at = loop.time()
            waiting = self._sent.popleft()
            if not waiting.reply.done():
                waiting.reply.set_result(reply)
            if isinstance(reply, ReadOnlyError):
                raise reply  # demoted: behind the same address may now be another server

    async def _mind(self) -> None:
        """Give the connection up when a reply is overdue, early enough for a second try within callers' deadlines."""
        patience = self.timeout_s / 2
        while True:
            await asyncio.sleep(patience / 4)
            if self._sent and asyncio.get_running_loop().time() - self._replied_at > patience:
                raise TimeoutError


async def keep_up(make: Callable[[], Awaitable[Connection]], use: Callable[[Connection], Awaitable[None]]) -> None:
    """Make a connection and use it, over and over, until cancelled. `use` ends by failing: its connection is lost."""
    pause, told = RECONNECT_MIN_S, False
    while True:
        began = asyncio.get_running_loop().time()
        try:
            connection = await make()
            try:
                await use(connection)
            finally:
                await connection.disconnect(nowait=True)
        except* (RedisError, OSError, TimeoutError) as lost:
            if not told:
                _log.warning("redis connection lost", extra={"error": repr(lost.exceptions[0])})
        except* Exception:
            _log.exception("redis connection given up")
        lasted = asyncio.get_running_loop().time() - began > RECONNECT_MAX_S
        pause = RECONNECT_MIN_S if lasted else min(RECONNECT_MAX_S, pause * 2)
        told = not lasted
        await asyncio.sleep(random.uniform(pause / 2, pause))


def packed(commands: Iterable[Command]) -> bytes:
    """Commands as they travel."""
    return b"".join(pack_command(tuple(command)) for command in commands)  # type: ignore[arg-type]


def room_key(room: str, name: str) -> str:
    """A key of a room. The braces keep a room's keys in one slot of a cluster, so that one script may touch them."""
    return f"{PREFIX}{{{room}}}:{name}"


def _checked(reply: Any) -> Any:
    if not isinstance(reply, ResponseError):
        return reply
    text = str(reply)
    if isinstance(reply, OutOfMemoryError) or any(word in text for word in _FULL):
        raise Unavailable("redis", full=True) from reply
    if isinstance(reply, ReadOnlyError) or any(word in text for word in _AWAY):
        raise Unavailable("redis") from reply
    raise reply
