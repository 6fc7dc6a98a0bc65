"""The road to one server: at a fixed address, or where the Sentinels say.

Decides which server is the right one, when it is another one than before, and what must be said about it in the log.
A cluster's road is redis_cluster.py; what both have in common is `Road`.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from server.adapters.redis_address import Address, Host
from server.adapters.redis_pipe import BROKEN, Link, Pipe, Replicas, Server
from server.adapters.redis_socket import Command

SENTINEL_LOOK_S = 0.5
"""How often the Sentinels are asked whether the primary is still the one in use: a network that is cut in two leaves
the old one answering."""
SENTINEL_GRACE_S = 0.05
"""For those who answer after the majority: the one that leads a failover may be among them."""
SENTINEL_MEMORY_S = 15.0
"""For as long, nobody is believed who knows less than another one said: the others learn of a failover within seconds,
and a primary that comes back from the dead calls itself one until then."""

_log = logging.getLogger(__name__)


class Road(Protocol):
    """How commands and listeners get to the servers that keep the rooms."""

    generation: int
    """Grows whenever a connection found another server than before, or the same one restarted."""

    is_sharded: bool | None
    """Whether messages go through the shard that keeps the room (SPUBLISH); None while that is unknown."""

    async def run(self) -> None:
        """Keep the connections up until cancelled."""

    async def ask(self, commands: Sequence[Command], *, replicated: bool) -> list[Any]:
        """The replies in order; errors come as values. The caller sets the deadline."""

    def ask_one(self, command: Command, *, replicated: bool) -> Awaitable[Any]:
        """The reply to one command, to be awaited; an error comes as a value. The caller sets the deadline."""

    async def sharded(self) -> bool:
        """The same; waits for a first look."""

    def home(self, channel: str) -> str | None:
        """The node at which a channel is listened to; None while that is unknown."""

    async def open(self, node: str) -> Link:
        """One more connection to a node, for a listener. The caller disconnects it."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call this whenever homes, or the server behind a node, may have changed."""

    def is_left(self, node: str, server: Server) -> bool:
        """Whether another server than this one stands at a node by now."""

    def look_again(self) -> None:
        """Something spoke against what is known of homes."""


class StraightRoad:
    """To one server at a time, which has everything."""

    def __init__(self, address: Address, timeout_s: float, replicas: Replicas | None) -> None:
        self.generation = 0
        self.is_sharded: bool | None = False
        self._address, self._timeout_s = address, timeout_s
        self._sentinels = Sentinels(address, timeout_s) if address.kind == "sentinel" else None
        self._pipe = Pipe(self._make, timeout_s)
        # WAIT holds up what comes behind it, so those that must wait have a connection of their own.
        self._slow = Pipe(self._make, timeout_s, replicas=replicas) if replicas else self._pipe
        self._current = Server()
        self._at: Host | None = None
        self._changed: list[Callable[[], None]] = []

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for pipe in {self._pipe, self._slow}:
                    tasks.create_task(pipe.run())
                if self._sentinels:
                    tasks.create_task(self._look(self._sentinels))
        finally:
            if self._sentinels:
                await self._sentinels.close()

    def ask_one(self, command: Command, *, replicated: bool) -> Awaitable[Any]:
        return (self._slow if replicated else self._pipe).put(command)

    async def ask(self, commands: Sequence[Command], *, replicated: bool) -> list[Any]:
        put = self._slow.put if replicated else self._pipe.put
        replies = list[asyncio.Future[Any]]()
        try:
            for command in commands:
                replies.append(put(command))  # where one cannot be put, those before it are taken back
            return [await reply for reply in replies]
        finally:
            for reply in replies:
                reply.cancel()  # one that is still queued need not be sent

    async def sharded(self) -> bool:
        return False

    def home(self, channel: str) -> str | None:
        return ""

    async def open(self, node: str) -> Link:
        link = await self._open()
        if self.is_left(node, link.server):  # or the pipes have not noticed yet whom they speak to: they ask anew
            for pipe in {self._pipe, self._slow}:
                pipe.drop()
        return link

    async def _open(self) -> Link:
        host = await self._sentinels.primary() if self._sentinels else next(iter(self._address.hosts), None)
        link = await connected(self._address, host, self._timeout_s)
        if self._sentinels and link.server.role not in ("", "master"):
            await link.connection.disconnect(nowait=True)
            raise RedisConnectionError("the server that the Sentinels name is not a primary, or not yet")
        if wrong := _misplaced(link.server):
            await link.connection.disconnect(nowait=True)
            raise RedisConnectionError(wrong)
        self._at = host
        return link

    def watch(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def is_left(self, node: str, server: Server) -> bool:
        return bool(server.run and self._current.run) and server.run != self._current.run

    def look_again(self) -> None:
        """There is one home."""

    async def _make(self) -> Link:
        link = await self._open()
        if not link.server.run or link.server.run != self._current.run:
            self._current = link.server
            self.generation += 1
            advise(link.server)
            for pipe in {self._pipe, self._slow}:
                if pipe.server and self.is_left("", pipe.server):
                    pipe.drop()
            for changed in self._changed:
                changed()
        return link

    async def _look(self, sentinels: "Sentinels") -> None:
        while True:
            await asyncio.sleep(SENTINEL_LOOK_S)
            try:
                primary = await sentinels.primary()
            except BROKEN:
                continue  # nobody to ask: the connection in use says whether it works
            if self._at and self._pipe.server and primary != self._at:
                for pipe in {self._pipe, self._slow}:
                    pipe.drop()


class Sentinels:
    """Those who know which server is the primary. During a failover one of them knows it before the others."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._patience_s = timeout_s / 4  # one that is away must not use up a caller's deadline
        timeouts = {"socket_timeout": self._patience_s, "socket_connect_timeout": self._patience_s}
        own = {
            **address.sentinel_options,
            **timeouts,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "decode_responses": True,
        }
        self._name = address.primary
        self._clients = [Redis(host=host, port=port, **own) for host, port in address.hosts]
        self._asking = asyncio.Lock()
        self._heard: tuple[int, Host] = (-1, ("", 0))
        self._heard_at = 0.0

    async def primary(self) -> Host:
        """Its address, by the newest that most of them say. Whether it still is one must be checked with itself."""
        async with self._asking, asyncio.TaskGroup() as tasks:
            asked = {tasks.create_task(self._ask(client)) for client in self._clients}
            said, asked = await _most(asked)
            for late in asked:
                late.cancel()
        known: list[tuple[int, Host]] = [answer for answer in said if isinstance(answer, tuple)]
        if not known:
            raise RedisConnectionError(f"no Sentinel knows {self._name!r}: {', '.join(map(str, said))}")
        return self._newest(max(known))

    def _newest(self, said: tuple[int, Host]) -> Host:
        """Those who heard of a failover may answer too late just now: what they said a moment ago still holds."""
        now = asyncio.get_running_loop().time()
        if said >= self._heard or now - self._heard_at > SENTINEL_MEMORY_S:
            self._heard, self._heard_at = said, now
        return self._heard[1]

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def _ask(self, client: "Redis") -> tuple[int, Host] | str:
        """How new its knowledge is, and the address; or why there is none."""
        try:
            state: Any = await client.sentinel_master(self._name)
            address: Any = await client.sentinel_get_master_addr_by_name(self._name)
            named = str(address[0]), int(address[1])
        except (*BROKEN, TypeError) as why:
            return _untrusted(client.connection_pool.connection_kwargs["host"], why) or f"{type(why).__name__}: {why}"
        # While a failover is under way, the address is the new one already and all else about it is still of the old.
        ahead = named != (state["ip"], int(state["port"]))
        return int(state["config-epoch"]) + ahead, named


async def _most(asked: "set[asyncio.Task[tuple[int, Host] | str]]") -> tuple[list[Any], "set[asyncio.Task[Any]]"]:
    """What more than half of them answer, and a moment later those who did not."""
    half, done = len(asked) / 2, set[asyncio.Task[Any]]()
    while asked and sum(isinstance(task.result(), tuple) for task in done) <= half:
        now, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        done |= now
    if asked:
        now, asked = await asyncio.wait(asked, timeout=SENTINEL_GRACE_S)
        done |= now
    return [task.result() for task in done], asked


async def connected(address: Address, host: Host | None, timeout_s: float) -> Link:
    """Connected, authenticated, selected, and introduced."""
    options = dict(address.options)
    kind: type[Connection] = options.pop("connection_class", Connection)
    if host:
        options |= {"host": host[0], "port": host[1]}
    connection = kind(
        **options,
        protocol=2,  # one shape of replies on all servers, and no pushes between them
        socket_timeout=None,  # deadlines are kept by the pipe: the library's own would cut idle listeners
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        client_name="greenroom",
    )
    try:
        async with asyncio.timeout(timeout_s):
            await connection.connect_check_health(retry_socket_connect=False)
            return Link(connection, await _introduced(connection))
    except BaseException as why:
        await connection.disconnect(nowait=True)
        if untrusted := _untrusted(host[0] if host else "the server", why):
            raise RedisConnectionError(untrusted) from why
        raise


def _untrusted(name: str, why: BaseException) -> str:
    """What to do, where it was for the certificate: the library's words do not say it. "" where it was not."""
    if not isinstance(why.__context__, ssl.SSLCertVerificationError):
        return ""
    return (
        f"the certificate of {name} is not trusted: {why.__context__.verify_message}. REDIS_URL must name the server "
        "as its certificate does, and in ssl_ca_certs the authority that signed it"
    )


async def _introduced(connection: Connection) -> Server:
    try:
        await connection.send_command("INFO", check_health=False)
        text: bytes = await connection.read_response(disable_decoding=True)
    except ResponseError:  # a user without the right to ask
        return Server()
    said = dict(line.split(":", 1) for line in text.decode(errors="replace").splitlines() if ":" in line)
    version = said.get("redis_version", "").split(".")
    return Server(
        run=f"{said.get('run_id', '')} {said.get('master_replid', '')}".strip(),
        role=said.get("role", ""),
        mode=said.get("redis_mode", said.get("server_mode", "")),
        version=tuple(int(number) for number in version if number.isdigit()),
        keeps_file=said["aof_enabled"] == "1" if "aof_enabled" in said else None,
        eviction=said.get("maxmemory_policy", ""),
    )


def advise(server: Server) -> None:
    """Say aloud what would lose rooms."""
    if server.keeps_file is None or not server.eviction:
        _log.warning(
            "redis does not say whether it keeps what it is given; the user may lack the right to INFO. "
            "Rooms need appendonly yes and maxmemory-policy noeviction"
        )
    if server.keeps_file is False:
        _log.warning("redis keeps no append-only file: its restart loses rooms. Set appendonly yes")
    if server.eviction not in ("", "noeviction"):
        _log.warning(
            "redis may throw rooms away when its memory is full. Set maxmemory-policy noeviction",
            extra={"maxmemory_policy": server.eviction},
        )


def _misplaced(server: Server) -> str:
    if server.mode == "cluster":
        return "REDIS_URL names a node of a cluster: write redis+cluster:// instead of redis://"
    if server.mode == "sentinel":
        return "REDIS_URL names a Sentinel: write redis+sentinel://HOST:PORT/NAME-OF-THE-PRIMARY"
    return ""
