"""What an answer is worth, asked of whoever marks: the local scorer, which never leaves this machine.

Decides what is handed to `scoring` for a turn; the score itself is `scoring`'s, and when to ask is `server.scorer`'s.
"""

import asyncio
from typing import NamedTuple

from rooms.evidence import Delivery, Score
from rooms.interview.bank import Bank
from rooms.state import Room, Turn
from scoring.features import delivery
from scoring.local import score
from scoring.rubric import Family, Rubric
from scoring.weights import Weights


class Marked(NamedTuple):
    score: Score
    delivery: Delivery


class Marker:
    def __init__(self, bank: Bank, weights: Weights) -> None:
        self._bank, self.weights = bank, weights

    async def mark(self, room: Room, turn: Turn) -> Marked:
        """The score of a turn. May raise, where the fault is ours."""
        return await self.locally(room, turn)

    async def locally(self, room: Room, turn: Turn) -> Marked:
        """The same by the local scorer: some milliseconds, and the same bytes each time."""
        return await asyncio.to_thread(self._locally, room, turn)

    def _locally(self, room: Room, turn: Turn) -> Marked:
        rubric, caution = rubric_of(self._bank, room, turn), caution_of(room, turn)
        marked = score(rubric, turn.transcript, self.weights, caution=caution)
        return Marked(marked, delivery(turn.transcript, floor_ms=turn.began_ms))


def rubric_of(bank: Bank, room: Room, turn: Turn) -> Rubric:
    """What counts in this turn's answer. A person's own question has no points of its own."""
    if turn.question.id is None:
        return Rubric(question=turn.question.text, family=Family(room.mode.value))
    question, family, reference, points = bank.rubric_fields(turn.question.id)
    return Rubric.from_question(question, family, reference=reference, points=points)


def caution_of(room: Room, turn: Turn) -> str | None:
    """What to know before trusting the words of a turn."""
    return room.transcriber.caution if room.transcriber and turn.transcript.words else None
