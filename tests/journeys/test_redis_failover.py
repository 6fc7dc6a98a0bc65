"""A whole typed interview on a guarded primary and on a cluster: the server that keeps the room dies in the middle."""

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from client import connect
from rooms.commands import FinishAnswer, TypeAnswer
from rooms.people import Role
from server.adapters.redis_connection import room_key
from tests.deployment import TOKEN, deployed
from tests.journeys.people import ANSWERS, begin, next_turn, type_answer, until_closed
from tests.redis_servers import Guarded, RedisCluster, running
from tests.servers import ServerNotFoundError, find_redis

PIECES = [f"This is piece {number} of my answer." for number in range(12)]


class Standing(NamedTuple):
    url: str
    kill: Callable[[str], object]
    """Kill the server that keeps a room."""


@pytest.fixture(params=["sentinel", "cluster"])
def standing(request: pytest.FixtureRequest) -> Iterator[Standing]:
    try:
        find_redis()
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    if request.param == "sentinel":
        with running(Guarded()) as guarded:
            yield Standing(guarded.url, lambda room: guarded.kill_primary())
    else:
        with running(RedisCluster(replicas=1)) as cluster:
            yield Standing(cluster.url, lambda room: cluster.home(room_key(room, "log")).kill())


async def test_an_interview_goes_on_when_the_server_that_keeps_it_dies(standing: Standing) -> None:
    with deployed(standing.url) as deployment:
        deployment.worker()
        async with connect(deployment.web().url, token=TOKEN) as greenroom:
            opened = await greenroom.open_room("behavioural", 3)
            async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
                await begin(candidate)
                await type_answer(candidate, 1, ANSWERS[0])
                turn = await next_turn(candidate, 2)
                for number, piece in enumerate(PIECES):
                    if number == 6:
                        standing.kill(opened.room)
                    await candidate.insist(TypeAnswer(turn=turn.number, text=piece))
                await candidate.insist(FinishAnswer(turn=turn.number))
                await type_answer(candidate, 3, ANSWERS[2])
                closed, seen = await asyncio.gather(until_closed(candidate), until_closed(coach))
                assert [utterance.text for utterance in closed.turns[1].utterances] == PIECES
                assert [turn.utterances for turn in seen.turns] == [turn.utterances for turn in closed.turns]
            report = await greenroom.wait_for_report(opened.room)
            assert len(report["turns"]) == 3
