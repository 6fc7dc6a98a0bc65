"""One pipelined connection to one Redis server at a time.

Decides how commands share a connection, when it is given up and made anew, and what becomes of commands without an
answer. Commands put in the same turn of the event loop travel together, and replies come in their order
(docs/decisions/0005). Never knows what a command is for, or which server is the right one.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple

from redis.asyncio import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from server.adapters.redis_socket import Command, RedisSocket, Word, packed
from server.ports import Unavailable

MAX_WAITING = 20_000
"""Commands that may wait for a connection; one more is refused at once."""
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.02, 0.5
BROKEN = (RedisError, OSError, TimeoutError, RuntimeError)
"""How a connection ends. RuntimeError is uvloop's word for one that was closed while somebody still wrote to it."""

_KEY_AT = {"PUBSUB": 2, "EVAL": 3, "EVALSHA": 3, "OBJECT": 2, "XINFO": 2, "XGROUP": 2, "MEMORY": 2, "XREAD": 4}
_KEYLESS = {"PING", "ECHO", "TIME", "INFO", "WAIT", "SCRIPT", "CONFIG", "CLUSTER", "CLIENT", "ASKING"}

_log = logging.getLogger(__name__)


class Lost(ResponseError):
    """Instead of a reply, on a pipe that does not repeat: whether the command arrived is unknown."""


class TooFewReplicas(ResponseError):
    """It is done and in the primary, but too few replicas have it yet. The same command may be sent again."""


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers at the other end, as it said of itself; "" and None: it may not say."""

    run: str = ""
    """Another one after each start, and after each change of the primary that it follows or stops following."""
    role: str = ""
    mode: str = ""
    version: tuple[int, ...] = ()
    keeps_file: bool | None = None
    """Whether it keeps an append-only file."""
    eviction: str = ""


class Link(NamedTuple):
    """A connection, and who is at the other end."""

    connection: Connection
    server: Server


class Replicas(NamedTuple):
    """How many replicas must have a command before it counts as done, and how long that may take."""

    number: int
    timeout_ms: int


class _Waiting(NamedTuple):
    """A command on its way: not sent, or sent and not answered."""

    command: bytes
    reply: "asyncio.Future[Any] | None"
    """None for the WAIT of the pipe's own."""


class Pipe:
    """A queue of commands and the connection that they take. `run` keeps it up until cancelled."""

    def __init__(
        self,
        make: Callable[[], Awaitable[Link]],
        timeout_s: float,
        *,
        repeats: bool = True,
        replicas: Replicas | None = None,
    ) -> None:
        """`repeats`: unanswered commands are sent again on the next connection; otherwise they are answered `Lost`."""
        self.server: Server | None = None
        """Who answers now; None while there is no connection."""
        self._make = make
        self._timeout_s = timeout_s
        self._repeats = repeats
        self._wait = packed(("WAIT", *replicas)) if replicas else None
        self._replicas = replicas.number if replicas else 0
        self._queue: deque[_Waiting] = deque()
        self._sent: deque[_Waiting] = deque()
        self._held: list[tuple[_Waiting, Any]] = []
        """Answered, and waiting for the replicas."""
        self._socket: RedisSocket | None = None
        self._sending = False
        """Whether what is in the queue is sent at the end of this turn of the event loop."""
        self._drop = asyncio.Event()
        self._replied_at = 0.0

    @property
    def idle(self) -> bool:
        return not (self._queue or self._sent or self._held)

    def put(self, command: Command) -> "asyncio.Future[Any]":
        """Its reply, to be awaited; an error comes as a value. Cancelled before it was sent, it is not sent."""
        if len(self._queue) >= MAX_WAITING:
            raise Unavailable("redis")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(packed(command), reply))
        self._send_soon()
        return reply

    def drop(self) -> None:
        """Give up this connection and make another: the server is the wrong one by now."""
        self._drop.set()

    async def run(self) -> None:
        try:
            await keep_up(self._connect, self._use)
        finally:
            self._hand_back()

    # --- the tasks of each connection -----------------------------------------------------------------------------

    async def _connect(self) -> Link:
        self._drop.clear()
        try:
            return await self._make()
        except BaseException:
            self._hand_back()
            raise

    async def _use(self, link: Link) -> None:
        self._replied_at = monotonic()
        self._socket = RedisSocket(link.connection, self._replied, self._send_soon)
        self.server = link.server
        self._send_soon()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._socket.lost())
                tasks.create_task(self._mind())
                tasks.create_task(self._leave())
        finally:
            self.server = self._socket = None
            unanswered = [*(waiting for waiting, _ in self._held), *(w for w in self._sent if w.reply)]
            self._held.clear()
            self._sent.clear()
            self._queue.extendleft(reversed(unanswered))
            self._hand_back()

    def _hand_back(self) -> None:
        if not self._repeats:
            for waiting in self._queue:
                _answer(waiting, Lost("the connection was lost"))
            self._queue.clear()

    def _send_soon(self) -> None:
        if not self._sending:
            self._sending = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        """Send what is in the queue, unless it has to wait: then this is called again."""
        self._sending = False
        # With replicas to wait for, the next commands gather until the last ones are settled: one WAIT for all.
        if self._socket is None or self._socket.full or (self._wait and self._sent):
            return
        batch = [waiting for waiting in self._queue if waiting.reply and not waiting.reply.done()]
        self._queue.clear()
        if not batch:
            return
        if self._wait:
            batch.append(_Waiting(self._wait, None))
        if not self._sent:
            self._replied_at = monotonic()
        self._sent.extend(batch)
        self._socket.send(waiting.command for waiting in batch)

    def _replied(self, reply: Any) -> None:
        self._replied_at = monotonic()
        if not self._sent:
            raise RedisConnectionError("the server answered what it was not asked")
        waiting = self._sent.popleft()
        if self._wait:
            self._hold(waiting, reply)
        else:
            _answer(waiting, reply)
        if is_read_only(reply):
            raise reply  # demoted: behind the same address may now be another server

    def _hold(self, waiting: _Waiting, reply: Any) -> None:
        if is_read_only(reply):
            _answer(waiting, reply)  # the connection ends with it
            return
        if waiting.reply:
            self._held.append((waiting, reply))
        else:
            self._settle(reply)

    def _settle(self, replicas: Any) -> None:
        """What is held is done if enough replicas have it."""
        enough = isinstance(replicas, int) and replicas >= self._replicas
        missing = TooFewReplicas(f"{replicas} of {self._replicas} replicas")
        for held, answer in self._held:
            _answer(held, answer if enough or isinstance(answer, ResponseError) else missing)
        self._held.clear()
        self._send_soon()

    async def _mind(self) -> None:
        """Give the connection up when a reply is overdue, early enough for a second try within callers' deadlines."""
        patience = self._timeout_s / 2
        while True:
            await asyncio.sleep(patience / 4)
            if self._sent and monotonic() - self._replied_at > patience:
                raise TimeoutError

    async def _leave(self) -> None:
        await self._drop.wait()
        raise RedisConnectionError("another server answers for this one now")


def is_read_only(reply: Any) -> bool:
    """Whether it means: I am a replica. Redis 6.2 says so in the middle of what it says about a script."""
    return isinstance(reply, ReadOnlyError) or (isinstance(reply, ResponseError) and "-READONLY" in str(reply))


def key_of(command: Command) -> Word | None:
    """A command's first key; None if it has none."""
    name = str(command[0]).upper()
    if name in _KEYLESS or len(command) < 2 or (name.startswith("EVAL") and command[2] == 0):
        return None
    return command[_KEY_AT.get(name, 1)]


def _answer(waiting: _Waiting, reply: Any) -> None:
    if waiting.reply and not waiting.reply.done():
        waiting.reply.set_result(reply)


async def keep_up(make: Callable[[], Awaitable[Link]], use: Callable[[Link], Coroutine[Any, Any, None]]) -> None:
    """Make a connection and use it, over and over, until cancelled. `use` ends by failing: its connection is lost."""
    pause, told = RECONNECT_MIN_S, False
    while True:
        began = monotonic()
        try:
            link = await make()
            try:
                await _apart(use(link))
            finally:
                await link.connection.disconnect(nowait=True)
        except* BROKEN as lost:
            if not told:
                why = lost.exceptions[0]  # redis-py's repr keeps its words to itself
                _log.warning("redis connection lost", extra={"error": f"{type(why).__name__}: {why}"})
        except* Exception:
            _log.exception("redis connection given up")
        lasted = monotonic() - began > RECONNECT_MAX_S
        pause = RECONNECT_MIN_S if lasted else min(RECONNECT_MAX_S, pause * 2)
        told = not lasted
        await asyncio.sleep(random.uniform(pause / 2, pause))


async def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Do it in a task of its own: a group of tasks that fails in the very moment in which it is cancelled hides that
    (Python before 3.13), and we would go on for ever."""
    doing = asyncio.create_task(work)
    try:
        await asyncio.wait([doing])
    finally:
        doing.cancel()
        await asyncio.wait([doing])
        if not doing.cancelled():
            doing.exception()  # looked at, also where we are cancelled and nobody else will
    await doing
