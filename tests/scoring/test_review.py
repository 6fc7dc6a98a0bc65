"""A person's word in a report: it wins, it adds up, and what the machine said stays to be seen."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from rooms.evidence import Dimension, Score
from scoring.agreement import Pair
from scoring.evaluate.content import rubric_of
from scoring.local import score
from scoring.report import Override, Report, build
from scoring.review import PERSONS_WORD, UNKNOWN_SHARES, Rating, between_people, overridden, pairs, with_shares
from scoring.rubric import Family
from scoring.weights import load_weights
from tests.scoring.answers import typed
from tests.scoring.test_report import report, three, turn


def shares(version: str, mode: str = "behavioural") -> Mapping[Dimension, float] | None:
    return load_weights(version).families[Family(mode)].overall


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
        (score_of(machine).overall or 0) + moved * (shares("1.0.0") or {})[Dimension.DEPTH], abs=0.051
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


# --- how an overall comes about -------------------------------------------------------------------------------


def added_up(found: Report, number: int = 1) -> float:
    """What a reader makes of the sides of one answer and their shares, rounded as the page says."""
    counts = with_shares(found, shares).turns[number - 1].shares
    assert counts is not None
    return round(
        sum(counts[one.dimension] * (one.score or 0.0) for one in score_of(found, number).dimensions) + 1e-9, 1
    )


def test_an_overall_is_what_its_sides_add_up_to_by_their_shares_also_with_a_persons_word() -> None:
    machine = report(three())
    for number in (1, 2, 3):
        assert added_up(machine, number) == score_of(machine, number).overall
    for after in (0.0, 0.5, 2.5, 4.0, 5.0):
        words = [word(each, after, turn=number) for each in (Dimension.DEPTH, Dimension.CLARITY) for number in (1, 2)]
        found = overridden(machine, words, shares)
        for number in (1, 2, 3):
            assert added_up(found, number) == score_of(found, number).overall


def short_answer(text: str = "A list in which the element added last is removed first.") -> Report:
    held = rubric_of("What is a stack?", "A collection in which the element added last is the first to be removed.")
    said = typed(text)
    asked = turn(1, said).but(score=score(held, said))
    return build([asked], room="r1", mode="technical", opened_at=1, duration_ms=1_000)


@pytest.mark.parametrize("text", ["A list in which the element added last is removed first.", "I don't know."])
def test_of_an_answer_that_is_held_against_its_model_answer_relevance_is_the_whole_also_for_a_person(text: str) -> None:
    machine = short_answer(text)
    assert added_up(machine) == score_of(machine).overall
    found = overridden(machine, [word(Dimension.RELEVANCE, 1.5), word(Dimension.DEPTH, 5.0)], shares)
    assert score_of(found).overall == added_up(found) == 1.5
    assert (score_of(found).low, score_of(found).high) == (1.5, 1.5)


def test_a_whole_has_an_interval_as_long_as_one_of_its_sides_is_the_machines() -> None:
    words = [word(each, 2.5) for each in Dimension]
    some, all_six = (score_of(overridden(report(three()), given, shares)) for given in (words[:-1], words))
    assert (some.low or 0) < (some.overall or 0) < (some.high or 0)
    assert (all_six.low, all_six.overall, all_six.high) == (2.5, 2.5, 2.5)


def test_where_the_weights_went_away_a_persons_word_stands_and_the_whole_is_said_to_be_as_it_was() -> None:
    machine = report(three())
    found = overridden(machine, [word(Dimension.DEPTH, 5.0)], lambda *_: None)
    assert dimension(found, Dimension.DEPTH) == (5.0, 5.0)
    assert score_of(found).overall == score_of(machine).overall
    assert UNKNOWN_SHARES in (score_of(found).caution or "")
    assert with_shares(found, lambda *_: None).turns[0].shares is None
