"""The road to a cluster: one pipe a node, each command on the pipe of the node that has its key's slot.

Decides where a slot is, when to look again, and what to do when a node says that it is not the one. Multi-key commands
and scripts touch keys of one slot, as everywhere in the adapters; many of them in one call travel side by side.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from server.adapters.redis_address import Address
from server.adapters.redis_pipe import BROKEN, MAX_WAITING, Link, Lost, Pipe, Replicas, Server, is_read_only
from server.adapters.redis_roads import advise, connected
from server.adapters.redis_slots import Homes, full, host_of, read_homes, slot_of, slot_of_key
from server.adapters.redis_socket import Command
from server.ports import Unavailable

LOOK_EVERY_S = 5.0
LOOK_MIN_S = 0.05
"""At least this between two looks, however many ask for one."""
TRIES = 24
"""Of a command whose slot is on the move or whose node is away; its caller's deadline usually comes first."""
REDIRECTS_AT_ONCE = 4
PAUSE_MIN_S, PAUSE_MAX_S = 0.01, 0.4
SHARDED_SINCE = (7,)
"""The version of Redis that brought SPUBLISH. Valkey calls itself 7.2 here."""

_LATER = (Lost, ClusterDownError, TryAgainError)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Wish:
    """A command on its way through the cluster."""

    place: int
    command: Command
    slot: int | None
    ask: str | None = None
    """The node that is taking the slot over, and wants to be asked for this key already."""


class ClusterRoad:
    def __init__(self, address: Address, timeout_s: float, replicas: Replicas | None) -> None:
        self.generation = 0
        self._address, self._timeout_s, self._replicas = address, timeout_s, replicas
        self._patience_s = timeout_s / 4  # with one node: there are others to ask within a caller's deadline
        self._homes: Homes | None = None
        self.is_sharded: bool | None = None
        self._pipes: dict[tuple[str, bool], Pipe] = {}
        self._running: dict[tuple[str, bool], asyncio.Task[None]] = {}
        self._met: dict[str, str] = {}
        """Who answered last at each node."""
        self._listened = ""
        """The node of the one listener, where channels are not sharded."""
        self._waiting = 0
        self._changed: list[Callable[[], None]] = []
        self._tasks: asyncio.TaskGroup | None = None
        self._stale = asyncio.Event()
        self._looked = asyncio.Event()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await self._keep_looking()
        finally:
            self._tasks = None

    # --- commands -------------------------------------------------------------------------------------------------

    async def ask_one(self, command: Command, *, replicated: bool) -> Any:
        return (await self.ask([command], replicated=replicated))[0]

    async def ask(self, commands: Sequence[Command], *, replicated: bool) -> list[Any]:
        replies: list[Any] = [None] * len(commands)
        wishes = [_Wish(place, command, slot_of(command)) for place, command in enumerate(commands)]
        pause = PAUSE_MIN_S
        for tried in range(TRIES):
            homes = self._homes or await self._first_homes()
            wishes, redirected = await self._try(wishes, homes, replies, replicated and self._replicas is not None)
            if not wishes:
                return replies
            if redirected and tried < REDIRECTS_AT_ONCE:
                continue
            await self._wait_for_a_look(pause, len(wishes))
            pause = min(PAUSE_MAX_S, pause * 2)
        raise Unavailable("redis")

    async def _try(
        self, wishes: list[_Wish], homes: Homes, replies: list[Any], replicated: bool
    ) -> tuple[list[_Wish], bool]:
        """Put each where it belongs; gives those to be put again, and whether all of them know where by now."""
        under_way = [(wish, self._put(wish, homes, replicated)) for wish in wishes]
        again: list[_Wish] = []
        redirected = True
        try:
            for wish, (node, reply) in under_way:
                answer = await reply
                if not isinstance(answer, ResponseError):
                    replies[wish.place] = answer
                elif self._redirect(wish, node, answer):
                    again.append(wish)
                elif isinstance(answer, _LATER) or is_read_only(answer):
                    again.append(wish)
                    wish.ask, redirected = None, False
                else:
                    replies[wish.place] = answer
        finally:
            for _, (_, reply) in under_way:
                reply.cancel()  # one that is still queued need not be sent
        return again, redirected

    def _put(self, wish: _Wish, homes: Homes, replicated: bool) -> "tuple[str, asyncio.Future[Any]]":
        home = random.choice(tuple(homes.nodes)) if wish.slot is None else homes.slots[wish.slot]
        node = wish.ask or home
        if node is None:
            nobody: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            nobody.set_result(Lost("no node has this slot"))
            return "", nobody
        pipe = self._pipe(node, replicated)
        if wish.ask:
            pipe.put(("ASKING",))
        sharded = wish.command[0] == "PUBLISH" and self.is_sharded
        return node, pipe.put(("SPUBLISH", *wish.command[1:]) if sharded else wish.command)

    def _redirect(self, wish: _Wish, node: str, answer: ResponseError) -> bool:
        if isinstance(answer, MovedError):
            wish.ask = None
            self._moved(answer.slot_id, full(f"{answer.host}:{answer.port}", node))
        elif isinstance(answer, AskError):
            wish.ask = full(f"{answer.host}:{answer.port}", node)
        else:
            return False
        return True

    def _moved(self, slot: int, node: str) -> None:
        assert self._homes is not None, "a node was asked"
        if self._homes.slots[slot] == node:
            return
        self._homes = self._homes.moved(slot, node)
        self._stale.set()  # where one slot went, more may have gone
        self._tell_watchers()

    def _pipe(self, node: str, replicated: bool) -> Pipe:
        key = (node, replicated)
        pipe = self._pipes.get(key)
        if pipe is None:
            if self._tasks is None:
                raise Unavailable("redis")

            async def make() -> Link:
                return await self._make(node)

            replicas = self._replicas if replicated else None
            pipe = self._pipes[key] = Pipe(make, self._timeout_s, repeats=False, replicas=replicas)
            self._running[key] = self._tasks.create_task(pipe.run())
        return pipe

    async def _make(self, node: str) -> Link:
        link = await self._connected(node)
        if not link.server.run or link.server.run != self._met.get(node):
            self._met[node] = link.server.run
            self.generation += 1
            advise(link.server)
            self._tell_watchers()
        return link

    async def _connected(self, node: str) -> Link:
        link = await connected(self._address, host_of(node), self._patience_s)
        if link.server.mode not in ("cluster", ""):
            await link.connection.disconnect(nowait=True)
            raise RedisConnectionError("REDIS_URL names no cluster: write redis:// instead of redis+cluster://")
        return link

    # --- where slots are ------------------------------------------------------------------------------------------

    def look_again(self) -> None:
        self._stale.set()

    async def _first_homes(self) -> Homes:
        while self._homes is None:
            await self._looked.wait()
        return self._homes

    async def _wait_for_a_look(self, pause_s: float, wishes: int) -> None:
        if self._waiting + wishes > MAX_WAITING:
            raise Unavailable("redis")
        self._waiting += wishes
        try:
            self._stale.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await self._looked.wait()
            await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
        finally:
            self._waiting -= wishes

    async def _keep_looking(self) -> None:
        told = False
        while True:
            self._stale.clear()
            try:
                self._settle(await self._look())
                told = False
            except BROKEN as why:
                if not told:
                    _log.warning("no node of the cluster answers", extra={"error": f"{type(why).__name__}: {why}"})
                told = True
                self._stale.set()
            self._looked.set()
            self._looked.clear()
            await asyncio.sleep(LOOK_MIN_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._stale.wait()

    async def _look(self) -> Homes:
        """Ask any three nodes, one after the other: those that are cut off may know less than others."""
        named = {f"{host}:{port}" for host, port in self._address.hosts}
        nodes = list(named | self._homes.nodes if self._homes else named)
        random.shuffle(nodes)
        failure: Exception = RedisConnectionError("no node is known")
        for node in nodes[:3]:
            try:
                async with asyncio.timeout(self._patience_s):
                    return read_homes(await self._slots_from(node), node)
            except BROKEN as why:
                failure = why
        raise failure

    async def _slots_from(self, node: str) -> list[Any]:
        pipe = self._pipes.get((node, False))
        if pipe and pipe.server:
            said = await pipe.put(("CLUSTER", "SLOTS"))
            if isinstance(said, ResponseError):
                raise said
            return list(said)
        link = await self._connected(node)
        try:
            if self.is_sharded is None:
                self.is_sharded = not link.server.version or link.server.version >= SHARDED_SINCE
            await link.connection.send_command("CLUSTER", "SLOTS", check_health=False)
            return list(await link.connection.read_response())
        finally:
            await link.connection.disconnect(nowait=True)

    def _settle(self, homes: Homes) -> None:
        if homes == self._homes:
            return
        self._homes = homes
        for key in [key for key in self._pipes if key[0] not in homes.nodes]:
            del self._pipes[key]
            self._running.pop(key).cancel()  # what waits there is handed back, and finds its way
            self._met.pop(key[0], None)
        self._tell_watchers()

    # --- listeners ------------------------------------------------------------------------------------------------

    async def sharded(self) -> bool:
        await self._first_homes()
        return bool(self.is_sharded)

    def home(self, channel: str) -> str | None:
        if self._homes is None:
            return None
        return self._homes.slots[slot_of_key(channel)] if self.is_sharded else ""

    async def open(self, node: str) -> Link:
        if not node:
            homes = await self._first_homes()
            node = self._listened = random.choice(tuple(homes.nodes))
        link = await self._connected(node)
        if self.is_left(node, link.server):  # or the pipe has not noticed yet whom it speaks to: it asks anew
            for replicated in (False, True):
                if pipe := self._pipes.get((node, replicated)):
                    pipe.drop()
        return link

    def watch(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def is_left(self, node: str, server: Server) -> bool:
        if not node:
            return self._homes is not None and self._listened not in self._homes.nodes
        met = self._met.get(node)
        return bool(met and server.run) and met != server.run

    def _tell_watchers(self) -> None:
        for changed in self._changed:
            changed()
