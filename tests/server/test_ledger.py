"""Turns are entered once, whoever serves the room; operators read them, and so does Prometheus."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from client import Greenroom
from rooms import commands as c
from rooms.evidence import Score
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.refusals import Refusal
from server import ledger as module
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_ledger import RedisLedger
from server.ledger import Bookkeeper, Entry, counted, look
from server.metrics import written
from server.operations import Archive, Operations
from server.ports import Unavailable
from tests.rooms.stages import DELIVERY
from tests.server.conftest import METRICS_TOKEN, Standing
from tests.server.hearings import OPENED_AT, Heard, Rig

UNSCORED = Score(overall=None, scorer="local", weights="1.0.0", abstained="Nothing was said.")


@pytest.fixture
async def ledger(redis_url: str) -> AsyncIterator[RedisLedger]:
    async with RedisConnection(redis_url, 3_000) as redis:
        yield RedisLedger(redis)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATER_S", 0.0)
    monkeypatch.setattr(module, "AGAIN_S", 0.001)


async def answer(rig: Rig, room: Heard, number: int) -> None:
    """Finish the open turn by a button, close it 100 ms and score it 400 ms later."""
    for command, ms, who in (
        (c.FinishAnswer(turn=number), 0, None),
        (c.CloseTurn(turn=number), 100, SYSTEM),
        (c.RecordScore(turn=number, score=UNSCORED, delivery=DELIVERY), 400, SYSTEM),
    ):
        rig.clock.ms += ms
        outcome = await (room.do(command, who) if who else room.do(command))
        assert not isinstance(outcome, Refusal)


async def entered(ledger: RedisLedger, count: int) -> list[Entry]:
    async with asyncio.timeout(10):
        while len(found := (await look(ledger)).turns) < count:
            await asyncio.sleep(0.005)
    return found


async def test_turns_are_entered_once_though_two_workers_serve_the_room(
    ledger: RedisLedger, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig()
    caplog.set_level(logging.INFO, "server.ledger")
    async with rig.up(), rig.room() as room, rig.feeds.follow(room.id) as feed, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(Bookkeeper(rig.log, ledger).serve(feed))
        await answer(rig, room, 1)
        rig.clock.ms += 700
        await room.ask()
        (entry,) = await entered(ledger, 1)
        assert entry.delays == {"hearing_out": 100, "score": 400, "next_question": 1_100}
        assert (entry.room, entry.turn, entry.reason) == (room.id, 1, "done")
        assert entry.at == rig.clock.ms - 1_100 > OPENED_AT
        first.cancel()
        second = tasks.create_task(Bookkeeper(rig.log, ledger).serve(feed))  # reads what was written before it came
        await answer(rig, room, 2)
        await room.do(c.EndInterview())
        await room.do(c.CloseRoom(), SYSTEM)
        assert room.room.phase is Phase.CLOSED
        await asyncio.wait_for(second, 10)
        assert [entry.turn for entry in await entered(ledger, 2)] == [2, 1]
    lines = [record for record in caplog.records if record.getMessage() == "turn"]
    assert [(line.turn, line.score_ms, line.abstained) for line in lines] == [(1, 400, True), (2, 400, True)]  # type: ignore[attr-defined]
    assert (await ledger.counts())["turns:done"] == 2


async def test_a_ledger_that_is_away_keeps_no_room_open(ledger: RedisLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def away(*_: object) -> bool:
        nonlocal tries
        tries += 1
        raise Unavailable("redis")

    monkeypatch.setattr(ledger, "enter", away)
    rig = Rig()
    async with rig.up(), rig.room() as room, rig.feeds.follow(room.id) as feed:
        await answer(rig, room, 1)
        await room.do(c.EndInterview())
        await room.do(c.CloseRoom(), SYSTEM)
        await asyncio.wait_for(Bookkeeper(rig.log, ledger).serve(feed), 10)
    assert tries == module.TRIES


async def test_a_ledger_forgets_a_room_and_goes_on_counting(every_redis_url: str) -> None:
    async with RedisConnection(every_redis_url, 3_000) as redis:
        ledger = RedisLedger(redis)
        for room in ("r-1", "r-2"):
            entry = ENTRY.model_copy(update={"room": room})
            given = (room, 1, 7, entry.model_dump_json(), counted(entry))
            assert [await ledger.enter(*given) for _ in range(2)] == [True, False]
        await ledger.forget("r-1")
        assert [entry.room for entry in (await look(ledger)).turns] == ["r-2"]
        assert await ledger.counts() == {
            "turns:silence": 2,
            "decision:le:1500": 2,
            "decision:sum": 2_400,
            "score:le:inf": 2,
            "score:sum": 200_000,
            "response:impossible": 2,
        }


ENTRY = Entry(
    room="r-1", turn=1, at=7, reason="silence", delays={"decision": 1_200, "score": 100_000}, impossible=["response"]
)


def test_the_page_for_prometheus_adds_its_buckets_up_and_counts_what_is_impossible_apart() -> None:
    archive = Archive(rooms=3, behind=4, worst=2, limit=9, database=True, displaced=0)
    now = Operations(archive=archive, hearing=[], differences=[], dead_letters=[])
    lines = written(counted(ENTRY), now).splitlines()
    assert 'greenroom_turns_total{reason="silence"} 1' in lines
    assert 'greenroom_turn_delay_seconds_bucket{delay="decision",le="1"} 0' in lines
    assert 'greenroom_turn_delay_seconds_bucket{delay="decision",le="1.5"} 1' in lines
    assert 'greenroom_turn_delay_seconds_bucket{delay="decision",le="60"} 1' in lines
    assert 'greenroom_turn_delay_seconds_bucket{delay="score",le="60"} 0' in lines
    assert 'greenroom_turn_delay_seconds_bucket{delay="score",le="+Inf"} 1' in lines
    assert 'greenroom_turn_delay_seconds_sum{delay="score"} 100' in lines
    assert 'greenroom_turn_delay_seconds_count{delay="response"} 0' in lines
    assert 'greenroom_turn_delays_impossible_total{delay="response"} 1' in lines
    assert "greenroom_facts_not_durable 4" in lines


def test_spreads_are_of_what_happened() -> None:
    entries = [ENTRY.model_copy(update={"delays": {"decision": ms}}) for ms in range(0, 1_001, 10)]
    assert module._spreads(entries) == {"decision": module.Spread(turns=101, p50_ms=500, p95_ms=950)}


async def test_metrics_are_for_who_has_the_token_and_the_turns_for_the_owner(
    standing: Standing, greenroom: Greenroom, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/metrics")).status_code == 401
    wrong = {"Authorization": f"Bearer {METRICS_TOKEN[:-1]}x"}
    assert (await stranger.get("/metrics", headers=wrong)).status_code == 401
    right = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    page = await stranger.get("/metrics", headers=right)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE greenroom_turn_delay_seconds histogram" in page.text
    assert (await stranger.get("/api/operations/turns", headers=right)).status_code == 401  # it opens nothing else
    assert (await greenroom._ask("GET", "/api/operations/turns")).keys() == {"names", "spreads", "turns"}
