"""How far grades lie from scores: intervals learnt from what was left out.

Decides how wide they are, by the score and by how well rated answers know the answer. Never what is expected of one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Widths = dict[str, list[float]]

KNOTS = (1.5, 2.5, 3.25, 3.75, 4.1, 4.4, 4.7, 5.0)
SURE = 0.9
SURE_LONG = 0.92
"""Long model answers are few (18 questions and some), so what was left out says less about the next."""
FAMILIAR = (0.05, 0.5, 0.95)
"""Where the reach is set by familiarity: shares of the answers that are less familiar."""
_FINE = 0.005
"""Scores are rounded, and so are the ends of intervals."""


class LeftOut(NamedTuple):
    """Answers whose questions taught nothing: what was expected of them, what people gave, and, where answers to the
    question were rated, how well those know this one."""

    expected: Array
    grades: Array
    familiar: Array | None = None


def widths_of(found: LeftOut, sure: float) -> Widths:
    """The reach that held the share `sure`."""
    widths = _stretched(_reach(found), found, sure, "below")
    if found.familiar is None:
        return widths
    return _stretched(widths | _by_familiarity(widths, found, sure), found, sure, "times")


def bounds(widths: Widths, expected: Array, familiar: Array | None) -> tuple[Array, Array]:
    """The ends of the intervals."""
    below = np.interp(expected, widths["at"], widths["below"])
    if familiar is not None and "familiar" in widths:
        below = below * np.interp(familiar, widths["familiar"], widths["times"])
    above = np.interp(expected, widths["at"], widths["above"])
    return np.clip(expected - below - _FINE, 0, 5), np.clip(expected + above + _FINE, 0, 5)


def _reach(found: LeftOut) -> Widths:
    """How far below and above grades lie, at each of `KNOTS`: the narrowest reach that holds nine in ten nearby.

    Of the reach below so much is evened out that no higher score has a longer one.
    """
    expected, grades = found.expected, found.grades
    below, above = [], []
    for knot in KNOTS:
        order = np.argsort(np.abs(expected - knot), kind="stable")[: max(150, len(expected) // 8)]
        gap = np.sort(grades[order] - expected[order])
        best = (np.inf, 0.0, 0.0)
        inside = int(np.ceil(SURE * (len(gap) + 1))) - 1
        room = 5.0 - knot
        for start in range(len(gap) - inside):
            low, high = gap[start], min(gap[start + inside], max(room, 0.0))
            if start + inside >= len(gap) - 1 or gap[start + inside] >= room - 1e-9:
                high = max(room, 0.0)
            best = min(best, (max(0.0, -low) + max(0.0, high), max(0.0, -low), max(0.0, high)))
        below.append(min(5.0, best[1]))
        above.append(min(5.0, best[2]))
    return {"at": list(KNOTS), "below": _falling(below), "above": above}


def _by_familiarity(widths: Widths, found: LeftOut, sure: float) -> Widths:
    """So many times the reach below that held the share `sure` of answers about as familiar.

    Of those only that lie not above their reach: that one stays, for the scale ends soon above most scores.
    """
    expected, grades, familiar = found
    assert familiar is not None
    below = np.interp(expected, widths["at"], widths["below"]) + _FINE
    under = grades <= bounds(widths, expected, None)[1]
    needed = np.maximum(0.0, (expected - grades) / below)
    at = [round(float(knot), 2) for knot in np.quantile(familiar, FAMILIAR)]
    share, times = min(0.995, sure / float(np.mean(under))), []
    for knot in at:
        order = np.argsort(np.abs(familiar - knot), kind="stable")[: max(150, len(familiar) // 5)]
        near = order[under[order]]
        times.append(float(np.quantile(needed[near], share)))
    return {"familiar": at, "times": _falling(times)}


def _falling(some: list[float]) -> list[float]:
    """The nearest values of which none is above the one before it (pool adjacent violators; Ayer 1955)."""
    pools: list[tuple[float, int]] = []
    for value in some:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            (one, many), (other, more) = pools.pop(), pools.pop()
            pools.append(((one * many + other * more) / (many + more), many + more))
    return [value for value, many in pools for _ in range(many)]


def _stretched(widths: Widths, found: LeftOut, sure: float, what: str) -> Widths:
    """The same, with `what` so many times as large or small as it takes to hold the share `sure` of all."""
    tried = widths
    for factor in np.arange(0.7, 1.5, 0.01):
        tried = {**widths, what: [min(5.0, float(factor) * one) for one in widths[what]]}
        low, high = bounds(tried, found.expected, found.familiar)
        if np.mean((found.grades >= low) & (found.grades <= high)) >= sure:
            break
    return {name: [round(one, 3) for one in some] for name, some in tried.items()}
