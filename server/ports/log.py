"""The log of a room, and an ear on many.

Decides contracts, worked out in the docstrings; does nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from rooms.events import Event
from rooms.lineage import Place
from rooms.protocol import Cursor
from server.record import Record


class Appended(NamedTuple):
    """The events are in the log, and were published in the same step."""

    cursor: Cursor
    fresh: bool
    """False: this command id was appended before; `cursor` is where it ended then."""
    records: Sequence[Record] = ()
    """What was appended now, as the log has it."""


Wanted = tuple[str, Sequence[Event]]
"""A command's id and what it led to, to be appended."""


class Clash(NamedTuple):
    """The log has moved on; nothing was appended."""

    cursor: Cursor


class Head(NamedTuple):
    """Where a log stands, and how far it is safe."""

    cursor: Cursor
    durable: int
    """Up to this version the log is kept in the database too. It never goes back."""


class Anew(NamedTuple):
    """How a room is written anew (`RoomLog.restore`)."""

    end: Cursor
    """Where the log stands afterwards, under an epoch of its own."""
    durable: int
    snapshot: bytes | None
    """Of the room before `records`; None: the one that is there serves on."""
    commands: Mapping[str, Place]
    """Which commands led to what is put back, and where each of them ended."""
    records: Sequence[Record]
    """What is appended; the last one is at `end`. With a snapshot they go on from there, else from the log's end."""


class Message(NamedTuple):
    """What a subscriber of a room gets: what was appended in one step, something told and not kept, how far the log is
    durable, or that it began a new life."""

    room: str
    records: Sequence[Record] = ()
    told: bytes | None = None
    """A `rooms.protocol.Tell` as JSON."""
    durable: Cursor | None = None
    epoch: str | None = None


class RoomLog(Protocol):
    """Rooms as logs. Every method raises `Unavailable` when the store is away; none waits longer than its deadline.

    Example: an empty room has the cursor version 0. Two writers both read version 7 and append: one gets Appended
    with version 8, the other Clash with version 8, reads on from 7, decides again, and appends at 8.
    """

    async def append(
        self,
        room: str,
        command: str,
        expected: Cursor | None,
        at: int,
        events: Sequence[Event],
        fence: int | None = None,
    ) -> Appended | Clash:
        """Append and publish all events in one atomic step, if the log still stands at `expected`.

        `expected` None: the room must be new; its log then begins a new epoch. The same command id appends once,
        however often and whatever `expected` says. No events: the command was granted without changing anything;
        only its id is remembered, so that the same command cannot change something later.

        With a `fence` (the number of a lease): the log remembers the highest one that appended, and raises `Fenced` for
        a lower one, unless the command is in the log already.
        """

    async def append_all(self, room: str, expected: Cursor, at: int, wanted: Sequence[Wanted]) -> Appended | None:
        """Append what several commands led to, one behind the other, in one atomic step: all of it, and where the last
        of them ended.

        None, and nothing was appended now: the log does not stand at `expected`, or one of the commands is in it
        already, or twice among these. `append` says what it is, of each.
        """

    async def mark_durable(self, room: str, upto: Cursor) -> bool:
        """Everything up to and including `upto` is kept in the database: move the durable mark, and publish it.

        One atomic step, and only if the log has exactly this record at that version; the mark never goes back. False:
        the log is another one by now.
        """

    async def check(self, room: str, command: str, expected: Cursor | None) -> Appended | Clash | None:
        """What `append` would say about this command id and this cursor, without appending.

        Appended: the command is in the log already. Clash: the log does not stand at `expected`. None: neither, so a
        refusal that was decided at `expected` is true now.
        """

    async def head(self, room: str) -> Cursor | None:
        """Where the log stands; None for a room that never was."""

    async def heads(self, rooms: Sequence[str]) -> Mapping[str, Head]:
        """The heads of many rooms in one round trip (made for no rooms too); rooms that never were are left out."""

    async def read(self, room: str, after: int, limit: int) -> Sequence[Record]:
        """At most `limit` records behind version `after`, in order, of those that are not forgotten."""

    async def keep_snapshot(self, room: str, upto: Cursor, snapshot: bytes, tail: int) -> bool:
        """Keep the room as it stood at `upto`, and forget the records that need not be read any more.

        Forgotten are those that the snapshot holds and that are durable, but for the last `tail` of the log. False: the
        log has another record there by now, or none any more, as a later snapshot holds it; nothing was done.
        """

    async def snapshot(self, room: str) -> bytes | None:
        """The snapshot that was kept last."""

    @property
    def generation(self) -> int:
        """Grows when another server answers than before, or the same one started anew: rooms may have fallen behind."""

    async def restore(self, room: str, seen: Cursor | None, anew: Anew) -> bool:
        """Write the room anew if its log still stands at `seen` (None: there is none), and publish the new epoch.

        One atomic step: of several that try, one does it. False: the log is another one by now. What remembers leases
        stays; where there was no log, leases taken before are fenced. A log that expires (`expire`) goes on to.
        """

    async def remembers(self) -> bool:
        """Whether this is the store that `remember` was called on: not one that came back empty."""

    async def remember(self) -> None:
        """Leave a mark that goes when everything goes."""

    async def tell(self, room: str, key: str, tell: bytes) -> None:
        """Publish something that is not kept, and remember it as the latest under `key` for those who join later."""

    async def told(self, room: str) -> Sequence[bytes]:
        """The latest of everything told."""

    async def untell(self, room: str, key: str) -> None:
        """Forget the latest under `key`."""

    async def expire(self, room: str, after_s: int) -> None:
        """The room is closed and archived: the store may forget it after `after_s` seconds."""

    async def erase(self, room: str) -> None:
        """Forget the room now, and for a day let nobody put it back (`restore`) who still has it in mind."""


class Subscriber(Protocol):
    """One process's ear on many rooms: messages may be lost or late, and `server.feed` heals that from the log."""

    async def subscribe(self, room: str) -> None:
        """From when this returns, the room's messages are delivered."""

    async def unsubscribe(self, room: str) -> None:
        """The room's messages need not be delivered any more. Never waits for the store."""

    async def run(self, deliver: Callable[[Message], None], reconnected: Callable[[], None]) -> None:
        """Deliver messages until cancelled. After a lost connection: subscribe all again, then `reconnected()`."""
