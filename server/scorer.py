"""Reader 2: a closed turn to marks and figures, back into the room as its score.

Decides when a turn is scored and what the room is told when scoring fails; who marks it is `marker`'s.
"""

import asyncio
import logging
from functools import partial

from rooms.commands import RecordScore
from rooms.evidence import Delivery, Score
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.refusals import Code, Refusal
from rooms.state import Room, Turn
from scoring.weights import Weights
from server.ahead import Ahead
from server.feed import Feed
from server.marker import Marked, Marker
from server.pen import Pen

_log = logging.getLogger(__name__)


class Scorer:
    """Serves one room at a time in each `serve`; many may run side by side."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker

    async def serve(self, feed: Feed, pen: Pen) -> None:
        """Score every closed turn until the room is closed. An answer that takes long to mark holds up no other."""
        under_way: dict[int, asyncio.Task[None]] = {}
        with Ahead(self._marker, feed) as ahead:
            async with asyncio.TaskGroup() as tasks:
                while feed.room.phase is not Phase.CLOSED:
                    version = feed.cursor.version
                    if feed.room.withdrawn:
                        for scoring in under_way.values():
                            scoring.cancel()  # a judge may still be reading what it has no right to any more
                    for turn in () if feed.room.withdrawn else feed.room.turns:
                        if not turn.open and turn.score is None and turn.number not in under_way:
                            scoring = tasks.create_task(self._score(pen, feed.room, turn, ahead))
                            under_way[turn.number] = scoring
                            scoring.add_done_callback(partial(_done, under_way, turn.number))
                    await feed.moved(version)

    async def _score(self, pen: Pen, room: Room, turn: Turn, ahead: Ahead) -> None:
        try:
            marked = await ahead.mark(room, turn)
        except Exception:
            # An outage of ours never lowers a score: the turn has none, and says why.
            _log.exception("scoring failed", extra={"room": room.id, "turn": turn.number})
            marked = self._unscored(room, "Scoring failed on our side; a person should read this answer.")
        command = RecordScore(turn=turn.number, score=marked.score, delivery=marked.delivery)
        outcome = await pen.do(command, SYSTEM, f"score.{turn.number}")
        if isinstance(outcome, Refusal) and outcome.code is Code.QUOTE_NOT_SAID:
            void = self._unscored(room, "A mark quoted words that were not said, so the marks are void.")
            command = RecordScore(turn=turn.number, score=void.score, delivery=void.delivery)
            await pen.do(command, SYSTEM, f"score.{turn.number}.void")

    def _unscored(self, room: Room, reason: str) -> Marked:
        return Marked(_unscored(self._marker.weights_of(room), reason), _NOTHING)


def _done(under_way: dict[int, asyncio.Task[None]], number: int, _: object) -> None:
    """A score that a lost log took away again is made anew."""
    under_way.pop(number, None)


_NOTHING = Delivery(words=0, speaking_ms=0)


def _unscored(weights: Weights, reason: str) -> Score:
    return Score(overall=None, scorer="local", weights=weights.version, abstained=reason)
