"""How far two raters agree: two numbers for each answer in, figures that can be compared out.

Decides which figures are told and how they are reckoned; never whose ratings are compared, nor what is good enough.
"""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from rooms.values import Value

LEVELS = 11
"""Half points from 0 to 5."""


class Pair(NamedTuple):
    """The same answer, rated twice, each 0 to 5."""

    one: float
    other: float


class Agreement(Value):
    """How `other` (the machine, say) agrees with `one` (a person). What too few answers cannot tell is None."""

    answers: Annotated[int, Field(ge=0)]
    icc: float | None = None
    """Intraclass correlation for absolute agreement of single ratings, ICC(2,1): Shrout & Fleiss 1979, McGraw & Wong
    1996. 1 is the same numbers always; a rater who is always one point higher loses some of it."""
    kappa: float | None = None
    """Quadratic weighted kappa over half points: Cohen 1968. What chance would give is taken off."""
    bias: float | None = None
    """`other` less `one`, on average: above 0 it is the milder one."""
    apart: float | None = None
    """The mean distance, in points."""
    within_half: float | None = None
    """The share of answers on which the two are half a point apart or less."""


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """How far two raters agree on the same answers. Order of the answers does not matter."""
    if not pairs:
        return Agreement(answers=0)
    gaps = [pair.other - pair.one for pair in pairs]
    return Agreement(
        answers=len(pairs),
        icc=_rounded(icc(pairs)),
        kappa=_rounded(kappa(pairs)),
        bias=_rounded(math.fsum(gaps) / len(gaps)),
        apart=_rounded(math.fsum(map(abs, gaps)) / len(gaps)),
        within_half=_rounded(sum(abs(gap) <= 0.5 for gap in gaps) / len(gaps)),
    )


def icc(pairs: Sequence[Pair]) -> float | None:
    """ICC(2,1); None for fewer than two answers, and where nothing differs at all."""
    n = len(pairs)
    if n < 2:
        return None
    grand = math.fsum(pair.one + pair.other for pair in pairs) / (2 * n)
    rows = 2 * math.fsum(((pair.one + pair.other) / 2 - grand) ** 2 for pair in pairs)
    ones, others = (math.fsum(column) / n for column in zip(*pairs, strict=True))
    columns = n * ((ones - grand) ** 2 + (others - grand) ** 2)
    whole = math.fsum((pair.one - grand) ** 2 + (pair.other - grand) ** 2 for pair in pairs)
    between, raters, left = rows / (n - 1), columns, max(0.0, whole - rows - columns) / (n - 1)
    below = between + left + 2 * (raters - left) / n
    return None if math.isclose(below, 0.0, abs_tol=1e-12) else (between - left) / below


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Quadratic weighted kappa of ratings brought to half points; None where chance alone would agree wholly."""
    n = len(pairs)
    levels = [(_level(pair.one), _level(pair.other)) for pair in pairs]
    ones, others = ([sum(each[side] == level for each in levels) for level in range(LEVELS)] for side in (0, 1))
    seen = math.fsum((a - b) ** 2 for a, b in levels) / n
    by_chance = math.fsum(ones[a] * others[b] * (a - b) ** 2 for a in range(LEVELS) for b in range(LEVELS)) / (n * n)
    return None if by_chance == 0 else 1 - seen / by_chance


def _level(score: float) -> int:
    return min(LEVELS - 1, max(0, math.floor(score * 2 + 0.5)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3) + 0.0
