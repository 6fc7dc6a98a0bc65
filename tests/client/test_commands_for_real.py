"""`greenroom play` and `watch`, and the example of docs/CLIENT.md, against Greenroom's own processes."""

import asyncio
import json
import os
import re
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import canned_whisper
from tests.deployment import TOKEN, Deployment, Web, deployed
from tests.speech import length_ms, speech

pytestmark = [pytest.mark.voice, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SAID = "we measured the queue and moved the slow part out of the request"
SPEECH = speech("We measured the queue, and moved the slow part out of the request.")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper that always hears SAID, through the real loading and decoding."""
    words = canned_whisper.evenly(SAID, 0.0, length_ms(SPEECH) / 1000)
    return canned_whisper.write(tmp_path_factory.mktemp("whisper") / "model", words)


@pytest.fixture
def deployment(redis_url: str, model: Path) -> Iterator[Deployment]:
    settings = {"TRANSCRIBER": "whisper", "WHISPER_MODEL": str(model), "TURN_SILENCE_MS": "1200"}
    with deployed(redis_url, **settings) as deployment:
        deployment.worker()
        yield deployment


@pytest.fixture
def web(deployment: Deployment) -> Web:
    return deployment.web()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "answer.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(SPEECH)
    return path


async def started(*argv: str, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *argv,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GREENROOM_TOKEN": TOKEN, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finished(process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    return out.decode()


async def test_played_answers_are_heard_word_for_word_while_a_coach_watches(web: Web, recording: Path) -> None:
    opening = await finished(await started("-m", "client.cli", "open", "--json", GREENROOM_URL=web.url))
    room = json.loads(opening)["room"]
    watching = await started("-m", "client.cli", "watch", room, GREENROOM_URL=web.url)
    assert watching.stdout is not None
    async with asyncio.timeout(30):
        assert await watching.stdout.readline() == b"Watching; Ctrl-C leaves.\n"
    files = [str(recording)] * 2
    play = await started("-m", "client.cli", "play", *files, "--room", room, "--json", GREENROOM_URL=web.url)
    played = [json.loads(line) for line in (await finished(play)).splitlines()]
    report = played[-1]["report"]
    said = [" ".join(u["text"] for u in turn["transcript"]["utterances"]) for turn in report["turns"]]
    assert said == [SAID, SAID]
    assert [turn["finish"] for turn in report["turns"]] == ["silence", "ended"]
    watched = await finished(watching)
    assert len(re.findall(rf"^ *\d+:\d\d  “{SAID}”$", watched, re.MULTILINE)) == 2
    assert "Turn 1: scored" in watched
    assert watched.splitlines()[-1] == f"Report: {web.url}/reports/{room}"


async def test_playing_goes_on_when_a_web_worker_dies(deployment: Deployment, recording: Path) -> None:
    one, two = deployment.web(), deployment.web()
    play = await started("-m", "client.cli", "play", str(recording), "--url", one.url, "--url", two.url)
    assert play.stdout is not None
    told = ""
    async with asyncio.timeout(60):
        while "♪" not in told:
            told += (await play.stdout.readline()).decode()
        await asyncio.sleep(1)  # a second into the answer
    one.kill()
    told += await finished(play)
    assert f"“{SAID}”" in told
    assert "coming back" in told
    assert told.splitlines()[-1].startswith(f"Report: {two.url}/reports/")


async def test_the_documented_example_runs(web: Web, recording: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "CLIENT.md").read_text()
    example = re.search(r"<!-- example -->\n```python\n(.*?)```", page, re.DOTALL)
    assert example is not None
    program = tmp_path / "example.py"
    program.write_text(example[1])
    lines = (await finished(await started(str(program), web.url, TOKEN, str(recording)))).splitlines()
    assert len([line for line in lines if line.endswith("?") or line.endswith(".")]) >= 2
    answers = [line for line in lines if line.startswith(("1 ", "2 "))]
    assert [SAID in answers[0], "one by one" in answers[1]] == [True, True]
    assert lines[-1].startswith(f"{web.url}/reports/")
