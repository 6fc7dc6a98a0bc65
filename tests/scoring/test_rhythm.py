"""When somebody speaks and when not, from samples."""

import numpy as np
import pytest

from scoring.rhythm import RATE_HZ, Samples, rhythm_of
from tests.scoring.sounds import talk


def test_syllables_and_pauses_are_counted() -> None:
    found = rhythm_of(talk(5, 4, 6))
    assert found is not None
    assert abs(found.cores - 15) <= 1
    assert found.pauses_s == pytest.approx([0.5, 0.5], abs=0.15)
    assert found.span_s == pytest.approx(15 * 0.2 + 1.0, abs=0.15)


def test_a_short_gap_is_no_pause() -> None:
    found = rhythm_of(talk(5, 5, pause_ms=100))
    assert found is not None
    assert found.pauses_s == ()


def test_loudness_by_itself_changes_nothing() -> None:
    soft, loud = rhythm_of(talk(5, 4, gain=0.05)), rhythm_of(talk(5, 4, gain=0.5))
    assert soft is not None
    assert loud is not None
    assert (soft.cores, len(soft.pauses_s)) == (loud.cores, len(loud.pauses_s))


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(100),
        np.zeros(2 * RATE_HZ),
        np.full(2 * RATE_HZ, 0.5),
        np.random.default_rng(1).normal(0, 0.1, 2 * RATE_HZ),
    ],
    ids=["nothing", "next to nothing", "silence", "a constant", "noise"],
)
def test_where_nobody_speaks_there_is_no_rhythm(samples: Samples) -> None:
    assert rhythm_of(samples.astype(np.float32)) is None


def test_silence_of_noughts_around_a_recording_changes_nothing() -> None:
    plain = talk(5, 4)
    bare, padded = rhythm_of(plain), rhythm_of(np.concatenate([np.zeros(32_000), plain, np.zeros(32_000)]).astype("f4"))
    assert bare is not None
    assert padded is not None
    assert padded.span_s == pytest.approx(bare.span_s, abs=0.02)
    assert padded.pauses_s == pytest.approx(bare.pauses_s, abs=0.02)
