"""The scorer: every closed turn gets a score, and what breaks on our side never counts against anybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.evidence import Quote, Score
from rooms.interview.bank import load_bank
from rooms.people import SYSTEM, Role
from rooms.state import Turn, replay
from rooms.views import snapshot
from server import marker
from server.interviewer import Interviewer
from server.marker import Marker
from server.scorer import Scorer
from server.shelf import Shelf
from tests.kept_rooms import opening
from tests.server.hearings import Heard, Rig

BANK = load_bank()
ANSWER = (
    "Our release broke twice a month, so I measured where the time went and wrote a checklist. I asked two "
    "colleagues to try it, we changed three steps, and in ten weeks failures fell by 60 percent."
)


@asynccontextmanager
async def scored(rig: Rig, *, interviewed: bool = False) -> AsyncIterator[Heard]:
    """A started room with the scorer at work, and an interviewer if wished."""
    async with rig.up(), rig.room(asked=not interviewed) as room, asyncio.TaskGroup() as tasks:
        readers = [Scorer(Marker(BANK, Shelf())).serve]
        if interviewed:
            readers.append(Interviewer(BANK, rig.clock, 60_000).serve)
            await room.do(c.StartInterview())
        async with rig.feeds.follow(room.id) as feed:
            working = [tasks.create_task(reader(feed, rig.pen(room.id))) for reader in readers]
            yield room
            for task in working:
                task.cancel()


async def answered(room: Heard, *texts: str) -> Turn:
    """The open turn, answered, closed and scored."""
    number = room.turn.number
    for text in texts:
        await room.do(c.TypeAnswer(turn=number, text=text))
    await room.do(c.FinishAnswer(turn=number))
    await room.do(c.CloseTurn(turn=number), SYSTEM)
    await room.until(lambda: room.room.turns[number - 1].score)
    return room.room.turns[number - 1]


def score_of(turn: Turn) -> Score:
    assert turn.score is not None
    return turn.score


async def test_a_closed_turn_gets_marks_that_quote_what_was_said() -> None:
    async with scored(Rig(), interviewed=True) as room:
        await room.until(lambda: room.room.turns)
        turn = await answered(room, ANSWER)
        assert score_of(turn).overall is not None
        quotes = [quote for mark in score_of(turn).marks for quote in mark.quotes]
        assert quotes
        assert all(quote.text in ANSWER for quote in quotes)


async def test_a_turn_in_which_nothing_was_said_has_no_score_and_a_reason() -> None:
    async with scored(Rig()) as room:
        turn = await answered(room)
        assert score_of(turn).overall is None
        assert score_of(turn).abstained


async def test_a_persons_own_question_is_scored_without_points_of_its_own() -> None:
    async with scored(Rig()) as room:
        assert room.turn.question.id is None
        turn = await answered(room, ANSWER)
        assert score_of(turn).marks == ()


def test_the_points_of_a_persons_own_question_are_what_its_answer_is_marked_by() -> None:
    points = (e.Expected(text="Says by how much errors fell", weight=3), e.Expected(text="Names the cost"))
    own = e.Question(id=None, text="What came of it?", kind=e.QuestionKind.OWN, points=points)
    room = replay([*opening(), e.QuestionAsked(turn=1, question=own, by="grace")])
    assert room is not None
    rubric = marker.rubric_of(BANK, room, room.turns[0])
    assert [(point.text, point.weight) for point in rubric.points] == [
        ("Says by how much errors fell", 3.0),
        ("Names the cost", 1.0),
    ]


def test_a_model_answer_of_a_persons_own_question_is_what_its_answer_is_held_against_and_no_candidate_sees_it() -> None:
    own = e.Question(id=None, text="What is a stack?", kind=e.QuestionKind.OWN, reference="Last in, first out.")
    asked = e.QuestionAsked(turn=1, question=own, by="grace")
    room = replay([*opening(), asked])
    assert room is not None
    assert marker.rubric_of(BANK, room, room.turns[0]).reference == "Last in, first out."
    seen = snapshot([*opening(), asked], Role.CANDIDATE)
    assert seen is not None
    assert "Last in" not in seen.model_dump_json()


async def test_scoring_that_breaks_is_an_abstention_and_the_interview_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Score:
        raise ZeroDivisionError

    monkeypatch.setattr(marker, "score", broken)
    async with scored(Rig(), interviewed=True) as room:
        await room.until(lambda: room.room.turns)
        turn = await answered(room, ANSWER)
        assert score_of(turn).overall is None
        assert "our side" in (score_of(turn).abstained or "")
        await room.until(lambda: len(room.room.turns) == 2)


async def test_marks_that_quote_what_nobody_said_are_void(monkeypatch: pytest.MonkeyPatch) -> None:
    real = marker.score

    def inventive(*arguments: object, **more: object) -> Score:
        made = real(*arguments, **more)  # type: ignore[arg-type]
        invented = Quote(utterance="1.typed.0", text="I lied", start_ms=0, end_ms=0)
        first = made.marks[0].model_copy(update={"quotes": (invented,)})
        return made.model_copy(update={"marks": (first, *made.marks[1:])})

    monkeypatch.setattr(marker, "score", inventive)
    async with scored(Rig(), interviewed=True) as room:
        await room.until(lambda: room.room.turns)
        turn = await answered(room, ANSWER)
        assert score_of(turn).overall is None
        assert "void" in (score_of(turn).abstained or "")


async def test_a_scorer_that_comes_late_scores_what_was_left() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room:
        await room.do(c.TypeAnswer(turn=1, text=ANSWER))
        await room.do(c.FinishAnswer(turn=1))
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        async with rig.feeds.follow(room.id) as feed, asyncio.TaskGroup() as tasks:
            # Two at once, as for a moment when a lease is lost: the turn is scored once.
            working = [tasks.create_task(Scorer(Marker(BANK, Shelf())).serve(feed, rig.pen())) for _ in range(2)]
            await room.until(lambda: room.turn.score)
            await asyncio.sleep(0.05)
            for task in working:
                task.cancel()
        events = [record.event.kind for record in await rig.log.read(room.id, 0, 100)]
        assert events.count("turn_scored") == 1
