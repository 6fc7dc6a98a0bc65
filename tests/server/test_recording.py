"""A recording that a browser makes becomes the same frames as any microphone, in any pieces, over any break."""

import random
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.protocol import Frame
from server import recording as module
from server.adapters import opus
from server.adapters.opus import OpusDecoder
from server.ports import AudioFull, BadSound
from server.recording import Recording
from server.webm import ELEMENT_LIMIT, BadContainer, Webm, read
from tests.server.hearings import MemoryAudioLog
from tests.speech import length_ms, recorded, speech

SAID = speech("we halved it in a month")
SOUND = recorded(SAID)
ROOM, STREAM = "r-1", "mic"


def cut(sound: bytes, size: int = 600) -> list[bytes]:
    return [sound[start : start + size] for start in range(0, len(sound), size)]


def pieces(parts: Iterable[bytes]) -> list[Frame]:
    return [Frame(number, 0, part) for number, part in enumerate(parts)]


def kept(audio: MemoryAudioLog) -> list[Frame]:
    return [frame for _, _, frame in audio.kept.get(ROOM, [])]


def new(audio: MemoryAudioLog) -> Recording:
    return Recording(audio, ROOM, STREAM, OpusDecoder)


def likeness(pcm: bytes, to: bytes = SAID) -> float:
    """Correlation at the best shift within 20 ms."""
    one, other = (np.frombuffer(sound, "<i2").astype(float) for sound in (to, pcm))
    n = min(len(one), len(other)) - 800
    return max(float(np.corrcoef(one[400:n], other[400 + by : n + by])[0, 1]) for by in range(0, 320, 4))


async def test_the_same_sound_is_in_the_audio_log_afterwards() -> None:
    audio, parts = MemoryAudioLog(), cut(SOUND)
    assert await new(audio).append(pieces(parts)) == len(parts) - 1
    pcm = b"".join(frame.pcm for frame in kept(audio))
    assert abs(length_ms(pcm) - length_ms(SAID)) < 60
    assert likeness(pcm) > 0.95
    assert [frame.seq for frame in kept(audio)] == list(range(len(parts)))


async def test_a_worker_that_takes_over_in_mid_recording_goes_on_behind_what_is_safe() -> None:
    audio, parts = MemoryAudioLog(), cut(SOUND)
    for number in range(len(parts)):  # each piece finds another worker, and is sent twice
        assert await new(audio).append(pieces(parts)[max(0, number - 1) : number + 1]) == number
    pcm = b"".join(frame.pcm for frame in kept(audio))
    assert abs(length_ms(pcm) - length_ms(SAID)) < 60
    assert likeness(pcm) > 0.95


async def test_a_piece_behind_a_gap_is_not_taken() -> None:
    audio, parts = MemoryAudioLog(), pieces(cut(SOUND))
    recording = new(audio)
    assert await recording.append([parts[1], parts[2]]) == -1
    assert await recording.append([parts[0], parts[2]]) == 0
    assert await recording.append(parts) == len(parts) - 1


async def test_a_log_that_was_full_gets_the_piece_again() -> None:
    audio, parts = MemoryAudioLog(limit=3), pieces(cut(SOUND))
    recording = new(audio)
    with pytest.raises(AudioFull):
        await recording.append(parts)
    audio.limit = 100_000
    assert await recording.append(parts[3:]) == len(parts) - 1
    assert likeness(b"".join(frame.pcm for frame in kept(audio))) > 0.95


async def test_pieces_have_the_times_of_their_samples_and_a_rest_is_a_gap() -> None:
    audio, parts = MemoryAudioLog(), cut(SOUND)
    await new(audio).append([Frame(n, 60_000 if n > 5 else 0, part, n == 6) for n, part in enumerate(parts)])
    ends = [frame.capture_ms + frame.duration_ms for frame in kept(audio)]
    starts = [frame.capture_ms for frame in kept(audio)]
    jumps = [start - end for start, end in zip(starts[1:], ends, strict=False)]
    assert all(abs(jump) <= 1 for n, jump in enumerate(jumps) if n != 5)
    assert starts[6] == 60_000
    assert [frame.rested for frame in kept(audio)].index(True) == 6


# --- what is no recording --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        b"RIFF" + bytes(100),
        SOUND[100:],
        bytes(500),
        b"\xff" * 500,
        SOUND.replace(b"A_OPUS", b"A_AAC!"),
        SOUND[:4] + b"\x01" + b"\xff" * 7 + SOUND[5:],
    ],
    ids=["another-format", "from-the-middle", "zeros", "ones", "another-codec", "endless-header"],
)
async def test_what_is_no_recording_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadSound):
        await new(MemoryAudioLog()).append(pieces(cut(wrong)))


def test_a_piece_that_would_come_to_minutes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_LIMIT_BYTES", 16_000)
    with pytest.raises(BadSound):
        OpusDecoder().decode(SOUND)


async def test_a_decoder_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DECODE_S", 0.0)
    with pytest.raises(BadSound):
        await new(MemoryAudioLog()).append(pieces([SOUND]))


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_whatever_comes_is_sound_or_refused_and_nothing_grows(seed: int) -> None:
    chance = random.Random(seed)
    spoilt = bytearray(SOUND[: chance.randrange(1, len(SOUND))])
    for _ in range(chance.randrange(6)):
        spoilt[chance.randrange(min(len(spoilt), chance.choice((300, 10_000))))] = chance.randrange(256)
    decoder, came = OpusDecoder(), 0
    try:
        for part in cut(bytes(spoilt), chance.randrange(1, 3_000)):
            came += len(decoder.decode(part))
            assert len(decoder.state) < 3 * ELEMENT_LIMIT
    except BadSound:
        pass
    assert came <= 4 * len(SAID)


def test_packets_are_the_same_in_any_pieces() -> None:
    def packets(parts: Sequence[bytes]) -> list[bytes]:
        state, found = Webm(), []
        for part in parts:
            state, more = read(state, part)
            found += more
        return found

    whole = packets([SOUND])
    assert len(whole) > 50
    assert packets(cut(SOUND, 1)) == packets(cut(SOUND, 77)) == whole
    assert len(packets([recorded(SAID, live=False)])) == len(whole)  # with lengths, cues and voids


def test_what_nobody_looks_into_is_skipped_however_long_it_says_it_is() -> None:
    huge = b"\xec\x01" + (2**40).to_bytes(7, "big")  # a Void
    state = Webm(begun=True)
    for _ in range(100):
        state, found = read(state, huge if not state.skip else bytes(60_000))
        assert not found
        assert len(state.rest) < 16


def test_sound_before_it_says_what_kind_is_refused() -> None:
    with pytest.raises(BadContainer):
        read(Webm(begun=True), b"\xa3\x85\x81\x00\x00\x80\x00")
