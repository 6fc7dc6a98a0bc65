"""Whether words hold a disfluency: something begun, taken back, and said anew ("in May, no wait, in June").

Decides how likely that is, and which words take something back. A small logistic model over the signs of `restarts`;
its figures are a file with a version and a hash. Coaching only: it never touches a content score.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field

from rooms.values import Value
from scoring.restarts import WORD, Place, lexicon, places, signs
from scoring.weights.figures import load_figures, parse_figures

NEWEST = "1.0.0"
PIECE_WORDS = 40
"""The model learnt from single sentences; longer ones are read in pieces of so many words, half of them overlapping."""
AROUND_WORDS = 12
"""How far a correction reaches to either side."""
SINGLE = frozenset(["no", "sorry", "wait", "correction"])
"""Single words that take something back often enough; others ("rather", "actually", "well") seldom do."""

_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[A-Z])|\n+")


class DisfluencyWeights(Value):
    """One version of the model's figures."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    training_set: str
    metrics: dict[str, float]
    """Measured on texts of topics that the figures had not seen."""
    sha256: str
    threshold: Annotated[float, Field(gt=0, lt=1)]
    """From this probability on a text is flagged."""
    bias: float
    signs: dict[str, float]


class TakenBack(NamedTuple):
    """The characters `start` to `end` say that what stood before is not meant."""

    start: int
    end: int


def parse_disfluency(text: str, file: str) -> DisfluencyWeights:
    """Figures from JSON; see `parse_figures`."""
    return parse_figures(text, file, DisfluencyWeights)


@lru_cache(maxsize=4)
def load_disfluency(version: str = NEWEST) -> DisfluencyWeights:
    """A version of the figures that ship. Raises WeightsError when there is none such or it was changed."""
    return load_figures("disfluency", version, DisfluencyWeights)


def probability(text: str, weights: DisfluencyWeights) -> float:
    """How likely a text holds a disfluency, 0 to 1; of a long one the likeliest piece counts."""
    return max((_of_piece(piece, weights) for piece in _pieces(text)), default=0.0)


def flagged(text: str, weights: DisfluencyWeights) -> bool:
    return probability(text, weights) >= weights.threshold


def taken_back(text: str, weights: DisfluencyWeights) -> tuple[TakenBack, ...]:
    """Every word or phrase that takes something back, in order. Cries ("um") are fillers, and not among them.

    A phrase counts when the model finds a disfluency around it, and much less of one without it.
    """
    found, start = [], 0
    for sentence in _SENTENCE.split(text):
        start = text.index(sentence, start)
        found += [TakenBack(start + a, start + b) for a, b in _corrections(sentence, weights)]
        start += len(sentence)
    return tuple(found)


def _corrections(sentence: str, weights: DisfluencyWeights) -> Iterator[tuple[int, int]]:
    cry = lexicon().cry
    spans = [m.span() for m in WORD.finditer(sentence) if not cry.fullmatch(m.group().lower())]
    words = [sentence[a:b].lower().replace("’", "'") for a, b in spans]
    for place in places(words):
        if _may_correct(place, words):
            first, last = max(0, place.first - AROUND_WORDS), place.last + AROUND_WORDS + 1
            before, after = words[first : place.first], words[place.last + 1 : last]
            cue = words[place.first : place.last + 1]
            with_it = _of_piece(" ".join(before + cue + after), weights)
            without = _of_piece(" ".join(before + after), weights)
            if with_it >= weights.threshold and without < with_it / 2:
                yield spans[place.first][0], spans[place.last][1]


def _may_correct(place: Place, words: Sequence[str]) -> bool:
    inside = place.first > 0 and place.last < len(words) - 1
    return inside and (place.last > place.first or words[place.first] in SINGLE)


def _of_piece(piece: str, weights: DisfluencyWeights) -> float:
    total = weights.bias + sum(weights.signs.get(sign, 0.0) * value for sign, value in signs(piece).items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _pieces(text: str) -> Iterator[str]:
    """The sentences of a text, long ones in overlapping parts."""
    for sentence in _SENTENCE.split(text):
        spans = [match.span() for match in WORD.finditer(sentence)]
        if len(spans) <= PIECE_WORDS:
            yield sentence
            continue
        for first in range(0, len(spans) - PIECE_WORDS // 2, PIECE_WORDS // 2):
            part = spans[first : first + PIECE_WORDS]
            yield sentence[part[0][0] : part[-1][1]]
