import random
from typing import Any

import pytest

from server.adapters import silero
from server.adapters.silero import WINDOWS_A_RUN, Silero
from tests.speech import noise, silence, speech

WINDOW_BYTES = 1_024


def probabilities(pcm: bytes, voice: Silero | None = None) -> list[float]:
    """One window at a time."""
    voice = voice or Silero()
    return [probability for window in windows(pcm) for probability in voice.probabilities([window])]


def windows(pcm: bytes) -> list[bytes]:
    return [pcm[start : start + WINDOW_BYTES] for start in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)]


def test_windows_that_come_together_are_judged_to_the_bit_as_if_they_came_alone() -> None:
    pcm = noise(320, 60) + speech("I asked two colleagues to try it, and we changed three steps.") + silence(320)
    alone, lengths = probabilities(pcm), random.Random(1)
    for most in (2, 3, 8, 40, 500):
        voice, waiting, together = Silero(), windows(pcm), list[float]()
        while waiting:
            count = lengths.randint(0, most)
            together += voice.probabilities(waiting[:count])
            del waiting[:count]
        assert together == alone


def test_a_room_that_catches_up_makes_no_run_large(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sizes = silero._session(), list[int]()

    class Watched:
        def run(self, wanted: None, given: dict[str, Any]) -> Any:
            sizes.append(len(given["input"]))
            return model.run(wanted, given)

    monkeypatch.setattr(silero, "_session", Watched)
    assert len(Silero().probabilities(windows(silence(20_000)))) == 625
    assert sum(sizes) == 625
    assert max(sizes) == WINDOWS_A_RUN


def test_speech_is_heard_as_speech() -> None:
    found = probabilities(speech("We moved the whole database in one weekend."))
    assert sum(probability > 0.5 for probability in found) > 0.6 * len(found)


@pytest.mark.parametrize(
    "pcm", [silence(10_000), noise(10_000, 30), noise(10_000, 3_000)], ids=["silence", "hiss", "loud noise"]
)
def test_silence_and_noise_are_no_speech(pcm: bytes) -> None:
    assert max(probabilities(pcm)) < 0.35


def test_streams_do_not_mix() -> None:
    spoken = speech("I wrote the tests first.")
    alone = probabilities(spoken)
    voice, other = Silero(), Silero()
    between = []
    for number, window in enumerate(windows(spoken)):
        between += voice.probabilities([window])
        other.probabilities([noise(32, 5_000, number)])
    assert between == alone


def test_a_voice_that_begins_a_second_later_soon_agrees() -> None:
    spoken = silence(480) + speech("After a crash, another worker listens from the middle of it.")
    whole, later = probabilities(spoken), probabilities(spoken[WINDOW_BYTES * 20 :])
    assert later[32:] == pytest.approx(whole[52:], abs=0.15)


def test_a_voice_that_takes_over_goes_on_exactly() -> None:
    spoken = speech("After a crash, another worker goes on.")
    whole, first, second = probabilities(spoken), Silero(), Silero()
    before = probabilities(spoken[: WINDOW_BYTES * 20], first)
    second.go_on_from(first.state())
    assert len(first.state()) == 1_280
    assert before + probabilities(spoken[WINDOW_BYTES * 20 :], second) == whole
    with pytest.raises(ValueError, match="no state"):
        second.go_on_from(b"1234")
