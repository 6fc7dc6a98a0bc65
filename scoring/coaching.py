"""What went well and what to try next, each resting on words that were said or on a point that was missing.

Decides which findings a candidate reads first. Never a number, and never anything about a voice.
"""

from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Annotated, Self

from pydantic import Field, model_validator

from rooms.evidence import Dimension, DimensionScore, Level, Mark, Score
from rooms.transcript import Quote
from rooms.values import Value
from scoring.rubric import Family, anchors_of

MOST_STRENGTHS = 3
MOST_OF_A_KIND = 2
"""Two dimensions and two missing points at most: four things are as many as one can practise."""
FEWEST = 2
GOOD_FROM = 3.5
LITTLE_THERE = 2.0
"""Below this a suggestion says what a listener would wait for, since the words quoted lack it."""
WELL_ENOUGH = 4.0
"""From here on there is nothing pressing to suggest in a dimension."""
Turn = Annotated[int, Field(ge=1)]

NAMES = {
    Dimension.RELEVANCE: "Answering the question",
    Dimension.STRUCTURE: "Structure",
    Dimension.SPECIFICITY: "Being specific",
    Dimension.DEPTH: "Depth",
    Dimension.RESULT: "Result and reflection",
    Dimension.CLARITY: "Clarity",
}
"""What a reader calls each dimension."""


class Strength(Value):
    """Something done well, with the words that show it."""

    text: str
    turn: Turn
    quote: Quote


class Suggestion(Value):
    """One thing to try next, and what it rests on: words that were said, or what was missing."""

    text: str
    because: str
    turn: Turn
    dimension: Dimension | None = None
    quote: Quote | None = None
    missing: str | None = None

    @model_validator(mode="after")
    def _rests_on_something(self) -> Self:
        if self.quote is None and self.missing is None:
            raise ValueError("a suggestion rests on words or on something missing")
        return self


Scored = tuple[int, str, Score]
"""(turn, question, score) of a turn that has a score."""


def strengths(turns: Sequence[Scored]) -> tuple[Strength, ...]:
    """Rubric points reached and strong dimensions, from different turns as far as possible."""
    points = [
        Strength(text=mark.criterion, turn=turn, quote=mark.quotes[0])
        for turn, _, score in sorted(turns, key=lambda t: (-(t[2].overall or 0), t[0]))
        for mark in [m for m in score.marks if m.level is Level.PRESENT][:1]
    ]
    strong = [
        Strength(text=f"{NAMES[best.dimension]}: {best.score:g} of 5", turn=turn, quote=best.quotes[0])
        for turn, best in _ranked(turns, best_first=True)
        if (best.score or 0) >= GOOD_FROM and best.dimension is not Dimension.RELEVANCE
    ]
    return tuple(_unlike([*points[:2], *strong, *points[2:]], MOST_STRENGTHS))


def suggestions(turns: Sequence[Scored], family: Family) -> tuple[Suggestion, ...]:
    """Two to four things to try next, from the lowest dimensions and the missing points; none without a score."""
    if not turns:
        return ()
    low = [_about_dimension(turn, found, family) for turn, found in _ranked(turns, best_first=False)]
    pressing = [one for one, level in zip(low, _means(turns, low), strict=True) if level < WELL_ENOUGH]
    missing = _missing_points(turns)[:MOST_OF_A_KIND]
    chosen = [*pressing[:MOST_OF_A_KIND], *missing]
    rest = [one for one in low if one not in chosen]
    return tuple(chosen + rest[: max(0, FEWEST - len(chosen))])


def _ranked(turns: Sequence[Scored], *, best_first: bool) -> list[tuple[int, DimensionScore]]:
    """For each dimension, by its mean, the turn in which it shows most plainly."""
    found = []
    for dimension in Dimension:
        scored = [
            (turn, one)
            for turn, _, score in turns
            for one in score.dimensions
            if one.dimension is dimension and one.score is not None
        ]
        if scored:
            level = mean(one.score or 0 for _, one in scored)
            pick = max if best_first else min
            found.append((level, pick(scored, key=lambda t: (t[1].score or 0, -t[0]))))
    found.sort(key=lambda f: -f[0] if best_first else f[0])
    return [plainest for _, plainest in found]


def _means(turns: Sequence[Scored], about: Iterable[Suggestion]) -> list[float]:
    found = [one for _, _, score in turns for one in score.dimensions]
    return [mean(d.score for d in found if d.dimension is one.dimension and d.score is not None) for one in about]


def _about_dimension(turn: int, found: DimensionScore, family: Family) -> Suggestion:
    anchors = anchors_of(family)[found.dimension]
    level = _lower(anchors.at(found.score or 0))
    low = (found.score or 0) < LITTLE_THERE
    return Suggestion(
        text=anchors.try_next,
        because=f"{NAMES[found.dimension]} was {found.score:g} of 5 in answer {turn}: {level}",
        turn=turn,
        dimension=found.dimension,
        quote=found.quotes[0],
        missing=f"A listener would wait for: {'; '.join(anchors.signs_for)}." if low else None,
    )


def _missing_points(turns: Sequence[Scored]) -> list[Suggestion]:
    """Missing points first, then those only touched; the weakest answers first, one point of each answer first."""
    found: list[tuple[tuple[int, bool, float, int], Suggestion]] = []
    for turn, question, score in turns:
        weak = [mark for mark in score.marks if mark.level is not Level.PRESENT]
        weak.sort(key=lambda mark: mark.level is Level.PARTIAL)
        for place, mark in enumerate(weak):
            rank = (place, mark.level is Level.PARTIAL, score.overall or 0.0, turn)
            found.append((rank, _about_point(turn, question, mark)))
    return [suggestion for _, suggestion in sorted(found, key=lambda f: f[0])]


def _about_point(turn: int, question: str, mark: Mark) -> Suggestion:
    touched = mark.level is Level.PARTIAL
    how = "fully" if touched else "too"
    return Suggestion(
        text=f"When you are asked “{question}”, make this point {how}: {_lower(mark.criterion)}.",
        because=mark.reason,
        turn=turn,
        quote=mark.quotes[0] if touched else None,
        missing=mark.criterion,
    )


def _unlike(found: Iterable[Strength], most: int) -> list[Strength]:
    kept: list[Strength] = []
    for one in found:
        if len(kept) < most and all(one.quote != other.quote and one.text != other.text for other in kept):
            kept.append(one)
    return kept


def _lower(text: str) -> str:
    """A criterion inside a sentence."""
    return text[:1].lower() + text[1:]
