"""Whether declared groups fare alike."""

import pytest

from scoring.agreement import Pair
from scoring.fairness import FEWEST, Case, Fairness, GroupFigures, fairness


def group(name: str, *scores: float | None, abstained: int = 0, **more: object) -> list[Case]:
    return [Case(name, score, answers=10, abstained=abstained, **more) for score in scores]  # type: ignore[arg-type]


def figures(found: Fairness, name: str) -> GroupFigures:
    return next(one for one in found.groups if one.group == name)


def test_four_fifths_is_reckoned_from_the_highest_rate() -> None:
    # 48 of 80 pass and 12 of 40: rates .6 and .3, ratio .5. The larger group is the reference.
    found = fairness([*group("a", *[3.0] * 48, *[2.9] * 32), *group("b", *[4.0] * 12, *[1.0] * 28)], cut=3.0)
    assert found.reference == "a"
    assert (figures(found, "a").rate, figures(found, "a").impact_ratio, figures(found, "a").adverse) == (
        0.6,
        1.0,
        False,
    )
    assert (figures(found, "b").rate, figures(found, "b").impact_ratio, figures(found, "b").adverse) == (0.3, 0.5, True)
    assert not figures(found, "b").one_more_changes_it
    assert "“b”: impact ratio 0.50, below four fifths." in found.notes


def test_a_ratio_of_exactly_four_fifths_is_not_below_it() -> None:
    found = fairness([*group("a", *[3.0] * 10), *group("b", *[3.0] * 8, *[2.0] * 2)], cut=3.0)
    assert (figures(found, "b").impact_ratio, figures(found, "b").adverse) == (0.8, False)


def test_four_fifths_is_reckoned_before_anything_is_rounded() -> None:
    # 2 of 3 and 8 of 15: exactly four fifths; of .667 and .533 it would be less.
    found = fairness([*group("a", *[3.0] * 12, *[2.0] * 6), *group("b", *[3.0] * 8, *[2.0] * 7)], cut=3.0)
    assert (figures(found, "b").impact_ratio, figures(found, "b").adverse) == (0.8, False)


def test_a_ratio_that_rests_on_one_person_says_so() -> None:
    found = fairness([*group("a", *[3.0] * 10), *group("b", *[3.0] * 7, *[2.0] * 3)], cut=3.0)
    assert figures(found, "b").adverse
    assert figures(found, "b").one_more_changes_it
    assert any("one person more would change" in note for note in found.notes)


def test_the_distance_is_in_deviations_and_corrected_for_small_groups() -> None:
    a, b = (2.0, 2.5, 3.0, 3.5, 4.0), (1.0, 1.5, 2.0, 2.5, 3.0)
    found = fairness([*group("a", *a), *group("b", *b)], cut=3.0, reference="a")
    assert figures(found, "b").distance == pytest.approx(-1 / 0.790569 * (1 - 3 / 31), abs=0.001)
    assert figures(found, "a").distance is None


def test_few_people_are_named_without_figures() -> None:
    found = fairness([*group("a", *[3.0] * 10), *group("b", *[1.0] * (FEWEST - 1))], cut=3.0, reference="b")
    assert figures(found, "b") == GroupFigures(group="b", people=FEWEST - 1, withheld=True, small=True)
    assert found.reference == "a"
    assert any("“b” has too few people" in note for note in found.notes)
    assert figures(found, "a").small


def test_abstention_word_error_and_correlation_stand_beside_the_reference() -> None:
    with_people = tuple(Pair(float(n % 5), float(n % 5)) for n in range(10))
    against = tuple(Pair(float(n % 5), 4.0 - n % 5) for n in range(10))
    cases = [
        *group("a", *[3.0] * 9, None, abstained=1, word_error=0.1, pairs=with_people),
        *group("b", *[3.0] * 5, abstained=4, word_error=0.3, pairs=against),
    ]
    b = figures(fairness(cases, cut=3.0), "b")
    assert (b.abstention, b.abstention_gap) == (0.4, 0.3)
    assert (b.word_error, b.word_error_gap) == (0.3, 0.2)
    assert (b.correlation, b.correlation_gap) == (-1.0, -2.0)


def test_who_has_no_score_counts_in_no_rate() -> None:
    found = fairness(group("a", 3.0, 3.0, 3.0, 2.0, 2.0, None, None), cut=3.0)
    assert (figures(found, "a").scored, figures(found, "a").rate) == (5, 0.6)


def test_the_scores_of_few_are_not_told_of_a_group_in_which_most_have_none() -> None:
    found = fairness([*group("a", *[3.0] * 9), *group("b", 1.0, 4.0, None, None, None)], cut=3.0)
    b = figures(found, "b")
    assert (b.people, b.scored, b.passed, b.rate) == (5, 2, 0, None)
    assert (b.mean, b.deviation, b.distance, b.impact_ratio) == (None, None, None, None)


@pytest.mark.parametrize("cases", [[], group("a", None, None, None, None, None), group("a", *[3.0] * 5)])
def test_next_to_nothing_is_no_fault(cases: list[Case]) -> None:
    found = fairness(cases, cut=3.0)
    assert all(one.distance is None and not one.adverse for one in found.groups)


def test_where_nobody_passes_there_is_no_ratio() -> None:
    found = fairness([*group("a", *[1.0] * 6), *group("b", *[2.0] * 6)], cut=3.0)
    assert [one.impact_ratio for one in found.groups] == [None, None]
