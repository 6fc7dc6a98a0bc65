"""`greenroom play` and `greenroom watch`, whole, against a room on a real socket that interviews by itself."""

import asyncio
import io
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import client.play
from client import AudioFileError, LateError, RefusedError, connect
from client.cli import _watch
from client.play import Plan, play
from client.screen import Screen
from rooms import commands as c
from rooms.events import Finish
from rooms.phases import Phase
from tests.client.audio_files import write_wav
from tests.client.autopilot import AutopilotRoom
from tests.client.toy_server import ToyServer
from tests.waiting import DEADLINE_S, until, until_settled

REPORT = {
    "overall": 3.0,
    "low": 2.0,
    "high": 4.0,
    "turns": [{"number": 1, "question": {"text": "Question 1?"}, "score": None}],
    "try_next": [{"text": "Breathe.", "because": "You did not."}],
    "caution": "Only a toy.",
}
NOT_READY = {"code": "report_not_ready", "sentence": "Being written.", "retry": True}
PLAN = Plan(mode="behavioural", length=None, pace=0, name="Ada", report_deadline_s=DEADLINE_S)


@asynccontextmanager
async def serving(toy: AutopilotRoom) -> AsyncIterator[ToyServer]:
    async with ToyServer(toy).running() as server:
        server.report = [(404, NOT_READY), (200, REPORT)]
        yield server


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    return [write_wav(tmp_path / f"answer-{n}.wav", milliseconds=600 + 200 * n) for n in (1, 2, 3)]


async def played(
    server: ToyServer, files: Sequence[Path], plan: Plan = PLAN, as_json: bool = False, out: io.StringIO | None = None
) -> str:
    out = out or io.StringIO()
    async with connect(server.url, token="secret") as greenroom, asyncio.timeout(2 * DEADLINE_S):
        await play(greenroom, files, plan, Screen(out, as_json=as_json))
    return out.getvalue()


async def test_three_recordings_make_an_interview_that_ends_by_silence(recordings: list[Path]) -> None:
    toy = AutopilotRoom()
    async with serving(toy) as server:
        lines = (await played(server, recordings)).splitlines()
    assert [turn.finished.reason for turn in toy.room.turns] == [Finish.SILENCE] * 3
    assert [turn.utterances[0].text for turn in toy.room.turns] == ["spoke 800 ms", "spoke 1000 ms", "spoke 1200 ms"]
    for expected in (
        "Question 2 of 3: Question 2?",
        "♪ answer-3.wav, 1.2 s",
        "“spoke 1200 ms”",
        "Turn 3 closed: silence.",
    ):
        assert any(line.endswith(expected) for line in lines), expected
    assert lines[-1] == f"Report: {server.url}/reports/r-1"


async def test_a_program_that_was_killed_goes_on_where_it_was(recordings: list[Path], tmp_path: Path) -> None:
    toy, outbox, left = AutopilotRoom(), tmp_path / "outbox", tmp_path / "left"
    async with serving(toy) as server:
        doomed = asyncio.create_task(played(server, recordings, PLAN._replace(outbox=outbox)))
        await until(lambda: len(toy.room.turns) >= 2)
        shutil.copy(outbox, left)  # a killed program deletes nothing
        doomed.cancel()
        await asyncio.gather(doomed, return_exceptions=True)
        lines = (await played(server, recordings, PLAN._replace(outbox=left))).splitlines()
    assert [turn.utterances[0].text for turn in toy.room.turns] == ["spoke 800 ms", "spoke 1000 ms", "spoke 1200 ms"]
    assert lines[-1] == f"Report: {server.url}/reports/r-1"
    assert not left.exists()


async def test_the_interview_ends_after_the_last_recording(recordings: list[Path]) -> None:
    toy = AutopilotRoom(length=5, silence_ms=1_000)
    async with serving(toy) as server:
        await played(server, recordings[:2])
    assert [turn.finished.reason for turn in toy.room.turns] == [Finish.SILENCE, Finish.ENDED]
    assert toy.room.turns[1].utterances[0].text == "spoke 1000 ms"
    assert toy.room.phase is Phase.CLOSED


async def test_questions_without_a_recording_can_be_skipped(recordings: list[Path]) -> None:
    toy = AutopilotRoom()
    async with serving(toy) as server:
        await played(server, recordings[:1], PLAN._replace(skip_rest=True))
    assert [turn.finished.reason for turn in toy.room.turns] == [Finish.SILENCE, Finish.SKIPPED, Finish.SKIPPED]


async def test_an_answer_in_which_nothing_is_heard_is_ended_by_hand(
    recordings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.play, "SILENCE_DEADLINE_S", 0.3)
    toy = AutopilotRoom(deaf=True)
    async with serving(toy) as server:
        told = await played(server, recordings)
    assert [turn.finished.reason for turn in toy.room.turns] == [Finish.DONE] * 3
    assert "ended by hand" in told


async def test_recordings_are_played_at_the_pace_asked_for(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / "a.wav", milliseconds=1_000)]
    loop = asyncio.get_running_loop()
    async with serving(AutopilotRoom()) as server:
        began = loop.time()
        await played(server, files, PLAN._replace(pace=1))
        assert loop.time() - began >= 1.0


async def test_what_is_said_arrives_whole_over_a_connection_that_breaks(tmp_path: Path) -> None:
    toy = AutopilotRoom()
    files = [write_wav(tmp_path / f"{n}.wav", milliseconds=700) for n in range(3)]
    cuts: list[int] = []
    async with serving(toy) as server:

        async def cut() -> None:
            for frames in (5, 20, 40):
                await until(lambda frames=frames: toy.frames() >= frames)
                server.cut()
                cuts.append(frames)

        cutting = asyncio.create_task(cut())
        try:
            await played(server, files, PLAN._replace(pace=1))
        finally:
            cutting.cancel()
    assert len(cuts) == 3
    assert [turn.utterances[0].text for turn in toy.room.turns] == ["spoke 700 ms"] * 3


async def test_nothing_is_sent_while_a_coach_pauses(tmp_path: Path) -> None:
    toy = AutopilotRoom()
    files = [write_wav(tmp_path / "a.wav", milliseconds=1_500)]
    out = io.StringIO()
    async with serving(toy) as server:
        playing = asyncio.create_task(played(server, files, PLAN._replace(pace=1), out=out))
        await until(lambda: toy.frames() > 5)
        toy.coach(c.PauseInterview())
        server.stir()
        await until(lambda: "paused the interview" in out.getvalue())
        await until_settled()  # what was on its way arrives
        paused_at = toy.frames()
        await asyncio.sleep(0.3)
        assert toy.frames() == paused_at
        toy.coach(c.ResumeInterview())
        server.stir()
        await playing
    assert toy.room.turns[0].utterances[0].text == "spoke 1500 ms"


async def test_json_is_one_object_a_line_and_ends_with_the_report(recordings: list[Path]) -> None:
    async with serving(AutopilotRoom()) as server:
        objects = [json.loads(line) for line in (await played(server, recordings, as_json=True)).splitlines()]
    assert [one["type"] for one in objects[:2]] == ["opened", "room"]
    assert {"event", "report"} <= {one["type"] for one in objects}
    assert objects[-1] == {"type": "report", "url": f"{server.url}/reports/r-1", "report": REPORT}


async def test_a_report_that_never_comes_is_late(recordings: list[Path]) -> None:
    async with serving(AutopilotRoom()) as server:
        server.report = [(404, NOT_READY)]
        with pytest.raises(LateError, match=r"Being written\. See http"):
            await played(server, recordings[:1], PLAN._replace(report_deadline_s=0.3))


async def test_a_refused_report_is_not_waited_for(recordings: list[Path]) -> None:
    async with serving(AutopilotRoom()) as server:
        server.report = [(404, {"code": "unknown_room", "sentence": "There is no such room.", "retry": False})]
        with pytest.raises(RefusedError, match="no such room"):
            await played(server, recordings[:1])


async def test_a_file_that_is_no_sound_opens_no_room(tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("not a sound")
    toy = AutopilotRoom()
    async with serving(toy) as server:
        with pytest.raises(AudioFileError, match=r"words\.wav cannot be read as sound"):
            await played(server, [tmp_path / "words.wav"])
    assert server.tickets == []


async def test_a_coach_watches_words_and_marks_with_their_quotes(recordings: list[Path]) -> None:
    toy = AutopilotRoom()
    async with serving(toy) as server, connect(server.url, token="secret") as greenroom:
        out = io.StringIO()
        watching = asyncio.create_task(_watch(greenroom, f"{server.url}/rooms/r-1/coach", "Grace", Screen(out)))
        await until(lambda: "Watching" in out.getvalue())
        await played(server, recordings)
        async with asyncio.timeout(DEADLINE_S):
            await watching
    told = out.getvalue()
    for expected in (
        "why: Because.",
        "“spoke 800 ms”",
        "● present: Says something",
        "“spoke” at 0:01",
        "The interview is over.",
    ):
        assert expected in told
    assert told.splitlines()[-1] == f"Report: {server.url}/reports/r-1"
