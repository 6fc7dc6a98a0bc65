"""What is wrong with a sound is recognised, counted, and lowers trust; what is right with it costs nothing."""

from dataclasses import dataclass, replace
from math import pi, sin
from random import Random
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.protocol import Frame
from rooms.quality import (
    ADVICE,
    LEAST_TRUST,
    LONGEST_DROPOUT_MS,
    Arrivals,
    Sound,
    arrive,
    listen,
    missed,
    quality,
)
from rooms.transcript import AudioQuality, Flaw
from rooms.windows import Cut, cut

SECOND = 16_000


def voice(ms: int, level: float = 8_000) -> bytes:
    """Something with a voice's ups and downs, all within the level."""
    return pack(
        f"<{16 * ms}h",
        *(
            int(max(-32_768, min(32_767, level * sin(2 * pi * n / 73) * (0.55 + 0.45 * sin(2 * pi * n / 4_000)))))
            for n in range(16 * ms)
        ),
    )


VOICE = voice(4_000)
ZEROS = bytes(2 * 4 * SECOND)


@dataclass(frozen=True)
class Talk:
    """Frames of one stream, as they come."""

    frames: tuple[Frame, ...] = ()
    at_ms: int = 0

    def says(self, pcm: bytes, frame_ms: int = 40, stretch: float = 1.0) -> "Talk":
        step, made, at = 32 * frame_ms, list(self.frames), float(self.at_ms)
        for start in range(0, len(pcm), step):
            made.append(Frame(len(made), round(at), pcm[start : start + step]))
            at += len(pcm[start : start + step]) / 32 * stretch
        return Talk(tuple(made), round(at))

    def skips(self, ms: int) -> "Talk":
        return replace(self, at_ms=self.at_ms + ms)


def sound_of(talk: Talk) -> Sound:
    state, sound = Cut("mic"), Sound()
    for frame in talk.frames:
        state, windows = cut(state, frame)
        for window in windows:
            sound = listen(sound, window)
    return sound


def heard(talk: Talk) -> AudioQuality:
    return quality(sound_of(talk))


def with_holes(pcm: bytes, every_ms: int, hole_ms: int) -> bytes:
    out = bytearray(pcm)
    for start in range(32 * every_ms, len(pcm) - 32 * hole_ms, 32 * every_ms):
        while abs(int.from_bytes(out[start - 2 : start], "little", signed=True)) < 2_000:
            start += 2
        out[start : start + 32 * hole_ms] = bytes(32 * hole_ms)
    return bytes(out)


def test_a_clear_voice_is_trusted_wholly() -> None:
    found = heard(Talk().says(VOICE))
    assert (found.trust, found.flaws, found.measured_ms) == (1.0, (), 4_000)
    assert found.peak_dbfs == pytest.approx(-12.0, abs=0.1)


def test_a_pause_of_digital_silence_is_no_flaw() -> None:
    fading = VOICE[:-64] + bytes(64)
    found = heard(Talk().says(ZEROS[:32_000]).says(fading).says(ZEROS).says(fading))
    assert (found.trust, found.flaws, found.dropouts) == (1.0, (), 0)


def test_what_is_missing_is_counted_with_its_length() -> None:
    found = heard(Talk().says(VOICE).skips(800).says(VOICE))
    assert (found.gaps, found.lost_ms, found.flaws) == (1, 800, (Flaw.GAPS,))
    assert found.trust == pytest.approx(1 - 3 * 0.8 / 8.8, abs=0.01)


def test_a_rest_that_was_meant_is_not_missing() -> None:
    talk = Talk().says(VOICE).skips(30_000).says(VOICE)
    first = len(Talk().says(VOICE).frames)
    rested = tuple(frame._replace(rested=frame.seq == first) for frame in talk.frames)
    assert (heard(talk).gaps, heard(Talk(rested)).gaps, heard(Talk(rested)).trust) == (1, 0, 1.0)


def test_what_was_missed_before_the_utterance_went_on_elsewhere_counts_too() -> None:
    found = quality(missed(sound_of(Talk().says(VOICE)), 2_000))
    assert (found.gaps, found.lost_ms, found.flaws) == (1, 2_000, (Flaw.GAPS,))


def test_a_voice_that_breaks_off_and_comes_back_is_heard_to() -> None:
    found = heard(Talk().says(with_holes(VOICE, 500, 20)))
    assert found.dropouts == 7
    assert found.dropout_ms == pytest.approx(140, abs=2)
    assert found.flaws == (Flaw.DROPOUTS,)
    assert found.trust < 0.85


def test_a_drop_out_is_found_wherever_the_frames_and_windows_are_cut() -> None:
    broken = with_holes(VOICE, 500, 70)
    counts = {(heard(Talk().says(broken, frame_ms)).dropouts) for frame_ms in (20, 33, 40, 200)}
    assert counts == {7}


def test_zeros_for_long_are_silence() -> None:
    cut_off = VOICE[:64_010] + bytes(32 * (LONGEST_DROPOUT_MS + 10)) + VOICE[64_010:]
    assert heard(Talk().says(cut_off)).dropouts == 0


def test_too_loud_a_microphone_clips() -> None:
    found = heard(Talk().says(voice(4_000, level=60_000)))
    assert found.flaws == (Flaw.CLIPPED,)
    assert found.clipped > 0.5
    assert found.peak_dbfs == pytest.approx(0.0, abs=0.1)
    assert found.trust == pytest.approx(0.5, abs=0.1)


def test_a_whisper_into_a_far_microphone_is_quiet() -> None:
    found = heard(Talk().says(voice(4_000, level=300)))
    assert (found.flaws, found.trust) == ((Flaw.QUIET,), 0.8)


def test_a_clock_that_runs_away_from_its_samples_is_seen() -> None:
    ahead, behind = heard(Talk().says(VOICE, stretch=1.02)), heard(Talk().says(VOICE, stretch=0.98))
    assert ahead.drift_ms == pytest.approx(80, abs=5)
    assert behind.drift_ms == pytest.approx(-80, abs=5)
    assert ahead.flaws == behind.flaws == (Flaw.DRIFT,)


def test_jitter_of_the_clock_is_no_drift() -> None:
    frames = tuple(f._replace(capture_ms=f.capture_ms + n % 3 * 15) for n, f in enumerate(Talk().says(VOICE).frames))
    assert heard(Talk(frames)).flaws == ()


def test_a_microphone_that_gives_zeros_has_no_level() -> None:
    found = heard(Talk().says(ZEROS))
    assert found.peak_dbfs is None
    assert Flaw.QUIET in found.flaws


def test_nothing_heard_is_nothing_wrong() -> None:
    assert quality(Sound()) == AudioQuality(trust=1.0, measured_ms=0)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 200), st.sampled_from((b"\0\0", b"\xff\x7f", b"\0\x80", b"\1\0")))
def test_any_sound_at_all_is_measured(seed: int, frame_ms: int, often: bytes) -> None:
    chance = Random(seed)
    pieces = (often * chance.randrange(900) + chance.randbytes(2 * chance.randrange(300)) for _ in range(8))
    found = heard(Talk().says(b"".join(pieces), frame_ms))
    assert LEAST_TRUST <= found.trust <= 1


def test_there_is_advice_for_every_flaw() -> None:
    assert ADVICE.keys() == set(Flaw)


# --- on the way ------------------------------------------------------------------------------------------------


def arrived(frames: list[tuple[int, int, int]]) -> Arrivals:
    found = Arrivals()
    for seq, capture_ms, now_ms in frames:
        found = arrive(found, seq, capture_ms, now_ms)
    return found


def test_frames_sent_again_and_frames_ahead_of_their_turn_are_counted() -> None:
    found = arrived([(seq, 40 * seq, 40 * seq) for seq in (0, 1, 2, 1, 2, 3, 7, 8, 5)])
    assert (found.frames, found.again, found.ahead) == (9, 3, 1)


def test_a_device_whose_clock_falls_behind_is_seen_however_its_frames_jitter() -> None:
    late = [(n, 40 * n, 5_000_000 + round(40 * n * 1.01) + 90 * (n % 3)) for n in range(2_000)]
    assert arrived(late).drift_ms == pytest.approx(600, abs=60)
    good = [(n, 40 * n, 5_000_000 + 40 * n + 90 * (n % 3)) for n in range(2_000)]
    assert arrived(good).drift_ms == 0


def test_what_comes_at_once_after_an_outage_is_no_drift() -> None:
    frames = [(n, 40 * n, 40 * n if not 500 <= n < 625 else 25_000) for n in range(2_000)]
    assert arrived(frames).drift_ms == 0
