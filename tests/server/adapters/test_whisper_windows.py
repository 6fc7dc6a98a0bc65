from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper import WhisperModel

from server.adapters.recogniser_job import Job
from server.adapters.whisper_windows import SLACK_FRAMES, WHOLE_FRAMES, Found, WhisperWindows, doubt, spurious
from tests.canned_whisper import evenly, write
from tests.speech import noise, silence

TEXT = "I led the payments team and we cut failures by half."
SURE = Found([1, 2], TEXT, -0.3, 0.1, False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return _loaded(write(tmp_path_factory.mktemp("models") / "canned", evenly(TEXT, 0.4, 3.7)))


def _loaded(directory: Path) -> Any:
    return WhisperModel(str(directory), device="cpu", compute_type="int8", cpu_threads=1)


class Watched:
    """A model that notes how long the encoder's windows are."""

    def __init__(self, model: Any) -> None:
        self._model, self.model = model, self
        self.encoded: list[tuple[int, int]] = []

    def encode(self, features: Any) -> Any:
        self.encoded.append((features.shape[0], features.shape[2]))
        return self._model.model.encode(features)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model.model if name in ("generate", "is_multilingual") else self._model, name)


@pytest.mark.parametrize(("ms", "frames"), [(400, 512), (2_560, 512), (2_700, 768), (9_900, 1_280), (29_000, 3_000)])
def test_a_window_is_as_long_as_its_audio_and_some_silence(model: Any, ms: int, frames: int) -> None:
    watched = Watched(model)
    WhisperWindows(watched).decode([Job(noise(ms), (), final=False)])
    assert watched.encoded == [(1, frames)]
    assert frames - ms / 10 >= SLACK_FRAMES or frames == WHOLE_FRAMES


def test_a_short_window_gives_the_same_words_and_times_as_a_whole_one_and_as_faster_whisper_itself(model: Any) -> None:
    pcm = silence(400) + noise(3_300) + silence(700)
    (short,) = WhisperWindows(model).decode([Job(pcm, (), final=True)])
    (whole,) = WhisperWindows(model, whole=True).decode([Job(pcm, (), final=True)])
    audio = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    segments, _ = model.transcribe(audio, language="en", temperature=0.0, word_timestamps=True)
    known = [word for segment in segments for word in segment.words or ()]
    assert [word.text for word in short] == [word.word.strip() for word in known]
    assert [word.end_ms for word in short] == [round(word.end * 1000) for word in known]
    assert short == whole


def test_passages_in_one_batch_get_the_words_they_get_alone(model: Any) -> None:
    watched = Watched(model)
    windows = WhisperWindows(watched)
    jobs = [Job(noise(ms, seed=ms), (), final=True) for ms in (4_000, 4_500, 9_000, 1_000)]
    together = windows.decode(jobs)
    assert watched.encoded == [(2, 768), (1, 1_280), (1, 512)]
    assert together == [windows.decode([job])[0] for job in jobs]


def test_audio_longer_than_the_longest_window_takes_several(model: Any) -> None:
    watched = Watched(model)
    (words,) = WhisperWindows(watched).decode([Job(noise(33_000), (), final=True)])
    assert watched.encoded == [(1, 3_000), (1, 768)]
    assert " ".join(word.text for word in words) == f"{TEXT} {TEXT}"
    assert words[11].start_ms >= 30_000
    assert words[-1].end_ms <= 33_000


def test_text_in_doubt_is_decoded_once_more_padded_and_then_dropped(tmp_path: Path) -> None:
    watched = Watched(_loaded(write(tmp_path / "loop", evenly("so we go " * 12, 0.4, 3.7))))
    windows = WhisperWindows(watched)
    assert windows.decode([Job(noise(4_000), (), final=True)]) == [()]
    assert watched.encoded == [(1, 768), (1, WHOLE_FRAMES)]
    assert (windows.counts.windows, windows.counts.again, windows.counts.dropped) == (2, 1, 1)


def test_a_guess_in_doubt_is_not_decoded_again(tmp_path: Path) -> None:
    watched = Watched(_loaded(write(tmp_path / "loop", evenly("so we go " * 12, 0.4, 3.7))))
    assert WhisperWindows(watched).decode([Job(noise(4_000), (), final=False)]) == [()]
    assert len(watched.encoded) == 1


def test_nothing_at_all_is_no_words(model: Any) -> None:
    assert WhisperWindows(model).decode([]) == []
    assert len(WhisperWindows(model).decode([Job(b"", (), final=True)])) == 1


@pytest.mark.parametrize(
    ("found", "why", "dropped"),
    [
        (SURE, None, False),
        (SURE._replace(text=""), "nothing heard", False),
        (SURE._replace(logprob=-1.2), "unlikely", False),
        (SURE._replace(no_speech=0.9), "no speech", False),
        (SURE._replace(no_speech=0.9, logprob=-1.2), "unlikely", True),
        (SURE._replace(endless=True), "endless", False),
        (SURE._replace(text="so " * 9), "repeats itself", True),
        (SURE._replace(text="Kafka, Ada Lovelace"), "echoes its prompt", True),
        (SURE._replace(text="Thanks for watching!"), "known to be invented", True),
    ],
)
def test_what_is_doubted_and_what_is_dropped(found: Found, why: str | None, dropped: bool) -> None:
    hints = ("Kafka", "Ada Lovelace")
    assert doubt(found, hints) == why
    assert spurious(found, hints) is dropped
