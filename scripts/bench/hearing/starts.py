"""Section `starts`: after how much of a voice it is told of, and how often where nobody speaks.

The rules alone, as if computing were free: sentences in several voices behind pauses with several noises, some by
people where recordings are given, each in several places of the grids of frames and windows; then coughs, breaths,
bumps and the like. Beside it what it would be if it took a surer window to be told of at once, or one less sure.
"""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

import numpy as np

from rooms.turns import WINDOW_MS, TurnDetector, TurnRules, hear, seems_to_speak
from scripts.bench.hearing.given import Given
from scripts.bench.hearing.recordings import strict
from scripts.bench.hearing.sounds import BURSTS, SOUNDS, pink
from scripts.bench.rows import InputMissingError, Mode, Row
from scripts.bench.usage import at_share
from server.adapters.silero import Silero
from tests.speech import noise, silence, speech

FRAME_MS: Final = 40
VOICES: Final = ("en-us", "en-gb", "en-us+f3", "en-gb+m5")
SENTENCES: Final = 60
SHIFTS_MS: Final = range(0, 40, 8)
RULES: Final = TurnRules()
SURER: Final = RULES.but(sure_at=0.7)
RASHER: Final = RULES.but(sure_at=RULES.speech_at)
LOUD: Final = 500
"""Root mean square of 10 ms, of 32,768, from which on speech has begun: the sound before it is breath and room."""
_BYTES_A_MS: Final = 32
_WINDOW: Final = WINDOW_MS * _BYTES_A_MS


class _Case(NamedTuple):
    """Somebody begins to speak."""

    likely: Sequence[float]
    begins_ms: int
    pause_ms: int
    """Where the pause before it begins."""


def measure(given: Given) -> Iterator[Row]:
    cases = list(_cases(given))
    late = [sorted(_late_ms(cases, rules)) for rules in (RULES, SURER, RASHER)]
    for name, of in (("mean", fmean), ("p95", lambda ms: at_share(ms, 0.95))):
        ours, *others = (f"{of(ms):.1f}" for ms in late)
        yield Row(f"audio until a voice is told of, {name} ms", float(ours), Mode.FREE, _beside(*others))
    yield Row("beginnings", len(cases), digits=0)
    early = sum(any(case.pause_ms <= ms < case.begins_ms for ms in _told(case.likely)) for case in cases)
    yield Row("told before anybody spoke", early, Mode.FREE, digits=0)
    minutes = 1 if given.quick else 10
    for name, make in {**SOUNDS, **BURSTS}.items():
        likely = _likely(make(minutes * 60_000))
        told, surer, rasher = (len(_told(likely, rules)) for rules in (RULES, SURER, RASHER))
        yield Row(f"told in {minutes} min of {name}", told, Mode.FREE, _beside(surer, rasher), digits=0)


def _beside(surer: object, rasher: object) -> str:
    return f"{surer} at {SURER.sure_at}, {rasher} at {RASHER.sure_at}"


def first_loud(pcm: bytes) -> int:
    """Where speech begins in this audio, in bytes."""
    blocks = np.frombuffer(pcm[: len(pcm) // 320 * 320], "<i2").reshape(-1, 160).astype(float)
    loud = np.sqrt((blocks**2).mean(axis=1)) >= LOUD
    return int(loud.argmax()) * 320


def _cases(given: Given) -> Iterator[_Case]:
    text = (Path(__file__).parent / "answers.txt").read_text()
    sentences = [sentence for sentence in re.split(r"(?<=[.!?])\s+", text) if sentence]
    sentences = sentences[: 12 if given.quick else SENTENCES]
    said = [speech(sentence, VOICES[n % len(VOICES)]) for n, sentence in enumerate(sentences)]
    try:
        said += [recording.pcm for recording in strict(given)]
    except InputMissingError:
        given.say("    no recordings: made voices alone")
    lengths = random.Random(7)
    for number, pcm in enumerate(said):
        for shift_ms in SHIFTS_MS:
            before = said[number - 1][-1_000 * _BYTES_A_MS :]
            pause = _pause(number, 1_500 + lengths.randrange(200) + shift_ms)
            pause_ms = len(before) // _BYTES_A_MS + 700
            begins = len(before) + len(pause) + first_loud(pcm)
            likely = _likely(before + pause + pcm + _pause(number, 500))
            yield _Case(likely, begins // _BYTES_A_MS, pause_ms)


def _pause(number: int, ms: int) -> bytes:
    return (silence(ms), noise(ms, 40, number), noise(ms, 150, number), pink(ms, 100))[number % 4]


def _likely(pcm: bytes) -> Sequence[float]:
    windows = [pcm[at : at + _WINDOW] for at in range(0, len(pcm) - _WINDOW + 1, _WINDOW)]
    (judged,) = Silero().judge([(Silero.silent, windows)])
    return judged.probabilities


def _told(likely: Sequence[float], rules: TurnRules = RULES) -> list[int]:
    """Where each window ends with which it is told of a voice, in ms."""
    found, told, detector = [], False, TurnDetector(rules)
    for number, probability in enumerate(likely):
        detector, _ = hear(detector, number * WINDOW_MS, probability, 10**9)
        seems = seems_to_speak(detector, probability)
        if seems and not told:
            found.append((number + 1) * WINDOW_MS)
        told = told if seems is None else seems
    return found


def _late_ms(cases: Sequence[_Case], rules: TurnRules) -> Iterator[float]:
    """From sending the frame in which speech begins until sending the one behind which it is told."""
    for case in cases:
        ms = next(ms for ms in _told(case.likely, rules) if ms > case.begins_ms)
        yield ((ms - 1) // FRAME_MS - case.begins_ms // FRAME_MS) * FRAME_MS
