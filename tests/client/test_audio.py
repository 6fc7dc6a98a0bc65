"""Files become what a microphone would have given, at the pace that was asked for."""

from pathlib import Path

import numpy as np
import pytest

import client.audio
from client.audio import Pace, decode, duration_ms, paced, pieces, silence
from client.errors import AudioFileError
from tests.client.audio_files import write_encoded, write_wav


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, dtype="<i2").astype(float) ** 2)))


def hertz(pcm: bytes) -> float:
    """The strongest frequency."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax() * 16_000 / len(samples))


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (8_000, 1), (22_050, 1), (44_100, 2), (48_000, 2)])
def test_any_rate_and_channels_become_one_channel_at_16_khz(tmp_path: Path, rate: int, channels: int) -> None:
    pcm = decode(write_wav(tmp_path / "tone.wav", 500, rate, channels))
    assert abs(duration_ms(pcm) - 500) <= 5
    assert abs(hertz(pcm) - 440) < 5
    assert 4_000 < loudness(pcm) < 7_000


def test_a_file_at_16_khz_is_taken_sample_by_sample(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "tone.wav", 100)
    assert decode(path) == path.read_bytes()[44:]


@pytest.mark.parametrize(("name", "codec"), [("a.flac", "flac"), ("a.webm", "libopus"), ("a.mp3", "libmp3lame")])
def test_compressed_files_are_read(tmp_path: Path, name: str, codec: str) -> None:
    pcm = decode(write_encoded(tmp_path / name, codec, 500))
    assert abs(duration_ms(pcm) - 500) < 60  # a codec adds the rest of its last block
    assert abs(hertz(pcm) - 440) < 5


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_what_is_no_sound_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(content)
    with pytest.raises(AudioFileError, match=r"odd\.wav"):
        decode(path)


def test_a_missing_file_and_a_directory_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="no file"):
        decode(tmp_path / "missing.wav")
    with pytest.raises(AudioFileError):
        decode(tmp_path)


def test_a_recording_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.audio, "LENGTH_LIMIT_S", 1)
    with pytest.raises(AudioFileError, match="longer"):
        decode(write_wav(tmp_path / "long.wav", 1_200))


def test_pieces_are_equal_and_lose_nothing() -> None:
    pcm = bytes(range(256)) * 11
    cut = pieces(pcm, piece_ms=20)
    assert b"".join(cut) == pcm
    assert {len(piece) for piece in cut[:-1]} == {640}


def test_silence_is_as_long_as_asked_and_silent() -> None:
    assert duration_ms(silence(200)) == 200
    assert not any(silence(200))


class Clock:
    """Time that passes by sleeping, and by whatever a test adds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 2.0), (2.0, 1.0), (0.5, 4.0), (0.0, 0.0)])
async def test_a_recording_takes_as_long_as_its_pace_says(speed: float, seconds: float) -> None:
    clock = Clock()
    spoken = b"".join([piece async for piece in paced(silence(2_000), Pace(speed, clock, clock.sleep))])
    assert len(spoken) == len(silence(2_000))
    assert clock.now - 100 == pytest.approx(seconds)


async def test_time_lost_while_sending_is_caught_up() -> None:
    clock = Clock()
    async for _ in paced(silence(2_000), Pace(1.0, clock, clock.sleep)):
        clock.now += 0.03  # each piece takes 30 of its 40 ms to send
    assert clock.now - 100 == pytest.approx(2.03)


async def test_a_pause_is_not_caught_up() -> None:
    clock = Clock()
    pace = Pace(1.0, clock, clock.sleep)
    await pace.spoken(1_000)
    clock.now += 60
    pace.start_anew()
    await pace.spoken(1_000)
    assert clock.now - 100 == pytest.approx(62)
