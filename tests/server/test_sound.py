"""A voice that arrives badly is said to: with the utterance, and live to whoever is in the room."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from rooms.protocol import SoundQuality
from rooms.quality import DEAD_MS
from rooms.transcript import Flaw
from server.hearing import sound
from tests.server.hearings import Echo, Heard, Rig, tone
from tests.speech import silence


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(sound, "TELL_EVERY_S", 0.0)
    rig = Rig()
    async with rig.up():
        yield rig


def told(room: Heard) -> list[tuple[Flaw, ...]]:
    return [tell.flaws for tell in room.told("sound_quality") if isinstance(tell, SoundQuality)]


def clipped(pcm: bytes) -> bytes:
    return (np.frombuffer(pcm, "<i2").astype(np.int32) * 30).clip(-32_768, 32_767).astype("<i2").tobytes()


async def test_a_good_sound_is_kept_with_the_words_and_told_to_nobody(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(500) + tone(4, 2_000) + silence(1_000))
        await room.until(lambda: room.texts)
        (utterance,) = room.turn.utterances
        assert utterance.audio is not None
        assert (utterance.audio.trust, utterance.audio.flaws) == (1.0, ())
        assert utterance.audio.measured_ms >= 2_000
        assert told(room) == []


async def test_too_loud_a_microphone_is_told_while_it_is_and_no_longer(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(500) + clipped(tone(12, 3_000)) + silence(1_000))
        await room.until(lambda: room.texts)
        await room.until(lambda: told(room) == [(Flaw.CLIPPED,)])
        (tell,) = room.told("sound_quality")
        assert isinstance(tell, SoundQuality)
        assert tell.to_candidate.startswith("Your microphone is too loud. Move back a little")
        assert tell.turn == 1
        await room.say(tone(4, 3_000) + silence(1_000))
        await room.until(lambda: len(room.texts) == 2)
        await room.until(lambda: told(room) == [(Flaw.CLIPPED,), ()])
        loud, fine = room.turn.utterances
        assert loud.audio is not None
        assert fine.audio is not None
        assert (loud.audio.flaws, fine.audio.trust) == ((Flaw.CLIPPED,), 1.0)
        assert loud.audio.trust < 0.6


async def test_a_piece_that_is_missing_is_said_of_what_was_said_before_and_after_it(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(500) + tone(4, 2_000))
        room.mute(700)
        await room.say(tone(5, 2_000) + silence(1_000))
        await room.until(lambda: len(room.texts) == 2)
        audio = [utterance.audio for utterance in room.turn.utterances]
        assert [(one.gaps, one.lost_ms, one.flaws) for one in audio if one] == [(1, 700, (Flaw.GAPS,))] * 2
        await room.until(lambda: (Flaw.GAPS,) in told(room))


async def test_a_microphone_that_is_switched_off_is_told_of_until_it_is_on(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(DEAD_MS + 500))
        await room.until(lambda: told(room) == [(Flaw.DEAD,)])
        await room.say(tone(4, 2_000) + silence(1_000))
        await room.until(lambda: told(room) == [(Flaw.DEAD,), ()])


async def test_it_is_not_told_again_and_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "TELL_EVERY_S", 3_600.0)
    async with rig.room() as room, rig.hearing(Echo(), room):
        for _ in range(3):
            await room.say(silence(500) + clipped(tone(12, 3_000)) + tone(4, 3_000) + silence(1_000))
        await room.until(lambda: len(room.texts) == 3 and told(room))  # told behind the words that came with it
        assert told(room) == [(Flaw.CLIPPED,)]


async def test_what_a_worker_heard_of_the_sound_before_it_died_counts(rig: Rig) -> None:
    async with rig.room() as room:
        async with rig.hearing(Echo(), room):
            await room.say(silence(700) + clipped(tone(12, 4_500)) + silence(400) + tone(5, 500))
            await room.until(lambda: room.told("partial") and getattr(room.told("partial")[-1], "stable", ""))
        async with rig.hearing(Echo(), room):
            await room.say(tone(5, 1_500) + silence(1_000))
            await room.until(lambda: room.texts)
        (utterance,) = room.turn.utterances
        assert utterance.audio is not None
        assert Flaw.CLIPPED in utterance.audio.flaws
        assert utterance.audio.clipped > 0.5
