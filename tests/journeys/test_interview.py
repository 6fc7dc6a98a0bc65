"""A whole interview on real processes: two web workers and a worker, killed where it hurts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client import Greenroom, connect
from rooms.commands import AskOwn, ChooseNext, FinishAnswer, HandBack, TakeNote, TakeOver, TypeAnswer, Whisper
from rooms.people import Role
from rooms.phases import Phase
from tests.deployment import TOKEN, Deployment, deployed
from tests.journeys.people import ANSWERS, begin, next_turn, type_answer, type_interview, until_closed

pytestmark = pytest.mark.alone
ENCODER = Path(__file__).parents[3] / "shared" / "models" / "minilm"


@pytest.fixture
def deployment(redis_url: str) -> Iterator[Deployment]:
    with deployed(redis_url) as deployment:
        yield deployment


@pytest.fixture
def on_postgres(redis_url: str, postgres_url: str) -> Iterator[Deployment]:
    with deployed(redis_url, postgres_url) as deployment:
        yield deployment


async def held(greenroom: Greenroom) -> dict[str, object]:
    """Hold a typed interview and return its report."""
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened) as candidate:
        await type_interview(candidate)
    return await greenroom.wait_for_report(opened.room)


def turns_of(report: dict[str, object]) -> list[dict[str, Any]]:
    turns = report["turns"]
    assert isinstance(turns, list)
    return turns


def assert_evidence(report: dict[str, object]) -> None:
    """Every mark that counts rests on words that were said."""
    assert len(turns_of(report)) == 3
    for turn in turns_of(report):
        said = [utterance["text"] for utterance in turn["transcript"]["utterances"]]
        for mark in turn["score"]["marks"]:
            assert mark["level"] == "absent" or mark["quotes"]
            assert all(any(quote["text"] in text for text in said) for quote in mark["quotes"])


async def test_an_interview_becomes_a_report_with_evidence(deployment: Deployment) -> None:
    web = deployment.web()
    deployment.worker()
    async with connect(urls=[web.url], token=TOKEN) as greenroom:
        assert_evidence(await held(greenroom))


@pytest.mark.skipif(not ENCODER.is_dir(), reason="no ../shared/models/minilm here: no process had a sentence encoder")
async def test_with_an_encoder_answers_are_read_by_meaning_and_by_words_where_only_the_worker_has_it(
    deployment: Deployment,
) -> None:
    one, other = deployment.web(ENCODER_MODEL=str(ENCODER)), deployment.web()
    worker = deployment.worker(ENCODER_MODEL=str(ENCODER))
    scorers = []
    for web in (one, other):
        async with connect(urls=[web.url], token=TOKEN) as greenroom:
            report = await held(greenroom)
            assert_evidence(report)
            scorers.append([str(turn["score"]["scorer"]).partition(" encoder ")[0] for turn in turns_of(report)])
    assert scorers == [["local with"] * 3, ["local"] * 3]
    assert worker.log.count("set ENCODER_MODEL for the web workers") == 1


async def test_the_same_on_postgres(on_postgres: Deployment) -> None:
    web = on_postgres.web()
    on_postgres.worker()
    async with connect(urls=[web.url], token=TOKEN) as greenroom:
        assert_evidence(await held(greenroom))


async def test_a_coach_on_another_worker_sees_it_as_if_there_from_the_start(deployment: Deployment) -> None:
    one, two = deployment.web(), deployment.web()
    deployment.worker()
    async with connect(urls=[one.url], token=TOKEN) as hers, connect(urls=[two.url], token=TOKEN) as his:
        opened = await hers.open_room("technical", 3)
        async with hers.join(opened) as candidate:
            await begin(candidate)
            await type_answer(candidate, 1, ANSWERS[0])
            await next_turn(candidate, 2)
            async with his.join(opened.room, Role.COACH, name="Ben") as coach:
                room = await coach.until(lambda room: room.turns[0].score is not None)
                assert room.turns[0].utterances[0].text == ANSWERS[0]
                assert {p.participant.role for p in room.people if p.here} == {Role.CANDIDATE, Role.COACH}
                await coach.do(Whisper(text="Name a number."))
                await coach.do(TakeNote(text="Calm."))
                room = await candidate.until(lambda room: bool(room.whispers))
                assert room.whispers[0].text == "Name a number."
                assert room.notes == ()
                assert all(turn.score is None for turn in room.turns)


async def test_a_coach_chooses_takes_over_and_hands_back(deployment: Deployment) -> None:
    web = deployment.web()
    deployment.worker()
    async with connect(urls=[web.url], token=TOKEN) as greenroom:
        opened = await greenroom.open_room("behavioural", 4)
        async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
            await begin(candidate)
            first = await next_turn(candidate, 1)
            wanted = await _another_question(greenroom, first.question.id)
            await coach.do(ChooseNext(question=wanted))
            await type_answer(candidate, 1, ANSWERS[0])
            assert (await next_turn(candidate, 2)).question.id == wanted
            await coach.do(TakeOver())
            await type_answer(candidate, 2, ANSWERS[1])
            await coach.until(lambda room: room.phase is Phase.CHOOSING)
            await coach.do(AskOwn(text="What would you do differently?"))
            third = await next_turn(candidate, 3)
            assert third.question.text == "What would you do differently?"
            assert third.by == coach.you.id
            await coach.do(HandBack())
            await type_answer(candidate, 3, ANSWERS[2])
            assert (await next_turn(candidate, 4)).by != coach.you.id
            await type_answer(candidate, 4, ANSWERS[2])
            await until_closed(candidate)
        report = await greenroom.wait_for_report(opened.room)
        assert len(report["turns"]) == 4


async def test_a_killed_web_worker_loses_nothing_that_was_accepted(deployment: Deployment) -> None:
    one, two = deployment.web(), deployment.web()
    deployment.worker()
    async with connect(urls=[one.url, two.url], token=TOKEN) as hers, connect(urls=[two.url], token=TOKEN) as his:
        opened = await hers.open_room("behavioural", 3)
        async with hers.join(opened) as candidate, his.join(opened.room, Role.COACH) as coach:
            await begin(candidate)
            await next_turn(candidate, 1)
            said = [f"Sentence number {number} of my answer." for number in range(40)]
            for number, text in enumerate(said):
                if number == 20:
                    one.kill()
                await candidate.do(TypeAnswer(turn=1, text=text))
            await candidate.do(FinishAnswer(turn=1))
            room = await coach.until(lambda room: not room.turns[0].open)
            assert [utterance.text for utterance in room.turns[0].utterances] == said
            await coach.until(lambda room: all(len(p.connections) <= 1 for p in room.people), 15)


async def test_a_killed_worker_is_followed_by_another(deployment: Deployment) -> None:
    web = deployment.web()
    first = deployment.worker(WORKER_TTL_MS="1500")
    async with connect(urls=[web.url], token=TOKEN) as greenroom:
        opened = await greenroom.open_room("system_design", 3)
        async with greenroom.join(opened) as candidate:
            await begin(candidate)
            await next_turn(candidate, 1)
            first.kill()
            deployment.worker(WORKER_TTL_MS="1500")
            for number, text in enumerate(ANSWERS, 1):
                await type_answer(candidate, number, text)
            await until_closed(candidate)
        assert_evidence(await greenroom.wait_for_report(opened.room))


async def test_a_stopped_web_worker_sends_its_people_on_first(deployment: Deployment) -> None:
    one, two = deployment.web(), deployment.web()
    deployment.worker()
    async with connect(urls=[one.url, two.url], token=TOKEN) as greenroom:
        opened = await greenroom.open_room("behavioural", 3)
        async with greenroom.join(opened) as candidate:
            await begin(candidate)
            await next_turn(candidate, 1)
            await asyncio.to_thread(one.stop)
            await type_answer(candidate, 1, ANSWERS[0])
            room = await candidate.until(lambda room: not room.turns[0].open)
            assert [u.text for u in room.turns[0].utterances] == [ANSWERS[0]]


async def test_no_log_holds_a_word_that_was_said(deployment: Deployment) -> None:
    web = deployment.web()
    deployment.worker(LOG_LEVEL="debug")
    canary = "Zanzibarquokka"
    async with connect(urls=[web.url], token=TOKEN) as greenroom:
        opened = await greenroom.open_room("behavioural", 3)
        async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
            await coach.do(Whisper(text=f"Whisper {canary}"))
            await coach.do(TakeNote(text=f"Note {canary}"))
            await type_interview(candidate, [f"{answer} {canary}." for answer in ANSWERS])
        await greenroom.wait_for_report(opened.room)
    assert opened.room in deployment.logs
    assert canary not in deployment.logs


async def _another_question(greenroom: Greenroom, than: str | None) -> str:
    reply = await greenroom._ask("GET", "/api/questions?mode=behavioural")
    return next(str(q["id"]) for q in reply["questions"] if q["id"] != than)
