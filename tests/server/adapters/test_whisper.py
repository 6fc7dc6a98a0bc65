import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server.adapters import whisper as whisper_module
from server.adapters.whisper import WhisperTranscriber, load
from server.ports import Hypothesis, Misconfigured
from tests.canned_whisper import Said, evenly, write
from tests.speech import noise, silence, speech

TEXT = "I led the payments team and we cut failures by half."


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "canned", evenly(TEXT, 0.4, 3.7))


@pytest.fixture
async def whisper(directory: Path) -> AsyncIterator[WhisperTranscriber]:
    whisper = load(directory, threads=1)
    yield whisper
    await whisper.close()


async def test_exact_words_and_times_come_through_the_real_code(whisper: WhisperTranscriber) -> None:
    utterance = whisper.open()
    await utterance.hear(silence(400) + noise(3_300) + silence(700))
    words = await utterance.finish()
    assert " ".join(word.text for word in words) == TEXT
    assert [word.end_ms for word in words] == pytest.approx([400 + 300 * n for n in range(1, 12)], abs=40)
    assert words[0].start_ms == 0
    assert all(word.confidence is not None and word.confidence > 0.9 for word in words)


async def test_times_never_leave_the_audio(whisper: WhisperTranscriber) -> None:
    utterance = whisper.open()
    await utterance.hear(noise(1_000))
    assert all(word.end_ms <= 1_000 for word in await utterance.finish())


async def test_a_model_with_uneven_words_is_aligned_to_them(tmp_path: Path) -> None:
    said = [Said("Yes", 0.2, 1.0), Said("and", 1.0, 1.2), Said("no.", 1.2, 3.0)]
    whisper = load(write(tmp_path / "model", said), threads=1)
    utterance = whisper.open()
    await utterance.hear(noise(4_000))
    words = await utterance.finish()
    assert [word.text for word in words] == ["Yes", "and", "no."]
    assert [word.end_ms for word in words] == pytest.approx([1_000, 1_200, 3_000], abs=40)
    await whisper.close()


async def test_guesses_come_while_the_utterance_lasts(whisper: WhisperTranscriber) -> None:
    utterance = whisper.open()
    guess = None
    for _ in range(200):
        guess = guess or await utterance.hear(noise(20))
        await asyncio.sleep(0.01)
    assert guess
    assert guess.words[0].text == "I"
    await utterance.finish()


async def test_a_hint_reaches_the_model() -> None:
    model = _Model()
    whisper = WhisperTranscriber(model, "fake")
    utterance = whisper.open(["Kubernetes", "Kafka"])
    await utterance.hear(noise(100))
    await utterance.finish()
    assert model.asked[-1]["hotwords"] == "Kubernetes, Kafka"
    assert model.asked[-1]["condition_on_previous_text"] is False
    await whisper.close()


@pytest.mark.parametrize(
    ("no_speech", "logprob", "compression", "kept"),
    [(0.1, -0.3, 1.2, True), (0.9, -0.3, 1.2, True), (0.9, -1.5, 1.2, False), (0.1, -0.3, 3.0, False)],
)
async def test_invented_text_is_dropped(no_speech: float, logprob: float, compression: float, kept: bool) -> None:
    whisper = WhisperTranscriber(_Model(no_speech, logprob, compression), "fake")
    utterance = whisper.open()
    await utterance.hear(noise(1_000))
    assert bool(await utterance.finish()) is kept
    await whisper.close()


async def test_guesses_are_left_out_while_final_words_are_made() -> None:
    model = _Model()
    whisper = WhisperTranscriber(model, "fake")
    first, second = whisper.open(), whisper.open()
    model.gate.clear()
    await first.hear(noise(1_000))
    assert not whisper.idle
    finishing = asyncio.create_task(second.finish())
    for _ in range(5):
        await asyncio.sleep(0.001)
        assert await second.hear(noise(1_000)) is None
    model.gate.set()
    await finishing
    assert [asked["beam_size"] for asked in model.asked] == [1, 5]
    assert isinstance(await first.hear(b""), Hypothesis)
    await whisper.close()


async def test_cancelled_work_leaves_the_queue() -> None:
    model = _Model()
    whisper = WhisperTranscriber(model, "fake")
    model.gate.clear()
    running, waiting = whisper.open(), whisper.open()
    first = asyncio.create_task(running.finish())
    second = asyncio.create_task(waiting.finish())
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    model.gate.set()
    await first
    assert whisper.idle
    assert len(model.asked) == 1
    await whisper.close()


async def test_the_event_loop_goes_on_while_whisper_works(whisper: WhisperTranscriber) -> None:
    utterance = whisper.open()
    await utterance.hear(speech("a sentence") * 8)
    finishing = asyncio.ensure_future(utterance.finish())
    beats = 0
    while not finishing.done():
        await asyncio.sleep(0.001)
        beats += 1
    assert beats > 5


async def test_a_directory_that_holds_no_model_says_so(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(Misconfigured, match="cannot be used"):
        await asyncio.to_thread(load, tmp_path, 1)


async def test_a_gpu_that_does_not_work_is_left_alone(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = whisper_module.WhisperModel

    def broken_on_gpu(path: str, device: str, **more: Any) -> Any:
        if device == "cuda":
            raise RuntimeError("Library libcublas.so.12 is not found")
        return real(path, device=device, **more)

    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(whisper_module, "WhisperModel", broken_on_gpu)
    whisper = load(directory, threads=1)
    utterance = whisper.open()
    await utterance.hear(noise(4_000))
    assert len(await utterance.finish()) == 11
    await whisper.close()


class _Model:
    """Says one word; waits at its gate."""

    def __init__(self, no_speech: float = 0.0, logprob: float = -0.1, compression: float = 1.0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        word = SimpleNamespace(word=" word", start=0.1, end=0.2, probability=0.9)
        self._segment = SimpleNamespace(
            text=" word",
            start=0.1,
            end=0.2,
            words=[word],
            no_speech_prob=no_speech,
            avg_logprob=logprob,
            compression_ratio=compression,
        )

    def transcribe(self, audio: object, **asked: Any) -> tuple[list[Any], None]:
        assert self.gate.wait(5)
        self.asked.append(asked)
        return [self._segment], None
