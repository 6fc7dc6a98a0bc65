"""The contract of `ports.HearingNotes`, on Valkey, on Redis 6.2 and on a cluster."""

from collections.abc import AsyncIterator

import pytest

from rooms.protocol import Frame
from server.adapters.redis_audio import RedisAudioLog
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_notes import RedisHearingNotes
from server.ports import Fenced, HearingNotes, Note
from tests.redis_parts import admin_of
from tests.waiting import PATIENT_MS

OLD, NEW = 7, 8
"""Numbers of leases."""


@pytest.fixture
async def redis(every_redis_url: str) -> AsyncIterator[RedisConnection]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield redis


@pytest.fixture
async def audio(redis: RedisConnection) -> RedisAudioLog:
    audio = RedisAudioLog(redis, 60)
    for room in ("r-1", "r-2"):
        await audio.append(room, "s-1", [Frame(number, number * 40, bytes(1280)) for number in range(4)])
    return audio


@pytest.fixture
def notes(redis: RedisConnection, audio: RedisAudioLog) -> HearingNotes:
    """Of rooms in which audio has come in."""
    return RedisHearingNotes(redis)


async def test_the_last_note_of_each_room_is_recalled(notes: HearingNotes) -> None:
    assert await notes.recall("r-1", OLD) is None
    assert await notes.keep([Note("r-1", OLD, b"\0first", ""), Note("r-2", OLD, b"other", "")]) == {"r-1", "r-2"}
    assert await notes.keep([Note("r-1", OLD, b"\xffsecond", "")]) == {"r-1"}
    assert await notes.keep([]) == frozenset()
    assert (await notes.recall("r-1", NEW), await notes.recall("r-2", NEW)) == (b"\xffsecond", b"other")


async def test_who_was_replaced_keeps_no_note_and_forgets_no_audio(notes: HearingNotes, audio: RedisAudioLog) -> None:
    await notes.keep([Note("r-1", OLD, b"old", "")])
    assert await notes.recall("r-1", NEW) == b"old"
    position, frames = (await audio.read({"r-1": ""}))["r-1"]
    assert await notes.keep([Note("r-1", OLD, b"late", position), Note("r-2", OLD, b"mine", "")]) == {"r-2"}
    assert (await audio.read({"r-1": ""}))["r-1"] == (position, frames)
    assert await notes.recall("r-1", NEW) == b"old"
    with pytest.raises(Fenced):
        await notes.recall("r-1", OLD)


async def test_audio_goes_in_the_same_step(notes: HearingNotes, audio: RedisAudioLog) -> None:
    position, _ = (await audio.read({"r-1": ""}))["r-1"]
    await audio.append("r-1", "s-1", [Frame(4, 160, bytes(1280))])
    await notes.keep([Note("r-1", OLD, b"note", position)])
    assert [frame.seq for _, frame in (await audio.read({"r-1": ""}))["r-1"][1]] == [4]


async def test_a_note_is_erased_with_the_audio_and_a_late_one_does_not_bring_it_back(
    notes: HearingNotes, audio: RedisAudioLog, every_redis_url: str
) -> None:
    for room in ("r-1", "r-2"):
        await notes.keep([Note(room, OLD, b"words", "")])
        await audio.erase(room)
        assert await notes.keep([Note(room, OLD, b"words", "")]) == {room}
        assert await audio.append(room, "s-1", [Frame(4, 160, bytes(1280))]) == -1
        await notes.keep([Note(room, OLD, b"words", "")])
    with admin_of(every_redis_url) as admin:
        assert not any(admin.hexists(key, "note") for key in admin.scan_iter(match="*hearing"))


async def test_notes_go_by_themselves(notes: HearingNotes, every_redis_url: str) -> None:
    await notes.keep([Note("r-1", OLD, b"words", "")])
    await notes.recall("r-2", OLD)
    with admin_of(every_redis_url) as admin:
        assert all(0 < admin.ttl(key) <= 3_600 for key in admin.scan_iter())
