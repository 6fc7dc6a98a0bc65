"""New weights out of coaches' ratings: the level of each dimension, and how wide an interval has to be.

Decides what is learnt from ratings and whether it is better than what there was, on answers of rooms that were held
out. Never which ratings count (`review`) nor whether the new weights are used (`server.api.weights`).

One figure is learnt for each dimension of a family: how much all its points count. So few can be learnt from the
ratings of a few rooms, and a reader can say what changed. A ridge holds each at 1 until ratings speak against it.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from rooms.evidence import Dimension
from rooms.transcript import Transcript
from rooms.values import Value
from scoring.local import score
from scoring.rubric import Family, Rubric
from scoring.weights import Weights, in_order

FEWEST_ANSWERS: Final = 25
FEWEST_ROOMS: Final = 5
FOLDS: Final = 5
RIDGE: Final = 40.0
"""As strong as about six answers of middling score that say that nothing needs to change."""
LEAST, MOST = 0.5, 1.6
"""A level is never moved further than by these factors at once."""
WORSE: Final = 0.10
"""No dimension may lose more than this, in points of root mean square error, for the others' sake."""
SHARE: Final = 0.9
"""Of people's ratings, an interval is to hold so many."""


class Rated(NamedTuple):
    """One answer and what a person made of it, blind."""

    room: str
    rubric: Rubric
    transcript: Transcript
    caution: str | None
    scores: Mapping[Dimension, float]
    """Dimensions that the person could not tell are left out."""


class Errors(Value):
    """How far from people the machine is on answers it did not learn from: root mean squares, in points of 5."""

    dimension: Dimension
    answers: int
    before: float
    after: float


class Calibration(Value):
    """What ratings say about weights."""

    base: str
    """The version that was there before."""
    answers: int
    rooms: int
    dimensions: tuple[Errors, ...]
    before: float | None = None
    """Over all dimensions."""
    after: float | None = None
    covered: float | None = None
    """The share of people's ratings within intervals whose width other rooms had set."""
    weights: Weights | None = None
    """The new ones, where they are better. Their `sha256` is still to be made (`scoring.weights.dumps`)."""
    why_not: str | None = None
    """Why there are none."""


def calibrated(rated: Sequence[Rated], base: Weights) -> Calibration:
    """New weights from people's ratings, or why there are none. Same ratings, same weights."""
    rooms = sorted({one.room for one in rated})
    told = Calibration(base=base.version, answers=len(rated), rooms=len(rooms), dimensions=())
    if len(rated) < FEWEST_ANSWERS or len(rooms) < FEWEST_ROOMS:
        few = f"{len(rated)} blind ratings of answers in {len(rooms)} rooms"
        return told.but(why_not=f"{few}: at least {FEWEST_ANSWERS} in {FEWEST_ROOMS} rooms are needed.")
    known = [_Known(one, _scores(one, base)) for one in rated]
    held_out = [found for fold in range(FOLDS) if (found := _held_out(known, base, rooms[fold::FOLDS]))]
    gaps = list(chain.from_iterable(held_out))
    dimensions = tuple(
        _errors(dimension, [gap for gap in gaps if gap.dimension is dimension]) for dimension in Dimension
    )
    before, after = _rms([gap.before for gap in gaps]), _rms([gap.after for gap in gaps])
    told = told.but(dimensions=dimensions, before=before, after=after)
    if after >= before:
        return told.but(why_not="On answers that were held out the new weights are no better.")
    lost = [one.dimension for one in dimensions if one.after > one.before + WORSE]
    if lost:
        return told.but(why_not=f"On answers that were held out they lose at {', '.join(lost)}.")
    metrics = {"answers": float(len(rated)), "rmse_before": before, "rmse_after": after}
    weights = _moved(base, _levels(known)).but(
        version=_next(base.version),
        training_set=f"coaches-{len(rooms)}-rooms-{len(rated)}-answers",
        metrics=metrics,
        spread=base.spread.but(dimension=round(min(3.0, max(0.25, _width(gaps))), 3)),
    )
    return told.but(weights=weights, covered=_covered(held_out))


class _Known(NamedTuple):
    """A rated answer and what the weights of before make of it."""

    rated: Rated
    machine: Mapping[Dimension, float]


class _Gap(NamedTuple):
    """Machine less person on a held-out answer, with the old weights and with new ones that had not seen it."""

    dimension: Dimension
    before: float
    after: float


def _held_out(known: Sequence[_Known], base: Weights, rooms: Sequence[str]) -> list[_Gap]:
    learnt = _moved(base, _levels([each for each in known if each.rated.room not in rooms]))
    gaps = []
    for one, old in known:
        if one.room in rooms:
            new = _scores(one, learnt)
            gaps += [
                _Gap(dimension, old[dimension] - said, new[dimension] - said)
                for dimension, said in one.scores.items()
                if dimension in old and dimension in new
            ]
    return gaps


def _scores(one: Rated, weights: Weights) -> dict[Dimension, float]:
    marked = score(one.rubric, one.transcript, weights, caution=one.caution)
    return {each.dimension: each.score for each in marked.dimensions if each.score is not None}


Levels = Mapping[tuple[Family, Dimension], float]


def _levels(known: Sequence[_Known]) -> Levels:
    """How much the points of each dimension of a family are to count: least squares through the origin, held at 1."""
    sums: dict[tuple[Family, Dimension], tuple[float, float]] = {}
    for one, scores in known:
        for dimension, machine in scores.items():
            if (said := one.scores.get(dimension)) is not None:
                key = one.rubric.family, dimension
                above, below = sums.get(key, (RIDGE, RIDGE))
                sums[key] = above + said * machine, below + machine * machine
    return {key: round(min(MOST, max(LEAST, above / below)), 3) for key, (above, below) in sums.items()}


def _moved(base: Weights, levels: Levels) -> Weights:
    families = {
        family: figures.but(
            features={
                dimension: {
                    name: round(min(5.0, max(-5.0, points * levels.get((family, dimension), 1.0))), 3)
                    for name, points in features.items()
                }
                for dimension, features in figures.features.items()
            }
        )
        for family, figures in base.families.items()
    }
    return base.but(families=families)


def _next(version: str) -> str:
    major, minor, *_ = in_order(version)
    return f"{major}.{minor + 1}.0"


def _errors(dimension: Dimension, gaps: Sequence[_Gap]) -> Errors:
    before, after = _rms([gap.before for gap in gaps]), _rms([gap.after for gap in gaps])
    return Errors(dimension=dimension, answers=len(gaps), before=before, after=after)


def _width(gaps: Sequence[_Gap]) -> float:
    return _quantile([abs(gap.after) for gap in gaps], SHARE)


def _covered(held_out: Sequence[Sequence[_Gap]]) -> float | None:
    """Of each part of the rooms, how many gaps are within what all the other parts say is wide enough."""
    if len(held_out) < 2:
        return None
    within = 0
    for part in held_out:
        width = _width([gap for other in held_out if other is not part for gap in other])
        within += sum(abs(gap.after) <= width for gap in part)
    return round(within / sum(map(len, held_out)), 3)


def _rms(gaps: Sequence[float]) -> float:
    return round(math.sqrt(math.fsum(gap * gap for gap in gaps) / len(gaps)), 3) if gaps else 0.0


def _quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share, counting one more that is not known yet: conformal."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil((len(ordered) + 1) * share) - 1)]
