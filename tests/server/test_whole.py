"""Reading a room whole: from its snapshot, from its log, or from the archive, and always the same room."""

from collections.abc import AsyncIterator, Sequence

import pytest

from rooms.protocol import Cursor, ResetReason
from server import whole as module
from server.ports import Record
from server.story import PAGE_RECORDS, BrokenChain, Story, UnknownRoom, continued
from server.whole import LogAndArchive, Whole, read, read_whole, written
from tests.kept_rooms import interview
from tests.memory_log import MemoryRoomLog
from tests.redis_parts import OPENED, ROOM, append, open_room, whisper


class Kept:
    """An archive of records."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records, self.readings = list(records), 0

    async def records(self, room: str, after: int = 0) -> AsyncIterator[Record]:
        self.readings += 1
        for record in self._records:
            if record.version > after:
                yield record


@pytest.fixture
def log() -> MemoryRoomLog:
    return MemoryRoomLog()


async def grown(log: MemoryRoomLog, whispers: int) -> tuple[Cursor, Whole]:
    """A log with so many whispers, and the room as the whole log has it."""
    cursor = await open_room(log)
    for number in range(whispers):
        cursor = await append(log, f"c-{number}", cursor)
    return cursor, await read_whole(log, ROOM)


def folded(records: Sequence[Record], epoch: str = "e") -> Story:
    return continued(None, records, epoch)


def test_a_snapshot_reads_as_the_story_that_was_written() -> None:
    story = folded(interview())
    assert read(written(story), "e") == story


def test_a_snapshot_of_another_release_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = written(folded(interview()))
    assert read(snapshot.replace(b'"turns"', b'"rounds"', 1), "e") is None
    assert read(b"not a snapshot", "e") is None
    monkeypatch.setattr(module, "SHAPE", "of another fold")
    assert read(snapshot, "e") is None


async def test_snapshot_and_tail_make_the_room_that_the_whole_log_makes(log: MemoryRoomLog) -> None:
    cursor, early = await grown(log, 30)
    await log.keep_snapshot(ROOM, cursor, written(early.story), 0)
    end, full = await cursor_and_whole(log, cursor, 5)
    await log.mark_durable(ROOM, end)
    log.rooms[ROOM].trimmed = cursor.version
    found = await read_whole(log, ROOM)
    assert found.story == full.story
    assert [record.version for record in found.recent] == list(range(cursor.version + 1, end.version + 1))
    assert found.durable == end.version


async def cursor_and_whole(log: MemoryRoomLog, cursor: Cursor, whispers: int) -> tuple[Cursor, Whole]:
    for number in range(whispers):
        cursor = await append(log, f"more-{number}", cursor, whisper("more"))
    return cursor, await read_whole(log, ROOM)


async def test_a_snapshot_at_the_very_end_needs_no_record(log: MemoryRoomLog) -> None:
    cursor, full = await grown(log, 3)
    await log.mark_durable(ROOM, cursor)
    await log.keep_snapshot(ROOM, cursor, written(full.story), 0)
    found = await read_whole(log, ROOM)
    assert (found.story, found.recent) == (full.story, [])


async def test_where_no_snapshot_can_be_read_the_archive_is(log: MemoryRoomLog) -> None:
    _, full = await grown(log, 2 * PAGE_RECORDS)
    archive = Kept(await log.read(ROOM, 0, PAGE_RECORDS + 50))
    life = log.rooms[ROOM]
    life.snapshot, life.trimmed = b"of another release", PAGE_RECORDS
    assert (await LogAndArchive(log, archive).whole(ROOM)).story == full.story
    assert archive.readings == 1
    with pytest.raises(BrokenChain):
        await read_whole(log, ROOM)
    life.trimmed = PAGE_RECORDS + 100  # between archive and log something is missing
    with pytest.raises(BrokenChain) as broken:
        await read_whole(log, ROOM, archive)
    assert broken.value.reason is ResetReason.TRIMMED


async def test_a_snapshot_of_a_branch_that_the_log_has_left_is_not_believed(log: MemoryRoomLog) -> None:
    _, full = await grown(log, 4)
    log.rooms[ROOM].snapshot = written(full.story)
    log.fall_back(ROOM, 3)
    head = await log.head(ROOM)
    assert head is not None
    end = await append(log, "another way-1", head)
    end = await append(log, "another way-2", end)
    end = await append(log, "another way-3", end)
    assert (await read_whole(log, ROOM)).story.cursor == end


async def test_where_the_archive_went_another_way_behind_the_logs_beginning_the_room_is_read_all_the_same(
    log: MemoryRoomLog,
) -> None:
    await grown(log, 20)
    archive = Kept(await log.read(ROOM, 0, 100))
    log.fall_back(ROOM, 15)
    head = await log.head(ROOM)
    assert head is not None
    end = await append(log, "another way", head)
    full = await read_whole(log, ROOM)
    log.rooms[ROOM].trimmed = 10  # what is durable is trimmed, and the snapshot is of the release before
    found = await read_whole(log, ROOM, archive)
    assert (found.story.cursor, found.story.room) == (end, full.story.room)


async def test_a_room_that_never_was_is_unknown(log: MemoryRoomLog) -> None:
    with pytest.raises(UnknownRoom):
        await read_whole(log, ROOM, Kept([]))
    assert OPENED.room == ROOM
