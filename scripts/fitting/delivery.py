"""What listeners' ratings of recordings follow from: ridge regressions, measured on speakers they have not heard."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.evaluate.sound import samples_of
from scoring.fluency import CLIP, measures
from scoring.rhythm import rhythm_of
from scripts.fitting.examples import RATINGS, write_figures

Vector = NDArray[np.float64]
WITH_WORDS = (
    "syllable rate",
    "word rate",
    "articulation rate",
    "pause a syllable",
    "pauses a word",
    "cores a syllable",
    "longest pause",
    "quickness",
)
WITHOUT_WORDS = (
    "core rate",
    "core talk rate",
    "cores a run",
    "pauses a second",
    "pause share",
    "longest pause",
    "quickness",
    "speech share",
    "uneven",
)
PENALTY = 30.0
"""Of squared weights on standard deviations. From 10 to 60 nothing changes; the measures say nearly the same."""
ROUNDS, FOLDS, SEED = 10, 10, 2026
TRAINING_SET = "speechocean762, 120 recordings of adults: experts' fluency and prosody, 0 to 10"
COLUMNS = {"fluency": "fluency", "prosody": "prosodic"}


def fit(version: str | None) -> dict[str, float]:
    """Measure, print and give back the figures on what was not seen; write all weights where a version is named."""
    with (RATINGS / "delivery" / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [_measured(row["utt"]) for row in rows]
    speakers = np.array([row["spk"] for row in rows])
    metrics: dict[str, float] = {}
    figures: dict[str, Any] = {"version": version or "0.0.0", "training_set": TRAINING_SET, "metrics": metrics}
    for kind, names in (("with_words", WITH_WORDS), ("without_words", WITHOUT_WORDS)):
        table = np.array([[one[name] for name in names] for one in found])
        figures[kind] = {}
        for rating, column in COLUMNS.items():
            wanted = np.array([float(row[column]) for row in rows])
            said = [_unheard(table, wanted, speakers, round_) for round_ in range(ROUNDS)]
            metrics[f"{rating} r, {kind}"] = _mean([np.corrcoef(one, wanted)[0, 1] for one in said])
            metrics[f"{rating} rmse, {kind}"] = _mean([np.sqrt(np.mean((one - wanted) ** 2)) for one in said])
            figures[kind][rating] = _plane(names, table, wanted)
    print(f"{len(rows)} recordings, {len(set(speakers))} speakers, {ROUNDS} x {FOLDS} folds by speaker: {metrics}")
    if version:
        print(write_figures("fluency", figures))
    return metrics


def _measured(name: str) -> dict[str, float]:
    audio = RATINGS / "delivery" / "audio" / f"{name}.flac"
    rhythm = rhythm_of(samples_of(audio))
    if rhythm is None:
        raise SystemExit(f"{audio.name}: nobody speaks in it")
    return measures(rhythm, audio.with_suffix(".txt").read_text(encoding="utf-8"))


def _unheard(table: Vector, wanted: Vector, speakers: NDArray[np.str_], round_: int) -> Vector:
    """Each recording's figure from weights that never saw its speaker."""
    known = np.unique(speakers)
    dealt = np.random.default_rng(SEED + round_).permutation(len(known)) % FOLDS
    fold = dealt[np.searchsorted(known, speakers)]
    said = np.zeros(len(wanted))
    for number in range(FOLDS):
        seen = fold != number
        mean, deviation, base, adds = _ridge(table[seen], wanted[seen])
        said[~seen] = base + np.clip((table[~seen] - mean) / deviation, -CLIP, CLIP) @ adds
    return said


def _ridge(table: Vector, wanted: Vector) -> tuple[Vector, Vector, float, Vector]:
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    scaled = np.clip((table - mean) / deviation, -CLIP, CLIP)
    centre, middle = scaled.mean(axis=0), float(wanted.mean())
    scaled = scaled - centre
    adds = np.linalg.solve(scaled.T @ scaled + PENALTY * np.eye(table.shape[1]), scaled.T @ (wanted - middle))
    return mean, deviation, middle - float(centre @ adds), adds


def _plane(names: Sequence[str], table: Vector, wanted: Vector) -> Mapping[str, Any]:
    mean, deviation, base, adds = _ridge(table, wanted)
    lines = {
        name: {"mean": round(float(m), 4), "deviation": round(float(d), 4), "adds": round(float(a), 4)}
        for name, m, d, a in zip(names, mean, deviation, adds, strict=True)
    }
    return {"base": round(base, 4), "lines": lines}


def _mean(values: Sequence[Any]) -> float:
    return round(float(np.mean(values)), 4)
