"""The arithmetic of a score."""

import pytest

from rooms.evidence import Level, Mark
from rooms.transcript import Quote
from scoring.combine import confidence, coverage, interval
from scoring.rubric import Rubric
from tests.scoring.answers import spoken, typed

QUOTE = Quote(utterance="u1", text="we", start_ms=0, end_ms=1)


def mark(point: str, level: Level) -> Mark:
    quotes = () if level is Level.ABSENT else (QUOTE,)
    return Mark(point=point, criterion=point, level=level, quotes=quotes, reason="Because.")


@pytest.mark.parametrize(
    ("levels", "share"),
    [
        ((Level.PRESENT, Level.PRESENT), 1.0),
        ((Level.PRESENT, Level.ABSENT), 0.75),
        ((Level.PARTIAL, Level.ABSENT), 0.375),
        ((Level.ABSENT, Level.PRESENT), 0.25),
        ((Level.ABSENT, Level.ABSENT), 0.0),
    ],
)
def test_coverage_is_the_weighted_share_of_points(levels: tuple[Level, Level], share: float) -> None:
    rubric = Rubric.from_question("Why?", "technical", points=[("a", "First", 3, ()), ("b", "Second", 1, ())])
    assert coverage(rubric, [mark("a", levels[0]), mark("b", levels[1])]).value == share


def test_a_point_without_a_mark_counts_as_absent() -> None:
    rubric = Rubric.from_question("Why?", "technical", points=[("a", "First", 1, ()), ("b", "Second", 1, ())])
    assert coverage(rubric, [mark("a", Level.PRESENT)]).value == 0.5


@pytest.mark.parametrize(
    ("score", "half_width", "expected"),
    [(2.5, 1.0, (1.5, 3.5)), (0.2, 1.0, (0.0, 1.2)), (4.8, 1.0, (3.8, 5.0)), (2.5, 1.05, (1.4, 3.6))],
)
def test_an_interval_rounds_outward_and_stays_on_the_scale(
    score: float, half_width: float, expected: tuple[float, float]
) -> None:
    assert interval(score, half_width) == expected


def test_typed_words_have_no_confidence_to_doubt() -> None:
    assert confidence(typed("we moved it")) is None
    assert confidence(spoken("we moved it", confidence=0.5)) == 0.5
