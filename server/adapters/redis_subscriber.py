"""`ports.Subscriber` on one connection of its own that one task reads.

Decides when a subscription counts (the server has confirmed it) and when the connection counts as lost. Never heals
what was missed: it only says `reconnected`. Nothing is queued here: what cannot be delivered at once waits in the
socket, and when too much waits there, Redis cuts the connection (client-output-buffer-limit).
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Iterable

from pydantic import ValidationError
from redis.asyncio import Connection

from server.adapters.redis_connection import PREFIX, RedisConnection, keep_up, packed, room_key
from server.adapters.redis_records import unpacked_all
from server.ports import Message, Unavailable

QUIET_S = 5.0
"""After as long without a word, the server is asked for one; after as long again, the connection is given up."""
ROOMS_PER_COMMAND = 200
MESSAGES_PER_STEP = 200
"""Messages taken off the socket before others get their turn of the event loop."""

_log = logging.getLogger(__name__)


def channel(room: str) -> str:
    return room_key(room, "live")


class RedisSubscriber:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        """Every wanted room; done when the server confirmed it, once: reconnecting does not undo that."""
        self._missing: set[str] = set()
        """Rooms that this connection has not confirmed yet; empty: it hears all."""
        self._to_send: deque[tuple[str, ...]] = deque()
        self._wake = asyncio.Event()
        self._heard_at = 0.0
        self._connections = 0

    async def subscribe(self, room: str) -> None:
        confirmed = self._confirmed.get(room)
        if confirmed is None:
            confirmed = self._confirmed[room] = asyncio.get_running_loop().create_future()
            self._say("SUBSCRIBE", channel(room))
        try:
            async with asyncio.timeout(self._redis.timeout_s):
                await asyncio.shield(confirmed)
        except BaseException as error:
            if self._confirmed.get(room) is confirmed and not confirmed.done():
                await self.unsubscribe(room)
            if isinstance(error, TimeoutError):
                raise Unavailable("redis") from None
            raise

    async def unsubscribe(self, room: str) -> None:
        if self._confirmed.pop(room, None):
            self._missing.discard(room)
            self._say("UNSUBSCRIBE", channel(room))

    async def run(self, deliver: Callable[[Message], None], reconnected: Callable[[], None]) -> None:
        async def use(connection: Connection) -> None:
            self._resubscribe()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(connection))
                tasks.create_task(self._read(connection, deliver, reconnected))
                tasks.create_task(self._mind())

        await keep_up(self._redis.open, use)

    def _say(self, *command: str) -> None:
        self._to_send.append(command)
        self._wake.set()

    def _resubscribe(self) -> None:
        self._connections += 1
        self._heard_at = asyncio.get_running_loop().time()
        self._missing = set(self._confirmed)
        self._to_send.clear()
        rooms = [channel(room) for room in self._confirmed]
        for start in range(0, len(rooms), ROOMS_PER_COMMAND):
            self._say("SUBSCRIBE", *rooms[start : start + ROOMS_PER_COMMAND])
        if not rooms:
            self._say("PING")

    async def _send(self, connection: Connection) -> None:
        while True:
            self._wake.clear()
            batch = list(self._to_send)
            self._to_send.clear()
            if batch:
                await connection.send_packed_command(packed(batch), check_health=False)
            if not self._to_send:
                await self._wake.wait()

    async def _read(
        self, connection: Connection, deliver: Callable[[Message], None], reconnected: Callable[[], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        taken = 0
        while True:
            reply = await connection.read_response(timeout=math.inf)
            self._heard_at = loop.time()
            match reply:
                case [b"message", name, payload]:
                    for message in _messages(name, payload):
                        deliver(message)
                case [b"subscribe", name, _]:
                    self._confirm(_room(name), reconnected)
            taken += 1
            if taken % MESSAGES_PER_STEP == 0:
                await asyncio.sleep(0)

    def _confirm(self, room: str, reconnected: Callable[[], None]) -> None:
        confirmed = self._confirmed.get(room)
        if confirmed and not confirmed.done():
            confirmed.set_result(None)
        if room in self._missing:
            self._missing.discard(room)
            if not self._missing and self._connections > 1:
                reconnected()

    async def _mind(self) -> None:
        """Notice a connection that is open and dead: the network has no word for it."""
        while True:
            await asyncio.sleep(QUIET_S / 2)
            quiet = asyncio.get_running_loop().time() - self._heard_at
            if quiet > 2 * QUIET_S:
                raise TimeoutError
            if quiet > QUIET_S:
                self._say("PING")


def _room(name: bytes) -> str:
    return name.decode()[len(PREFIX) + 1 : -len("}:live")]


def _messages(name: bytes, payload: bytes) -> Iterable[Message]:
    room = _room(name)
    if payload.isdigit():
        return [Message(room, None, None, int(payload))]
    if not payload.startswith(b"["):
        return [Message(room, None, payload)]
    try:
        return [Message(room, record, None) for record in unpacked_all(payload)]
    except ValidationError:
        _log.warning("a message of a newer release was left unheard", extra={"room": room})
        return []
