"""What to ask next: the coach's choice, a follow-up, or a new question a step up or down.

Decides which question and says why. Never whether it may be asked now (`rooms.decide`).
"""

import zlib
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from rooms.events import Mode, QuestionKind
from rooms.interview.bank import IMPORTANT, Bank, FollowUp, Point, Question
from rooms.values import Value

START_DIFFICULTY = 2
"""The first question warms up without being trivial."""
HARDER_FROM = 3.5
EASIER_TO = 2.0
FOLLOW_UP_SHARE = 3
"""At most one question in three is a follow-up, so that a short interview still covers ground."""


class AskedTurn(Value):
    """A question that was asked, and how its answer went."""

    question_id: str | None
    """None for a question a person made up."""
    follow_up_of: str | None = None
    overall: float | None = None
    """0 to 5; None when it was skipped or abstained from."""
    weak_points: tuple[str, ...] = ()
    """Ids of rubric points that were absent or partial."""


class Plan(Value):
    """What kind of interview this is. `length` counts every question: follow-ups, chosen and made-up ones too."""

    mode: Mode
    length: Annotated[int, Field(ge=1, le=1000)]
    seed: str
    """Decides between equally good questions; the room's id."""


class Choice(Value):
    """The next question."""

    question_id: str
    """Its id in the bank; for a follow-up `question/point`."""
    follow_up_of: str | None = None
    text: str
    kind: QuestionKind
    competence: str
    difficulty: int
    why: str
    """For the coach, in one sentence."""


def next_question(bank: Bank, asked: Sequence[AskedTurn], plan: Plan, chosen: str | None = None) -> Choice | None:
    """The next question, or None when the interview has asked all it planned or the bank has no more.

    The same arguments give the same choice. `chosen` is a bank id picked by a coach; it wins over everything but
    the length, even when it was asked before. Raises UnknownQuestion if the bank does not hold it.
    """
    if len(asked) >= plan.length:
        return None
    if chosen is not None:
        return _as_choice(bank.by_id(chosen), QuestionKind.CHOSEN, "A coach chose this question.")
    return _follow_up(bank, asked, plan) or _new(bank, asked, plan)


def difficulty_after(asked: Sequence[AskedTurn]) -> int:
    """The staircase: a step up after a strong answer, down after a weak one, none after an abstention.

    Follow-ups do not move it: they help with a question whose answer has moved it already.
    """
    level = START_DIFFICULTY
    for turn in asked:
        level = min(5, max(1, level + (0 if turn.follow_up_of else _step(turn.overall))))
    return level


def _step(overall: float | None) -> int:
    if overall is None:
        return 0
    return 1 if overall >= HARDER_FROM else -1 if overall <= EASIER_TO else 0


def _follow_up(bank: Bank, asked: Sequence[AskedTurn], plan: Plan) -> Choice | None:
    """A follow-up to the last answer, when that left out something important. One for a question at most."""
    last = asked[-1] if asked else None
    used = sum(turn.follow_up_of is not None for turn in asked)
    if last is None or last.follow_up_of or last.overall is None or used >= plan.length // FOLLOW_UP_SHARE:
        return None
    if last.question_id is None or not bank.holds(last.question_id):
        return None
    question = bank.by_id(last.question_id)
    if any(turn.follow_up_of == question.id for turn in asked):
        return None
    found = _weightiest(question, last.weak_points)
    if found is None:
        return None
    point, follow_up = found
    return Choice(
        question_id=f"{question.id}/{point.id}",
        follow_up_of=question.id,
        text=follow_up.text,
        kind=QuestionKind.FOLLOW_UP,
        competence=question.competence,
        difficulty=question.difficulty,
        why=f"The last answer left this open: {point.text[0].lower()}{point.text[1:]}.",
    )


def _weightiest(question: Question, weak: Sequence[str]) -> tuple[Point, FollowUp] | None:
    points = sorted(
        (point for point in question.points if point.id in weak and point.weight >= IMPORTANT),
        key=lambda point: -point.weight,
    )
    for point in points:
        follow_up = question.follow_up_for(point.id)
        if follow_up is not None:
            return point, follow_up
    return None


def _new(bank: Bank, asked: Sequence[AskedTurn], plan: Plan) -> Choice | None:
    """A question not asked before: near the level, of a competence not covered yet, else the least covered."""
    level = difficulty_after(asked)
    had = {turn.question_id.partition("/")[0] for turn in asked if turn.question_id}
    covered = [question.competence for question in bank.all if question.id in had]
    left = [question for question in bank.questions(plan.mode) if question.id not in had]
    if not left:
        return None

    def rank(question: Question) -> tuple[bool, int, int, int]:
        distance = abs(question.difficulty - level)
        tie = zlib.crc32(f"{plan.seed}:{question.id}".encode())
        return distance > 1, covered.count(question.competence), distance, tie

    best = min(left, key=rank)
    return _as_choice(best, QuestionKind.NEW, _why(best, asked, covered))


def _why(question: Question, asked: Sequence[AskedTurn], covered: Sequence[str]) -> str:
    ground = "asked for again" if question.competence in covered else "not asked for yet"
    mains = [turn for turn in asked if not turn.follow_up_of]
    if not mains:
        return f"An opening question of level {question.difficulty}: {question.competence}."
    last = mains[-1].overall
    match _step(last):
        case 1:
            went = f"after a strong answer ({last:.1f})"
        case -1:
            went = f"after a weak answer ({last:.1f})"
        case _:
            went = "after an answer without a score" if last is None else f"after a middling answer ({last:.1f})"
    return f"Level {question.difficulty}, {went}; {question.competence} was {ground}."


def _as_choice(question: Question, kind: QuestionKind, why: str) -> Choice:
    return Choice(
        question_id=question.id,
        text=question.text,
        kind=kind,
        competence=question.competence,
        difficulty=question.difficulty,
        why=why,
    )
