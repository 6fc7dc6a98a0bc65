"""`ports.RoomLog` in Redis or Valkey.

Decides how a room lies in Redis. Keys, all with the room's hash tag:
    greenroom:{room}:log       stream, ids version-0, one field `record` (redis_records.py)
    greenroom:{room}:head      hash: epoch, version, tag, durable (a version), fence (the highest that appended)
    greenroom:{room}:commands  hash: command id -> "version tag", for the life of the room
    greenroom:{room}:snapshot  the room at some version (server/whole.py)
    greenroom:life             there as long as Redis has not come back empty
    greenroom:{room}:told      hash: the latest of what is told and not kept
    greenroom:{room}:holders   see redis_holds.py; it goes when the room goes
and a channel greenroom:{room}:live, on which an append is its records, a line each, a telling a JSON object, the
durable mark a version, its epoch and its tag, and a new epoch a JSON string.
Never decides what follows from a command, or what a gap means.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rooms.events import Event
from rooms.protocol import Cursor
from server.adapters.redis_connection import PREFIX, RedisConnection, Script, Word, room_key
from server.adapters.redis_records import as_message, packed, unpacked
from server.adapters.redis_subscriber import RedisSubscriber, channel
from server.ports import Anew, Appended, Clash, Fenced, Head, Record, Wanted

ERASED_KEPT_MS = 24 * 3_600_000
"""How long an erased room is remembered as such: its id, and nothing that was said."""
OWN_KEPT = 256
"""Appends that may wait to be heard by the process they are from."""
TOLD_TTL_S = 3600
"""What is told is about the present moment; a room that was left takes it along."""

_APPEND = Script.load("append.lua")
_KEEP_SNAPSHOT = Script.load("keep_snapshot.lua")
_MARK_DURABLE = Script.load("mark_durable.lua")
_RESTORE = Script.load("restore.lua")
_LIFE = f"{PREFIX}life"
_ERASE = Script.load("erase_log.lua")
_NEW = Cursor(epoch="", version=0, tag="")

__all__ = ["RedisRoomLog", "RedisSubscriber"]


class RedisRoomLog:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis
        self.own: dict[bytes, list[Record]] = {}
        """Records that are or were appended from here, by the message that brings them, until it was heard."""

    async def append(
        self,
        room: str,
        command: str,
        expected: Cursor | None,
        at: int,
        events: Sequence[Event],
        fence: int | None = None,
    ) -> Appended | Clash:
        words, done = self._to_append(room, expected, at, ((command, events),), fence)
        match await self._redis.script(_APPEND, _places(room).keys, words, replicated=True):
            case [b"appended"]:
                return done
            case [b"known", known_epoch, place]:
                known = _known(known_epoch, place)
                # Our own tags came back: the command was sent twice by a connection that was lost in between.
                return done if events and known == done.cursor else Appended(known, fresh=False)
            case [b"clash", *head]:
                return Clash(_cursor(head) or _NEW)
            case [b"fenced"]:
                raise Fenced(room)
            case reply:
                raise AssertionError(f"append.lua says {reply!r}")

    async def append_all(self, room: str, expected: Cursor, at: int, wanted: Sequence[Wanted]) -> Appended | None:
        if len({command for command, _ in wanted}) < len(wanted):
            return None
        words, done = self._to_append(room, expected, at, wanted)
        reply = await self._redis.script(_APPEND, _places(room).keys, words, replicated=True)
        return done if reply == [b"appended"] else None

    def _to_append(
        self,
        room: str,
        expected: Cursor | None,
        at: int,
        wanted: Sequence[Wanted],
        fence: int | None = None,
    ) -> tuple[list[Word], Appended]:
        """The script's arguments, and what was appended if it is now."""
        start = expected or _NEW
        epoch, version, tag = start.epoch or secrets.token_urlsafe(9), start.version, start.tag
        live = _places(room).live
        words: list[Word] = [start.epoch, version, tag, epoch, fence or 0, live, len(wanted)]
        records, written = list[Record](), list[bytes]()
        for command, events in wanted:
            for event in events:
                version, before, tag = version + 1, tag, f"{random.getrandbits(48):012x}"
                record = Record(version, tag, before, at, command, event.as_json(), event.kind)
                records.append(record)
                written.append(packed(record))
            words += (command, version, tag)
        words += written
        self.own[as_message(written)] = records
        while len(self.own) > OWN_KEPT:  # nobody here listens for their rooms
            del self.own[next(iter(self.own))]
        return words, Appended(Cursor.known(epoch=epoch, version=version, tag=tag), True, records)

    async def mark_durable(self, room: str, upto: Cursor) -> bool:
        keys = [room_key(room, name) for name in ("log", "head")]
        return bool(await self._redis.script(_MARK_DURABLE, keys, (upto.epoch, upto.version, upto.tag, channel(room))))

    async def check(self, room: str, command: str, expected: Cursor | None) -> Appended | Clash | None:
        # The command is looked up first: if it lands between the two, the head has moved, and that is a clash.
        place, head = await self._redis.calls(
            [("HGET", room_key(room, "commands"), command), _head(room)],
        )
        now = _cursor(head[:3])
        if place is not None:
            if self._redis.waits:
                # It may have been appended while too few replicas were there; nobody was told "accepted" then. What
                # is known is found before the cursor is looked at, and no log stands at this one.
                await self._redis.script(
                    _APPEND, _places(room).keys, ("nowhere", 0, "", "", 0, "", 1, command, 0, ""), replicated=True
                )
            return Appended(_known(head[0] or b"", place), fresh=False)
        return None if now == expected else Clash(now or _NEW)

    async def head(self, room: str) -> Cursor | None:
        return _cursor((await self._redis.call(*_head(room)))[:3])

    async def heads(self, rooms: Sequence[str]) -> Mapping[str, Head]:
        replies = await self._redis.calls([_head(room) for room in rooms] or [("PING",)])
        heads = zip(rooms, replies, strict=False)
        return {room: Head(cursor, int(head[3] or 0)) for room, head in heads if (cursor := _cursor(head[:3]))}

    async def read(self, room: str, after: int, limit: int) -> Sequence[Record]:
        start = f"{after + 1}-0"
        entries = await self._redis.call("XRANGE", room_key(room, "log"), start, "+", "COUNT", limit)
        return [unpacked(record) for _, (_, record) in entries]

    async def keep_snapshot(self, room: str, upto: Cursor, snapshot: bytes, tail: int) -> bool:
        keys = [room_key(room, name) for name in ("log", "head", "snapshot")]
        return bool(
            await self._redis.script(_KEEP_SNAPSHOT, keys, (upto.epoch, upto.version, upto.tag, snapshot, tail))
        )

    async def snapshot(self, room: str) -> bytes | None:
        kept: bytes | None = await self._redis.call("GET", room_key(room, "snapshot"))
        return kept

    @property
    def generation(self) -> int:
        return self._redis.generation

    async def restore(self, room: str, seen: Cursor | None, anew: Anew) -> bool:
        keys = [room_key(room, name) for name in ("log", "head", "commands", "snapshot")]
        was, end = seen or _NEW, anew.end
        commands = [word for command, at in anew.commands.items() for word in (command, f"{at.version} {at.tag}")]
        head = (was.epoch, was.version, was.tag, end.epoch, end.version, end.tag, anew.durable)
        records = map(packed, anew.records)
        args = (*head, anew.snapshot or "", channel(room), len(anew.commands), *commands, *records)
        return bool(await self._redis.script(_RESTORE, keys, args))

    async def remembers(self) -> bool:
        return bool(await self._redis.call("EXISTS", _LIFE))

    async def remember(self) -> None:
        await self._redis.call("SET", _LIFE, 1)

    async def tell(self, room: str, key: str, tell: bytes) -> None:
        latest = room_key(room, "told")
        await self._redis.calls(
            [("PUBLISH", channel(room), tell), ("HSET", latest, key, tell), ("EXPIRE", latest, TOLD_TTL_S)]
        )

    async def told(self, room: str) -> Sequence[bytes]:
        told: list[bytes] = await self._redis.call("HVALS", room_key(room, "told"))
        return told

    async def untell(self, room: str, key: str) -> None:
        await self._redis.call("HDEL", room_key(room, "told"), key)

    async def expire(self, room: str, after_s: int) -> None:
        names = ("log", "head", "commands", "snapshot", "told", "holders")
        await self._redis.calls([("EXPIRE", room_key(room, name), after_s) for name in names])

    async def erase(self, room: str) -> None:
        names = ("head", "log", "commands", "snapshot", "told", "holders")
        await self._redis.script(_ERASE, [room_key(room, name) for name in names], (ERASED_KEPT_MS,))


class _Places(NamedTuple):
    """Of a room, as appending needs them."""

    keys: Sequence[str]
    live: str
    """The channel."""


@lru_cache(maxsize=4096)
def _places(room: str) -> _Places:
    return _Places(tuple(room_key(room, name) for name in ("log", "head", "commands")), channel(room))


def _head(room: str) -> tuple[str, ...]:
    return "HMGET", room_key(room, "head"), "epoch", "version", "tag", "durable"


def _cursor(head: Sequence[bytes | None]) -> Cursor | None:
    epoch, version, tag = head
    if not epoch or version is None or tag is None:
        return None
    return Cursor.known(epoch=epoch.decode(), version=int(version), tag=tag.decode())


def _known(epoch: bytes, place: bytes) -> Cursor:
    version, _, tag = place.decode().partition(" ")
    return Cursor.known(epoch=epoch.decode(), version=int(version), tag=tag)
