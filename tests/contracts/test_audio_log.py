"""The contract of `ports.AudioLog`, on Valkey, on Redis 6.2 and on a cluster."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.protocol import Frame
from server.adapters.redis_audio import FRAMES_PER_READ, RedisAudioLog
from server.adapters.redis_connection import RedisConnection, room_key
from server.ports import AudioFull, AudioLog, Unavailable
from tests.redis_parts import admin_of, cut_all_connections
from tests.servers import free_port
from tests.waiting import PATIENT_MS

ROOM, STREAM = "r-1", "s-1"
FRAME_MS = 40
BACKLOG_S = 2
FITS = BACKLOG_S * 1_000 // FRAME_MS
"""Frames that find room before any is forgotten."""


def frames(numbers: Iterable[int], ms: int = FRAME_MS) -> list[Frame]:
    return [Frame(number, number * ms, number.to_bytes(4, "big") * (ms * 8)) for number in numbers]


@pytest.fixture
async def audio(every_redis_url: str) -> AsyncIterator[AudioLog]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield RedisAudioLog(redis, BACKLOG_S)


async def kept(audio: AudioLog, position: str = "") -> Sequence[tuple[str, Frame]]:
    found = await audio.read({ROOM: position})
    return found[ROOM][1] if ROOM in found else []


async def test_frames_come_back_as_they_were_and_in_order(audio: AudioLog) -> None:
    assert await audio.append(ROOM, STREAM, frames(range(3))) == 2
    assert await audio.append(ROOM, STREAM, frames(range(3, 5))) == 4
    assert await kept(audio) == [(STREAM, frame) for frame in frames(range(5))]


async def test_before_the_first_frame_nothing_is_safe(audio: AudioLog) -> None:
    assert await audio.through(ROOM, STREAM) is None
    assert await audio.append(ROOM, STREAM, []) == -1
    assert await audio.append(ROOM, STREAM, frames([7])) == -1
    assert await audio.read({ROOM: ""}) == {}


async def test_frames_that_are_there_are_not_kept_twice(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(3)))
    assert await audio.append(ROOM, STREAM, frames(range(5))) == 4
    assert await audio.append(ROOM, STREAM, frames(range(2))) == 4
    assert [frame.seq for _, frame in await kept(audio)] == [0, 1, 2, 3, 4]


async def test_a_frame_behind_a_gap_is_not_kept(audio: AudioLog) -> None:
    assert await audio.append(ROOM, STREAM, frames([0, 1, 3, 4])) == 1
    assert await audio.through(ROOM, STREAM) == 1
    assert await audio.append(ROOM, STREAM, frames([2, 3, 4])) == 4


async def test_two_streams_of_a_room_are_numbered_apart(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(2)))
    assert await audio.append(ROOM, "s-2", frames(range(1))) == 0
    assert [(stream, frame.seq) for stream, frame in await kept(audio)] == [(STREAM, 0), (STREAM, 1), ("s-2", 0)]
    assert (await audio.through(ROOM, STREAM), await audio.through(ROOM, "s-2")) == (1, 0)


async def test_two_writers_of_one_stream_leave_it_whole(audio: AudioLog) -> None:
    """As when a client reconnects to another worker while the first still has frames in hand."""
    pieces = [frames(range(start, start + 5)) for start in range(0, 40, 5)]
    for piece in pieces:
        await asyncio.gather(*(audio.append(ROOM, STREAM, piece) for _ in range(4)))
    assert [frame.seq for _, frame in await kept(audio)] == list(range(40))


async def test_reading_goes_on_from_a_position(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(3)))
    position, _ = (await audio.read({ROOM: ""}))[ROOM]
    assert await audio.read({ROOM: position}) == {}
    await audio.append(ROOM, STREAM, frames([3]))
    assert [frame.seq for _, frame in await kept(audio, position)] == [3]


async def test_of_much_that_waits_a_reading_brings_some_and_the_next_goes_on(audio: AudioLog) -> None:
    much = frames(range(FRAMES_PER_READ + 10), ms=20)
    await audio.append(ROOM, STREAM, much)
    position, some = (await audio.read({ROOM: ""}))[ROOM]
    assert len(some) == FRAMES_PER_READ
    assert [frame for _, frame in [*some, *await kept(audio, position)]] == much


async def test_many_rooms_are_read_at_once_and_silent_ones_are_left_out(audio: AudioLog) -> None:
    for number in range(20):
        await audio.append(f"r-{number}", STREAM, frames(range(number % 3)))
    found = await audio.read({f"r-{number}": "" for number in range(20)})
    assert {room: len(heard) for room, (_, heard) in found.items()} == {
        f"r-{number}": number % 3 for number in range(20) if number % 3
    }
    assert await audio.read({}) == {}


async def test_more_than_may_wait_is_refused_and_nothing_unheard_is_dropped(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(FITS)))
    with pytest.raises(AudioFull):
        await audio.append(ROOM, STREAM, frames([FITS]))
    assert len(await kept(audio)) == FITS
    assert await audio.through(ROOM, STREAM) == FITS - 1


async def test_what_a_decoder_needs_is_kept_with_its_frame_or_not_at_all(audio: RedisAudioLog) -> None:
    assert await audio.decoder(ROOM, STREAM) == b""
    await audio.append(ROOM, STREAM, frames(range(FITS)), b"one")
    assert await audio.decoder(ROOM, STREAM) == b"one"
    await audio.append(ROOM, STREAM, frames([0]), b"of long ago")
    with pytest.raises(AudioFull):
        await audio.append(ROOM, STREAM, frames([FITS]), b"two")
    assert await audio.decoder(ROOM, STREAM) == b"one"
    await audio.erase(ROOM)
    assert await audio.decoder(ROOM, STREAM) == b""


async def test_a_frame_without_samples_and_one_of_seconds_are_kept_as_they_are(audio: RedisAudioLog) -> None:
    made = [Frame(0, 0, b""), Frame(1, 0, bytes(32 * 1_000))]
    await audio.append(ROOM, STREAM, made)
    found = await audio.read({ROOM: ""})
    assert [frame for _, frame in found[ROOM][1]] == made


async def test_what_still_fits_is_kept_before_it_is_full(audio: AudioLog) -> None:
    with pytest.raises(AudioFull):
        await audio.append(ROOM, STREAM, frames(range(FITS + 10)))
    assert await audio.through(ROOM, STREAM) == FITS - 1


async def test_the_limit_counts_time_and_not_frames(audio: AudioLog) -> None:
    assert await audio.append(ROOM, STREAM, frames(range(BACKLOG_S * 50), ms=20)) == BACKLOG_S * 50 - 1
    with pytest.raises(AudioFull):
        await audio.append(ROOM, STREAM, frames([BACKLOG_S * 50], ms=20))


async def test_repeating_what_is_kept_is_no_reason_to_be_full(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(FITS)))
    assert await audio.append(ROOM, STREAM, frames(range(FITS - 3, FITS))) == FITS - 1


async def test_forgetting_what_was_heard_makes_room(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(FITS)))
    position, _ = (await audio.read({ROOM: ""}))[ROOM]
    await audio.forget(ROOM, position)
    assert await audio.read({ROOM: ""}) == {}
    assert await audio.through(ROOM, STREAM) == FITS - 1
    assert await audio.append(ROOM, STREAM, frames(range(FITS, 2 * FITS))) == 2 * FITS - 1
    assert [frame.seq for _, frame in await kept(audio, position)] == list(range(FITS, 2 * FITS))


async def test_forgetting_keeps_what_came_later(audio: AudioLog) -> None:
    await audio.append(ROOM, STREAM, frames(range(3)))
    position, _ = (await audio.read({ROOM: ""}))[ROOM]
    await audio.append(ROOM, STREAM, frames(range(3, 6)))
    await audio.forget(ROOM, position)
    await audio.forget(ROOM, position)
    assert [frame.seq for _, frame in await kept(audio)] == [3, 4, 5]


async def test_erased_audio_is_gone_and_its_stream_too(audio: AudioLog, every_redis_url: str) -> None:
    await audio.append(ROOM, STREAM, frames(range(3)))
    await audio.erase(ROOM)
    await audio.erase(ROOM)
    assert await audio.append(ROOM, STREAM, frames([3])) == -1  # a late frame does not bring it back
    with admin_of(every_redis_url) as admin:
        assert admin.dbsize() == 0


async def test_audio_goes_by_itself(audio: AudioLog, every_redis_url: str) -> None:
    await audio.append(ROOM, STREAM, frames(range(3)))
    with admin_of(every_redis_url) as admin:
        assert all(0 < admin.ttl(key) <= 3_600 for key in admin.scan_iter())


async def test_cut_connections_leave_the_audio_whole(audio: AudioLog, every_redis_url: str) -> None:
    for number in range(FITS):
        if number % 10 == 5:
            cut_all_connections(every_redis_url)
        await audio.append(ROOM, STREAM, frames([number]))
    assert [frame.seq for _, frame in await kept(audio)] == list(range(FITS))


async def test_without_redis_audio_is_unavailable_and_not_full() -> None:
    async with RedisConnection(f"redis://127.0.0.1:{free_port()}", 100) as redis:
        with pytest.raises(Unavailable):
            await RedisAudioLog(redis, BACKLOG_S).append(ROOM, STREAM, frames([0]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(batches=st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=12))
async def test_whatever_order_frames_come_in_the_kept_ones_are_gapless(
    redis_url: str, batches: list[list[int]]
) -> None:
    async with RedisConnection(redis_url, PATIENT_MS) as redis:
        audio = RedisAudioLog(redis, 60)
        await audio.erase(ROOM)
        through = -1
        for batch in batches:
            for number in batch:
                through += number == through + 1
            assert await audio.append(ROOM, STREAM, frames(batch)) == through
        assert [frame.seq for _, frame in await kept(audio)] == list(range(through + 1))


async def test_a_frame_of_another_release_is_left_out_and_the_rest_is_read(every_redis_url: str) -> None:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        audio = RedisAudioLog(redis, BACKLOG_S)
        await audio.append(ROOM, STREAM, frames([0]))
        await redis.call("XADD", room_key(ROOM, "audio"), "*", "samples", 1, "stream", STREAM, "frame", b"\xff" * 40)
        await audio.append(ROOM, STREAM, frames([1]))
        assert await kept(audio) == [(STREAM, frame) for frame in frames([0, 1])]
