"""What must hold for a released version of the local scorer, as a list of what does not.

Decides when the pack is red: other figures than were released, other bytes, a case of the adversarial pack out of its
bounds, an explanation with a gap.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rooms.evidence import Level, Score
from rooms.transcript import Transcript
from scoring.calibration import sample
from scoring.drift import Snapshot, written
from scoring.rubric import Rubric
from scoring.weights import Weights, load_weights
from tests.policy import pack

GOLDEN = Path(__file__).parent / "golden"


def other_figures(weights: Weights, released: Snapshot) -> Iterator[str]:
    """A figure that rounding hides moves no score today and may move one tomorrow: figures are compared themselves."""
    if weights.sha256 != released.sha256:
        yield f"these are not the figures that were released as {released.weights}"


def other_bytes(weights: Weights, released: Snapshot) -> Iterator[str]:
    for case in sample()[0]:
        if hashlib.sha256(written(case.score(weights))).hexdigest() != released.bytes[case.id]:
            yield f"{case.id}: other bytes than at the release of {released.weights}"


def out_of_bounds(weights: Weights | None = None) -> Iterator[str]:
    for trial in pack.trials():
        if breach := pack.tried(trial, weights).breach:
            yield f"{trial.id}: {breach}: {trial.tried.text[:80]}"


@lru_cache(maxsize=8)
def scores(version: str) -> dict[str, Score]:
    """How a version that ships scores the sample, worked out once for all tests."""
    weights = load_weights(version)
    return {case.id: case.score(weights) for case in sample()[0]}


def gaps(rubric: Rubric, transcript: Transcript, found: Score) -> Iterator[str]:
    """Where an explanation is not complete."""
    if [mark.point for mark in found.marks] != [point.id for point in rubric.points]:
        yield "a point has no verdict, or two"
    for mark in found.marks:
        if not mark.reason.strip() or (mark.level is not Level.ABSENT and not mark.quotes):
            yield f"{mark.point}: neither quote nor reason"
    for one in found.dimensions:
        if one.score is None:
            if not one.abstained:
                yield f"{one.dimension}: no score and no reason"
        elif sum(part.value for part in one.contributions) != one.score:
            yield f"{one.dimension}: its parts add up to something else"
        elif not (one.low is not None and one.high is not None and 0 <= one.low <= one.score <= one.high <= 5):
            yield f"{one.dimension}: its interval does not hold it"
    quotes = [q for m in found.marks for q in m.quotes] + [q for d in found.dimensions for q in d.quotes]
    if not all(transcript.holds(quote) for quote in quotes):
        yield "a quote that was not said"
    if (found.overall is None) != (found.abstained is not None):
        yield "neither a score nor a reason why there is none"


def golden(version: str) -> dict[str, str]:
    """The whole scores that were kept of a version."""
    lines = (GOLDEN / f"local-{version}.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["case"]: line["score"] for line in map(json.loads, lines)}
