"""How long a silence must be to end an answer: `patience_ms(turns, rules)` for the turn that is open.

Decides how likely an answer is over as its silence grows, from three things: how its last words sound
(`rooms.phrasing`), how long this speaker's pauses are in this room (`rooms.pauses`), and how much was said. Never
whether the turn then closes (`rooms.decide`), and it hears no voice.

The rule. Before anything is known of the silence, the odds that it is the end are `odds`: those of the words. A pause
of an answer outlasts t with the probability 1 / (1 + (t / m)^b), m being the middle of the speaker's own pauses: the
log-logistic law, which is close to the log-normal one that pauses follow (Campione and Veronis 2002) and can be solved
by hand. So after a silence of t the odds are odds * (1 + (t / m)^b). They only grow with t. The answer counts as over
where they reach what the profile asks for.
"""

from collections.abc import Mapping, Sequence
from math import exp, log
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from rooms.events import Profile
from rooms.pauses import own_pauses
from rooms.phrasing import completeness
from rooms.state import Turn
from rooms.transcript import Source
from rooms.values import Value

Probability = Annotated[float, Field(gt=0, lt=1)]


class Patience(Value):
    """What a profile asks for before an answer counts as over."""

    sure: Probability
    """That it is the end."""
    eager: Probability
    """From here on it is worth while to prepare what comes then."""
    least_ms: int
    most_ms: int
    """In any case over: silence is only one of the ways to end an answer, and a held turn does not end by it."""


PROFILES: Final[Mapping[Profile, Patience]] = MappingProxyType(
    {
        Profile.INTERVIEW: Patience(sure=0.94, eager=0.5, least_ms=800, most_ms=10_000),
        Profile.RAPID: Patience(sure=0.5, eager=0.3, least_ms=700, most_ms=5_000),
    }
)

# Fitted on the tuning half of stitched answers, as was what the profiles ask for (docs/HEARING.md).
_MIDDLE_MS: Final = 520
"""Of the pauses of people of whom nothing is known yet."""
_WEIGHT: Final = 3
"""As many pauses of a speaker's own count as much as that."""
_STEEPNESS: Final = 4.0
_END: Final = -0.7
"""Log-odds that a silence is the end of an answer, where nothing else is known."""
_BRIEF: Final = ((8, -0.5), (20, -1.8), (40, -0.4), (70, -1.0))
"""An answer of at most so many words is rarely the whole of it: log-odds, of all that hold together."""


def patience_ms(turns: Sequence[Turn], rules: Patience, *, eager: bool = False, heard: float = 0.0) -> int:
    """How long a silence must be to end the last of these turns, as its words stand.

    `heard`: what a model heard in the voice, in log-odds that the turn is complete. `eager`: only likely to end it.
    """
    log_odds = prior(turns[-1]) + heard if turns else 0.0
    return needed_ms(log_odds, middle_ms(own_pauses(turns)), rules, eager=eager)


def needed_ms(log_odds: float, middle: float, rules: Patience, *, eager: bool = False) -> int:
    """The same from what is known: `log_odds` before the silence, `middle` of the speaker's pauses in ms."""
    wanted = rules.eager if eager else rules.sure
    excess = exp(log(wanted / (1 - wanted)) - log_odds) - 1
    if excess <= 0:
        return rules.least_ms
    return round(min(max(middle * exp(log(excess) / _STEEPNESS), rules.least_ms), rules.most_ms))


def middle_ms(pauses: Sequence[int]) -> float:
    """The middle of a speaker's pauses, as far as known: her own, and until there are enough, everybody's."""
    logs = sum(log(pause) for pause in pauses)
    return exp((_WEIGHT * log(_MIDDLE_MS) + logs) / (_WEIGHT + len(pauses)))


def prior(turn: Turn) -> float:
    """Log-odds that a silence behind what was said so far is the end of the answer."""
    words = [word for heard in turn.utterances if heard.source is Source.VOICE for word in heard.text.split()]
    brief = sum(weight for most, weight in _BRIEF if len(words) <= most)
    return _END + brief + completeness(words)
