"""What an answer is worth, asked of whoever marks: the local scorer, which never leaves this machine, or judges.

Decides what is handed to `scoring` for a turn, and that the marks by rules stand where no judge answered; the score
itself is `scoring`'s, and when to ask is `server.scorer`'s.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from rooms.evidence import Delivery, Score
from rooms.interview.bank import Bank
from rooms.state import Room, Turn
from scoring.features import delivery
from scoring.judging import judged_score, verdict
from scoring.local import score
from scoring.reading import read
from scoring.rubric import Rubric
from scoring.weights import Weights
from server.judges import Answer, Heard, Judges, Silence
from server.shelf import Shelf

_log = logging.getLogger(__name__)


class Marked(NamedTuple):
    score: Score
    delivery: Delivery


class Marker:
    """Without `judges` rules alone mark."""

    def __init__(
        self,
        bank: Bank,
        shelf: Shelf,
        judges: Judges | None = None,
        notice: str | None = None,
    ) -> None:
        """`notice` says that judges mark: only who agreed to it is judged, as their words leave the house."""
        self._bank, self._shelf = bank, shelf
        self._judges, self._notice = judges, notice

    def weights_of(self, room: Room) -> Weights:
        """What turns a room's marks into numbers, from its opening on."""
        return self._shelf.of_room(room.weights)

    async def mark(self, room: Room, turn: Turn) -> Marked:
        """The score of a turn. May raise, where the fault is ours.

        Judges are asked only where rules found enough to go on: what they are not asked costs nothing.
        """
        local = await self.locally(room, turn)
        if self._judges is None or room.notice != self._notice or local.score.overall is None:
            return local
        judged = await self._asked(self._judges, room, turn)
        if isinstance(judged, Score):
            return local._replace(score=judged)
        noted = " ".join(note for note in (judged.value, local.score.caution) if note)
        return local._replace(score=local.score.but(caution=noted))

    async def _asked(self, judges: Judges, room: Room, turn: Turn) -> Score | Silence:
        try:
            reading = await asyncio.to_thread(read, turn.transcript)
            answer = Answer(room.id, room.owner, turn.number, rubric_of(self._bank, room, turn), reading)
            match await judges.ask(answer):
                case Heard() as heard:
                    return await asyncio.to_thread(self._judged, room, turn, answer, heard)
                case Silence() as why:
                    return why
        except Exception:  # a fault of ours in judging leaves what rules found
            _log.exception("judging failed", extra={"room": room.id, "turn": turn.number})
            return Silence.NO_ANSWER

    def _judged(self, room: Room, turn: Turn, answer: Answer, heard: Heard) -> Score:
        found = verdict(heard.ballots, answer.rubric)
        return judged_score(
            answer.rubric,
            turn.transcript,
            found,
            self._shelf.of_room(None, "judge"),
            scorer=heard.label,
            caution=caution_of(room, turn),
        )

    @property
    def early(self) -> Callable[[Room, Turn], Awaitable[Marked]] | None:
        """What decides the next question while a judge thinks; None where the score itself is soon there."""
        return self.locally if self._judges else None

    async def locally(self, room: Room, turn: Turn) -> Marked:
        """The same by the local scorer: some milliseconds, and the same bytes each time."""
        return await asyncio.to_thread(self._locally, room, turn)

    def _locally(self, room: Room, turn: Turn) -> Marked:
        rubric, caution = rubric_of(self._bank, room, turn), caution_of(room, turn)
        marked = score(rubric, turn.transcript, self.weights_of(room), caution=caution)
        return Marked(marked, delivery(turn.transcript, floor_ms=turn.began_ms))


def rubric_of(bank: Bank, room: Room, turn: Turn) -> Rubric:
    """What counts in this turn's answer. A person's own question brings its points, or has none."""
    asked = turn.question
    if asked.id is None:
        own = [(f"own-{n}", point.text, float(point.weight), ()) for n, point in enumerate(asked.points, 1)]
        return Rubric.from_question(asked.text, room.mode.value, points=own)
    question, family, reference, points = bank.rubric_fields(asked.id)
    return Rubric.from_question(question, family, reference=reference, points=points)


def caution_of(room: Room, turn: Turn) -> str | None:
    """What to know before trusting the words of a turn."""
    return room.transcriber.caution if room.transcriber and turn.transcript.words else None
