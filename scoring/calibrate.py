"""New weights out of coaches' ratings: the level of each dimension, and how wide an interval has to be.

Decides what is learnt from ratings and whether it is better than what there was, on answers of rooms that were held
out. Never which ratings count (`review`) nor whether the new weights are used (`server.api.weights`).

One figure is learnt for each dimension of a family: how much all its points count. So few can be learnt from the
ratings of a few rooms, and a reader can say what changed. A ridge holds each at 1 until ratings speak against it. The
half-widths of intervals are conformal, for each family by itself where enough of its answers were rated.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rooms.evidence import Dimension
from rooms.transcript import Transcript
from rooms.values import Value
from scoring.answers import relevance_is_all
from scoring.combine import extra_width
from scoring.dimensions import measure
from scoring.local import cautions, score
from scoring.reading import read
from scoring.recall import index
from scoring.rubric import Family, Rubric
from scoring.targets import compile_rubric
from scoring.weights import OWN_FROM, Weights, Width, in_order

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


class Widths(Value):
    """The half-widths of a family's intervals, of a dimension and of the whole, in points."""

    family: Family
    answers: int
    before: Width
    after: Width


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
    widths: tuple[Widths, ...] = ()
    """Of the families whose intervals were learnt from answers to their own questions."""
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
    known = [_Known(n, one, _scores(one, base), _extra(one, base)) for n, one in enumerate(rated)]
    parts = [found for fold in range(FOLDS) if (found := _held_out(known, base, rooms[fold::FOLDS])).gaps]
    gaps = [gap for part in parts for gap in part.gaps]
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
    beyond = [one for part in parts for one in part.beyond]
    weights = _wide_enough(_moved(base, _levels(known)), beyond).but(
        version=_next(base.version),
        training_set=f"coaches-{len(rooms)}-rooms-{len(rated)}-answers",
        metrics=metrics,
    )
    return told.but(weights=weights, widths=_told(base, weights, beyond), covered=_covered(base, parts))


class _Marked(NamedTuple):
    """What the machine makes of an answer, as far as these weights decide it."""

    scores: Mapping[Dimension, float]
    overall: float | None


class _Known(NamedTuple):
    """A rated answer and what the weights of before make of it."""

    number: int
    rated: Rated
    machine: _Marked
    extra: float
    """What made its scores less sure, in points of half-width."""


class _Gap(NamedTuple):
    """Machine less person on a held-out answer, with the old weights and with new ones that had not seen it."""

    dimension: Dimension
    before: float
    after: float


class _Beyond(NamedTuple):
    """How far person and new weights are apart beyond what made the score less sure anyway: a width has to hold it."""

    family: Family
    answer: int
    whole: bool
    points: float


class _Part(NamedTuple):
    """What was found on rooms that were held out together."""

    gaps: list[_Gap]
    beyond: list[_Beyond]


def _held_out(known: Sequence[_Known], base: Weights, rooms: Sequence[str]) -> _Part:
    learnt = _moved(base, _levels([each for each in known if each.rated.room not in rooms]))
    found = _Part([], [])
    for each in known:
        if each.rated.room in rooms:
            _compare(each, _scores(each.rated, learnt), learnt, found)
    return found


def _compare(one: _Known, new: _Marked, weights: Weights, found: _Part) -> None:
    family, said, old = one.rated.rubric.family, one.rated.scores, one.machine.scores
    for dimension in [each for each in Dimension if each in said and each in old and each in new.scores]:
        gap = _Gap(dimension, old[dimension] - said[dimension], new.scores[dimension] - said[dimension])
        found.gaps.append(gap)
        found.beyond.append(_Beyond(family, one.number, False, abs(gap.after) - one.extra))
    if new.overall is not None and len(said) == len(Dimension):
        whole = sum(share * said[dimension] for dimension, share in weights.families[family].overall.items())
        found.beyond.append(_Beyond(family, one.number, True, abs(new.overall - whole) - one.extra))


def _scores(one: Rated, weights: Weights) -> _Marked:
    """What was held against a model answer is left out: other figures make it, and its interval."""
    marked = score(one.rubric, one.transcript, weights, caution=one.caution)
    short = relevance_is_all(marked)
    found = {
        each.dimension: each.score
        for each in marked.dimensions
        if each.score is not None and not (short and each.dimension is Dimension.RELEVANCE)
    }
    return _Marked(found, None if short else marked.overall)


def _extra(one: Rated, weights: Weights) -> float:
    reading = read(one.transcript)
    if not reading.tokens:
        return 0.0  # nothing was said, and nothing is scored
    compiled = compile_rubric(one.rubric, weights.recall.question_words)
    found = measure(reading, compiled, index(reading), one.rubric.family, weights)
    return extra_width(one.rubric, found["amount"].value, one.transcript, weights, cautions(one.caution, reading))


Levels = Mapping[tuple[Family, Dimension], float]


def _levels(known: Sequence[_Known]) -> Levels:
    """How much the points of each dimension of a family are to count: least squares through the origin, held at 1."""
    sums: dict[tuple[Family, Dimension], tuple[float, float]] = {}
    for one in known:
        for dimension, machine in one.machine.scores.items():
            if (said := one.rated.scores.get(dimension)) is not None:
                key = one.rated.rubric.family, dimension
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
    """A version of one's own after this one: before the next that ships, and none that will ever ship."""
    major, minor, last, *_ = in_order(version)
    return f"{major}.{minor}.{max(OWN_FROM, last + 1)}"


def _errors(dimension: Dimension, gaps: Sequence[_Gap]) -> Errors:
    before, after = _rms([gap.before for gap in gaps]), _rms([gap.after for gap in gaps])
    return Errors(dimension=dimension, answers=len(gaps), before=before, after=after)


def _wide_enough(weights: Weights, beyond: Sequence[_Beyond]) -> Weights:
    """The weights with intervals that hold these ratings: of a family by its own answers where they are enough."""
    of_all = _width(beyond, Width(overall=weights.spread.overall, dimension=weights.spread.dimension))
    families = dict(weights.families)
    for family, figures in weights.families.items():
        own = [one for one in beyond if one.family is family]
        if _answers(own) >= FEWEST_ANSWERS:
            families[family] = figures.but(width=_width(own, weights.width(family)))
    return weights.but(spread=weights.spread.but(**dict(of_all)), families=families)


def _width(beyond: Sequence[_Beyond], known: Width) -> Width:
    """Conformal half-widths; what is known already where too few answers say something."""
    found = {}
    for name, whole in (("dimension", False), ("overall", True)):
        some = [one for one in beyond if one.whole is whole]
        if _answers(some) >= FEWEST_ANSWERS:
            found[name] = round(min(3.0, max(0.25, _quantile([one.points for one in some], SHARE))), 3)
    return known.but(**found)


def _answers(beyond: Sequence[_Beyond]) -> int:
    return len({one.answer for one in beyond})


def _told(base: Weights, weights: Weights, beyond: Sequence[_Beyond]) -> tuple[Widths, ...]:
    counted = {family: _answers([one for one in beyond if one.family is family]) for family in Family}
    return tuple(
        Widths(family=family, answers=answers, before=base.width(family), after=weights.width(family))
        for family, answers in counted.items()
        if answers >= FEWEST_ANSWERS
    )


def _covered(base: Weights, parts: Sequence[_Part]) -> float | None:
    """Of each part of the rooms, how many ratings are within what all the other parts say is wide enough."""
    if len(parts) < 2:
        return None
    within = total = 0
    for part in parts:
        wide = _wide_enough(base, [one for other in parts if other is not part for one in other.beyond])
        found = [one.points <= wide.width(one.family).dimension for one in part.beyond if not one.whole]
        within, total = within + sum(found), total + len(found)
    return round(within / total, 3)


def _rms(gaps: Sequence[float]) -> float:
    return round(math.sqrt(math.fsum(gap * gap for gap in gaps) / len(gaps)), 3) if gaps else 0.0


def _quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share, counting one more that is not known yet: conformal."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil((len(ordered) + 1) * share) - 1)]
