"""Which signs of a disfluency weigh what: a logistic regression, measured on topics it has not seen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.disfluency import DisfluencyWeights, flagged
from scoring.restarts import signs
from scoring.weights import digest
from scoring.words import tokens_of
from scripts.fitting.examples import disfluency_pairs, own_sentences, write_figures, written_sentences

Vector = NDArray[np.float64]
LEAST_SEEN = 5
"""A sign in fewer texts than this says nothing about others."""
PENALTY = 2.0
"""Of squared weights; by the mean of the folds, and flat around there."""
WRITTEN_COUNTS = 0.4
"""A written sentence beside a question: its topic and form are further away."""
OWN_COUNTS = 2.0
"""A spoken sentence of our own writing: few, and of the kind that rooms hear."""
THRESHOLD = 0.5
FOLDS = 6
TOPIC_SHARE = 0.04
"""A word in more texts than this names no topic."""
TRAINING_SET = "disfl-qa train 2000 + dev 1000; sentences of mohler and saf as fluent; own sentences 2026-11"


def fit(version: str | None) -> dict[str, float]:
    """Measure, print and give back the figures on what was not seen; write all weights where a version is named."""
    pairs = disfluency_pairs()
    texts = [text for pair in pairs for text in pair]
    wanted = np.array([0.0, 1.0] * len(pairs))
    fold = np.repeat(_folds([fluent for fluent, _ in pairs]), 2)
    found = [signs(text) for text in texts]
    others = _others()
    hit = np.zeros(len(texts), dtype=bool)
    for number in range(FOLDS):
        seen = np.flatnonzero(fold != number)
        weights = _learnt([found[i] for i in seen], wanted[seen], others)
        for i in np.flatnonzero(fold == number):
            hit[i] = flagged(texts[i], weights)
    metrics = _metrics(hit, wanted > 0)
    print(f"{len(texts)} texts, {FOLDS} folds by topic: {metrics}")
    if version:
        weights = _learnt(found, wanted, others)
        figures = weights.model_dump() | {"version": version, "metrics": metrics}
        print(write_figures("disfluency", {k: v for k, v in figures.items() if k != "sha256"}))
    return metrics


class Others(NamedTuple):
    """What is learnt from besides the questions, and never measured on."""

    signs: list[dict[str, float]]
    wanted: Vector
    counts: Vector


def _others() -> Others:
    written = written_sentences()
    fluent, disfluent = own_sentences("fluent"), own_sentences("disfluent")
    own = len(fluent) + len(disfluent)
    return Others(
        [signs(text) for text in [*written, *fluent, *disfluent]],
        np.array([0.0] * (len(written) + len(fluent)) + [1.0] * len(disfluent)),
        np.array([WRITTEN_COUNTS] * len(written) + [OWN_COUNTS] * own),
    )


def _metrics(hit: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> dict[str, float]:
    both = int((hit & wanted).sum())
    figures = {
        "f1": 2 * both / int(hit.sum() + wanted.sum()),
        "recall": both / int(wanted.sum()),
        "false_alarms": int((hit & ~wanted).sum()) / int((~wanted).sum()),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def _folds(questions: Sequence[str]) -> NDArray[np.int64]:
    """Questions that share their commonest topic word stay together, the largest topics dealt out first."""
    topics = [{token.stem for token in tokens_of(question) if token.content} for question in questions]
    counts = Counter(stem for topic in topics for stem in topic)
    rare = {stem: n for stem, n in counts.items() if n <= TOPIC_SHARE * len(questions)}
    named = [max(topic & rare.keys(), key=lambda stem: (rare[stem], stem), default="") for topic in topics]
    order = [name for name, _ in sorted(Counter(named).items(), key=lambda item: (-item[1], item[0]))]
    return np.array([order.index(name) % FOLDS for name in named])


def _learnt(found: Sequence[Mapping[str, float]], wanted: Vector, others: Others) -> DisfluencyWeights:
    seen = Counter(sign for one in found for sign in one)
    names = sorted(sign for sign, times in seen.items() if times >= LEAST_SEEN)
    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(found) + len(others.signs), len(names) + 1))
    for i, one in enumerate([*found, *others.signs]):
        for sign, value in one.items():
            if sign in place:
                table[i, place[sign]] = value
    table[:, -1] = 1.0
    labels = np.concatenate([wanted, others.wanted])
    counts = np.concatenate([np.ones(len(found)), others.counts])
    weights = _logistic(table, labels, counts)
    figures = {
        "version": "0.0.0",
        "training_set": TRAINING_SET,
        "metrics": {},
        "threshold": THRESHOLD,
        "bias": round(float(weights[-1]), 3),
        "signs": {name: value for name, i in place.items() if (value := round(float(weights[i]), 3))},
    }
    return DisfluencyWeights.model_validate({**figures, "sha256": digest(figures)})


def _logistic(table: Vector, labels: Vector, counts: Vector) -> Vector:
    """Weights with the least log loss and squared penalty, by Newton's method; the last column is not penalised."""
    weights = np.zeros(table.shape[1])
    penalty = np.full(table.shape[1], PENALTY)
    penalty[-1] = 1e-6
    for _ in range(30):
        likely = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (counts * (likely - labels)) + penalty * weights
        curve = (table * (counts * likely * (1 - likely))[:, None]).T @ table
        step = np.linalg.solve(curve + np.diag(penalty), slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights
