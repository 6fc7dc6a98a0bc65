"""One connection that listens at one node, and the rooms it listens for.

Decides when a connection that listens counts as lost. Nothing is queued here: what cannot be delivered at once waits
in the socket, and when too much waits there, Redis cuts the connection (client-output-buffer-limit).
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from server.adapters.redis_connection import PREFIX, RedisConnection, room_key
from server.adapters.redis_pipe import Link, Server, keep_up, packed

QUIET_S = 5.0
"""After as long without a word, the server is asked for one; after as long again, the connection is given up."""
ROOMS_PER_COMMAND = 200
MESSAGES_PER_STEP = 200
"""Messages taken off the socket before others get their turn of the event loop."""


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
        self._to_send: deque[tuple[str, ...]] = deque()
        self._wake = asyncio.Event()
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
        if self._server and self._redis.is_left(self.node, self._server):
            self._server = None
            self._wake.set()

    def _say(self, *command: str) -> None:
        self._to_send.append(command)
        self._wake.set()

    async def _use(self, link: Link) -> None:
        self.connections += 1
        self._server = link.server
        self._heard_at = asyncio.get_running_loop().time()
        self._to_send.clear()
        self.ask(self.rooms)
        if not self.rooms:
            self._say("PING")
        self._connected(self)
        self.leave_the_wrong()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send(link))
            tasks.create_task(self._read(link))
            tasks.create_task(self._mind())

    async def _send(self, link: Link) -> None:
        while self._server:
            self._wake.clear()
            batch = list(self._to_send)
            self._to_send.clear()
            if batch:
                await link.connection.send_packed_command(packed(batch), check_health=False)
            if not self._to_send and self._server:
                await self._wake.wait()
        raise RedisConnectionError("another server answers for this one now")

    async def _read(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        taken = 0
        while True:
            try:
                reply = await link.connection.read_response(timeout=math.inf)
            except ResponseError as error:
                reply = error
            self._heard_at = loop.time()
            self._heard(self, reply)
            taken += 1
            if taken % MESSAGES_PER_STEP == 0:
                await asyncio.sleep(0)

    async def _mind(self) -> None:
        """Notice a connection that is open and dead: the network has no word for it."""
        while True:
            await asyncio.sleep(QUIET_S / 2)
            quiet = asyncio.get_running_loop().time() - self._heard_at
            if quiet > 2 * QUIET_S:
                raise TimeoutError
            if quiet > QUIET_S:
                self._say("PING")


def channel(room: str) -> str:
    return room_key(room, "live")


def room_of(name: bytes) -> str:
    return name.decode()[len(PREFIX) + 1 : -len("}:live")]
