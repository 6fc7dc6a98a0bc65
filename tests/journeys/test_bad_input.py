"""Bad input in whole interviews: nothing said, everything at once, all too late; and each comes to its end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from client import Greenroom, RefusedError, Unkept, Visit, connect
from client.kept import KeptOutbox
from rooms.commands import (
    BeginAnswer,
    EndInterview,
    FinishAnswer,
    OpenMicrophone,
    PauseInterview,
    SkipQuestion,
    StartInterview,
    TakeOver,
    TypeAnswer,
    Whisper,
)
from rooms.people import Role
from rooms.phases import Phase
from rooms.protocol import Do
from tests.deployment import TOKEN, Web, deployed
from tests.journeys.people import ANSWERS, begin, next_turn, speak, type_answer, until_closed
from tests.server.talker import Quiet, quiet_room
from tests.servers import Redis

HEARS = "pocketsphinx" if find_spec("pocketsphinx") else "none"


@pytest.fixture(scope="module")
def web(redis_server: Redis) -> Iterator[Web]:
    """One Greenroom for all of these."""
    redis_server.flush()
    with deployed(redis_server.url, TRANSCRIBER=HEARS) as deployment:
        deployment.worker()
        yield deployment.web()


@pytest.fixture
async def greenroom(web: Web) -> AsyncIterator[Greenroom]:
    async with connect(web.url, token=TOKEN) as greenroom:
        yield greenroom


@pytest.fixture(autouse=True)
async def quiet(greenroom: Greenroom) -> AsyncIterator[Quiet]:
    """An interview next door, which is to notice nothing."""
    async with quiet_room(greenroom) as quiet:
        yield quiet
        await quiet.noticed_nothing()


@asynccontextmanager
async def interview(greenroom: Greenroom) -> AsyncIterator[Visit]:
    """A candidate who has begun."""
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened) as candidate:
        await begin(candidate)
        yield candidate


async def is_refused(visit: Visit, command: object, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await visit.do(command)  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_done_pressed_at_once_three_times_is_a_report_without_scores(greenroom: Greenroom) -> None:
    async with interview(greenroom) as candidate:
        for number in (1, 2, 3):
            turn = await next_turn(candidate, number)
            await candidate.do(FinishAnswer(turn=turn.number))
        room = await until_closed(candidate)
        report = await greenroom.wait_for_report(room.id)
    assert [turn["score"]["overall"] for turn in report["turns"]] == [None, None, None]
    assert all(turn["score"]["abstained"] for turn in report["turns"])
    assert len({turn["question"]["id"] for turn in report["turns"]}) == 3


@pytest.mark.skipif(HEARS == "none", reason="no recogniser here: silence was NOT listened to")
async def test_silence_is_no_answer_and_no_score(greenroom: Greenroom) -> None:
    async with interview(greenroom) as candidate, greenroom.join(candidate.room.id, Role.COACH) as coach:
        microphone = await candidate.open_microphone()
        await next_turn(candidate, 1)
        await candidate.do(BeginAnswer(turn=1))
        microphone.skip_to_now()
        await speak(microphone, bytes(32_000 * 6), pace=8)
        await microphone.safe()
        await candidate.do(FinishAnswer(turn=1, stream=microphone.stream, through=microphone.through))
        room = await coach.until(lambda room: room.turns[0].score is not None)
        assert room.turns[0].utterances == ()
        assert room.turns[0].score is not None
        assert room.turns[0].score.overall is None
        assert room.turns[0].score.abstained
        await next_turn(candidate, 2)
        await candidate.do(EndInterview())


async def test_characters_that_systems_dislike_come_back_as_they_were(greenroom: Greenroom) -> None:
    awkward = 'Nul \x00, "quotes", \\, <b>é</b>, 🙂, \u2028, \u202e and {"type": "goodbye"}'
    async with interview(greenroom) as candidate:
        await type_answer(candidate, 1, awkward)
        await next_turn(candidate, 2)
        await candidate.do(EndInterview())
        room = await until_closed(candidate)
        assert room.turns[0].utterances[0].text == awkward
        report = await greenroom.wait_for_report(room.id)
    said = report["turns"][0]["transcript"]["utterances"][0]["text"]
    assert said in (awkward, awkward.replace("\x00", "\ufffd"))


async def test_what_was_kept_for_a_question_that_is_gone_is_told_and_not_put_to_the_one_in_its_place(
    greenroom: Greenroom, tmp_path: Path
) -> None:
    """Redis lost a question together with its answers, and another one is asked in that turn."""
    path, gone = tmp_path / "outbox", "What was asked before it was lost?"
    async with interview(greenroom) as candidate:
        await next_turn(candidate, 1)
        room = candidate.room.id
    left = KeptOutbox(path, room)
    left.put(Do(id="c-1", command=TypeAnswer(turn=1, question=gone, text="Said to that one.")))
    left.put(Do(id="c-2", command=FinishAnswer(turn=1, question=gone)))
    left.close(over=False)
    async with greenroom.join(room, Role.CANDIDATE, outbox=path) as candidate:
        await candidate.until(lambda _: not candidate.standing.pending)
        changes = candidate.changes()
        told = [await anext(changes) for _ in range(3)]
        await changes.aclose()
        unkept = [change for change in told if isinstance(change, Unkept)]
        assert [(one.command.kind, one.refused.code) for one in unkept] == [
            ("type_answer", "other_question"),
            ("finish_answer", "other_question"),
        ]
        await candidate.do(TypeAnswer(turn=1, text=ANSWERS[0]))
        turn = (await candidate.until(lambda room: bool(room.turns[0].utterances))).turns[0]
        assert ([said.text for said in turn.utterances], turn.finished) == ([ANSWERS[0]], None)


async def test_everything_at_the_wrong_moment_is_refused_and_nothing_is_lost(greenroom: Greenroom) -> None:
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
        await is_refused(candidate, StartInterview(), "consent_needed")
        await is_refused(candidate, TypeAnswer(turn=1, text="Too early."), "not_started")
        await is_refused(candidate, PauseInterview(), "not_started")
        await begin(candidate)
        await is_refused(candidate, StartInterview(), "already_started")
        await next_turn(candidate, 1)
        await is_refused(candidate, TypeAnswer(turn=2, text="Too far."), "not_asked_yet")
        await is_refused(candidate, TakeOver(), "not_your_role")
        await candidate.do(TypeAnswer(turn=1, text=ANSWERS[0]))
        await candidate.do(PauseInterview())
        await is_refused(candidate, TypeAnswer(turn=1, text="While paused."), "paused")
        await coach.do(EndInterview())
        await is_refused(candidate, SkipQuestion(turn=1), "already_finished")
        room = await until_closed(candidate)
        assert [u.text for turn in room.turns for u in turn.utterances] == [ANSWERS[0]]


async def test_a_closed_room_is_read_only_and_can_still_be_looked_at(greenroom: Greenroom) -> None:
    async with interview(greenroom) as candidate:
        await type_answer(candidate, 1, ANSWERS[0])
        await next_turn(candidate, 2)
        await candidate.do(EndInterview())
        closed = await until_closed(candidate)
        await is_refused(candidate, TypeAnswer(turn=2, text="One more thing."), "room_closed")
    await greenroom.wait_for_report(closed.id)
    async with greenroom.join(closed.id, Role.COACH) as coach, greenroom.join(closed.id) as candidate:
        assert coach.room.phase is Phase.CLOSED
        assert coach.room.turns[0].utterances[0].text == ANSWERS[0]
        assert candidate.room.phase is Phase.CLOSED
        await is_refused(coach, Whisper(text="Well done."), "room_closed")
        for late in (StartInterview(), EndInterview(), OpenMicrophone(stream="late", sample_rate=16_000)):
            await is_refused(candidate, late, "room_closed")
    assert (await greenroom.room(closed.id)).phase == "closed"


async def test_many_commands_at_once_are_done_in_order_and_once_each(greenroom: Greenroom) -> None:
    async with interview(greenroom) as candidate, greenroom.join(candidate.room.id, Role.COACH) as coach:
        await next_turn(candidate, 1)
        said = [f"Sentence {number}." for number in range(40)]
        await asyncio.gather(*(candidate.do(TypeAnswer(turn=1, text=text)) for text in said))
        room = await coach.until(lambda room: len(room.turns[0].utterances) == len(said))
        assert [u.text for u in room.turns[0].utterances] == said
        await candidate.do(EndInterview())
