"""Hearing with the real voice detector, the real recognisers and the real Redis."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rooms.transcript import Word
from scripts.bench.hearing.sounds import SOUNDS
from server.adapters.passages import PassageTranscriber, apart
from server.adapters.recogniser_process import RecogniserProcess
from server.adapters.redis_audio import RedisAudioLog
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.adapters.redis_notes import RedisHearingNotes
from server.adapters.silero import Silero
from server.adapters.sphinx import SphinxTranscriber
from server.adapters.whisper import load
from tests.canned_whisper import evenly, write
from tests.server.hearings import Rig
from tests.speech import noise, samples, silence, speech
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.voice

SAID = "I moved the payments team to one queue, and failures fell by half."
LONG_SILENCE = silence(11_000)
"""Ends an answer whatever its last words are, or are taken for."""
CLIPS = Path(__file__).parents[3] / "shared" / "audio"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a recogniser takes over a guess says how busy the machine is."""
    monkeypatch.setattr("server.hearing.recognition._HEAR_S", DEADLINE_S)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig(transcribe_timeout_s=3_600)
    async with rig.up():
        yield rig


@pytest.fixture
async def on_redis(redis_url: str) -> AsyncIterator[Rig]:
    async with RedisConnection(redis_url, 3_000) as redis:
        logs = RedisRoomLog(redis), RedisSubscriber(redis), RedisAudioLog(redis, 60), RedisHearingNotes(redis)
        rig = Rig(*logs, transcribe_timeout_s=3_600)
        async with rig.up():
            yield rig


@pytest.fixture
def whisper(tmp_path: Path) -> PassageTranscriber:
    return load(write(tmp_path / "canned", evenly(SAID, 0.3, 3.3)), threads=1)


def speaking_of(utterance_words: tuple[Word, ...]) -> set[str]:
    return {word.text.lower() for word in utterance_words}


async def test_whispers_exact_words_reach_the_room_in_the_rooms_time(
    on_redis: Rig, whisper: PassageTranscriber
) -> None:
    async with on_redis.room() as room, on_redis.hearing(whisper, room, voice=Silero):
        await room.say(silence(960) + speech(SAID) + silence(1_500))
        await room.until(lambda: room.texts)
        (utterance,) = room.turn.utterances
        assert utterance.text == SAID
        assert utterance.start_ms == pytest.approx(960 - 300 + 100, abs=150)
        last = utterance.words[-1]
        assert last.end_ms == pytest.approx(utterance.start_ms + 3_300, abs=40)
        assert utterance.end_ms == pytest.approx(960 + len(speech(SAID)) // 32, abs=400)


async def test_a_whisper_that_dies_while_rooms_speak_costs_no_word(on_redis: Rig, tmp_path: Path) -> None:
    whisper = await apart(write(tmp_path / "canned", evenly(SAID, 0.3, 3.3)), 1, "Whisper canned", 30)
    assert isinstance(whisper.windows, RecogniserProcess)
    async with (
        on_redis.room("r-1") as one,
        on_redis.room("r-2") as two,
        on_redis.hearing(whisper, one, two, voice=Silero),
    ):
        half = len(speech(SAID)) // 2
        for room in (one, two):
            await room.say(silence(960) + speech(SAID)[:half])
            await room.until(lambda room=room: room.told("speaking"))
        assert whisper.windows.pid is not None
        os.kill(whisper.windows.pid, signal.SIGKILL)
        for room in (one, two):
            await room.say(speech(SAID)[half:] + silence(1_500))
        for room in (one, two):
            await room.until(lambda room=room: room.texts)
            assert room.texts == [SAID]
            assert not room.told("hearing_trouble")
        assert whisper.windows.starts == 2


async def test_pocketsphinx_writes_some_of_what_was_said_and_silence_ends_the_turn(on_redis: Rig) -> None:
    sphinx = SphinxTranscriber(1)
    loaded = sphinx.open()  # which takes its time on a busy machine, longer perhaps than a guess may
    await loaded.hear(silence(500))
    await loaded.finish()
    async with on_redis.room() as room, on_redis.hearing(sphinx, room, voice=Silero) as hearing:
        spoken = speech("it was a good idea to put the money in the bank")
        await room.say(silence(500))
        await room.until(lambda: room.id in hearing._ears)
        for start in range(0, len(spoken), 32_000):
            position = hearing._ears[room.id][0].position
            await room.say(spoken[start : start + 32_000])
            await room.until(lambda before=position: hearing._ears[room.id][0].position != before)
        await room.say(LONG_SILENCE)
        turn = await room.closed()
        words = speaking_of(turn.transcript.words)
        assert len(words & {"it", "was", "a", "good", "idea", "to", "put", "money", "in", "bank"}) >= 6
        assert all(480 <= word.start_ms <= 500 + len(spoken) // 32 + 200 for word in turn.transcript.words)
        assert room.told("partial")


@pytest.mark.parametrize("after_ms", [700, 1_900, 3_100, 4_700])
async def test_a_worker_that_dies_anywhere_is_followed_by_one_that_writes_the_same(
    on_redis: Rig, whisper: PassageTranscriber, after_ms: int
) -> None:
    answer = silence(960) + speech(SAID) + silence(1_200)
    async with on_redis.room() as room:
        async with on_redis.hearing(_Lasting(whisper), room, voice=Silero):
            await room.say(answer[: after_ms * 32])
            await asyncio.sleep(0.15)
        async with on_redis.hearing(whisper, room, voice=Silero):
            await room.say(answer[after_ms * 32 :] + silence(3_000))
            turn = await room.closed()
    assert [utterance.text for utterance in turn.utterances] == [SAID]


@pytest.mark.parametrize("frame_ms", [20, 100, 137])
async def test_any_frames_give_the_same_words_and_times(rig: Rig, frame_ms: int) -> None:
    found = []
    for cut_ms in (40, frame_ms):
        async with rig.room(f"r-{cut_ms}") as room, rig.hearing(SphinxTranscriber(1), room, voice=Silero):
            await room.say(
                silence(500) + speech("two years later the company was in the market") + LONG_SILENCE, cut_ms
            )
            turn = await room.closed()
            found.append([(u.text, u.start_ms, u.end_ms, u.words) for u in turn.utterances])
    assert found[0] == found[1]
    assert found[0]


@pytest.mark.parametrize("level", [0, 50, 1_000, 5_000])
async def test_ten_seconds_of_noise_are_not_written_down(rig: Rig, whisper: PassageTranscriber, level: int) -> None:
    async with rig.room() as room, rig.hearing(whisper, room, voice=Silero):
        await room.say(noise(10_000, level))
        await room.finish()
        assert (await room.closed()).utterances == ()
        assert room.told("speaking") == []


@pytest.mark.parametrize("sound", ["pink noise", "a keyboard", "music"])
async def test_ten_seconds_of_what_is_no_speech_are_not_written_down(
    rig: Rig, whisper: PassageTranscriber, sound: str
) -> None:
    async with rig.room() as room, rig.hearing(whisper, room, voice=Silero):
        await room.say(SOUNDS[sound](10_000))
        await room.finish()
        assert (await room.closed()).utterances == ()


async def test_a_person_who_reads_aloud_is_heard(rig: Rig) -> None:
    clip = CLIPS / "austen-0880.wav"
    if not clip.exists():
        pytest.skip("no ../shared/audio here: hearing was not tried on a real person")
    known = {clip["file"]: clip["transcript"] for clip in json.loads((CLIPS / "manifest.json").read_text())}
    async with rig.room() as room, rig.hearing(SphinxTranscriber(1), room, voice=Silero):
        await room.say(silence(500) + samples(clip) + LONG_SILENCE)
        turn = await room.closed()
        assert len(speaking_of(turn.transcript.words) & set(known[clip.name].split())) >= 4


class _Lasting:
    """A recogniser that outlives its worker, for the next one to use."""

    def __init__(self, transcriber: PassageTranscriber) -> None:
        self._transcriber = transcriber
        self.label, self.caution, self.open = transcriber.label, transcriber.caution, transcriber.open

    async def close(self) -> None: ...
