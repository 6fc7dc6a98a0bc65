"""Reads a room's log in order, page by page, into a Story: the room as far as the log was read, and where that is.

Decides whether what is read continues what was read before (one chain of tags) or not. Never changes a room.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from rooms.people import Role
from rooms.protocol import Cursor, ResetReason
from rooms.state import Room, replay
from rooms.views import Sight, sight, view
from server.ports import Record, RoomLog

PAGE_RECORDS = 200
"""How much of a log is read at a time: about 60 KB, folded in a few milliseconds between two turns of the loop."""

_ABRIDGED = (Role.CANDIDATE, Role.OBSERVER)
"""Roles that do not see all; everybody else's view is the room itself (tests/rooms/test_views.py)."""


class UnknownRoom(Exception):
    """There is no log of this room."""


class BrokenChain(Exception):
    """The log does not continue what was read before; `reason` says how."""

    def __init__(self, reason: ResetReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Story:
    """A room at a place of its log, whole and as each role sees it."""

    cursor: Cursor
    room: Room
    abridged: MappingProxyType[Role, Room]

    def seen_by(self, role: Role) -> Room:
        """The room as this role sees it."""
        return self.abridged.get(role, self.room)


def continued(story: Story | None, records: Sequence[Record], epoch: str, room: Room | None = None) -> Story:
    """The story with what follows, at least one record. BrokenChain if it does not follow.

    `room`: the whole room behind them, where that is known. Then nothing is read that only the whole room is made of.
    """
    version, tag = expect_all_next(records, *((story.cursor.version, story.cursor.tag) if story else (0, "")))
    events = [record.event for record in records if room is None or _is_abridged(record.kind)]
    whole = room or replay(events, story.room if story else None)
    assert whole is not None, "there is at least one record"
    told = [event for event in events if _is_abridged(event.kind)]
    abridged = {}
    for role in _ABRIDGED:
        seen = (known for event in told if (known := view(event, role)) is not None)
        abridged[role] = replay(seen, story.abridged[role] if story else None) or whole
    return Story(Cursor.known(epoch=epoch, version=version, tag=tag), whole, MappingProxyType(abridged))


@cache
def _is_abridged(kind: str) -> bool:
    """Whether facts of this kind are for anybody who does not see all."""
    return any(sight(kind, role) is not Sight.HIDDEN for role in _ABRIDGED)


def expect_all_next(records: Sequence[Record], version: int, tag: str) -> tuple[int, str]:
    """Where records end that come right behind the one with this version and tag. BrokenChain if they do not."""
    for record in records:
        if record.version != version + 1:
            raise BrokenChain(ResetReason.TRIMMED)
        if record.before != tag:
            raise BrokenChain(ResetReason.FORK)
        version, tag = record.version, record.tag
    return version, tag


async def pages(log: RoomLog, room: str, start: Cursor) -> AsyncIterator[Sequence[Record]]:
    """What the log holds behind `start`, in order, until nothing more is there. BrokenChain if it does not follow."""
    version, tag = start.version, start.tag
    while page := await log.read(room, version, PAGE_RECORDS):
        version, tag = expect_all_next(page, version, tag)
        yield page
        if len(page) < PAGE_RECORDS:
            return
