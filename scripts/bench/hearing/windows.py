"""Section `windows`: encoder windows of the audio's own length against windows of 30 s; batches against one by one.

One thread. Whispers of the real shapes with random weights: what they cost does not depend on the weights.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.transcribe import get_ctranslate2_storage

from scripts.bench.hearing.given import Given
from scripts.bench.hearing.recognisers import SAID, SHAPES, directory
from scripts.bench.rows import Row
from server.adapters.recogniser_job import Job
from server.adapters.whisper_windows import SLACK_FRAMES, STEP_FRAMES, WHOLE_FRAMES, WhisperWindows
from tests.speech import noise

LEAST: Final = 4.0
LENGTHS_S: Final = (5.0, 7.0, 10.0)
TOGETHER: Final = 4


def measure(given: Given) -> Iterator[Row]:
    times = 2 if given.quick else 5
    for name in ("tiny", "base"):
        model = WhisperModel(str(directory(name, SHAPES[name])), device="cpu", compute_type="int8", cpu_threads=1)
        yield from _encoding(f"Whisper {name}", model, times)
        yield from _decoding(f"Whisper {name}", WhisperWindows(model), WhisperWindows(model, whole=True), times)


def _encoding(name: str, model: Any, times: int) -> Iterator[Row]:
    padded = _ms(partial(_encode, model, WHOLE_FRAMES), times)
    for length_s in LENGTHS_S:
        frames = -(-(int(length_s * 100) + SLACK_FRAMES) // STEP_FRAMES) * STEP_FRAMES
        own = _ms(partial(_encode, model, frames), times)
        compared = f"{padded:.0f} ms over {own:.0f} ms"
        yield Row.at_least(
            f"{name}, {length_s:g} s: encoder time, padded over short", padded / own, LEAST, compared=compared
        )


def _decoding(name: str, short: WhisperWindows, whole: WhisperWindows, times: int) -> Iterator[Row]:
    jobs = [Job(noise(7_000, seed=n), (), final=True) for n in range(TOGETHER)]
    one, padded = (_ms(partial(windows.decode, jobs[:1]), times) for windows in (short, whole))
    together = _ms(partial(short.decode, jobs), times) / TOGETHER
    compared = f"{padded:.0f} ms over {one:.0f} ms"
    yield Row(f"{name}, 7 s: a final's whole decoding, padded over short", padded / one, compared=compared)
    compared = f"{one:.0f} ms over {together:.0f} ms each"
    yield Row(f"{name}, 7 s: one by one over {TOGETHER} in a batch", one / together, compared=compared, digits=2)
    same = _text(short, jobs[0]) == _text(whole, jobs[0]) == SAID
    yield Row(f"{name}: the same text, short and padded", "yes" if same else "no", target="yes", met=same)


def _encode(model: Any, frames: int) -> None:
    features = np.random.default_rng(0).standard_normal((1, 80, frames)).astype(np.float32)
    model.model.encode(get_ctranslate2_storage(features))


def _ms(what: Callable[[], object], times: int) -> float:
    """The median processor time; the first time does not count."""
    took = []
    for _ in range(times + 1):
        began = time.process_time()
        what()
        took.append((time.process_time() - began) * 1000)
    return statistics.median(took[1:])


def _text(windows: WhisperWindows, job: Job) -> str:
    return " ".join(word.text for word in windows.decode([job])[0])
