"""What is usual when people speak, and who says so. For coaching: a norm is a gauge to steer by, never a mark.

Decides which figure is compared with which range. Never who is better: nothing here reaches a score. A source that says
"not verified" was cited from memory: its figures could not be looked up, and people are told so beside them.
"""

from typing import NamedTuple

from rooms.values import Value


class Norm(Value):
    """A figure of an interview beside what is usual."""

    name: str
    value: float
    unit: str
    usual: str
    source: str


class Gauge(NamedTuple):
    name: str
    unit: str
    usual: str
    source: str


PACE = Gauge("Pace", "words a minute", "110 to 190; conversation is near 150", "our judgement, not verified")
ARTICULATION = Gauge(
    "Articulation", "syllables a second without pauses", "4.4 to 5.9", "Goldman-Eisler 1968, not verified"
)
FILLERS = Gauge("Fillers", "a minute", "up to 5 are harmless, 12 are heard as harm", "Laske & DiGennaro Reed 2024")
IN_CLAUSES = Gauge("Pauses inside clauses", "a minute", "few: listeners mind them most", "Kahng 2018; from 250 ms")
REPAIRS = Gauge("Begun again", "for 100 words", "up to 6 of all kinds, fillers with them", "Lickley 2017")
LENGTH = Gauge("Length of an answer", "seconds, the median", "30 to 120 for a story", "our judgement")


def beside(gauge: Gauge, value: float | None) -> tuple[Norm, ...]:
    """The figure with what is usual; nothing where there is no figure."""
    if value is None:
        return ()
    return (Norm(name=gauge.name, value=round(value, 1), unit=gauge.unit, usual=gauge.usual, source=gauge.source),)
