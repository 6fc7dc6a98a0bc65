"""Marks and features into numbers: contributions that add up exactly, an interval, an overall.

Decides the arithmetic of a score. Never what was found in the words, nor who found it: the same marks give the same
number whether a rule or a model made them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from rooms.evidence import Contribution, Dimension, DimensionScore, Level, Mark, Score
from rooms.transcript import Quote, Transcript
from scoring.dimensions import LABELS, Feature
from scoring.marking import quotes_of
from scoring.reading import Reading
from scoring.rubric import Rubric
from scoring.weights import FamilyWeights, Weights

STEP = 8
"""Contributions are whole eighths of a point: binary floats hold eighths exactly, so sums are exact too."""
REACH = {Level.PRESENT: 1.0, Level.PARTIAL: 0.5, Level.ABSENT: 0.0}


def coverage(rubric: Rubric, marks: Sequence[Mark]) -> Feature:
    """The weighted share of the rubric's points that the marks say were reached."""
    levels = {mark.point: mark.level for mark in marks}
    total = sum(point.weight for point in rubric.points)
    reached = sum(point.weight * REACH[levels.get(point.id, Level.ABSENT)] for point in rubric.points)
    present = sum(level is Level.PRESENT for level in levels.values())
    partial = sum(level is Level.PARTIAL for level in levels.values())
    label = f"{LABELS['points']}: {present} of {len(rubric.points)}, and {partial} in part"
    return Feature(reached / total if total else 0.0, label)


def combine(
    rubric: Rubric,
    marks: Sequence[Mark],
    features: Mapping[str, Feature],
    reading: Reading,
    weights: Weights,
    *,
    scorer: str,
    caution: str | None = None,
) -> Score:
    """The score of an answer from its marks and features. Pure arithmetic: same input, same bytes."""
    figures = weights.families[rubric.family]
    features = {**features, "points": coverage(rubric, marks)}
    wider = _extra_width(rubric, features["amount"].value, reading.transcript, weights, caution)
    relevance = _parts(_relevance_weights(rubric, figures), features)
    lost = _lost_off_topic(rubric, sum(part.value for part in relevance), weights)
    dimensions = []
    for dimension in Dimension:
        parts = relevance if dimension is Dimension.RELEVANCE else _parts(figures.features[dimension], features)
        if dimension is not Dimension.RELEVANCE and lost > 0:
            parts = [*parts, *_off_topic(parts, lost)]
        names = [name for name, points in figures.features[dimension].items() if points > 0]
        quotes = _quotes(dimension, marks, [features[name] for name in names], reading)
        dimensions.append(_dimension_score(dimension, parts, quotes, weights.spread.dimension + wider))
    overall = round(sum(figures.overall[d.dimension] * (d.score or 0.0) for d in dimensions) + 1e-9, 1)
    low, high = interval(overall, weights.spread.overall + wider)
    return Score(
        overall=overall,
        low=low,
        high=high,
        dimensions=tuple(dimensions),
        marks=tuple(marks),
        scorer=scorer,
        weights=weights.version,
        caution=caution,
    )


def interval(score: float, half_width: float) -> tuple[float, float]:
    """The 90% interval around a score, outward to tenths, within 0 to 5."""
    low = math.floor((score - half_width) * 10 + 1e-9) / 10
    high = math.ceil((score + half_width) * 10 - 1e-9) / 10
    return max(0.0, low), min(5.0, high)


def confidence(transcript: Transcript) -> float | None:
    """The recogniser's mean probability over the words that have one; None for typed answers."""
    known = [word.confidence for word in transcript.words if word.confidence is not None]
    return sum(known) / len(known) if known else None


def _extra_width(rubric: Rubric, amount: float, transcript: Transcript, weights: Weights, caution: str | None) -> float:
    """What makes a score less sure. Doubtful words widen the interval; they never lower the score."""
    spread = weights.spread
    sure = confidence(transcript)
    return (
        spread.thin * (1 - amount)
        + (0.0 if rubric.points else spread.no_points)
        + (0.0 if sure is None else spread.doubt * (1 - sure))
        + (spread.caution if caution else 0.0)
    )


def _relevance_weights(rubric: Rubric, figures: FamilyWeights) -> dict[str, float]:
    """A question without points or outline leaves their share to what it has."""
    shares = dict(figures.features[Dimension.RELEVANCE])
    for missing, there, heir in (
        ("reference", bool(rubric.reference), "points" if rubric.points else "topic"),
        ("points", bool(rubric.points), "reference" if rubric.reference else "topic"),
    ):
        if not there:
            shares[heir] = shares.get(heir, 0.0) + shares.pop(missing, 0.0)
    return shares


def _parts(shares: Mapping[str, float], features: Mapping[str, Feature]) -> list[Contribution]:
    """One contribution for each feature that is there, in eighths of a point."""
    parts = [(features[name].label, _eighths(points * features[name].value)) for name, points in shares.items()]
    return [Contribution(label=label, value=value) for label, value in parts if value]


def _eighths(value: float) -> float:
    return math.floor(value * STEP + 0.5) / STEP


def _lost_off_topic(rubric: Rubric, relevance: float, weights: Weights) -> float:
    """The share that the other dimensions lose because the answer misses the question, 0 to 1."""
    if not rubric.points and not rubric.reference:
        return 0.0
    return (1 - weights.off_topic.floor) * (1 - min(1.0, relevance / weights.off_topic.full_from))


def _off_topic(parts: Iterable[Contribution], lost: float) -> list[Contribution]:
    value = _eighths(-lost * max(0.0, sum(part.value for part in parts)))
    return [Contribution(label="Little of it answers the question", value=value)] if value else []


def _dimension_score(
    dimension: Dimension, parts: Sequence[Contribution], quotes: tuple[Quote, ...], half_width: float
) -> DimensionScore:
    """The sum of the parts, kept within 0 to 5 and rounded to half points; both steps are parts themselves."""
    parts = list(parts)
    total = sum(part.value for part in parts)
    kept = min(5.0, max(0.0, total))
    if kept != total:
        parts.append(Contribution(label="Kept within 0 to 5", value=kept - total))
    score = math.floor(kept * 2 + 0.5) / 2
    if score != kept:
        parts.append(Contribution(label="Rounded to half points", value=score - kept))
    low, high = interval(score, half_width)
    return DimensionScore(
        dimension=dimension, score=score, low=low, high=high, contributions=tuple(parts), quotes=quotes
    )


def _quotes(
    dimension: Dimension, marks: Sequence[Mark], features: Sequence[Feature], reading: Reading
) -> tuple[Quote, ...]:
    """Two exact quotes at most that show the dimension; for relevance, those of the marks."""
    if dimension is Dimension.RELEVANCE:
        marked = [quote for mark in marks for quote in mark.quotes]
        if marked:
            return tuple(dict.fromkeys(marked))[:2]
    firsts = [feature.spans[0] for feature in features if feature.spans]
    return quotes_of(reading, firsts)
