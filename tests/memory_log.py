"""A room log in memory with the manners of the real one, and an ear on it that can be made to miss things.

It passes the same contract as Redis (tests/contracts/test_room_log.py). Tests use it where they need a loss, a fork or
an outage at an exact moment.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from rooms.events import Event
from rooms.lineage import BEGINNING, Place
from rooms.protocol import Cursor
from server.ports import Anew, Appended, Clash, Fenced, Head, Message, Record, Unavailable, Wanted

_NEW = Cursor(epoch="", version=0, tag="")


@dataclass
class Life:
    """One life of a room's log."""

    epoch: str
    records: list[Record] = field(default_factory=list)
    commands: dict[str, Cursor] = field(default_factory=dict)
    durable: int = 0
    fence: int = 0
    trimmed: int = 0
    snapshot: bytes | None = None
    base: Place = BEGINNING
    """What lies before the first record."""

    @property
    def head(self) -> Cursor:
        last = self.records[-1] if self.records else self.base
        return Cursor(epoch=self.epoch, version=last.version, tag=last.tag)

    def tag_at(self, version: int) -> str | None:
        return next((record.tag for record in self.records if record.version == version), None)

    def known(self, command: str) -> Cursor:
        return self.commands[command].model_copy(update={"epoch": self.epoch})


class MemoryRoomLog:
    def __init__(self) -> None:
        self.rooms: dict[str, Life] = {}
        self.away = False
        self.remembered = False
        self.expiring: set[str] = set()
        self.generation = 1
        self.forgets_to_answer = 0
        """So many appends are done without anybody hearing of it."""
        self.reads = 0
        self.behind_a_read: Awaitable[object] | None = None
        """Happens once, when a page has been read and its reader does not have it yet."""
        self.ears: list[MemorySubscriber] = []
        self._tellings: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._numbers = count(1)
        self._erased: set[str] = set()

    async def append(
        self,
        room: str,
        command: str,
        expected: Cursor | None,
        at: int,
        events: Sequence[Event],
        fence: int | None = None,
    ) -> Appended | Clash:
        await self._answer()
        life = self.rooms.get(room)
        if life and command in life.commands:
            return Appended(life.known(command), fresh=False)
        if life and fence and fence < life.fence:
            raise Fenced(room)
        if (life.head if life else None) != expected:
            return Clash(life.head if life else _NEW)
        life = life or self.rooms.setdefault(room, Life(f"epoch-{next(self._numbers)}"))
        done = self._take(room, life, command, at, events)
        life.fence = max(life.fence, fence or 0)
        if self.forgets_to_answer:
            self.forgets_to_answer -= 1
            raise Unavailable("redis")
        return done

    async def append_all(self, room: str, expected: Cursor, at: int, wanted: Sequence[Wanted]) -> Appended | None:
        await self._answer()
        life, names = self.rooms.get(room), [command for command, _ in wanted]
        if life is None or life.head != expected or len(set(names)) < len(names) or life.commands.keys() & set(names):
            return None
        took = [self._take(room, life, command, at, events) for command, events in wanted]
        if self.forgets_to_answer:
            self.forgets_to_answer -= 1
            raise Unavailable("redis")
        return Appended(life.head, True, [record for one in took for record in one.records])

    def _take(self, room: str, life: Life, command: str, at: int, events: Sequence[Event]) -> Appended:
        added = []
        for event in events:
            head = life.head
            added.append(Record(head.version + 1, f"tag-{next(self._numbers)}", head.tag, at, command, event))
            life.records.append(added[-1])
        life.commands[command] = life.head
        if added:
            self.publish(Message(room, added))
        return Appended(life.head, True, added)

    async def mark_durable(self, room: str, upto: Cursor) -> bool:
        await self._answer()
        life = self.rooms.get(room)
        if life is None or life.epoch != upto.epoch or life.tag_at(upto.version) != upto.tag:
            return False
        if upto.version > life.durable:
            life.durable = upto.version
            self.publish(Message(room, durable=upto))
        return True

    async def check(self, room: str, command: str, expected: Cursor | None) -> Appended | Clash | None:
        await self._answer()
        life = self.rooms.get(room)
        if life and command in life.commands:
            return Appended(life.known(command), fresh=False)
        head = life.head if life else None
        return None if head == expected else Clash(head or _NEW)

    async def head(self, room: str) -> Cursor | None:
        await self._answer()
        return self.rooms[room].head if room in self.rooms else None

    async def heads(self, rooms: Sequence[str]) -> Mapping[str, Head]:
        await self._answer()
        lives = {room: self.rooms[room] for room in rooms if room in self.rooms}
        return {room: Head(life.head, life.durable) for room, life in lives.items()}

    async def read(self, room: str, after: int, limit: int) -> Sequence[Record]:
        await self._answer()
        self.reads += 1
        life = self.rooms.get(room)
        page = [r for r in life.records if r.version > max(after, life.trimmed)][:limit] if life else []
        if self.behind_a_read:
            meanwhile, self.behind_a_read = self.behind_a_read, None
            await meanwhile
        return page

    async def keep_snapshot(self, room: str, upto: Cursor, snapshot: bytes, tail: int) -> bool:
        await self._answer()
        life = self.rooms.get(room)
        if life is None or life.epoch != upto.epoch or life.head.version < upto.version:
            return False
        forgotten = upto.version <= life.trimmed and upto.version < life.head.version
        if forgotten or upto.tag != (life.head.tag if upto.version == life.head.version else life.tag_at(upto.version)):
            return False
        life.snapshot = snapshot
        life.trimmed = max(life.trimmed, min(upto.version, life.durable, life.head.version - tail))
        return True

    async def snapshot(self, room: str) -> bytes | None:
        await self._answer()
        return self.rooms[room].snapshot if room in self.rooms else None

    async def restore(self, room: str, seen: Cursor | None, anew: Anew) -> bool:
        await self._answer()
        life = self.rooms.get(room)
        if (life.head if life else None) != seen or room in self._erased:
            return False
        if life is None:
            first = anew.records[0] if anew.records else None
            before = Place(first.version - 1, first.before) if first else Place(anew.end.version, anew.end.tag)
            life = self.rooms[room] = Life("", base=before, fence=int(time.time() * 1000))
        life.records.extend(anew.records)
        life.epoch, life.durable, life.snapshot = anew.end.epoch, anew.durable, anew.snapshot or life.snapshot
        life.commands |= {
            command: Cursor(epoch=life.epoch, version=at.version, tag=at.tag) for command, at in anew.commands.items()
        }
        self.publish(Message(room, epoch=anew.end.epoch))
        return True

    async def remembers(self) -> bool:
        await self._answer()
        return self.remembered

    async def remember(self) -> None:
        await self._answer()
        self.remembered = True

    async def tell(self, room: str, key: str, tell: bytes) -> None:
        await self._answer()
        self._tellings[room][key] = tell
        self.publish(Message(room, told=tell))

    async def told(self, room: str) -> Sequence[bytes]:
        await self._answer()
        return list(self._tellings[room].values())

    async def untell(self, room: str, key: str) -> None:
        await self._answer()
        self._tellings[room].pop(key, None)

    async def expire(self, room: str, after_s: int) -> None:
        await self._answer()
        self.expiring.add(room)

    async def erase(self, room: str) -> None:
        await self._answer()
        self.rooms.pop(room, None)
        self._tellings.pop(room, None)
        self._erased.add(room)

    # --- for tests ---

    def publish(self, message: Message) -> None:
        for ear in self.ears:
            ear.hear(message)

    def fall_back(self, room: str, version: int) -> None:
        """As after a failover to a replica that was behind: the same epoch, and the last records gone."""
        life = self.rooms[room]
        life.records = [record for record in life.records if record.version <= version]
        life.commands = {name: cursor for name, cursor in life.commands.items() if cursor.version <= version}

    def forget(self, room: str) -> Life:
        """As after a Redis that came back empty."""
        return self.rooms.pop(room)

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("redis")


class MemorySubscriber:
    """Delivers what `loses` does not lose, at once and in order."""

    def __init__(self, log: MemoryRoomLog, loses: Callable[[Message], bool] = lambda _: False) -> None:
        self.rooms: set[str] = set()
        self.loses = loses
        self._log = log
        self._deliver: Callable[[Message], None] | None = None
        self._reconnected: Callable[[], None] | None = None
        log.ears.append(self)

    async def subscribe(self, room: str) -> None:
        await asyncio.sleep(0)
        if self._log.away:
            raise Unavailable("redis")
        self.rooms.add(room)

    async def unsubscribe(self, room: str) -> None:
        self.rooms.discard(room)

    async def run(self, deliver: Callable[[Message], None], reconnected: Callable[[], None]) -> None:
        self._deliver, self._reconnected = deliver, reconnected
        await asyncio.Event().wait()

    def hear(self, message: Message) -> None:
        if self._deliver and message.room in self.rooms and not self.loses(message):
            self._deliver(message)

    def reconnect(self) -> None:
        assert self._reconnected is not None, "it runs"
        self._reconnected()
