import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rooms.transcript import Word
from server.adapters import whisper as whisper_module
from server.adapters.passages import PassageTranscriber
from server.adapters.recogniser_job import Job
from server.adapters.whisper import load
from server.adapters.whisper_windows import HINT_TOKENS, WhisperWindows
from server.ports import Hypothesis, Misconfigured
from tests.canned_whisper import Said, evenly, write
from tests.speech import noise, silence
from tests.waiting import DEADLINE_S, until

TEXT = "I led the payments team and we cut failures by half."


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "canned", evenly(TEXT, 0.4, 3.7))


@pytest.fixture
async def whisper(directory: Path) -> AsyncIterator[PassageTranscriber]:
    whisper = load(directory, threads=1)
    yield whisper
    await whisper.close()


async def test_exact_words_and_times_come_through_the_real_code(whisper: PassageTranscriber) -> None:
    utterance = whisper.open()
    await utterance.hear(silence(400) + noise(3_300) + silence(700))
    words = await utterance.finish()
    assert " ".join(word.text for word in words) == TEXT
    assert [word.end_ms for word in words] == pytest.approx([400 + 300 * n for n in range(1, 12)], abs=40)
    assert words[0].start_ms == 0
    assert all(word.confidence is not None and word.confidence > 0.9 for word in words)


async def test_times_never_leave_the_audio(whisper: PassageTranscriber) -> None:
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


async def test_guesses_come_while_the_utterance_lasts(whisper: PassageTranscriber) -> None:
    utterance = whisper.open()
    guess = await until(lambda: utterance.hear(noise(20)))
    assert guess.words[0].text == "I"
    await utterance.finish()


async def test_hints_stand_before_the_text(tmp_path: Path) -> None:
    prompt = 1 + len(" Kafka, Ada")  # this tokenizer has a token for each letter
    whisper = load(write(tmp_path / "prompted", evenly(TEXT, 0.4, 3.7), prompt), threads=1)
    for hints, heard in ((["Kafka", "Ada"], True), (["Kafka"], False), ([], False)):
        utterance = whisper.open(hints)
        words = await utterance.finish(noise(4_000))
        assert (" ".join(word.text for word in words) == TEXT) is heard
    await whisper.close()


async def test_hints_are_bounded(tmp_path: Path) -> None:
    prompt = 1 + len(" " + ", ".join(["Kafka"] * 9))
    assert prompt - 1 <= HINT_TOKENS < prompt + len(", Kafka")
    whisper = load(write(tmp_path / "prompted", evenly(TEXT, 0.4, 3.7), prompt), threads=1)
    words = await whisper.open(["Kafka"] * 50).finish(noise(4_000))
    assert " ".join(word.text for word in words) == TEXT
    await whisper.close()


async def test_guesses_are_left_out_while_final_words_are_made() -> None:
    windows = _Windows()
    whisper = PassageTranscriber(windows, "fake")
    first, second = whisper.open(room="a"), whisper.open(room="b")
    windows.gate.clear()
    await first.hear(noise(1_000))
    await asyncio.sleep(0)
    assert not whisper.decoding.idle
    finishing = asyncio.create_task(second.finish())
    for _ in range(5):
        await asyncio.sleep(0.001)
        assert await second.hear(noise(1_000)) is None
    windows.gate.set()
    await finishing
    assert [job.final for job in windows.asked[:2]] == [False, True]
    assert isinstance(await first.hear(b""), Hypothesis)
    await whisper.close()


async def test_cancelled_work_leaves_the_queue() -> None:
    windows = _Windows()
    whisper = PassageTranscriber(windows, "fake")
    windows.gate.clear()
    first = asyncio.create_task(whisper.open(room="a").finish())
    second = asyncio.create_task(whisper.open(room="b").finish())
    await until(lambda: len(whisper.decoding._queue) == 1)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    windows.gate.set()
    await first
    assert len(windows.asked) == 1
    await whisper.close()


async def test_passages_of_several_rooms_go_through_together_where_that_is_faster() -> None:
    windows = _Windows()
    whisper = PassageTranscriber(windows, "fake", together=8)
    windows.gate.clear()
    finishing = [asyncio.create_task(whisper.open(room=room).finish()) for room in "abcd"]
    await until(lambda: len(whisper.decoding._queue) == 3)
    windows.gate.set()
    assert [[word.text for word in words] for words in await asyncio.gather(*finishing)] == [["word"]] * 4
    assert windows.batches == [1, 3]
    await whisper.close()


async def test_the_event_loop_goes_on_while_whisper_works() -> None:
    windows = _Windows()
    whisper = PassageTranscriber(windows, "fake")
    windows.gate.clear()
    finishing = asyncio.create_task(whisper.open().finish())
    await until(windows.begun.is_set)
    assert not finishing.done()
    windows.gate.set()
    await finishing
    await whisper.close()


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


class _Windows(WhisperWindows):
    """Says one word; waits at its gate."""

    def __init__(self) -> None:
        self.asked: list[Job] = []
        self.batches: list[int] = []
        self.gate, self.begun = threading.Event(), threading.Event()
        self.gate.set()

    def decode(self, jobs: Sequence[Job]) -> list[tuple[Word, ...]]:
        self.begun.set()
        assert self.gate.wait(DEADLINE_S)
        self.asked += jobs
        self.batches.append(len(jobs))
        return [(Word(text="word", start_ms=0, end_ms=100),) for _ in jobs]
