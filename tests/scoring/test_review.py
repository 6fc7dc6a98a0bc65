"""A person's word in a report: it wins, it adds up, and what the machine said stays to be seen."""

import pytest
from pydantic import ValidationError

from rooms.evidence import Dimension, Score
from scoring.agreement import Pair
from scoring.report import Override, Report
from scoring.review import PERSONS_WORD, Rating, between_people, overridden, pairs
from scoring.rubric import Family
from scoring.weights import load_weights
from tests.scoring.answers import typed
from tests.scoring.test_report import report, three, turn


def shares(version: str, mode: str = "behavioural") -> dict[Dimension, float]:
    return dict(load_weights(version).families[Family(mode)].overall)


def word(dimension: Dimension, after: float, *, turn: int = 1, before: float | None = None, at: int = 1) -> Override:
    return Override(
        turn=turn,
        dimension=dimension,
        before=before,
        after=after,
        by="ben.coach",
        name="Ben",
        reason="The example was there; it was told in the second sentence.",
        at=at,
    )


def rating(by: str = "ben.coach", *, turn: int = 1, blind: bool = True, own: bool = False, **scores: float) -> Rating:
    given = {dimension: scores.get(dimension.value) for dimension in Dimension}
    return Rating(room="r1", turn=turn, by=by, scores=given, blind=blind, own=own, at=1)


def score_of(found: Report, number: int = 1) -> Score:
    score = found.turns[number - 1].score
    assert score is not None
    return score


def dimension(found: Report, which: Dimension, number: int = 1) -> tuple[float | None, float]:
    one = next(each for each in score_of(found, number).dimensions if each.dimension is which)
    return one.score, sum(part.value for part in one.contributions)


def test_without_overrides_a_report_is_the_same_report() -> None:
    found = report(three())
    assert overridden(found, [], shares) is found


def test_a_persons_number_stands_and_its_parts_still_add_up_to_it() -> None:
    machine = report(three())
    found = overridden(machine, [word(Dimension.DEPTH, 4.5)], shares)
    assert dimension(found, Dimension.DEPTH) == (4.5, 4.5)
    moved = 4.5 - (dimension(machine, Dimension.DEPTH)[0] or 0)
    assert score_of(found).overall == pytest.approx(
        (score_of(machine).overall or 0) + moved * shares("1.0.0")[Dimension.DEPTH], abs=0.051
    )
    assert found.turns[0].overrides[0].name == "Ben"
    assert found.dimensions != machine.dimensions
    assert found.turns[1:] == machine.turns[1:]


def test_the_last_of_several_overrides_wins_and_all_of_them_are_shown() -> None:
    words = [word(Dimension.DEPTH, 1.0), word(Dimension.DEPTH, 3.0, before=1.0, at=2)]
    found = overridden(report(three()), words, shares)
    assert dimension(found, Dimension.DEPTH) == (3.0, 3.0)
    assert [one.after for one in found.turns[0].overrides] == [1.0, 3.0]


def test_saying_the_machines_number_again_adds_no_part() -> None:
    machine = report(three())
    same = dimension(machine, Dimension.DEPTH)[0] or 0.0
    found = overridden(machine, [word(Dimension.DEPTH, same)], shares)
    depth = next(each for each in score_of(found).dimensions if each.dimension is Dimension.DEPTH)
    assert PERSONS_WORD not in [part.label for part in depth.contributions]


def test_an_answer_that_the_machine_would_not_score_has_an_overall_once_a_person_gave_all_six() -> None:
    machine = report([turn(1, typed("Yes."))])
    assert score_of(machine).overall is None
    some = overridden(machine, [word(Dimension.DEPTH, 2.0)], shares)
    assert score_of(some).overall is None
    assert "nobody has rated relevance" in (score_of(some).abstained or "")
    whole = overridden(machine, [word(each, 2.0) for each in Dimension], shares)
    assert (score_of(whole).overall, whole.overall, whole.scored, whole.abstained) == (2.0, 2.0, 1, 0)


def test_an_overall_never_leaves_its_scale_nor_its_interval() -> None:
    for number in (0.0, 5.0):
        found = score_of(overridden(report(three()), [word(each, number) for each in Dimension], shares))
        assert 0 <= (found.low or 0) <= (found.overall or 0) <= (found.high or 0) <= 5


def test_only_blind_ratings_of_somebody_elses_answer_are_compared_with_the_machine() -> None:
    scores = {("r1", 1): score_of(report(three()))}
    machine = dimension(report(three()), Dimension.DEPTH)[0]
    given = [rating(depth=2.5), rating("eve", blind=False, depth=1.0), rating("ana", own=True, depth=5.0)]
    found = pairs(given, scores)
    assert found[Dimension.DEPTH] == {"ben.coach": [Pair(2.5, machine)]}
    assert found[Dimension.CLARITY] == {}


def test_two_people_on_one_answer_are_one_pair() -> None:
    found = between_people([rating("eve", depth=1.0), rating("ben", depth=2.0), rating("eve", turn=2, depth=3.0)])
    assert found[Dimension.DEPTH] == [Pair(2.0, 1.0)]


def test_a_rating_says_something_of_all_six_and_in_half_points() -> None:
    with pytest.raises(ValidationError, match="all six"):
        Rating(room="r", turn=1, by="ben", scores={Dimension.DEPTH: 1.0}, blind=True, own=False, at=1)
    with pytest.raises(ValidationError):
        rating(depth=2.3)
