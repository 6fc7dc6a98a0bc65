"""Judges: the real `openai` client against a server that speaks the wire protocol, well and badly."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rooms import commands as c
from rooms.evidence import Level
from rooms.interview.bank import load_bank
from rooms.people import SYSTEM
from scoring.judging import verdict
from scoring.local import score
from scoring.reading import read
from scoring.verdict import VOID
from server import judges as judges_module
from server import marker as marker_module
from server.adapters.openai_judge import OpenAIJudge
from server.clock import SystemClock
from server.interviewer import Interviewer
from server.judge_run import REPLY_TOKENS
from server.judge_settings import JudgeSettings
from server.judges import Answer, Heard, Judges, Silence
from server.marker import Marker
from server.ports import Unavailable
from server.scorer import Scorer
from server.shelf import Shelf
from tests.judge_server import TOKENS, JudgeServer, generous, judge_server, parts_of, stern
from tests.scoring.answers import GOOD, PROMISE, rubric, typed
from tests.server.hearings import Heard as Room
from tests.server.hearings import Rig
from tests.waiting import DEADLINE_S, PATIENT_MS

RUBRIC, TRANSCRIPT = rubric(PROMISE), typed(GOOD)
KEY = "sk-secret-of-this-test"


class MemoryPurses:
    """Keeps the contract of `ports.Purses`, but forgets nothing."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.away = False

    async def spend(self, purse: str, amount: int, limit: int, ttl_s: int) -> bool:
        if self.away:
            raise Unavailable("redis")
        if self.held.get(purse, 0) + amount > limit:
            return False
        self.held[purse] = self.held.get(purse, 0) + amount
        return True

    async def settle(self, purse: str, amount: int) -> None:
        self.held[purse] += amount

    async def spent(self, purse: str) -> int:
        return self.held.get(purse, 0)


@pytest.fixture
async def server() -> AsyncIterator[JudgeServer]:
    async with judge_server() as judge:
        yield judge


def provider(server: JudgeServer, **changes: Any) -> tuple[OpenAIJudge, JudgeSettings]:
    given = {
        "model": "judge-1",
        "base_url": server.url,
        "runs": 1,
        "first_token_ms": PATIENT_MS,
        "total_ms": PATIENT_MS,
    }
    settings = JudgeSettings(**(given | changes))
    return OpenAIJudge(settings, KEY), settings


def answer(turn: int = 1, text: str = GOOD) -> Answer:
    return Answer("r-1", "ada", turn, RUBRIC, read(typed(text)))


async def asked(judges: Judges, about: Answer | None = None) -> Heard | Silence:
    try:
        return await judges.ask(about or answer())
    finally:
        await judges.close()


def judges_on(server: JudgeServer, purses: MemoryPurses | None = None, **changes: Any) -> Judges:
    return Judges([provider(server, **changes)], purses or MemoryPurses(), SystemClock(), deadline_s=DEADLINE_S)


async def test_a_reply_becomes_marks_whose_quotes_are_what_was_said(server: JudgeServer) -> None:
    heard = await asked(judges_on(server))
    assert isinstance(heard, Heard)
    assert heard.label == "judge-1 at 127.0.0.1"
    found = verdict(heard.ballots, RUBRIC)
    assert [mark.level for mark in found.marks] == [Level.PRESENT] * len(RUBRIC.points)
    assert all(TRANSCRIPT.holds(quote) for mark in found.marks for quote in mark.quotes)
    (body,) = server.asked
    assert server.keys == [f"Bearer {KEY}"]
    assert body["response_format"]["json_schema"]["strict"] is True
    assert "tools" not in body
    assert body["stream"] is True
    assert parts_of(body)[1] == GOOD


async def test_runs_ask_in_different_orders_and_the_median_counts(server: JudgeServer) -> None:
    server.marks = [generous, stern, stern]
    heard = await asked(judges_on(server, runs=3))
    assert isinstance(heard, Heard)
    orders = {tuple(point["point"] for point in parts_of(body)[0]["points"]) for body in server.asked}
    fences = {body["messages"][1]["content"].splitlines()[-1] for body in server.asked}
    assert len(orders) == len(fences) == 3
    found = verdict(heard.ballots, RUBRIC)
    assert {mark.level for mark in found.marks} == {Level.ABSENT}
    assert found.agreement == 0.333


@pytest.mark.parametrize(
    ("mood", "silence", "tries"),
    [
        ("hang", Silence.NO_ANSWER, 2),
        ("slow", Silence.NO_ANSWER, 2),
        ("stalls", Silence.NO_ANSWER, 1),
        ("429", Silence.NO_ANSWER, 2),
        ("500", Silence.NO_ANSWER, 2),
        ("401", Silence.NO_ANSWER, 1),
        ("garbage", Silence.NO_ANSWER, 2),
        ("cut", Silence.NO_ANSWER, 1),
        ("html", Silence.UNUSABLE, 2),
        ("prose", Silence.UNUSABLE, 2),
        ("empty", Silence.UNUSABLE, 2),
        ("shape", Silence.UNUSABLE, 2),
        ("too many", Silence.UNUSABLE, 2),
        ("unknown", Silence.UNUSABLE, 2),
        ("missing", Silence.UNUSABLE, 2),
        ("false quotes", Silence.UNUSABLE, 2),
    ],
)
async def test_a_judge_that_fails_is_silent_in_time_and_says_why(
    server: JudgeServer, mood: str, silence: Silence, tries: int
) -> None:
    server.moods = [mood]
    # Long enough for a request to arrive on a machine that stands still for a moment.
    impatient = (
        {"first_token_ms": 1_000} if mood in ("hang", "slow") else {"total_ms": 1_000} if mood == "stalls" else {}
    )
    async with asyncio.timeout(DEADLINE_S / 2):
        assert await asked(judges_on(server, **impatient)) is silence
    assert len(server.asked) == tries


async def test_one_bad_moment_is_forgiven(server: JudgeServer) -> None:
    for mood in ("429", "500", "prose"):
        server.moods = [mood, "well"]
        assert isinstance(await asked(judges_on(server)), Heard), mood


async def test_a_false_quote_voids_its_mark_and_no_other(server: JudgeServer) -> None:
    def one_lie(asked: dict[str, Any], words: str) -> dict[str, Any]:
        said = generous(asked, words)
        said["points"][0]["quotes"] = ["I saved the company single-handedly"]
        return said

    server.marks = [one_lie]
    heard = await asked(judges_on(server))
    assert isinstance(heard, Heard)
    marks = verdict(heard.ballots, RUBRIC).marks
    assert [mark.reason for mark in marks if mark.level is Level.ABSENT] == [VOID]


async def test_the_next_provider_stands_in_for_one_that_is_away(server: JudgeServer) -> None:
    away = JudgeServer(url="http://127.0.0.1:9/v1")
    judges = Judges(
        [provider(away, model="gone"), provider(server)], MemoryPurses(), SystemClock(), deadline_s=DEADLINE_S, panel=1
    )
    heard = await asked(judges)
    assert isinstance(heard, Heard)
    assert heard.label == "judge-1 at 127.0.0.1"


async def test_a_panel_of_two_marks_together(server: JudgeServer) -> None:
    async with judge_server() as other:
        judges = Judges(
            [provider(server), provider(other, model="judge-2")],
            MemoryPurses(),
            SystemClock(),
            deadline_s=DEADLINE_S,
            panel=2,
        )
        heard = await asked(judges)
    assert isinstance(heard, Heard)
    assert len(heard.ballots) == 2
    assert heard.label == "judge-1 at 127.0.0.1 and judge-2 at 127.0.0.1"


async def test_who_fails_again_and_again_is_left_alone_for_a_while(server: JudgeServer) -> None:
    server.moods = ["401"]
    judges = judges_on(server)
    for turn in range(1, 8):
        assert await judges.ask(answer(turn)) is Silence.NO_ANSWER
    await judges.close()
    assert len(server.asked) == 4


async def test_an_answer_that_confuses_a_judge_does_not_take_it_from_others(server: JudgeServer) -> None:
    server.moods = ["prose"]
    judges = judges_on(server)
    for turn in range(1, 4):
        assert await judges.ask(answer(turn)) is Silence.UNUSABLE
    server.moods = ["well"]
    assert isinstance(await asked(judges, answer(4)), Heard)


async def test_a_judge_that_wants_more_time_than_there_is_is_not_waited_for(server: JudgeServer) -> None:
    server.moods = ["429 for an hour"]
    async with asyncio.timeout(DEADLINE_S / 2):
        assert await asked(judges_on(server)) is Silence.NO_ANSWER
    assert len(server.asked) == 1


async def test_all_judges_together_have_one_deadline(server: JudgeServer) -> None:
    server.moods = ["hang"]
    async with asyncio.timeout(DEADLINE_S / 2):
        assert (
            await asked(Judges([provider(server)], MemoryPurses(), SystemClock(), deadline_s=0.2)) is Silence.NO_ANSWER
        )


async def test_what_was_used_is_counted_for_room_and_owner(server: JudgeServer) -> None:
    purses = MemoryPurses()
    await asked(judges_on(server, purses, runs=3))
    assert sorted(name.partition(":")[0] for name in purses.held) == ["owner", "room"]
    assert set(purses.held.values()) == {3 * TOKENS}


async def test_what_a_judge_took_that_broke_off_stays_spent(server: JudgeServer) -> None:
    server.moods = ["breaks off"]
    purses = MemoryPurses()
    assert await asked(judges_on(server, purses)) is Silence.NO_ANSWER
    assert len(server.asked) == 2
    assert min(purses.held.values()) >= 2 * REPLY_TOKENS


@pytest.mark.parametrize("limit", ["tokens_per_room", "tokens_per_owner_day"])
async def test_a_budget_that_is_spent_ends_the_asking(server: JudgeServer, limit: str) -> None:
    purses = MemoryPurses()
    judges = judges_on(server, purses, **{limit: 6_000})
    outcomes = [await judges.ask(answer(turn)) for turn in range(1, 12)]
    await judges.close()
    assert isinstance(outcomes[0], Heard)
    assert outcomes[-1] is Silence.BUDGET
    assert max(purses.held.values()) <= 6_000
    assert sum(isinstance(outcome, Heard) for outcome in outcomes) == len(server.asked)


async def test_what_cannot_be_counted_is_not_spent(server: JudgeServer) -> None:
    purses = MemoryPurses()
    purses.away = True
    assert await asked(judges_on(server, purses)) is Silence.BUDGET
    assert server.asked == []


async def test_an_answer_without_end_is_left_to_the_rules(server: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges_module, "LONGEST", len(GOOD) - 1)
    assert await asked(judges_on(server)) is Silence.TOO_LONG
    assert server.asked == []


async def test_nothing_that_was_said_and_no_key_gets_into_a_log(
    server: JudgeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.moods = ["500", "prose", "garbage", "well"]
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "server"):
        for turn in range(1, 4):
            await asked(judges_on(server), answer(turn))
    lines = json.dumps([{**vars(record), "message": record.getMessage()} for record in caplog.records], default=repr)
    assert "forty branches" not in lines
    assert KEY not in lines
    assert '"fault"' in lines


# --- in a room ------------------------------------------------------------------------------------------------


def marker(judges: Judges) -> Marker:
    return Marker(load_bank(), Shelf(), judges, "n")


async def begun(rig: Rig, room: Room, judged: Marker, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    await room.do(c.StartInterview())
    interviewer = Interviewer(load_bank(), rig.clock, 60_000, judged.early)

    async def serve(reader: Any) -> None:
        async with rig.feeds.follow(room.id) as feed:
            await reader(feed, rig.pen(room.id))

    working = [tasks.create_task(serve(reader)) for reader in (interviewer.serve, Scorer(judged).serve)]
    await room.until(lambda: room.room.turns)
    return working


async def answered(room: Room) -> None:
    number = room.turn.number
    await room.do(c.TypeAnswer(turn=number, text=GOOD))
    await room.do(c.FinishAnswer(turn=number))
    await room.do(c.CloseTurn(turn=number), SYSTEM)


async def test_a_judge_that_hangs_holds_up_no_question_and_the_marks_by_rules_stand(server: JudgeServer) -> None:
    """The clock of the room stands still and the interviewer would wait for a minute: nothing but the local marks leads
    on to the next question."""
    server.moods = ["hang"]
    judges, rig = judges_on(server), Rig()
    async with rig.up(), rig.room(asked=False) as room, asyncio.TaskGroup() as tasks:
        working = await begun(rig, room, marker(judges), tasks)
        await answered(room)
        await server.hanging.wait()
        await room.until(lambda: len(room.room.turns) == 2)
        assert room.room.turns[0].score is None
        server.let_go.set()
        await room.until(lambda: room.room.turns[0].score)
        marked = room.room.turns[0].score
        assert marked is not None
        assert (marked.scorer, marked.caution) == ("local", Silence.NO_ANSWER)
        assert marked.overall is not None
        for task in working:
            task.cancel()
    await judges.close()


async def test_a_judged_turn_says_who_judged_it_and_its_parts_add_up(server: JudgeServer) -> None:
    judges = judges_on(server, runs=2)
    rig = Rig()
    async with rig.up(), rig.room(asked=False) as room, asyncio.TaskGroup() as tasks:
        working = await begun(rig, room, marker(judges), tasks)
        await answered(room)
        await room.until(lambda: room.room.turns[0].score)
        marked = room.room.turns[0].score
        assert marked is not None
        assert marked.scorer == "judge-1 at 127.0.0.1"
        assert marked.agreement == 1.0
        for one in marked.dimensions:
            assert sum(part.value for part in one.contributions) == one.score
            assert any(part.label.startswith("Judged by the anchors") for part in one.contributions)
        for task in working:
            task.cancel()
    await judges.close()


async def test_who_withdraws_consent_is_read_by_no_judge_any_more(server: JudgeServer) -> None:
    server.moods = ["hang"]
    judges, rig = judges_on(server), Rig()
    async with rig.up(), rig.room(asked=False) as room, asyncio.TaskGroup() as tasks:
        working = await begun(rig, room, marker(judges), tasks)
        await answered(room)
        await server.hanging.wait()
        await room.do(c.WithdrawConsent())
        await asyncio.wait_for(server.left.wait(), DEADLINE_S / 2)
        assert room.room.turns[0].score is None
        for task in working:
            task.cancel()
    await judges.close()


async def test_who_was_not_told_of_the_judge_is_not_judged(server: JudgeServer) -> None:
    judges = judges_on(server)
    unaware = Marker(load_bank(), Shelf(), judges, "another")
    rig = Rig()
    async with rig.up(), rig.room() as room:
        await room.do(c.TypeAnswer(turn=1, text=GOOD))
        await room.do(c.FinishAnswer(turn=1))
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        await room.closed()
        marked = await unaware.mark(room.room, room.turn)
    await judges.close()
    assert marked.score.scorer == "local"
    assert server.asked == []


async def test_a_fault_of_ours_in_judging_leaves_what_rules_found(
    server: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(marker_module, "judged_score", broken)
    judges, rig = judges_on(server), Rig()
    async with rig.up(), rig.room() as room:
        await room.do(c.TypeAnswer(turn=1, text=GOOD))
        await room.do(c.FinishAnswer(turn=1))
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        await room.closed()
        marked = await marker(judges).mark(room.room, room.turn)
    await judges.close()
    assert (marked.score.scorer, marked.score.caution) == ("local", Silence.NO_ANSWER)
    assert marked.score.overall is not None


async def test_where_nothing_was_said_nobody_is_asked(server: JudgeServer) -> None:
    assert score(RUBRIC, typed("Hm.")).overall is None
    judges = judges_on(server)
    rig = Rig()
    async with rig.up(), rig.room() as room:
        await room.do(c.FinishAnswer(turn=1))
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        await room.closed()
        marked = await marker(judges).mark(room.room, room.turn)
    await judges.close()
    assert marked.score.abstained
    assert server.asked == []
