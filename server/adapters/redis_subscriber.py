"""`ports.Subscriber` on one receiver, or in a cluster with sharded channels on one for each node.

Decides which receiver listens for a room, when a subscription counts (the server has confirmed it), and when all is
heard again. Never heals what was missed: it only says `reconnected`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from redis.exceptions import ResponseError

from rooms.protocol import Cursor
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_receiver import Receiver, channel, room_of
from server.adapters.redis_records import unpacked_all
from server.ports import Message, Record, Unavailable

INSIST_S = 0.25
"""How often rooms are asked for again that a node should have confirmed by now: their slots are on the move."""

_log = logging.getLogger(__name__)

__all__ = ["RedisSubscriber", "channel"]


class RedisSubscriber:
    def __init__(self, redis: RedisConnection, own: dict[bytes, list[Record]] | None = None) -> None:
        """`own`: what this process appended (`RedisRoomLog.own`), which need not be read when it is heard."""
        self._redis = redis
        self._own = {} if own is None else own
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        """Every wanted room; done when the server confirmed it, once: reconnecting does not undo that."""
        self._receivers: dict[str, Receiver] = {}
        self._places: dict[str, Receiver] = {}
        """Which receiver listens for a wanted room; none while its home is unknown."""
        self._unheard: set[str] = set()
        """Wanted rooms that their receiver's server has not confirmed, or not yet again."""
        self._missing: set[str] = set()
        """Those of them that were heard before: when it is empty again, all is as it was."""
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._deliver: Callable[[Message], None] = lambda message: None
        self._reconnected: Callable[[], None] = lambda: None
        redis.watch(self._settle)

    async def subscribe(self, room: str) -> None:
        confirmed = self._confirmed.get(room)
        if confirmed is None:
            confirmed = self._confirmed[room] = asyncio.get_running_loop().create_future()
            self._unheard.add(room)
            self._place(room)
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
            self._unheard.discard(room)
            if receiver := self._places.pop(room, None):
                receiver.remove(room)

    async def run(self, deliver: Callable[[Message], None], reconnected: Callable[[], None]) -> None:
        self._deliver, self._reconnected = deliver, reconnected
        try:
            async with asyncio.TaskGroup() as self._tasks:
                sharded = await self._until_known()
                if not sharded:
                    self._receiver("")
                self._settle()
                if sharded:
                    await self._insist()
        finally:
            self._tasks = None
            self._running.clear()

    async def _until_known(self) -> bool:
        while True:
            try:
                return await self._redis.sharded()
            except Unavailable:
                continue  # it took its time to say so

    # --- which receiver --------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let each room be listened for at its home."""
        if self._tasks is None:
            return
        for room in self._confirmed:
            self._place(room)
        for receiver in self._receivers.values():
            receiver.leave_the_wrong()
        for node, receiver in list(self._receivers.items()):
            if node and not receiver.rooms:
                del self._receivers[node]
                self._running.pop(node).cancel()

    def _place(self, room: str) -> None:
        node = self._redis.home(channel(room)) if self._tasks else None
        before = self._places.get(room)
        if node is None or (before and before.node == node):
            return
        if before:
            before.remove(room)
            self._note_missing([room])
        self._places[room] = receiver = self._receiver(node)
        receiver.add(room)

    def _receiver(self, node: str) -> Receiver:
        receiver = self._receivers.get(node)
        if receiver is None:
            assert self._tasks is not None, "receivers are made while it runs"
            receiver = self._receivers[node] = Receiver(
                self._redis, node, bool(node), self._receiver_connected, self._heard
            )
            self._running[node] = self._tasks.create_task(receiver.run())
        return receiver

    async def _insist(self) -> None:
        """Sharded channels move with their slots; what is not confirmed for long is looked for, and asked for again."""
        before: set[str] = set()
        while True:
            await asyncio.sleep(INSIST_S)
            if late := self._unheard & before:
                self._redis.look_again()
                for room in late:
                    if receiver := self._places.get(room):
                        receiver.ask([room])
            before = set(self._unheard)

    # --- what is heard --------------------------------------------------------------------------------------------

    def _receiver_connected(self, receiver: Receiver) -> None:
        self._unheard |= receiver.rooms
        if receiver.connections > 1:
            self._note_missing(receiver.rooms)

    def _note_missing(self, rooms: Iterable[str]) -> None:
        self._unheard.update(rooms)
        self._missing.update(room for room in rooms if (wanted := self._confirmed.get(room)) and wanted.done())

    def _heard(self, receiver: Receiver, reply: Any) -> None:
        match reply:
            case [b"message" | b"smessage", name, payload]:
                if message := self._message(room_of(name), payload):
                    self._deliver(message)
            case [b"subscribe" | b"ssubscribe", name, _]:
                self._confirm(receiver, room_of(name))
            case [b"sunsubscribe", name, _] if (room := room_of(name)) in receiver.rooms:
                self._note_missing([room])  # the slot went elsewhere
                self._redis.look_again()
                receiver.ask([room])
            case ResponseError():
                self._redis.look_again()

    def _message(self, room: str, payload: bytes) -> Message | None:
        """None for what cannot be read."""
        try:
            if payload.startswith(b"["):
                own = self._own.pop(payload, None)
                return Message(room, own or unpacked_all(payload))
            if payload[:1].isdigit():
                version, epoch, tag = payload.decode().split(" ")
                return Message(room, durable=Cursor(epoch=epoch, version=int(version), tag=tag))
        except ValueError:  # pydantic's ValidationError is one
            _log.warning("a message of another release was left unheard", extra={"room": room})
            return None
        if payload.startswith(b'"'):
            return Message(room, epoch=payload.decode().strip('"'))
        return Message(room, told=payload)

    def _confirm(self, receiver: Receiver, room: str) -> None:
        if self._places.get(room) is not receiver:
            return
        self._unheard.discard(room)
        confirmed = self._confirmed.get(room)
        if confirmed and not confirmed.done():
            confirmed.set_result(None)
        if room in self._missing:
            self._missing.discard(room)
            if not self._missing:
                self._reconnected()
