"""What rated answers to the same question add: how far answers like this one lie above or below what was expected.

Decides how alike two answers are, and the difference that follows (ridge regression on likenesses; Saunders 1998).
With few rated answers it says little and so changes little. Never the score itself (`scoring.answers`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rooms.values import Value
from scoring.likeness import Model, pieces, without_names
from scoring.meaning import Vector
from scoring.reading import Reading

Matrix = NDArray[np.float64]


class RatedFigures(Value):
    """How far to go by rated answers."""

    at_least: int
    """With fewer there is nothing to learn from."""
    level: float
    """How much all answers to a question may lie above or below what was expected, against the noise of one rating."""
    letters: float
    words: float
    meaning: float
    """How much answers alike in their letters, words, or meaning may do so together."""


class Traits(NamedTuple):
    """What two answers to one question are compared by."""

    letters: frozenset[str]
    words: frozenset[str]
    meaning: Vector | None


class Learnt(NamedTuple):
    """What was learnt from the rated answers to one question."""

    rated: tuple[Traits, ...]
    shares: NDArray[np.floating[Any]]
    apart: NDArray[np.floating[Any]]
    """The inverse of how alike they are, the noise of one rating included."""

    @property
    def number(self) -> int:
        return len(self.rated)


def traits(reading: Reading, model: Model, meaning: Vector | None) -> Traits:
    """What an answer is compared by; names are left out."""
    tokens = list(without_names(reading, model))
    words = frozenset(token.stem for token in tokens if token.content)
    return Traits(pieces(" ".join(token.word for token in tokens)), words, meaning)


class Beyond(NamedTuple):
    """What rated answers say of another one."""

    points: float
    """By which it lies above what was expected."""
    familiar: float
    """How much of what may lie above or below was seen in answers like it (variance explained; Rasmussen 2006)."""


def learn(rated: Sequence[Traits], beyond: Sequence[float], figures: RatedFigures) -> Learnt | None:
    """`beyond`: what people gave beyond what was expected, in points. None where too few were rated."""
    if len(rated) < figures.at_least:
        return None
    alike = _alike(rated, rated, figures) + np.eye(len(rated))
    shares = np.linalg.solve(alike, np.asarray(beyond, dtype=np.float64))
    return Learnt(tuple(rated), shares, np.linalg.inv(alike))


def beyond(learnt: Learnt, answer: Traits, figures: RatedFigures) -> Beyond:
    """Points by which this answer lies above what was expected, going by the rated ones, and how well they know it."""
    alike = _alike([answer], learnt.rated, figures)
    return Beyond(float((alike @ learnt.shares)[0]), float(alike[0] @ learnt.apart @ alike[0]))


def _alike(some: Sequence[Traits], others: Sequence[Traits], figures: RatedFigures) -> Matrix:
    return np.array([[_pair(a, b, figures) for b in others] for a in some])


def _pair(a: Traits, b: Traits, figures: RatedFigures) -> float:
    total = (
        figures.level + figures.letters * _overlap(a.letters, b.letters) + figures.words * _overlap(a.words, b.words)
    )
    if a.meaning is not None and b.meaning is not None:
        total += figures.meaning * max(0.0, float(a.meaning @ b.meaning))
    return total


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / float(np.sqrt(len(a) * len(b))) if a and b else 0.0
