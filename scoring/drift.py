"""How far scores move from one version to the next, over answers that never change.

Decides what is counted of a version's scores (a snapshot) and when a shift is worth a warning or a stop. Never which
version is used, nor whether the shift is for the better: that takes people's ratings.
"""

import hashlib
import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from rooms.evidence import Dimension, Score
from rooms.transcript import Transcript
from rooms.values import Value
from scoring.local import score
from scoring.rubric import Rubric
from scoring.weights import Weights

WARN, STOP = 0.10, 0.25
"""Of the population stability index, as is usual where credit is scored (Siddiqi 2006)."""
BINS = 10
"""Of half a point each; one more holds the answers without a score."""
_LEAST = 0.5
"""What an empty bin counts, so that one answer in it is no infinite shift."""

Counts = Annotated[tuple[int, ...], Field(min_length=BINS + 1, max_length=BINS + 1)]


class Case(NamedTuple):
    """One answer of the sample."""

    id: str
    rubric: Rubric
    transcript: Transcript
    caution: str | None = None

    def score(self, weights: Weights) -> Score:
        return score(self.rubric, self.transcript, weights, caution=self.caution)


class Snapshot(Value):
    """How one version scores the sample: what the next is compared with, and what it must give again."""

    weights: str
    sha256: str
    """Of the weights' content."""
    sample: str
    """The hash of the sample: snapshots of different ones cannot be compared."""
    overall: Counts
    dimensions: dict[Dimension, Counts]
    mean: float
    bytes: dict[str, str]
    """For each case the hash of its score, byte for byte."""


class Shift(StrEnum):
    STEADY = "steady"
    WARN = "warn"
    STOP = "stop"


class Drift(Value):
    """How far two snapshots are apart: the population stability index of the overall score and of each dimension."""

    overall: float
    dimensions: dict[Dimension, float]

    @property
    def worst(self) -> float:
        return max(self.overall, *self.dimensions.values())

    @property
    def shift(self) -> Shift:
        return Shift.STOP if self.worst >= STOP else Shift.WARN if self.worst >= WARN else Shift.STEADY


def written(score: Score) -> bytes:
    """A score as it is compared byte for byte. Fields that a later release adds are left out where they say nothing."""
    return score.model_dump_json(exclude_defaults=True).encode()


def taken(weights: Weights, cases: Sequence[Case], sample: str) -> Snapshot:
    """The snapshot of a version of the local scorer."""
    scores = {case.id: case.score(weights) for case in cases}
    known = [found.overall for found in scores.values() if found.overall is not None]
    by_dimension = {
        d: _counts([one.score for found in scores.values() for one in found.dimensions if one.dimension is d])
        for d in Dimension
    }
    return Snapshot(
        weights=weights.version,
        sha256=weights.sha256,
        sample=sample,
        overall=_counts([found.overall for found in scores.values()]),
        dimensions=by_dimension,
        mean=round(sum(known) / len(known), 3) if known else 0.0,
        bytes={id: hashlib.sha256(written(found)).hexdigest() for id, found in scores.items()},
    )


def drift(before: Snapshot, after: Snapshot) -> Drift:
    """How far `after` is from `before`. Raises ValueError where they are not of the same sample."""
    if before.sample != after.sample:
        raise ValueError("these snapshots are of different samples")
    dimensions = {d: psi(before.dimensions[d], after.dimensions[d]) for d in Dimension}
    return Drift(overall=psi(before.overall, after.overall), dimensions=dimensions)


def psi(expected: Sequence[int], actual: Sequence[int]) -> float:
    """The population stability index of two counts over the same bins; 0 for the same shares."""
    before, after = _shares(expected), _shares(actual)
    return round(sum((b - a) * math.log(b / a) for a, b in zip(before, after, strict=True)), 4)


def _shares(counts: Sequence[int]) -> list[float]:
    filled = [max(float(count), _LEAST) for count in counts]
    return [count / sum(filled) for count in filled]


def _counts(values: Sequence[float | None]) -> tuple[int, ...]:
    counts = [0] * (BINS + 1)
    for value in values:
        counts[BINS if value is None else min(BINS - 1, int(value * BINS / 5))] += 1
    return tuple(counts)
