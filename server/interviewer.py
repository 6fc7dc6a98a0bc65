"""The AI interviewer: asks the next question when one is due, and closes the room when none is.

Decides when to ask; what to ask is decided in `rooms.interview`, and whether it may be asked in `rooms.decide`.
A reader of the log like any other: it holds no state that the room does not have.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from rooms.commands import AskQuestion, CloseRoom
from rooms.events import Question
from rooms.evidence import Level, Score
from rooms.interview.bank import Bank
from rooms.interview.plan import AskedTurn, Choice, Plan, next_question
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.refusals import Refusal
from rooms.state import Room, Turn
from server.feed import Feed
from server.marker import Marked
from server.pen import Pen
from server.ports import Clock

_log = logging.getLogger(__name__)

Early = Callable[[Room, Turn], Awaitable[Marked]]


class Interviewer:
    """Serves one room at a time in each `serve`; many may run side by side."""

    def __init__(self, bank: Bank, clock: Clock, patience_ms: int, early: Early | None = None) -> None:
        """`early`, where scores take long (a judge): the local marks, which decide what is asked next at once."""
        self._bank, self._clock, self._patience_ms, self._early = bank, clock, patience_ms, early

    async def serve(self, feed: Feed, pen: Pen) -> None:
        """Ask until the room is closed."""
        while feed.room.phase is not Phase.CLOSED:
            version = feed.cursor.version
            wait_ms = self._wait_ms(feed.room)
            if wait_ms == 0:
                await self._act(pen, feed.room)
                wait_ms = None  # whatever comes of it is an event
            timeout = None if wait_ms is None else wait_ms / 1000
            try:
                async with asyncio.timeout(timeout):
                    await feed.moved(version)
            except TimeoutError:
                continue

    def _wait_ms(self, room: Room) -> int | None:
        """How long until something is due: 0 now, None not before something happens."""
        if room.phase is Phase.LOBBY:
            return 0 if room.ending else None
        if room.phase is not Phase.CHOOSING:
            return None
        if room.questions_done:
            return 0 if room.all_scored else None
        if room.paused or (room.chair is not None and room.chosen is None):
            return None
        if room.all_scored or self._early:
            return 0
        # How the answer went decides what is asked next, so its score is awaited, but not for ever.
        closed_at = room.opened_at + (room.turns[-1].closed_ms or 0)
        return max(0, closed_at + self._patience_ms - self._clock.now_ms())

    async def _act(self, pen: Pen, room: Room) -> None:
        question = None if room.questions_done or room.phase is Phase.LOBBY else await self._choose(room)
        if question is None:
            outcome = await pen.do(CloseRoom(), SYSTEM, f"close-room.{len(room.turns)}")
        else:
            turn = len(room.turns) + 1
            command = AskQuestion(turn=turn, question=question)
            outcome = await pen.do(command, SYSTEM, f"ask.{turn}")
        if isinstance(outcome, Refusal):
            _log.info("interviewer refused", extra={"room": room.id, "code": outcome.code.value})

    async def _choose(self, room: Room) -> Question | None:
        if room.written:
            return room.written
        plan = Plan(mode=room.mode, length=max(room.length, len(room.turns) + 1), seed=room.id)
        asked = [_asked(turn, await self._known(room, turn)) for turn in room.turns]
        choice = next_question(self._bank, asked, plan, room.chosen)
        return _put(choice) if choice else None

    async def _known(self, room: Room, turn: Turn) -> Score | None:
        """What is known of an answer now: its score, or its local marks while somebody slower marks it."""
        if turn.score is None and self._early is not None:
            try:
                return (await self._early(room, turn)).score
            except Exception:
                _log.exception("an answer could not be marked early", extra={"room": room.id, "turn": turn.number})
        return turn.score


def _asked(turn: Turn, score: Score | None) -> AskedTurn:
    weak = tuple(mark.point for mark in score.marks if mark.level is not Level.PRESENT) if score else ()
    return AskedTurn(
        question_id=turn.question.id,
        follow_up_of=turn.question.follow_up_of,
        overall=score.overall if score else None,
        weak_points=weak,
    )


def _put(choice: Choice) -> Question:
    return Question(
        id=choice.question_id,
        follow_up_of=choice.follow_up_of,
        text=choice.text,
        competence=choice.competence,
        difficulty=choice.difficulty,
        kind=choice.kind,
        why=choice.why,
    )
