"""Marks and features into numbers: contributions that add up exactly, an interval, an overall.

Decides the arithmetic of a score. Never what was found in the words, nor who found it: the same marks give the same
number whether a rule or a model made them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from rooms.evidence import Contribution, Dimension, DimensionScore, Level, Mark, Score
from rooms.transcript import Transcript
from scoring.answers import Graded
from scoring.dimensions import LABELS, Feature
from scoring.quoting import Grounds, grounds
from scoring.reading import Reading
from scoring.rubric import Rubric
from scoring.targets import compile_rubric
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
    wider: float = 0.0,
    graded: Graded | None = None,
) -> Score:
    """The score of an answer from its marks and features. Pure arithmetic: same input, same bytes.

    `wider` is what whoever marked adds to each half-width, in points: judges that disagree. `graded` is the answer held
    against its model answer: that is its relevance then, and the whole, for nothing else was asked.
    """
    figures, width = weights.families[rubric.family], weights.width(rubric.family)
    features = {**features, "points": coverage(rubric, marks)}
    wider += extra_width(rubric, features["amount"].value, reading.transcript, weights, caution)
    compiled = compile_rubric(rubric, weights.recall.question_words)
    pieces = {dimension: _pieces(_shares(rubric, figures, dimension), features) for dimension in Dimension}
    relevance = graded.score if graded else sum(piece.points for piece in pieces[Dimension.RELEVANCE])
    lost = _lost_off_topic(rubric, relevance, weights)
    dimensions = []
    for dimension in Dimension:
        parts = [Contribution(label=piece.feature.label, value=piece.points) for piece in pieces[dimension]]
        if dimension is not Dimension.RELEVANCE and lost > 0:
            parts += _off_topic(parts, lost)
        resting = _grounds(dimension, pieces[dimension], marks, reading, compiled.wanted | compiled.question)
        if graded and dimension is Dimension.RELEVANCE:
            dimensions.append(_held_against_the_model(graded, resting))
        else:
            dimensions.append(_dimension_score(dimension, parts, resting, width.dimension + wider))
    if graded:
        overall, low, high = graded.score, graded.low, graded.high
    else:
        overall, low, high = _overall(dimensions, figures, width.overall + wider)
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


def _overall(
    dimensions: Sequence[DimensionScore], figures: FamilyWeights, half_width: float
) -> tuple[float, float, float]:
    overall = round(sum(figures.overall[d.dimension] * (d.score or 0.0) for d in dimensions) + 1e-9, 1)
    return overall, *interval(overall, half_width)


def _held_against_the_model(graded: Graded, resting: Grounds) -> DimensionScore:
    return DimensionScore(
        dimension=Dimension.RELEVANCE,
        score=graded.score,
        low=graded.low,
        high=graded.high,
        contributions=graded.parts,
        quotes=resting.quotes,
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


def extra_width(rubric: Rubric, amount: float, transcript: Transcript, weights: Weights, caution: str | None) -> float:
    """What makes a score less sure. Doubtful words widen the interval; they never lower the score."""
    spread = weights.spread
    thin = spread.thin * (1 - amount) + (0.0 if rubric.points else spread.no_points)
    return thin + doubt(transcript, weights, caution)


def doubt(transcript: Transcript, weights: Weights, caution: str | None) -> float:
    """What is added to each half-width because of how the words were heard."""
    spread = weights.spread
    sure, heard = confidence(transcript), trust(transcript)
    return (
        (0.0 if sure is None else spread.doubt * (1 - sure))
        + spread.distrust * (1 - heard)
        + (spread.caution if caution else 0.0)
    )


def trust(transcript: Transcript) -> float:
    """How far the sound can be relied on, over the utterances by their length; 1 for typed answers."""
    measured = [(len(one.text), one.audio.trust) for one in transcript.utterances if one.audio is not None]
    total = sum(length for length, _ in measured)
    return sum(length * heard for length, heard in measured) / total if total else 1.0


def _shares(rubric: Rubric, figures: FamilyWeights, dimension: Dimension) -> dict[str, float]:
    """What each feature may add. What a question lacks, points or an outline, leaves its share to what it has.

    Only relevance can rest on the words of the question alone.
    """
    shares = dict(figures.features[dimension])
    for missing, there, heir in (
        ("reference", bool(rubric.reference), "points" if rubric.points else "topic"),
        ("points", bool(rubric.points), "reference" if rubric.reference else "topic"),
    ):
        if not there and missing in shares:
            left = shares.pop(missing)
            if heir != "topic" or dimension is Dimension.RELEVANCE:
                shares[heir] = shares.get(heir, 0.0) + left
    return shares


class Piece(NamedTuple):
    """A feature that is there, and the eighths of a point it adds or takes."""

    points: float
    feature: Feature


def _pieces(shares: Mapping[str, float], features: Mapping[str, Feature]) -> list[Piece]:
    pieces = [Piece(_eighths(points * features[name].value), features[name]) for name, points in shares.items()]
    return [piece for piece in pieces if piece.points]


def _grounds(
    dimension: Dimension, pieces: Sequence[Piece], marks: Sequence[Mark], reading: Reading, wanted: Set[str]
) -> Grounds:
    """The words a dimension rests on: the weightiest finding first, one phrase of each before a second of any."""
    marked = [quote for mark in marks if mark.level is not Level.ABSENT for quote in mark.quotes]
    ranked = sorted((piece for piece in pieces if piece.feature.spans), key=lambda piece: -abs(piece.points))
    raised = [piece.feature.spans for piece in ranked if piece.points > 0]
    lowered = [piece.feature.spans[0] for piece in ranked if piece.points < 0]
    spans = [found[0] for found in raised] + [span for found in raised for span in found[1:]]
    first = dimension is Dimension.RELEVANCE
    by_points = first or (not spans and any(piece.feature.label.startswith(LABELS["points"]) for piece in pieces))
    return grounds(dimension, marked if by_points else (), spans, lowered, reading, wanted)


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
    dimension: Dimension, parts: Sequence[Contribution], resting: Grounds, half_width: float
) -> DimensionScore:
    """The sum of the parts, kept within 0 to 5 and rounded to half points; both steps are parts themselves.

    What is missing is a part of its own that is worth nothing, so that a reader of the parts learns of it.
    """
    parts = [*([Contribution(label=resting.lack, value=0.0)] if resting.lack else []), *parts]
    total = sum(part.value for part in parts)
    kept = min(5.0, max(0.0, total))
    if kept != total:
        parts.append(Contribution(label="Kept within 0 to 5", value=kept - total))
    score = math.floor(kept * 2 + 0.5) / 2
    if score != kept:
        parts.append(Contribution(label="Rounded to half points", value=score - kept))
    low, high = interval(score, half_width)
    return DimensionScore(
        dimension=dimension, score=score, low=low, high=high, contributions=tuple(parts), quotes=resting.quotes
    )
