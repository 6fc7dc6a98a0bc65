"""The interviewer: asks when a question is due, waits for a score but not for ever, and closes at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rooms import commands as c
from rooms.events import Expected, Mode, QuestionKind
from rooms.evidence import Delivery, Level, Mark, Score
from rooms.interview.bank import IMPORTANT, Question, load_bank
from rooms.people import SYSTEM, Participant, Role
from rooms.phases import Phase
from server.interviewer import Interviewer
from tests.server.hearings import CANDIDATE, Heard, Rig
from tests.waiting import DEADLINE_S

PATIENCE_MS = 150
COACH = Participant(id="ben", name="Ben", role=Role.COACH)
BANK = load_bank()
NOTHING = Delivery(words=0, speaking_ms=0)


@asynccontextmanager
async def interviewed(rig: Rig) -> AsyncIterator[Heard]:
    """A room with a coach in it, just started, and the interviewer at work."""
    async with rig.up(), rig.room(asked=False) as room, asyncio.TaskGroup() as tasks:
        await room.do(c.Join(participant=COACH, connection="k", worker="w"), SYSTEM)
        working = tasks.create_task(work(rig, room))
        await room.do(c.StartInterview())
        yield room
        working.cancel()


async def work(rig: Rig, room: Heard) -> None:
    async with rig.feeds.follow(room.id) as feed:
        await Interviewer(BANK, rig.clock, PATIENCE_MS).serve(feed, rig.pen(room.id))


async def asked(room: Heard, number: int) -> None:
    await room.until(lambda: len(room.room.turns) >= number)


async def answer(room: Heard, text: str = "I measured it and wrote it down.") -> None:
    """Answer the open question; the turn is closed, and its score is not there."""
    number = room.turn.number
    await room.do(c.TypeAnswer(turn=number, text=text))
    await room.do(c.FinishAnswer(turn=number))
    await room.do(c.CloseTurn(turn=number), SYSTEM)
    await room.closed(number)


async def score(room: Heard, number: int, overall: float | None = None, marks: tuple[Mark, ...] = ()) -> None:
    score = Score(
        overall=overall, scorer="local", weights="1", marks=marks, abstained=None if overall else "Too short."
    )
    await room.do(c.RecordScore(turn=number, score=score, delivery=NOTHING), SYSTEM)


def with_follow_up() -> Question:
    """A question with a follow-up for one of its weightier points."""
    questions = BANK.questions(Mode.BEHAVIOURAL)
    return next(q for q in questions if any(p.weight >= IMPORTANT and q.follow_up_for(p.id) for p in q.points))


async def test_the_first_question_comes_when_the_interview_starts_and_not_before() -> None:
    rig = Rig()
    async with rig.up(), rig.room(asked=False) as room, asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work(rig, room))
        await asyncio.sleep(0.05)
        assert room.room.turns == ()
        await room.do(c.StartInterview())
        await asked(room, 1)
        assert room.turn.question.id in {question.id for question in BANK.questions(Mode.BEHAVIOURAL)}
        working.cancel()


async def test_the_next_question_waits_for_the_score_of_the_last_answer() -> None:
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await answer(room)
        await asyncio.sleep(2 * PATIENCE_MS / 1000)  # the room's clock stands still
        assert len(room.room.turns) == 1
        await score(room, 1)
        await asked(room, 2)


async def test_a_score_that_is_late_is_not_waited_for_longer_than_patience() -> None:
    rig = Rig()
    async with interviewed(rig) as room:
        await asked(room, 1)
        await answer(room)
        rig.clock.ms += PATIENCE_MS
        await asked(room, 2)
        assert room.room.turns[0].score is None
        await score(room, 1)  # and may still come


async def test_a_weak_point_is_followed_up() -> None:
    question = with_follow_up()
    weak = max((p for p in question.points if question.follow_up_for(p.id)), key=lambda p: p.weight)
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await room.do(c.ChooseNext(question=question.id), COACH)
        await answer(room)
        await score(room, 1)
        await asked(room, 2)
        await answer(room)
        mark = Mark(point=weak.id, criterion=weak.text, level=Level.ABSENT, reason="Nothing of it was said.")
        await score(room, 2, overall=2.5, marks=(mark,))
        await asked(room, 3)
        follow_up = room.turn.question
        assert (follow_up.kind, follow_up.follow_up_of) == (QuestionKind.FOLLOW_UP, question.id)
        assert follow_up.id == f"{question.id}/{weak.id}"


async def test_a_coachs_choice_is_asked_next_and_once() -> None:
    chosen = BANK.questions(Mode.BEHAVIOURAL)[-1].id
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await room.do(c.ChooseNext(question=chosen), COACH)
        await answer(room)
        await score(room, 1)
        await asked(room, 2)
        assert (room.turn.question.id, room.turn.question.kind) == (chosen, QuestionKind.CHOSEN)
        await answer(room)
        await score(room, 2)
        await asked(room, 3)
        assert room.turn.question.kind is not QuestionKind.CHOSEN


async def test_a_question_that_a_coach_wrote_is_asked_next_and_once() -> None:
    points = (Expected(text="Names a figure", weight=3),)
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await room.do(c.WriteNext(text="What did it cost?", points=points), COACH)
        await answer(room)
        await score(room, 1)
        await asked(room, 2)
        assert (room.turn.question.text, room.turn.question.points) == ("What did it cost?", points)
        await answer(room)
        await score(room, 2)
        await asked(room, 3)
        assert room.turn.question.kind is not QuestionKind.OWN


async def test_while_a_person_sits_in_the_chair_the_interviewer_is_silent() -> None:
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await room.do(c.TakeOver(), COACH)
        await answer(room)
        await score(room, 1)
        await room.until(lambda: room.room.all_scored)
        await asyncio.sleep(0.05)
        assert len(room.room.turns) == 1
        await room.do(c.HandBack(), COACH)
        await asked(room, 2)


async def test_a_paused_interview_is_asked_nothing_until_it_is_resumed() -> None:
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await answer(room)
        await room.do(c.PauseInterview())
        await score(room, 1)
        await room.until(lambda: room.room.all_scored)
        await asyncio.sleep(0.05)
        assert len(room.room.turns) == 1
        await room.do(c.ResumeInterview())
        await asked(room, 2)


async def test_after_the_last_answer_the_room_closes_but_not_before_its_scores_are_there() -> None:
    rig = Rig()
    async with interviewed(rig) as room:
        for number in (1, 2, 3):
            await asked(room, number)
            await answer(room)
            rig.clock.ms += PATIENCE_MS
        await asyncio.sleep(0.05)
        assert room.room.phase is Phase.CHOOSING
        for number in (1, 2, 3):
            await score(room, number)
        await room.until(lambda: room.room.phase is Phase.CLOSED)
        assert len(room.room.turns) == 3
        assert len({turn.question.id for turn in room.room.turns}) == 3


@pytest.mark.parametrize("who", [CANDIDATE, COACH])
async def test_whoever_ends_the_interview_ends_it_with_the_open_turn(who: Participant) -> None:
    async with interviewed(Rig()) as room:
        await asked(room, 1)
        await room.do(c.EndInterview(), who)
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        await score(room, 1)
        await room.until(lambda: room.room.phase is Phase.CLOSED)


async def test_an_interview_that_is_ended_before_it_begins_closes() -> None:
    rig = Rig()
    async with rig.up(), rig.room(asked=False) as room, asyncio.timeout(DEADLINE_S):
        await room.do(c.EndInterview())
        await work(rig, room)
        assert room.room.phase is Phase.CLOSED


async def test_an_interviewer_who_comes_in_the_middle_asks_nothing_twice() -> None:
    rig = Rig()
    async with interviewed(rig) as room:
        await asked(room, 1)
        async with asyncio.TaskGroup() as tasks:  # two at once, as for a moment when a lease is lost
            second = tasks.create_task(work(rig, room))
            await answer(room)
            await score(room, 1)
            await asked(room, 2)
            await asyncio.sleep(0.05)
            second.cancel()
        assert len(room.room.turns) == 2
