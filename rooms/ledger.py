"""When each thing of a turn happened, and how long one thing waited for the other: folded from facts and their times.

Decides what is a delay and what is not (a pause is nobody's slowness, and how long a person thinks is theirs), and that
an impossible one counts as impossible instead of as a figure. Never whose fault it was.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from rooms import events as e
from rooms.events import Event, Finish
from rooms.people import SYSTEM
from rooms.transcript import Source, Utterance

LONGEST_MS: Final = 3_600_000
"""A delay of more than an hour is a clock's, not ours."""
DELAYS: Final = MappingProxyType(
    {
        "thinking": "from the question to the first word",
        "speaking": "from the first word to the last",
        "decision": "from the last word until the answer counted as over, where silence ended it",
        "final_text": "from the last word until the last utterance was written down",
        "hearing_out": "from when the answer was over until its transcript was final",
        "score": "from the final transcript to the score",
        "next_question": "from the final transcript to Greenroom's next question",
        "response": "from the last word to Greenroom's next question, where silence ended the answer",
    }
)


class Milestones(NamedTuple):
    """Of one turn. Times in ms since the room opened, by whichever clock took them; None: it did not happen (yet)."""

    turn: int
    asked_ms: int
    spoke_from_ms: int | None = None
    spoke_until_ms: int | None = None
    utterances: int = 0
    text_ms: int | None = None
    over_ms: int | None = None
    reason: Finish | None = None
    closed_ms: int | None = None
    scored_ms: int | None = None
    next_ms: int | None = None
    """When Greenroom asked the next question. Not where a person did, or after a pause."""
    left: bool = False
    """Nothing more comes of it but its score: the next question was asked, or the room is closed."""
    paused: bool = False
    """The interview was paused since the answer was over."""

    @property
    def complete(self) -> bool:
        return self.left and self.scored_ms is not None


class Delays(NamedTuple):
    """Names as in DELAYS."""

    ms: Mapping[str, int]
    impossible: tuple[str, ...]
    """Delays that came out below nothing or above LONGEST_MS."""


Turns = tuple[Milestones, ...]


def after(turns: Turns, event: Event, at_ms: int) -> Turns:
    """The milestones with one more fact, which was written at `at_ms` of the room's time."""
    match event:
        case e.QuestionAsked(turn=turn, by=by):
            asked = Milestones(turn, at_ms if event.at_ms is None else event.at_ms)
            return (*_left(turns, at_ms if by == SYSTEM.id else None), asked)
        case e.UtteranceHeard(turn=turn, utterance=utterance) if utterance.source is Source.VOICE:
            return _changed(turns, turn, lambda before: _spoken(before, utterance, at_ms))
        case e.AnswerFinished(turn=turn, reason=reason):
            return _changed(turns, turn, lambda before: before._replace(over_ms=at_ms, reason=reason, paused=False))
        case e.TurnClosed(turn=turn):
            return _changed(turns, turn, lambda before: before._replace(closed_ms=at_ms))
        case e.TurnScored(turn=turn):
            return _changed(turns, turn, lambda before: before._replace(scored_ms=at_ms))
        case e.InterviewPaused() if turns:
            return _changed(turns, turns[-1].turn, lambda before: before._replace(paused=True))
        case e.RoomClosed():
            return _left(turns, None)
        case _:
            return turns


def delays(turn: Milestones) -> Delays:
    """How long each thing of a turn took, as far as it happened."""
    silence = turn.reason is Finish.SILENCE
    said_until = turn.spoke_until_ms
    spans = {
        "thinking": (turn.asked_ms, turn.spoke_from_ms),
        "speaking": (turn.spoke_from_ms, said_until),
        "decision": (said_until if silence else None, turn.over_ms),
        "final_text": (said_until, turn.text_ms),
        "hearing_out": (turn.over_ms, turn.closed_ms),
        "score": (turn.closed_ms, turn.scored_ms),
        "next_question": (turn.closed_ms, turn.next_ms),
        "response": (said_until if silence else None, turn.next_ms),
    }
    ms = {name: end - start for name, (start, end) in spans.items() if start is not None and end is not None}
    possible = {name: span for name, span in ms.items() if 0 <= span <= LONGEST_MS}
    return Delays(possible, tuple(name for name in ms if name not in possible))


def _left(turns: Turns, next_ms: int | None) -> Turns:
    if not turns:
        return turns
    last = turns[-1]
    return (*turns[:-1], last._replace(left=True, next_ms=None if last.paused else next_ms))


def _spoken(before: Milestones, utterance: Utterance, at_ms: int) -> Milestones:
    words = utterance.words
    start, end = (words[0].start_ms, words[-1].end_ms) if words else (utterance.start_ms, utterance.end_ms)
    return before._replace(
        spoke_from_ms=start if before.spoke_from_ms is None else min(start, before.spoke_from_ms),
        spoke_until_ms=end if before.spoke_until_ms is None else max(end, before.spoke_until_ms),
        utterances=before.utterances + 1,
        text_ms=at_ms,
    )


def _changed(turns: Turns, number: int, change: Callable[[Milestones], Milestones]) -> Turns:
    return tuple(change(turn) if turn.turn == number else turn for turn in turns)
