"""Reads a room's log in order, page by page, into a Story: the room as far as the log was read, and where that is.

Decides whether what is read continues what was read before (one chain of tags) or not. Never changes a room.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rooms.people import Role
from rooms.protocol import Cursor, ResetReason
from rooms.state import Room, after
from rooms.views import view
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


def continued(story: Story | None, record: Record, epoch: str) -> Story:
    """The story with one more record. BrokenChain if the record does not follow."""
    expect_next(record, *((story.cursor.version, story.cursor.tag) if story else (0, "")))
    cursor = Cursor.model_construct(epoch=epoch, version=record.version, tag=record.tag)
    event, abridged = record.event, {}
    for role in _ABRIDGED:
        seen, known = view(event, role), story.abridged[role] if story else None
        abridged[role] = after(known, seen) if seen is not None else known
    whole = after(story.room if story else None, event)
    return Story(cursor, whole, MappingProxyType({role: room or whole for role, room in abridged.items()}))


def expect_next(record: Record, version: int, tag: str) -> None:
    """BrokenChain unless the record comes right behind the one with this version and tag."""
    if record.version != version + 1:
        raise BrokenChain(ResetReason.TRIMMED)
    if record.before != tag:
        raise BrokenChain(ResetReason.FORK)


async def pages(log: RoomLog, room: str, start: Cursor) -> AsyncIterator[Sequence[Record]]:
    """What the log holds behind `start`, in order, until nothing more is there. BrokenChain if it does not follow."""
    version, tag = start.version, start.tag
    while page := await log.read(room, version, PAGE_RECORDS):
        for record in page:
            expect_next(record, version, tag)
            version, tag = record.version, record.tag
        yield page
        if len(page) < PAGE_RECORDS:
            return
