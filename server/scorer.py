"""Reader 2: a closed turn to marks and figures, back into the room as its score.

Decides when a turn is scored and what the room is told when scoring fails; the score itself is `scoring`'s.
"""

import asyncio
import logging
import time

from rooms.commands import RecordScore
from rooms.evidence import Delivery, Score
from rooms.interview.bank import Bank
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.refusals import Code, Refusal
from rooms.state import Room, Turn
from scoring.features import delivery
from scoring.local import score
from scoring.rubric import Family, Rubric
from scoring.weights import Weights
from server.feed import Feed
from server.pen import Pen

_log = logging.getLogger(__name__)


class Scorer:
    """Serves one room at a time in each `serve`; many may run side by side."""

    def __init__(self, bank: Bank, weights: Weights) -> None:
        self._bank, self._weights = bank, weights

    async def serve(self, feed: Feed, pen: Pen) -> None:
        """Score every closed turn until the room is closed."""
        while feed.room.phase is not Phase.CLOSED:
            version = feed.cursor.version
            for turn in feed.room.turns:
                if not turn.open and turn.score is None:
                    await self._score(pen, feed.room, turn)
            await feed.moved(version)

    async def _score(self, pen: Pen, room: Room, turn: Turn) -> None:
        began = time.monotonic()
        try:
            marked, spoken = await asyncio.to_thread(self._mark, room, turn)
        except Exception:
            # An outage of ours never lowers a score: the turn has none, and says why.
            _log.exception("scoring failed", extra={"room": room.id, "turn": turn.number})
            marked, spoken = (
                _unscored(self._weights, "Scoring failed on our side; a person should read this answer."),
                _NOTHING,
            )
        command = RecordScore(turn=turn.number, score=marked, delivery=spoken)
        outcome = await pen.do(command, SYSTEM, f"score.{turn.number}")
        if isinstance(outcome, Refusal) and outcome.code is Code.QUOTE_NOT_SAID:
            void = _unscored(self._weights, "A mark quoted words that were not said, so the marks are void.")
            command = RecordScore(turn=turn.number, score=void, delivery=_NOTHING)
            await pen.do(command, SYSTEM, f"score.{turn.number}.void")
        self._tell_of(room.id, turn, marked, time.monotonic() - began)

    def _mark(self, room: Room, turn: Turn) -> tuple[Score, Delivery]:
        caution = room.transcriber.caution if room.transcriber and turn.transcript.words else None
        marked = score(_rubric(self._bank, room, turn), turn.transcript, self._weights, caution=caution)
        return marked, delivery(turn.transcript, floor_ms=turn.began_ms)

    @staticmethod
    def _tell_of(room_id: str, turn: Turn, marked: Score, seconds: float) -> None:
        """The one canonical line of a turn. Counts and times, never words."""
        line = {
            "room": room_id,
            "turn": turn.number,
            "reason": turn.finished.reason.value if turn.finished else None,
            "utterances": len(turn.utterances),
            "answer_ms": (turn.closed_ms or 0) - (turn.began_ms or turn.closed_ms or 0),
            "overall": marked.overall,
            "abstained": marked.abstained is not None,
            "weights": marked.weights,
            "score_ms": round(seconds * 1000),
        }
        _log.info("turn", extra=line)


def _rubric(bank: Bank, room: Room, turn: Turn) -> Rubric:
    """What counts in this turn's answer. A person's own question has no points of its own."""
    if turn.question.id is None:
        return Rubric(question=turn.question.text, family=Family(room.mode.value))
    question, family, reference, points = bank.rubric_fields(turn.question.id)
    return Rubric.from_question(question, family, reference=reference, points=points)


_NOTHING = Delivery(words=0, speaking_ms=0)


def _unscored(weights: Weights, reason: str) -> Score:
    return Score(overall=None, scorer="local", weights=weights.version, abstained=reason)
