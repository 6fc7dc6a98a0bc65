"""What all adapters of a process ask Redis or Valkey with: one server, one behind Sentinels, or a cluster.

Decides which of Redis's words mean "unavailable", and how scripts are run. Which connection a command takes is decided
by a road (redis_roads.py, redis_cluster.py), how connections are shared by a pipe (redis_pipe.py). Never knows what a
command is for.

Every command here may be sent twice: when a connection drops, unanswered ones are sent again on the next one, until
their caller's deadline. So the adapters use only commands that do no harm when repeated.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple, Self

from redis.exceptions import (
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ResponseError,
    TryAgainError,
)

from server.adapters.redis_address import parsed
from server.adapters.redis_cluster import ClusterRoad
from server.adapters.redis_pipe import Link, Lost, Replicas, Server, TooFewReplicas, is_read_only
from server.adapters.redis_roads import Road, StraightRoad
from server.adapters.redis_socket import Command, Word
from server.deadline import Deadlines, OneOf
from server.ports import Misconfigured, Unavailable

PREFIX = "greenroom:"
"""All keys and channels begin with it, so that one ACL rule and one look tell ours from others'."""

_AWAY = (ClusterDownError, TryAgainError, Lost, TooFewReplicas)
_FULL = ("OOM ", "MISCONF")
_BUSY = "BUSY "
"""With somebody's script, which has run for seconds: on a Redis that others use too, or after it stood still in one."""
_log = logging.getLogger(__name__)

__all__ = ["PREFIX", "Command", "RedisConnection", "Script", "Word", "room_key"]


class Text(NamedTuple):
    source: str
    sha: str


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script beside the adapters, known to Redis by its SHA-1.

    Where it says 'PUBLISH', the shard publishes instead if that is how a cluster does it: see `calls`.
    """

    plain: Text
    sharded: Text

    @classmethod
    def load(cls, name: str) -> "Script":
        source = files("server.adapters").joinpath(name).read_text()
        texts = (source, source.replace("'PUBLISH'", "'SPUBLISH'"))
        return cls(*(Text(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()) for text in texts))


class RedisConnection:
    """`async with RedisConnection(url, timeout_ms) as redis`: any form of docs/REDIS.md, kept up inside the block.

    Redis need not be there yet: each call waits for it. All calls raise Unavailable when Redis gives no answer within
    the deadline, and any other ResponseError as it is: that is a fault of ours. Misconfigured if the URL is none.

    What is asked `replicated` counts as done once `wait_replicas` replicas have it. Unavailable may then mean that it
    is done and too few have it: asked again, it is confirmed as soon as they do.
    """

    def __init__(self, url: str, timeout_ms: int, *, wait_replicas: int = 0, wait_timeout_ms: int = 500) -> None:
        self.timeout_s = timeout_ms / 1000
        self._deadlines = Deadlines(self.timeout_s)
        if wait_replicas and wait_timeout_ms >= timeout_ms / 2:
            raise Misconfigured("REDIS_WAIT_TIMEOUT_MS must be less than half of REDIS_TIMEOUT_MS.")
        self.waits = wait_replicas > 0
        replicas = Replicas(wait_replicas, wait_timeout_ms) if wait_replicas else None
        address = parsed(url)
        self.several = address.kind == "cluster"
        """Whether keys lie at several nodes: no command may then touch those of two rooms."""
        road = ClusterRoad if self.several else StraightRoad
        self._road: Road = road(address, self.timeout_s, replicas)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._road.run())
        self._task.add_done_callback(_ended)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None, "it was entered"
        self._task.cancel()
        await asyncio.wait([self._task])

    @property
    def generation(self) -> int:
        """Grows when a connection finds another server than before, or the same one restarted: what was acknowledged
        may be missing there. 0 before the first connection."""
        return self._road.generation

    async def call(self, *command: Word) -> Any:
        """One command, one reply."""
        return (await self.calls([command]))[0]

    async def calls(self, commands: Sequence[Command], *, replicated: bool = False) -> list[Any]:
        """Many commands in one round trip, not one transaction. The first error among the replies is raised.

        PUBLISH reaches whoever listens to the channel: in a cluster with sharded channels it is sent as SPUBLISH.
        """
        return [_checked(reply) for reply in await self._ask(commands, replicated)]

    async def script(
        self, script: Script, keys: Sequence[str], args: Sequence[Word], *, replicated: bool = False
    ) -> Any:
        """Run a script. All keys it touches are among `keys`, and in one slot of a cluster."""
        text = self._text(script) or await self._known_text(script)
        call = ("EVALSHA", text.sha, len(keys), *keys, *args)
        try:
            with OneOf(self._deadlines):
                reply = await self._road.ask_one(call, replicated=replicated)
        except TimeoutError:
            raise Unavailable("redis") from None
        if isinstance(reply, ResponseError):
            (reply,) = await self._taught(text, [call], [reply], replicated)
        return reply

    async def scripts(
        self,
        script: Script,
        runs: Sequence[tuple[Sequence[str], Sequence[Word]]],
        *,
        replicated: bool = False,
    ) -> list[Any]:
        """Run a script many times in one round trip."""
        text = self._text(script) or await self._known_text(script)
        commands: list[Command] = [("EVALSHA", text.sha, len(keys), *keys, *args) for keys, args in runs]
        return await self._taught(text, commands, await self._ask(commands, replicated), replicated)

    def _text(self, script: Script) -> Text | None:
        """As it is run here; None while that is unknown."""
        sharded = self._road.is_sharded
        return None if sharded is None else script.sharded if sharded else script.plain

    async def _known_text(self, script: Script) -> Text:
        return script.sharded if await self.sharded() else script.plain

    async def _taught(self, text: Text, commands: Sequence[Command], replies: list[Any], replicated: bool) -> list[Any]:
        """The replies, had every server known the script."""
        if forgotten := [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]:
            # A Redis that was restarted, or a node that never knew it, learns it by running its source.
            again: list[Command] = [("EVAL", text.source, *commands[place][2:]) for place in forgotten]
            for place, reply in zip(forgotten, await self._ask(again, replicated), strict=True):
                replies[place] = reply
        return [_checked(reply) for reply in replies]

    # --- for listeners --------------------------------------------------------------------------------------------

    async def sharded(self) -> bool:
        """Whether each channel is listened to at its own node. Unavailable while that cannot be known."""
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._road.sharded()
        except TimeoutError:
            raise Unavailable("redis") from None

    @property
    def counts_listeners(self) -> bool:
        """Whether PUBSUB counts all who listen to a channel: not where nodes pass messages on to each other."""
        return not self.several or bool(self._road.is_sharded)

    def home(self, channel: str) -> str | None:
        """The node at which to listen to a channel; None while that is unknown."""
        return self._road.home(channel)

    async def open(self, node: str = "") -> Link:
        """One more connection, connected, authenticated and selected. The caller disconnects it."""
        return await self._road.open(node)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call this whenever homes, or the server behind a node, may have changed."""
        self._road.watch(changed)

    def is_left(self, node: str, server: Server) -> bool:
        """Whether another server than this one stands at a node by now."""
        return self._road.is_left(node, server)

    def look_again(self) -> None:
        """Something spoke against what is known of homes."""
        self._road.look_again()

    async def _ask(self, commands: Sequence[Command], replicated: bool) -> list[Any]:
        try:
            with OneOf(self._deadlines):
                return await self._road.ask(commands, replicated=replicated)
        except TimeoutError:
            raise Unavailable("redis") from None


def _ended(road: asyncio.Task[None]) -> None:
    """A road never ends by itself. Where one does, this process has no Redis any more, and somebody should know."""
    if not road.cancelled() and (why := road.exception()):
        _log.critical("redis is lost to this process", exc_info=why)


@lru_cache(maxsize=4096)
def room_key(room: str, name: str) -> str:
    """A key of a room. The braces keep a room's keys in one slot of a cluster, so that one script may touch them."""
    return f"{PREFIX}{{{room}}}:{name}"


def _checked(reply: Any) -> Any:
    if not isinstance(reply, ResponseError):
        return reply
    text = str(reply)
    if isinstance(reply, OutOfMemoryError) or any(word in text for word in _FULL):
        raise Unavailable("redis", full=True) from reply
    if isinstance(reply, _AWAY) or is_read_only(reply) or "NOREPLICAS" in text or text.startswith(_BUSY):
        raise Unavailable("redis") from reply
    raise reply
