"""Redis comes back empty, or without its last moments, under interviews: everybody is back in the same room at once,
and the report has every answer that was accepted."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
from redis import Redis as Client

from client import Greenroom, Visit, Whole, connect
from rooms.commands import EndInterview, FinishAnswer, TakeNote, TypeAnswer
from rooms.people import Role
from rooms.protocol import ResetReason
from rooms.state import Room
from tests.deployment import TOKEN, Deployment, Web, deployed
from tests.journeys.people import ANSWERS, begin, next_turn, type_answer, until_closed
from tests.servers import Redis, ServerNotFoundError, find_redis
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.alone

BACK_S = DEADLINE_S
SHORT_LOGS = {"SNAPSHOT_EVERY_RECORDS": "8", "LOG_TAIL_RECORDS": "8"}
"""So that rooms are read from snapshots, and most of their facts are in the database only."""


class Standing(NamedTuple):
    deployment: Deployment
    web: Web
    redis: Redis


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    """A Greenroom on a Redis that keeps what it is told to, and nothing of itself."""
    try:
        redis = Redis(find_redis(), appendonly="no")
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    redis.start()
    try:
        with deployed(redis.url, REDIS_TIMEOUT_MS="1000", **SHORT_LOGS) as deployment:
            deployment.worker()
            yield Standing(deployment, deployment.web(), redis)
    finally:
        redis.remove()


@pytest.fixture
async def greenroom(standing: Standing) -> AsyncIterator[Greenroom]:
    async with connect(standing.web.url, token=TOKEN) as greenroom:
        yield greenroom


class Told:
    """Why a visit was shown its room whole."""

    def __init__(self, visit: Visit) -> None:
        self.reasons: list[ResetReason] = []
        self._visit = visit
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async for change in self._visit.changes():
            if isinstance(change, Whole):
                self.reasons.append(change.reason)

    def stop(self) -> None:
        self._watching.cancel()


def said(room: Room, turn: int) -> list[str]:
    return [utterance.text for utterance in room.turns[turn - 1].utterances]


def answers_of(report: dict[str, object]) -> list[str]:
    turns = report["turns"]
    assert isinstance(turns, list)
    return [" ".join(u["text"] for u in turn["transcript"]["utterances"]) for turn in turns]


async def test_an_emptied_redis_ends_no_interview(standing: Standing, greenroom: Greenroom) -> None:
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
        await begin(candidate)
        await type_answer(candidate, 1, ANSWERS[0])
        await next_turn(candidate, 2)
        await coach.do(TakeNote(text="Before."))
        await candidate.do(TypeAnswer(turn=2, text="Said before it was emptied."))
        epochs = {_epoch(standing.redis, opened.room)}
        standing.redis.flush()
        await candidate.do(TypeAnswer(turn=2, text="Said while it was empty."))
        for visit in (candidate, coach):
            room = await visit.until(lambda room: room.restored is not None and len(said(room, 2)) == 2, BACK_S)
            assert said(room, 1) == [ANSWERS[0]]
            assert said(room, 2) == ["Said before it was emptied.", "Said while it was empty."]
        epochs.add(_epoch(standing.redis, opened.room))
        assert len(epochs) == 2
        await candidate.do(FinishAnswer(turn=2))
        await type_answer(candidate, 3, ANSWERS[2])
        await until_closed(candidate)
        assert [line.text for line in coach.room.notes] == ["Before."]
    report = await greenroom.wait_for_report(opened.room)
    assert answers_of(report) == [ANSWERS[0], "Said before it was emptied. Said while it was empty.", ANSWERS[2]]


async def test_a_room_that_nobody_was_in_is_there_again_too(standing: Standing, greenroom: Greenroom) -> None:
    opened = await greenroom.open_room("technical", 3)
    async with greenroom.join(opened) as candidate:
        await begin(candidate)
        await candidate.do(TypeAnswer(turn=(await next_turn(candidate, 1)).number, text="I will be back."))
        await _durable(standing, opened.room)
    standing.redis.flush()
    async with greenroom.join(opened) as candidate:
        assert said(candidate.room, 1) == ["I will be back."]
        await candidate.do(EndInterview())
        await until_closed(candidate)
    assert answers_of(await greenroom.wait_for_report(opened.room)) == ["I will be back."]


async def test_a_redis_that_comes_back_as_it_was_a_moment_ago_loses_nothing(
    standing: Standing, greenroom: Greenroom
) -> None:
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
        await begin(candidate)
        await type_answer(candidate, 1, ANSWERS[0])
        await next_turn(candidate, 2)
        with Client.from_url(standing.redis.url) as admin:
            admin.save()
        await candidate.do(TypeAnswer(turn=2, text="One."))
        await coach.do(TakeNote(text="Two."))
        await candidate.do(TypeAnswer(turn=2, text="Three."))
        standing.redis.kill()
        standing.redis.start()  # as a replica that was behind would be
        await candidate.do(TypeAnswer(turn=2, text="Four."))
        room = await coach.until(lambda room: room.restored is not None and len(said(room, 2)) == 3, BACK_S)
        assert said(room, 2) == ["One.", "Three.", "Four."]
        assert [line.text for line in room.notes] == ["Two."]
        await candidate.do(EndInterview())
        await until_closed(candidate)
    assert answers_of(await greenroom.wait_for_report(opened.room)) == [ANSWERS[0], "One. Three. Four."]


def _epoch(redis: Redis, room: str) -> bytes:
    with Client.from_url(redis.url) as admin:
        epoch = admin.hget(f"greenroom:{{{room}}}:head", "epoch")
        assert isinstance(epoch, bytes)
        return epoch


async def _durable(standing: Standing, room: str) -> None:
    """Until the database has all of the room."""
    async with asyncio.timeout(BACK_S):
        with Client.from_url(standing.redis.url) as admin:
            while True:
                head = admin.hmget(f"greenroom:{{{room}}}:head", "version", "durable")
                if head[0] == head[1]:
                    return
                await asyncio.sleep(0.05)
