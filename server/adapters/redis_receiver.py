"""One connection that listens at one node, and the rooms it listens for.

Decides when a connection that listens counts as lost. Nothing is queued here: what cannot be delivered at once waits
in the socket, and when too much waits there, Redis cuts the connection (client-output-buffer-limit).
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import lru_cache
from time import monotonic
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from server.adapters.redis_connection import PREFIX, RedisConnection, room_key
from server.adapters.redis_pipe import Link, Server, keep_up
from server.adapters.redis_socket import RedisSocket, packed

QUIET_S = 5.0
"""After as long without a word, the server is asked for one; after as long again, the connection is given up."""
ROOMS_PER_COMMAND = 200


class Receiver:
    """`run` keeps it listening until cancelled; `heard` gets each reply of the server, errors among them."""

    def __init__(
        self,
        redis: RedisConnection,
        node: str,
        sharded: bool,
        connected: Callable[["Receiver"], None],
        heard: Callable[["Receiver", Any], None],
    ) -> None:
        self.node = node
        self.rooms: set[str] = set()
        self.connections = 0
        self._redis = redis
        self._word = ("S" if sharded else "") + "SUBSCRIBE"
        self._unword = ("S" if sharded else "") + "UNSUBSCRIBE"
        self._at_once = 1 if sharded else ROOMS_PER_COMMAND  # one command takes channels of one slot
        self._connected, self._heard = connected, heard
        self._to_send: list[bytes] = []
        self._socket: RedisSocket | None = None
        self._heard_at = 0.0
        self._server: Server | None = None

    async def run(self) -> None:
        await keep_up(lambda: self._redis.open(self.node), self._use)

    def add(self, room: str) -> None:
        self.rooms.add(room)
        self.ask([room])

    def remove(self, room: str) -> None:
        if room in self.rooms:
            self.rooms.discard(room)
            self._say(self._unword, channel(room))

    def ask(self, rooms: Iterable[str]) -> None:
        """Subscribe these; once more does no harm."""
        channels = [channel(room) for room in rooms]
        for start in range(0, len(channels), self._at_once):
            self._say(self._word, *channels[start : start + self._at_once])

    def leave_the_wrong(self) -> None:
        """Another server stands at this node by now: this connection would hear nothing any more."""
        if self._socket and self._server and self._redis.is_left(self.node, self._server):
            self._server = None
            self._socket.lose(RedisConnectionError("another server answers for this one now"))

    def _say(self, *command: str) -> None:
        """Together with what else is said in this turn of the event loop."""
        word = packed(command)
        if self._socket and not self._to_send:
            asyncio.get_running_loop().call_soon(self._send)
        self._to_send.append(word)

    async def _use(self, link: Link) -> None:
        self.connections += 1
        self._server = link.server
        self._heard_at = monotonic()
        self._to_send.clear()
        self._socket = RedisSocket(link.connection, self._replied)
        self.ask(self.rooms)
        if not self.rooms:
            self._say("PING")
        self._connected(self)
        self.leave_the_wrong()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._socket.lost())
                tasks.create_task(self._mind())
        finally:
            self._socket = None

    def _send(self) -> None:
        if self._socket:
            self._socket.send(self._to_send)
        self._to_send.clear()

    def _replied(self, reply: Any) -> None:
        self._heard_at = monotonic()
        self._heard(self, reply)

    async def _mind(self) -> None:
        """Notice a connection that is open and dead: the network has no word for it."""
        while True:
            await asyncio.sleep(QUIET_S / 2)
            quiet = monotonic() - self._heard_at
            if quiet > 2 * QUIET_S:
                raise TimeoutError
            if quiet > QUIET_S:
                self._say("PING")


def channel(room: str) -> str:
    return room_key(room, "live")


@lru_cache(maxsize=4096)
def room_of(name: bytes) -> str:
    return name.decode()[len(PREFIX) + 1 : -len("}:live")]
