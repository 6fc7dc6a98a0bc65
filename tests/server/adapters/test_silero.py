import random
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from server.adapters.silero import WINDOWS_A_RUN, Silero, runs
from tests.speech import noise, silence, speech

WINDOW_BYTES = 1_024


def probabilities(pcm: bytes, state: bytes = Silero.silent, detector: Silero | None = None) -> list[float]:
    """One window at a time."""
    detector, found = detector or Silero(), list[float]()
    for window in windows(pcm):
        (judged,) = detector.judge([(state, [window])])
        found += judged.probabilities
        state = judged.state
    return found


def windows(pcm: bytes) -> list[bytes]:
    return [pcm[start : start + WINDOW_BYTES] for start in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)]


def by_the_file(pcm: bytes) -> list[float]:
    """What the model makes of it as it is in its file."""
    package = find_spec("faster_whisper")
    assert package
    assert package.origin
    model: Any = onnxruntime.InferenceSession(str(Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"))
    heard = np.frombuffer(pcm[: len(pcm) // WINDOW_BYTES * WINDOW_BYTES], "<i2").astype(np.float32) / 32_768
    before = np.concatenate((np.zeros(64, np.float32), heard))
    seen = np.stack([before[at : at + 576] for at in range(0, len(heard), 512)])
    nothing = np.zeros((1, 1, 128), np.float32)
    found: list[float] = model.run(None, {"input": seen, "h": nothing, "c": nothing})[0].tolist()
    return found


def test_it_is_the_model_of_the_file() -> None:
    pcm = noise(640, 60) + speech("I asked two colleagues to try it, and we changed three steps.") + noise(640, 9_000)
    assert probabilities(pcm) == pytest.approx(by_the_file(pcm), abs=1e-5)


def test_windows_that_come_together_are_judged_to_the_bit_as_if_they_came_alone() -> None:
    pcm = noise(320, 60) + speech("I asked two colleagues to try it, and we changed three steps.") + silence(320)
    alone, lengths, detector = probabilities(pcm), random.Random(1), Silero()
    for most in (2, 3, 8, 40, 500):
        state, waiting, together = Silero.silent, windows(pcm), list[float]()
        while waiting:
            count = lengths.randint(0, most)
            (judged,) = detector.judge([(state, waiting[:count])])
            together += judged.probabilities
            state = judged.state
            del waiting[:count]
        assert together == alone


def test_streams_that_are_judged_together_are_judged_to_the_bit_as_if_each_came_alone() -> None:
    pcm = noise(320, 60) + speech("We moved the slow part out, and measured once more.")
    detector, lengths, streams = Silero(), random.Random(2), [windows(pcm)[skipped:] for skipped in range(0, 60, 5)]
    alone = [detector.judge([(Silero.silent, its)])[0] for its in streams]
    states, found = [Silero.silent] * len(streams), [list[float]() for _ in streams]
    waiting = [[*its] for its in streams]
    while any(waiting):
        who = [number for number in range(len(streams)) if lengths.random() < 0.7]
        counts = [lengths.randint(0, 12) for _ in who]
        asked = [(states[number], waiting[number][:count]) for number, count in zip(who, counts, strict=True)]
        for number, count, judged in zip(who, counts, detector.judge(asked), strict=True):
            states[number] = judged.state
            found[number] += judged.probabilities
            del waiting[number][:count]
    assert [(*zip(found, states, strict=True),)] == [(*((one.probabilities, one.state) for one in alone),)]


@pytest.mark.parametrize("lengths", [[], [0, 0], [625], [3] * 100, [1, 0, 200, 5, 64, 63, 1]])
def test_no_run_has_too_many_windows_and_none_is_left_out(lengths: Sequence[int]) -> None:
    streams = [[b"%d.%d" % (stream, number) for number in range(length)] for stream, length in enumerate(lengths)]
    heard: list[list[bytes]] = [[] for _ in streams]
    found = [*runs(streams)]
    for run in found:
        assert sum(len(piece.windows) for piece in run) <= WINDOWS_A_RUN
        assert len({piece.stream for piece in run}) == len(run)
        for piece in run:
            heard[piece.stream] += piece.windows
    assert heard == streams
    assert len(found) == -(-sum(lengths) // WINDOWS_A_RUN)


def test_speech_is_heard_as_speech() -> None:
    found = probabilities(speech("We moved the whole database in one weekend."))
    assert sum(probability > 0.5 for probability in found) > 0.6 * len(found)


@pytest.mark.parametrize(
    "pcm", [silence(10_000), noise(10_000, 30), noise(10_000, 3_000)], ids=["silence", "hiss", "loud noise"]
)
def test_silence_and_noise_are_no_speech(pcm: bytes) -> None:
    assert max(probabilities(pcm)) < 0.35


def test_a_voice_that_begins_a_second_later_soon_agrees() -> None:
    spoken = silence(480) + speech("After a crash, another worker listens from the middle of it.")
    whole, later = probabilities(spoken), probabilities(spoken[WINDOW_BYTES * 20 :])
    assert later[32:] == pytest.approx(whole[52:], abs=0.15)


def test_a_voice_that_takes_over_goes_on_exactly() -> None:
    spoken = windows(speech("After a crash, another worker goes on."))
    (whole,) = Silero().judge([(Silero.silent, spoken)])
    (before,) = Silero().judge([(Silero.silent, spoken[:20])])
    (after,) = Silero().judge([(before.state, spoken[20:])])
    assert [*before.probabilities, *after.probabilities] == whole.probabilities
    assert len(before.state) == 1_280
    assert Silero().knows(before.state)
    assert not Silero().knows(b"1234")
