"""How short dead air can be on stitched speech: a rule that was told all of how it was made but where answers end.

Decides what such a rule waits. None for rooms: nobody can know so much. It knows which pauses are within a sentence,
this speaker's own middle and the law that her pauses were drawn from (`stitched`), and how often an answer of so many
words ended with a sentence, among those very answers that it is judged on. What is left to tell a pause from an end is
only whether the answer is whole.
"""

from collections.abc import Callable, Sequence
from math import exp, log
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scripts.bench.hearing.silences import Silence
from scripts.bench.hearing.stitched import LONGEST_MS, SHORTEST_MS, SPREAD_WITHIN

_GROUPS: Final = 8
"""Of lengths, as many silences in each."""


def told_everything(met: Sequence[Silence]) -> Callable[[float], Callable[[Silence], int]]:
    """For log-odds that are asked for: what it waits in each of these silences, in ms. One odds for all."""
    behind = [silence for silence in met if not silence.within]
    edges = np.quantile([silence.said for silence in behind], np.arange(1, _GROUPS) / _GROUPS)
    odds = _odds(behind, edges)

    def asked(wanted: float) -> Callable[[Silence], int]:
        def rule(silence: Silence) -> int:
            if silence.within:
                return LONGEST_MS + 1
            known = odds[int(np.searchsorted(edges, silence.said))]
            return round(outlasted_ms(silence.drawn_ms, exp(min(known - wanted, 0.0))))

        return rule

    return asked


def outlasted_ms(drawn_ms: float | None, share: float) -> float:
    """What this share of a speaker's pauses lasts longer than; `drawn_ms`: the middle of what they are drawn from."""
    if drawn_ms is None:
        return LONGEST_MS - share * (LONGEST_MS - SHORTEST_MS)
    law = NormalDist(log(drawn_ms), SPREAD_WITHIN)
    shorter, longest = law.cdf(log(SHORTEST_MS)), law.cdf(log(LONGEST_MS))
    return exp(law.inv_cdf(longest - share * (longest - shorter)))


def _odds(behind: Sequence[Silence], edges: NDArray[np.float64]) -> list[float]:
    """Log-odds of the end behind a sentence, for each group of lengths."""
    group = np.searchsorted(edges, [silence.said for silence in behind])
    end = np.array([silence.end for silence in behind])
    counts = [(np.sum(end & (group == n)), np.sum(~end & (group == n))) for n in range(_GROUPS)]
    return [log((ends + 0.5) / (others + 0.5)) for ends, others in counts]
