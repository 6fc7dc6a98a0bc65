"""From rhythm and words to two figures, and what they may never be used for."""

import ast
import json
from importlib.resources import files
from pathlib import Path

import pytest

from scoring.fluency import NEWEST, Heard, heard, load_fluency, measures, parse_fluency
from scoring.rhythm import rhythm_of
from scoring.weights import WeightsError
from tests.scoring.sounds import talk

WORDS = "they began to paint the garden wall on a sunny day"
DELIVERY_ALONE = {"features", "speaking", "rhythm", "fluency", "disfluency", "restarts"}


def figures(*runs: int, words: str = WORDS, pause_ms: int = 500, syllable_ms: int = 200) -> Heard:
    rhythm = rhythm_of(talk(*runs, pause_ms=pause_ms, syllable_ms=syllable_ms))
    assert rhythm is not None
    return heard(measures(rhythm, words), load_fluency())


@pytest.mark.parametrize("words", [WORDS, ""])
def test_long_pauses_and_slow_syllables_are_heard_as_less_fluent(words: str) -> None:
    smooth, halting = figures(14, words=words), figures(3, 4, 3, 4, words=words, pause_ms=900)
    assert smooth.fluency > halting.fluency + 1
    assert smooth.prosody > halting.prosody + 1
    assert figures(14, words=words, syllable_ms=150).fluency > figures(14, words=words, syllable_ms=400).fluency


def test_figures_stay_within_0_and_10() -> None:
    for found in (figures(1, 1, 1, pause_ms=4_000), figures(30, words=WORDS * 20, syllable_ms=90)):
        assert 0 <= found.fluency <= 10
        assert 0 <= found.prosody <= 10


def test_figures_that_were_changed_are_refused() -> None:
    raw = json.loads((files("scoring") / "weights" / f"fluency-{NEWEST}.json").read_text(encoding="utf-8"))
    raw["with_words"]["fluency"]["base"] *= 1.05
    with pytest.raises(WeightsError, match="here.json: the hash does not fit"):
        parse_fluency(json.dumps(raw), "here.json")


def test_the_figures_say_what_they_were_worth_on_speakers_they_had_not_heard() -> None:
    metrics = load_fluency().metrics
    assert metrics["fluency r, with_words"] >= 0.80
    assert metrics["prosody r, with_words"] >= 0.77


def test_no_content_score_rests_on_how_something_was_said() -> None:
    root = Path(__file__).resolve().parents[2]
    for name in ("local", "combine", "dimensions", "recall", "reading", "quoting", "marking", "targets"):
        tree = ast.parse((root / "scoring" / f"{name}.py").read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {f"scoring.{part}" for part in DELIVERY_ALONE} & imported, name
