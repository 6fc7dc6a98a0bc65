"""How fluent a recording would sound to a listener, and how its rhythm carries: two figures from 0 to 10.

Decides the arithmetic from rhythm and words to those figures, with weights learnt from people's ratings of read
English. For checking our measures against people, and for nothing else: no room shows these figures, and no score has
a part in them. What they were learnt from are learners of English with one first language.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field

from rooms.values import Value
from scoring.features import syllables_of
from scoring.rhythm import Rhythm
from scoring.weights.figures import load_figures, parse_figures

NEWEST = "1.0.0"
CLIP = 2.5
"""Standard deviations: what lies further out counts as lying there, as nothing was learnt about it."""


class Line(Value):
    """One measure: how it lies in what was learnt from, and what one standard deviation of it adds."""

    mean: float
    deviation: Annotated[float, Field(gt=0)]
    adds: float


class Plane(Value):
    """One figure as a sum over measures."""

    base: float
    lines: dict[str, Line]


class FluencyWeights(Value):
    """One version of the figures, with the words known and without them."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    training_set: str
    metrics: dict[str, float]
    """Measured on speakers that the figures had not heard."""
    sha256: str
    with_words: dict[str, Plane]
    without_words: dict[str, Plane]


class Heard(NamedTuple):
    fluency: float
    prosody: float


def measures(rhythm: Rhythm, text: str) -> dict[str, float]:
    """What a listener's rating follows from. Rates are logarithms: twice as quick is as far from usual as half."""
    count = len(rhythm.pauses_s)
    longest = max(rhythm.pauses_s, default=0.0)
    found = {
        "core rate": math.log((rhythm.cores + 1) / rhythm.span_s),
        "cores a run": math.log((rhythm.cores + 1) / (count + 1)),
        "pauses a second": count / rhythm.span_s,
        "pause share": sum(rhythm.pauses_s) / rhythm.span_s,
        "longest pause": math.log(0.1 + longest),
        "quickness": rhythm.quickness_hz,
        "speech share": rhythm.speech_s / rhythm.span_s,
        "core talk rate": math.log((rhythm.cores + 1) / rhythm.talking_s),
        "uneven": rhythm.uneven,
    }
    words = text.split()
    if words:
        syllables = sum(syllables_of(word) for word in words)
        found |= {
            "syllable rate": math.log(syllables / rhythm.span_s),
            "word rate": math.log(len(words) / rhythm.span_s),
            "articulation rate": math.log(syllables / rhythm.talking_s),
            "pause a syllable": math.log(0.05 + sum(rhythm.pauses_s) / syllables),
            "pauses a word": count / len(words),
            "cores a syllable": math.log((rhythm.cores + 1) / (syllables + 1)),
        }
    return found


def heard(found: Mapping[str, float], weights: FluencyWeights) -> Heard:
    """Fluency and prosody, 0 to 10, from `measures`."""
    planes = weights.with_words if "syllable rate" in found else weights.without_words
    return Heard(*(_figure(planes[name], found) for name in Heard._fields))


def _figure(plane: Plane, found: Mapping[str, float]) -> float:
    total = plane.base
    for name, line in plane.lines.items():
        total += line.adds * max(-CLIP, min(CLIP, (found[name] - line.mean) / line.deviation))
    return max(0.0, min(10.0, total))


def parse_fluency(text: str, file: str) -> FluencyWeights:
    """Figures from JSON; see `parse_figures`."""
    return parse_figures(text, file, FluencyWeights)


@lru_cache(maxsize=4)
def load_fluency(version: str = NEWEST) -> FluencyWeights:
    """A version of the figures that ship. Raises WeightsError when there is none such or it was changed."""
    return load_figures("fluency", version, FluencyWeights)
