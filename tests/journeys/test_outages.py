"""Redis, the database, the disk or a web worker is gone in the middle of an interview: what was accepted is there
afterwards, everybody is told in the table's words, and when it is back the interview goes on as if nothing had been."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from redis import Redis as RedisClient

from client import Greenroom, RefusedError, Visit, connect
from rooms.commands import EndInterview, TypeAnswer
from rooms.people import Role
from rooms.protocol import VERSION
from server.errors import TABLE
from tests.deployment import TOKEN, Deployment, Web, deployed
from tests.journeys.people import ANSWERS, begin, next_turn, type_answer, until_closed
from tests.server.talker import inside, knocking, quiet_room
from tests.servers import WRITES_BEFORE_IT_ANSWERS, Postgres, Redis, ServerNotFoundError, find_postgres, find_redis
from tests.waiting import until

SHORT = {"REDIS_TIMEOUT_MS": "1000", "DATABASE_TIMEOUT_MS": "1000"}
GHOSTS_GONE_S = 16.0
"""As it comes within eight (`test_worker.py` adds it up), and as much again where the machine is busy."""


class Standing(NamedTuple):
    deployment: Deployment
    web: Web
    redis: Redis
    postgres: Postgres


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    try:
        server = Redis(find_redis(), **WRITES_BEFORE_IT_ANSWERS)
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def standing(redis: Redis) -> Iterator[Standing]:
    """A Greenroom on servers of its own."""
    try:
        postgres = Postgres(find_postgres())
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    postgres.start()
    try:
        with deployed(redis.url, postgres.create_database("greenroom"), **SHORT) as deployment:
            deployment.worker()
            yield Standing(deployment, deployment.web(), redis, postgres)
    finally:
        postgres.remove()


@pytest.fixture
async def greenroom(standing: Standing) -> AsyncIterator[Greenroom]:
    async with connect(standing.web.url, token=TOKEN) as greenroom:
        yield greenroom


@asynccontextmanager
async def interview(greenroom: Greenroom) -> AsyncIterator[tuple[Visit, Visit]]:
    """A candidate with the first question asked, and a coach."""
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
        await begin(candidate)
        await next_turn(candidate, 1)
        yield candidate, coach


def assert_of_the_table(answer: httpx.Response, code: str) -> None:
    problem = TABLE[code]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json() == {"code": code, "sentence": problem.sentence, "retry": True}


async def ask(greenroom: Greenroom, method: str, path: str, body: object = None) -> httpx.Response:
    return await greenroom._http.request(method, greenroom.base + path, json=body)


# --- Redis ----------------------------------------------------------------------------------------------------


async def test_redis_killed_while_commands_are_under_way_loses_and_doubles_nothing(
    standing: Standing, greenroom: Greenroom
) -> None:
    async with quiet_room(greenroom) as quiet, interview(greenroom) as (candidate, coach):
        said = [f"Sentence {number} of my answer." for number in range(30)]
        for number, text in enumerate(said):
            if number in (10, 20):
                standing.redis.kill()
                under_way = asyncio.create_task(candidate.do(TypeAnswer(turn=1, text=text)))
                await asyncio.sleep(0.1)
                standing.redis.start()
                await under_way
            else:
                await candidate.do(TypeAnswer(turn=1, text=text))
        room = await coach.until(lambda room: len(room.turns[0].utterances) == len(said))
        assert [utterance.text for utterance in room.turns[0].utterances] == said
        await quiet.noticed_nothing()
        await candidate.do(EndInterview())


async def test_while_redis_hangs_everybody_is_told_and_then_it_goes_on(
    standing: Standing, greenroom: Greenroom
) -> None:
    async with quiet_room(greenroom) as quiet, interview(greenroom) as (candidate, coach):
        room = candidate.room.id
        await candidate.do(TypeAnswer(turn=1, text="Before."))
        ticket = (await greenroom.ticket(room, Role.OBSERVER)).ticket
        async with inside(greenroom, room, Role.OBSERVER) as observer, knocking(greenroom, room) as late:
            standing.redis.pause()
            try:
                waiting = asyncio.create_task(candidate.do(TypeAnswer(turn=1, text="Meanwhile.")))
                await late.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
                asked = await asyncio.gather(
                    ask(greenroom, "GET", "/api/rooms"),
                    ask(greenroom, "POST", f"/api/rooms/{room}/tickets", {"role": "coach"}),
                    ask(greenroom, "POST", "/api/rooms", {"mode": "technical", "length": 3}),
                )
                for answer in asked:
                    assert_of_the_table(answer, "redis_away")
                await late.is_sent_away("redis_away")
                with pytest.raises(RefusedError) as refused:
                    await waiting
                assert (refused.value.code, refused.value.retry) == ("redis_away", True)
            finally:
                standing.redis.resume()
            await candidate.do(TypeAnswer(turn=1, text="After."))
            await observer.is_well()  # its socket outlived the outage
        seen = await coach.until(lambda room: room.turns[0].utterances[-1].text == "After.")
        texts = [utterance.text for utterance in seen.turns[0].utterances]
        # Whether what was refused for want of an answer was done is not known; it is not done twice.
        assert texts in (["Before.", "After."], ["Before.", "Meanwhile.", "After."])
        await quiet.noticed_nothing()
        await candidate.do(EndInterview())


async def test_a_full_redis_takes_nothing_more_keeps_what_it_has_and_wears_nobody_out(
    standing: Standing, greenroom: Greenroom
) -> None:
    async with interview(greenroom) as (candidate, coach):
        await candidate.do(TypeAnswer(turn=1, text="Before."))
        taken = standing.deployment.logs.count("room taken")
        with RedisClient.from_url(standing.redis.url) as admin:
            admin.config_set("maxmemory", "1")
            try:
                with pytest.raises(RefusedError) as refused:
                    await candidate.do(TypeAnswer(turn=1, text="No room for this."))
                assert (refused.value.code, refused.value.retry) == ("redis_full", True)
                assert_of_the_table(
                    await ask(greenroom, "POST", "/api/rooms", {"mode": "technical", "length": 3}), "redis_full"
                )
                assert (await ask(greenroom, "GET", f"/api/rooms/{candidate.room.id}")).status_code == 200
                await asyncio.sleep(1.5)
            finally:
                admin.config_set("maxmemory", "0")
        assert standing.deployment.logs.count("room taken") - taken < 10
        await candidate.do(TypeAnswer(turn=1, text="After."))
        room = await coach.until(lambda room: len(room.turns[0].utterances) == 2)
        assert [utterance.text for utterance in room.turns[0].utterances] == ["Before.", "After."]
        await candidate.do(EndInterview())
        await until_closed(candidate)  # so the worker has it again


# --- the database ---------------------------------------------------------------------------------------------


async def test_without_the_database_the_interview_goes_on_and_its_report_comes_when_it_is_back(
    standing: Standing, greenroom: Greenroom
) -> None:
    async with interview(greenroom) as (candidate, _):
        room = candidate.room.id
        standing.postgres.kill()
        try:
            for number, answer in enumerate(ANSWERS, 1):
                await type_answer(candidate, number, answer)
            await until_closed(candidate)
            assert_of_the_table(await ask(greenroom, "GET", f"/api/reports/{room}"), "database_away")
            assert_of_the_table(await ask(greenroom, "GET", "/api/reports"), "database_away")
            await not_shown_marks(greenroom, room)
        finally:
            standing.postgres.start()
    report = await greenroom.wait_for_report(room)
    said = [utterance["text"] for turn in report["turns"] for utterance in turn["transcript"]["utterances"]]
    assert said == list(ANSWERS)


async def not_shown_marks(greenroom: Greenroom, room: str) -> None:
    """A coach who comes when all is over is told to come back: that they saw the marks could not be kept."""
    async with knocking(greenroom, room) as talker:
        ticket = (await greenroom.ticket(room, Role.COACH)).ticket
        await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await talker.is_sent_away("database_away")
        assert [said["type"] for said in talker.heard] == ["goodbye"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk: a full one was NOT tested")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_on_a_full_disk_the_interview_goes_on_and_its_report_comes_when_there_is_room(
    redis: Redis, small_disk: Path
) -> None:
    database = f"sqlite+aiosqlite:///{small_disk / 'greenroom.db'}"
    with deployed(f"{redis.url[:-1]}1", database, **SHORT) as deployment:
        deployment.worker()
        web = deployment.web()
        async with connect(web.url, token=TOKEN) as greenroom, interview(greenroom) as (candidate, _):
            room = candidate.room.id
            ballast = small_disk / "ballast"
            with ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass
            for number, answer in enumerate(ANSWERS, 1):
                await type_answer(candidate, number, answer)
            await until_closed(candidate)
            with pytest.raises(RefusedError) as refused:
                await greenroom.report(room)
            # SQLite needs a little room to read beside a writer, so reading may be refused too.
            assert refused.value.code in ("report_not_ready", "database_full")
            assert refused.value.retry
            await until(lambda: '"full": true' in deployment.logs)
            ballast.unlink()
            report = await greenroom.wait_for_report(room)
            assert len(report["turns"]) == 3


# --- a web worker ---------------------------------------------------------------------------------------------


async def test_whoever_was_on_a_killed_web_worker_and_does_not_come_back_is_gone_in_seconds(
    standing: Standing, greenroom: Greenroom
) -> None:
    doomed = standing.deployment.web()
    async with quiet_room(greenroom) as quiet, interview(greenroom) as (candidate, coach):
        async with connect(doomed.url, token=TOKEN) as there, inside(there, candidate.room.id, Role.OBSERVER):
            await coach.until(lambda room: len(room.people) == 3)
            doomed.kill()
            await coach.until(lambda room: [p.here for p in room.people] == [True, True, False], GHOSTS_GONE_S)
        await quiet.noticed_nothing()
        await candidate.do(EndInterview())
