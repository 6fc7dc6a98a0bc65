"""Judges as a server has them: out of its settings, with a real client, real budgets in Redis, and the notice."""

import json
from collections.abc import AsyncIterator

import pytest

from rooms import commands as c
from rooms.evidence import JudgePolicy
from rooms.interview.bank import load_bank
from rooms.people import SYSTEM
from rooms.state import Room
from scoring.prompt import PROMPT
from scoring.weights import NEWEST_JUDGE
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_purses import RedisPurses
from server.app.worker import _judge
from server.clock import SystemClock
from server.judging import marker, notice_for, policy_of
from server.marker import OTHER_JUDGES, OTHER_POLICY, Marker
from server.notice import NOTICE
from server.shelf import Shelf
from tests.judge_server import TOKENS, JudgeServer, judge_server
from tests.scoring.answers import GOOD
from tests.server.hearings import Rig

BANK = load_bank()


@pytest.fixture
async def server() -> AsyncIterator[JudgeServer]:
    async with judge_server() as judge:
        yield judge


async def test_what_the_settings_name_marks_and_is_counted_in_redis(
    server: JudgeServer, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_JUDGES_KEY", "sk-of-the-environment")
    named = [{"model": "judge-1", "base_url": server.url, "key_variable": "A_JUDGES_KEY", "runs": 2}]
    rig = Rig(judges=json.dumps(named))
    notice = notice_for(rig.settings)
    assert notice.version != NOTICE.version
    async with (
        RedisConnection(redis_url, 3_000) as redis,
        rig.up(),
        rig.room() as room,
        marker(rig.settings, BANK, Shelf(), None, RedisPurses(redis), SystemClock(), _judge) as marks,
    ):
        await room.do(c.TypeAnswer(turn=1, text=GOOD))
        await room.do(c.FinishAnswer(turn=1))
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        await room.closed()
        agreed = room.room.but(notice=notice.version)
        marked = (await marks.mark(agreed, room.turn)).score
        assert marks.early is not None
        assert await RedisPurses(redis).spent("room:r-1:judge-1_at_127.0.0.1") == 2 * TOKENS
    assert (marked.scorer, marked.weights) == ("judge-1 at 127.0.0.1", f"judge-{NEWEST_JUDGE}")
    assert (marked.prompt, marked.caution) == (PROMPT, None)
    assert server.keys == ["Bearer sk-of-the-environment"] * 2


async def test_a_change_of_judges_in_the_middle_of_an_interview_is_said_with_each_score(
    server: JudgeServer, redis_url: str
) -> None:
    named = [{"model": "judge-1", "base_url": server.url, "runs": 1}]
    rig, alone = Rig(judges=json.dumps(named)), Rig()
    policy, notice = policy_of(rig.settings), notice_for(rig.settings).version
    assert policy == JudgePolicy(
        judges=("judge-1 at 127.0.0.1, 1 run, json_schema",), panel=1, prompt=PROMPT, weights=NEWEST_JUDGE
    )
    assert policy_of(alone.settings) is None
    async with (
        RedisConnection(redis_url, 3_000) as redis,
        rig.up(),
        rig.room() as room,
        marker(rig.settings, BANK, Shelf(), None, RedisPurses(redis), SystemClock(), _judge) as here,
        marker(alone.settings, BANK, Shelf(), None, RedisPurses(redis), SystemClock(), _judge) as without,
    ):
        await room.do(c.TypeAnswer(turn=1, text=GOOD))
        await room.do(c.FinishAnswer(turn=1))
        await room.do(c.CloseTurn(turn=1), SYSTEM)
        await room.closed()
        opened = room.room.but(notice=notice, judging=policy)

        async def marked(marks: Marker, room_then: Room) -> tuple[bool, str | None]:
            """Whether a judge marked, and what is said with it."""
            score = (await marks.mark(room_then, room.turn)).score
            assert score.overall is not None
            return score.prompt == PROMPT, score.caution

        assert await marked(here, opened) == (True, None)
        assert await marked(here, opened.but(judging=None)) == (True, None)  # opened by the release before
        for changed in ({"prompt": "0.9.0"}, {"panel": 2}, {"judges": ("judge-1 at 127.0.0.1, 3 runs, text",)}):
            assert await marked(here, opened.but(judging=policy.but(**changed))) == (True, OTHER_POLICY)
        assert await marked(here, opened.but(judging=policy.but(weights="0.1.0"))) == (True, OTHER_POLICY)
        assert await marked(here, opened.but(notice="another")) == (False, OTHER_JUDGES)
        assert await marked(without, opened) == (False, OTHER_JUDGES)
        assert await marked(without, opened.but(judging=None, notice=NOTICE.version)) == (False, None)


async def test_without_judges_nothing_leaves_and_the_notice_is_the_plain_one() -> None:
    rig = Rig()
    assert notice_for(rig.settings) is NOTICE
    async with marker(rig.settings, BANK, Shelf(), None, None, SystemClock(), _judge) as marks:  # type: ignore[arg-type]
        assert marks.early is None
