"""Several ballots of judges into one score: the median level of each mark, and how far they agreed.

Decides which marks count once all have spoken. The number is `combine`'s, from weights of the judge's own; what judges
disagree about makes it less sure.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from rooms.evidence import Dimension, Level, Mark, Score
from rooms.transcript import Quote, Transcript
from scoring.combine import REACH, combine
from scoring.dimensions import Feature, measure
from scoring.local import cautions
from scoring.prompt import MOST_QUOTES
from scoring.reading import Reading, read, without_question
from scoring.recall import index
from scoring.rubric import Rubric
from scoring.targets import compile_rubric
from scoring.verdict import Ballot, checked
from scoring.weights import Weights

ALONE = 0.5
"""How far one ballot is taken to agree with those that were not cast."""

_ORDER = (Level.ABSENT, Level.PARTIAL, Level.PRESENT)


class Verdict(NamedTuple):
    """What the judges found together."""

    marks: tuple[Mark, ...]
    judged: Mapping[Dimension, Mark]
    agreement: float
    """0 to 1: how near two ballots are to each other on average."""


def verdict(ballots: Sequence[Ballot], rubric: Rubric) -> Verdict:
    """The median of at least one ballot; between two middle levels the lower one: in doubt nothing is added."""
    marks = tuple(_median([ballot.points[point.id] for ballot in ballots]) for point in rubric.points)
    judged = {d: _median([ballot.dimensions[d] for ballot in ballots]) for d in Dimension}
    return Verdict(marks, judged, agreement(ballots))


def agreement(ballots: Sequence[Ballot]) -> float:
    """1 less the mean difference of two ballots, a whole level (absent to present) being 1; to a thousandth."""
    differences = [
        abs(REACH[a.level] - REACH[b.level])
        for one, other in combinations(ballots, 2)
        for a, b in zip(_all(one), _all(other), strict=True)
    ]
    return round(1 - sum(differences) / len(differences), 3) if differences else ALONE


def judged_score(
    rubric: Rubric,
    transcript: Transcript,
    found: Verdict,
    weights: Weights,
    *,
    scorer: str,
    prompt: str | None = None,
    caution: str | None = None,
) -> Score:
    """The score that a verdict leads to. Same verdict and weights, same bytes: so it can be made again years later.

    `prompt`: the version of what the judges were asked; None where a release before this was kept did not say.
    """
    reading = without_question(read(transcript), rubric.question)
    compiled = compile_rubric(rubric, weights.recall.question_words)
    features = {
        **measure(reading, compiled, index(reading), rubric.family, weights),
        **{f"judged_{d}": _feature(mark, reading) for d, mark in found.judged.items()},
    }
    score = combine(
        rubric,
        checked(found.marks, transcript),
        features,
        reading,
        weights,
        scorer=scorer,
        caution=cautions(caution, reading),
        wider=weights.spread.disagreement * (1 - found.agreement),
    )
    dimensions = tuple(one.but(judged=found.judged[one.dimension]) for one in score.dimensions)
    weighed = f"judge-{weights.version}"
    return score.but(dimensions=dimensions, agreement=found.agreement, prompt=prompt, weights=weighed)


def verdict_of(score: Score) -> Verdict | None:
    """The verdict that a judged score was made of, to make it again with other weights; None for a local one."""
    judged = {one.dimension: one.judged for one in score.dimensions if one.judged is not None}
    if len(judged) < len(Dimension) or score.agreement is None:
        return None
    return Verdict(score.marks, judged, score.agreement)


def _median(marks: Sequence[Mark]) -> Mark:
    ranked = sorted(marks, key=lambda mark: _ORDER.index(mark.level))
    chosen = ranked[(len(ranked) - 1) // 2]
    quotes: dict[Quote, None] = {}
    for mark in marks:
        if mark.level is chosen.level:
            quotes |= dict.fromkeys(mark.quotes)
    return chosen.but(quotes=tuple(quotes)[:MOST_QUOTES])


def _all(ballot: Ballot) -> list[Mark]:
    return [*ballot.points.values(), *(ballot.dimensions[d] for d in Dimension)]


def _feature(mark: Mark, reading: Reading) -> Feature:
    spans = [span for quote in mark.quotes if (span := _span(quote, reading)) is not None]
    return Feature(REACH[mark.level], f"Judged by the anchors: {mark.criterion}", tuple(spans))


def _span(quote: Quote, reading: Reading) -> tuple[int, int] | None:
    """The first and last token that a quote touches; None where all of them were set aside."""
    places = {utterance.id: place for place, utterance in enumerate(reading.transcript.utterances)}
    place = places[quote.utterance]
    start = reading.transcript.utterances[place].text.find(quote.text)
    end = start + len(quote.text)
    touched = [i for i, t in enumerate(reading.tokens) if t.utterance == place and t.start < end and t.end > start]
    return (touched[0], touched[-1]) if touched else None
