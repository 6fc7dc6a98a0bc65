"""The pauses a candidate makes while answering: `own_pauses(turns)`, in ms, from what is in the room's log.

Decides what counts as a pause; never what follows from it (`rooms.patience`). A worker that takes a room over finds the
same pauses there.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from rooms.state import Turn
from rooms.transcript import Source, Utterance
from rooms.turns import TurnRules

SHORTEST_MS: Final = 300
"""Below this it is how words are spoken, not a pause."""
_LONGEST_MS: Final = 8_000
"""Beyond this it was an interview that was paused, a muted microphone, or a moment that was asked for."""
_RULES: Final = TurnRules()
_EDGES_MS: Final = _RULES.preroll_ms + _RULES.tail_ms
"""An utterance reaches so much into the silence around it."""


def own_pauses(turns: Sequence[Turn]) -> tuple[int, ...]:
    """Of all answers of a room, in order."""
    return tuple(pause for turn in turns for pause in _within(turn.utterances))


def _within(utterances: Sequence[Utterance]) -> Iterable[int]:
    for utterance in utterances:
        yield from (gap for gap in _gaps(utterance) if SHORTEST_MS <= gap <= _LONGEST_MS)
    for before, after in pairwise(utterances):
        hole_ms = after.start_ms - before.end_ms
        if before.source is after.source is Source.VOICE and 0 < hole_ms <= _LONGEST_MS - _EDGES_MS:
            yield hole_ms + _EDGES_MS


def _gaps(utterance: Utterance) -> Iterable[int]:
    return (after.start_ms - before.end_ms for before, after in pairwise(utterance.words))
