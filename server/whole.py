"""Reads a room whole: from its snapshot and what the log has behind it, or from the archive where neither reaches back.

Decides where a room's story is to be had, and how a snapshot is written and when it is not to be trusted. Never
changes a room, and never decides when a snapshot is made (`server.archiver`).
"""

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from pydantic import ValidationError

from rooms.people import Role
from rooms.protocol import Cursor, ResetReason
from rooms.state import Room
from rooms.values import Value
from server.ports import Head, Record, RoomLog
from server.story import PAGE_RECORDS, BrokenChain, Story, UnknownRoom, continued, pages

READ_TRIES = 3
FOLD = 2
"""Count on when `rooms.state` or `rooms.views` folds the same events into another room: older snapshots are void."""
SHAPE = hashlib.sha256(f"{FOLD} {json.dumps(Room.model_json_schema(), sort_keys=True)}".encode()).hexdigest()[:16]
"""Names the fold that made a snapshot. One of another release is not read: the archive is."""


class Archive(Protocol):
    """The part of `ports.ReportStore` that is needed to read a room."""

    def records(self, room: str, after: int = 0) -> AsyncIterator[Record]:
        """The kept log, in order."""


class Whole(NamedTuple):
    """A room as its log has it now."""

    story: Story
    recent: list[Record]
    """The last records, at most a page, as far as the log still has them."""
    durable: int
    """Up to this version the log is kept in the database too."""


class Snapshot(Value):
    """A story as it lies in the store."""

    shape: str
    version: int
    tag: str
    room: Room
    abridged: dict[Role, Room]


def written(story: Story) -> bytes:
    """The story as a snapshot."""
    at = story.cursor
    kept = Snapshot(shape=SHAPE, version=at.version, tag=at.tag, room=story.room, abridged=dict(story.abridged))
    return kept.model_dump_json().encode()


def read(snapshot: bytes, epoch: str) -> Story | None:
    """The story in a snapshot; None if another release wrote it, or nobody.

    A snapshot outlives an epoch: its tag says whether the log goes on from it.
    """
    try:
        kept = Snapshot.model_validate_json(snapshot)
    except ValidationError:
        return None
    if kept.shape != SHAPE:
        return None
    return Story(Cursor(epoch=epoch, version=kept.version, tag=kept.tag), kept.room, MappingProxyType(kept.abridged))


Lately = Callable[[], Sequence[Record]]
"""What a process saw last of a room, asked for when it is needed: a moment later it may have heard more."""


def nothing() -> Sequence[Record]:
    return ()


class Source(Protocol):
    """Where processes have their rooms from."""

    async def whole(self, room: str) -> Whole:
        """The room as it stands. UnknownRoom, BrokenChain or Unavailable where there is none to be had."""

    def unsure(self, room: str) -> bool:
        """Whether the log may lack what others know of this room: `check` before anything is decided there."""

    async def check(self, room: str, lately: Lately = nothing) -> None:
        """Compare the log with what is kept of the room and was seen `lately`; put back what it lacks.

        NewerFact where only a newer release can. Nothing else goes wrong here.
        """

    async def heal(self, room: str, lately: Lately = nothing) -> bool:
        """The room's log is gone, or behind what was seen of it (`lately`): put back what can be. Whether there is one
        now."""


class LogAndArchive:
    """A Source that restores nothing: what the log has, with the archive before it where there is one."""

    def __init__(self, log: RoomLog, archive: Archive | None = None) -> None:
        self._log, self._archive = log, archive

    async def whole(self, room: str) -> Whole:
        return await read_whole(self._log, room, self._archive)

    def unsure(self, room: str) -> bool:
        return False

    async def check(self, room: str, lately: Lately = nothing) -> None:
        """Nothing to compare with."""

    async def heal(self, room: str, lately: Lately = nothing) -> bool:
        return await self._log.head(room) is not None


async def read_whole(log: RoomLog, room: str, archive: Archive | None = None) -> Whole:
    """The room as it stands. UnknownRoom if there is no log; Unavailable if only the database has its beginning, and is
    away.

    Head and records are not read in one step: the record at the head's version must carry the head's tag, else the log
    began a new life between the two reads, and both are read again. BrokenChain if that does not help.
    """
    for _ in range(READ_TRIES):
        found = (await log.heads([room])).get(room)
        if found is None:
            raise UnknownRoom(room)
        async for start in _starts(log, room, found.cursor.epoch, archive):
            with contextlib.suppress(BrokenChain):
                if whole := await _from(log, room, found, start):
                    return whole
    raise BrokenChain(ResetReason.TRIMMED)


async def _starts(log: RoomLog, room: str, epoch: str, archive: Archive | None) -> AsyncIterator[Story | None]:
    """Where the story may be begun, the cheapest first; None: with the log's first record."""
    if (kept := await log.snapshot(room)) and (story := read(kept, epoch)):
        yield story
    yield None
    if archive:
        oldest = await log.read(room, 0, 1)
        yield await _archived(archive, room, epoch, oldest[0].version if oldest else None)


async def _from(log: RoomLog, room: str, head: Head, story: Story | None) -> Whole | None:
    """The story with all that the log has behind it; None if that is not the log that the head was read of."""
    here = head.cursor
    start = story.cursor if story else Cursor(epoch=here.epoch, version=0, tag="")
    tag_there = start.tag if start.version == here.version else ""
    recent: list[Record] = []
    async for page in pages(log, room, start):
        story = continued(story, page, here.epoch)
        if page[0].version <= here.version <= page[-1].version:
            tag_there = page[here.version - page[0].version].tag
        recent = [*recent, *page][-PAGE_RECORDS:]
    if story is None or not tag_there or tag_there != here.tag:
        return None
    return Whole(story, recent, head.durable)


async def _archived(archive: Archive, room: str, epoch: str, before: int | None) -> Story | None:
    """What is before this version, which the log still has: from there on, it may have gone another way."""
    story: Story | None = None
    async for record in archive.records(room):
        if record.version == before:
            break
        story = continued(story, [record], epoch)
    return story
