"""Agreement against figures that were published or can be reckoned by hand, and its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.agreement import Agreement, Pair, agreement, icc, kappa

SCORES = st.integers(0, 10).map(lambda halves: halves / 2)
PAIRS = st.lists(st.builds(Pair, SCORES, SCORES), min_size=2, max_size=40)


def test_the_same_numbers_agree_wholly() -> None:
    told = agreement([Pair(1, 1), Pair(3.5, 3.5), Pair(5, 5)])
    assert told == Agreement(answers=3, icc=1.0, kappa=1.0, bias=0.0, apart=0.0, within_half=1.0)


def test_a_rater_who_is_always_a_point_milder_agrees_less_and_the_bias_says_why() -> None:
    told = agreement([Pair(1, 2), Pair(2, 3), Pair(3, 4), Pair(4, 5)])
    assert (told.bias, told.apart, told.within_half) == (1.0, 1.0, 0.0)
    # By hand: between answers 10/3, between raters 2, nothing left: (10/3) / (10/3 + 2 * 2 / 4).
    assert told.icc == pytest.approx(10 / 13, abs=1e-3)


def test_two_judges_of_shrout_and_fleiss() -> None:
    """The first and the fourth judge of the table in Shrout & Fleiss (1979), halved to fit 0 to 5."""
    rows = [(9, 8), (6, 2), (8, 6), (7, 6), (10, 9), (6, 7)]
    found = icc([Pair(one / 2, other / 2) for one, other in rows])
    assert found == pytest.approx(_by_variances(rows), abs=1e-12)


def _by_variances(rows: list[tuple[int, int]]) -> float:
    """ICC(2,1) the long way: mean squares of a two-way analysis of variance."""
    n, k = len(rows), 2
    grand = sum(map(sum, rows)) / (n * k)
    between = k * sum((sum(row) / k - grand) ** 2 for row in rows) / (n - 1)
    columns = [sum(column) / n for column in zip(*rows, strict=True)]
    raters = n * sum((column - grand) ** 2 for column in columns) / (k - 1)
    left = sum((row[j] - sum(row) / k - columns[j] + grand) ** 2 for row in rows for j in range(k)) / (
        (n - 1) * (k - 1)
    )
    return (between - left) / (between + (k - 1) * left + k * (raters - left) / n)


def test_opposite_ratings_agree_less_than_chance() -> None:
    assert (kappa([Pair(0, 5), Pair(5, 0)]) or 0) == pytest.approx(-1.0)


def test_too_little_to_tell_is_none() -> None:
    assert agreement([]) == Agreement(answers=0)
    alone = agreement([Pair(3, 3)])
    assert (alone.answers, alone.icc, alone.kappa) == (1, None, None)
    assert icc([Pair(2, 2), Pair(2, 2)]) is None


@given(PAIRS)
def test_neither_order_of_answers_nor_who_is_called_first_matters(pairs: list[Pair]) -> None:
    turned = [Pair(pair.other, pair.one) for pair in reversed(pairs)]
    told, again = agreement(pairs), agreement(turned)
    assert (told.icc, told.kappa, told.apart) == pytest.approx((again.icc, again.kappa, again.apart), abs=2e-3)
    assert told.bias == pytest.approx(-(again.bias or 0.0), abs=2e-3)


@given(PAIRS)
def test_nothing_agrees_more_than_wholly(pairs: list[Pair]) -> None:
    told = agreement(pairs)
    assert told.icc is None or told.icc <= 1.0
    assert told.kappa is None or told.kappa <= 1.0
