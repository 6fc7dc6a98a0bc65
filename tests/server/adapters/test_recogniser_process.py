"""Whisper in a process of its own: the same words, and what becomes of one that hangs, dies or talks rubbish."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from server.adapters.passages import apart
from server.adapters.recogniser_job import Job
from server.adapters.recogniser_process import RecogniserProcess
from server.adapters.sphinx import SphinxTranscriber
from server.adapters.transcribers import found
from server.adapters.whisper import load
from server.ports import Hung, Misconfigured, TranscriberFailed
from tests.canned_whisper import evenly, write
from tests.speech import speech
from tests.waiting import DEADLINE_S

ROOT = Path(__file__).parents[3]
SAID = "we measured it twice"
PCM = speech("We measured it twice.")
QUESTION = Job(PCM, (), final=True)
ANSWER = '[[["hello", 0, 400, 0.5]]]'

Player = Callable[[str], RecogniserProcess]


@pytest.fixture
def plays(tmp_path: Path) -> Iterator[Player]:
    """A process that plays a recogniser: `tell` answers; `first` is true in the first of them that is started."""
    processes = list[RecogniserProcess]()

    def play(plot: str) -> RecogniserProcess:
        mark = tmp_path / "mark"
        program = f"""
import json, os, pathlib, sys, time
mark = pathlib.Path({str(mark)!r})
first = not mark.exists()
mark.touch()
def tell(line): print(line, flush=True)
tell('{{"together": 1}}')
for line in sys.stdin.buffer:
    sys.stdin.buffer.read(sum(size for size, _, _ in json.loads(line)))
    {plot}
"""
        process = RecogniserProcess("model", 1, DEADLINE_S, (sys.executable, "-I", "-S", "-c", program))
        processes.append(process)
        process.start()
        return process

    yield play
    for process in processes:
        process.close()


def words(process: RecogniserProcess) -> list[str]:
    (found,) = process.decode([QUESTION])
    return [word.text for word in found]


async def test_it_says_what_the_model_in_our_own_process_says(tmp_path: Path) -> None:
    directory = write(tmp_path / "model", evenly(SAID, 0.2, 1.4))
    inside, jobs = load(directory, 1), [QUESTION, Job(PCM[: len(PCM) // 4 * 2], ("Ada",), final=False)]
    outside = await apart(directory, 1, "Whisper model", 30)
    try:
        assert outside.label == inside.label
        assert outside.together == inside.together
        assert await asyncio.to_thread(outside.windows.decode, jobs) == inside.windows.decode(jobs)
    finally:
        await outside.close()
        await inside.close()


def test_one_that_hangs_is_ended_and_the_next_passage_gets_another(plays: Player) -> None:
    process = plays(f"time.sleep(60) if first else tell('{ANSWER}')")
    process._hang_s = 0.3
    with pytest.raises(Hung):
        process.decode([QUESTION])
    process._hang_s = DEADLINE_S
    assert words(process) == ["hello"]
    assert process.starts == 2


def test_one_that_is_ended_in_the_middle_of_a_passage_is_no_error(
    plays: Player, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that is told to stop while somebody speaks: a deployment writes down no faults."""
    process = plays("mark.with_name('asked').touch(); time.sleep(3600)")
    process._hang_s = 3 * DEADLINE_S
    with ThreadPoolExecutor(1) as pool:
        decoding = pool.submit(process.decode, [QUESTION])
        until = time.monotonic() + DEADLINE_S
        while not (asked := (tmp_path / "asked").exists()) and time.monotonic() < until:
            time.sleep(0.01)
        process.end()
        with pytest.raises(TranscriberFailed):
            decoding.result(DEADLINE_S)
    assert asked
    assert not caplog.records
    with pytest.raises(TranscriberFailed):
        process.decode([QUESTION])
    assert process.starts == 1


def test_one_that_stood_still_together_with_us_is_not_overdue() -> None:
    """A frozen machine, a laptop that slept: the time in which nobody could do anything is nobody's fault."""
    recogniser = (
        "import sys, time; print('{\"together\": 1}', flush=True); sys.stdin.buffer.readline(); time.sleep(0.5); "
        f"print({ANSWER!r}, flush=True); time.sleep(60)"
    )
    asks = f"""
import sys
from server.adapters.recogniser_job import Job
from server.adapters.recogniser_process import RecogniserProcess
process = RecogniserProcess("model", 1, 1.0, (sys.executable, "-I", "-S", "-c", {recogniser!r}))
process.start()
print("asking", flush=True)
print(process.decode([Job(bytes(16_000), (), True)])[0][0].text, process.starts, process.pid is not None)
process.close()
"""
    with subprocess.Popen(
        [sys.executable, "-c", asks], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == "asking\n"
        time.sleep(0.1)  # now it is
        os.killpg(asking.pid, signal.SIGSTOP)
        time.sleep(2.0)
        os.killpg(asking.pid, signal.SIGCONT)
        assert asking.stdout.read() == "hello 1 True\n"


def test_one_that_dies_is_started_again(plays: Player, caplog: pytest.LogCaptureFixture) -> None:
    process = plays(f"os.abort() if first else tell('{ANSWER}')")
    with pytest.raises(TranscriberFailed) as failed:
        process.decode([QUESTION])
    assert not isinstance(failed.value, Hung)
    assert vars(caplog.records[-1])["exit"] == -signal.SIGABRT
    assert words(process) == ["hello"]


@pytest.mark.parametrize(
    "rubbish",
    [
        "nonsense",
        "[]",
        "[[], []]",
        '[[["hello", 400, 0, 0.5]]]',
        '[[["hello", -1, 400, 0.5]]]',
        '[[["hello", 0, 99999999, 0.5]]]',
        '[[["hello", NaN, 400, 0.5]]]',
        '[[["hello", 0, 400, 7]]]',
        '[[["' + "x" * 5_000 + '", 0, 400, 0.5]]]',
        '[[["", 0, 400, 0.5]]]',
        "[[[7, 0, 400, 0.5]]]",
        '[{"hello": 1}]',
        "null",
    ],
)
def test_rubbish_is_no_answer_and_the_next_is_taken(plays: Player, rubbish: str) -> None:
    process = plays(f"tell('{rubbish}' if first else '{ANSWER}')")
    with pytest.raises(TranscriberFailed):
        process.decode([QUESTION])
    assert words(process) == ["hello"]


@pytest.mark.parametrize("content", [None, b"no model at all"])
def test_a_directory_that_holds_no_model_is_said_at_the_start_with_what_to_do(
    tmp_path: Path, content: bytes | None
) -> None:
    if content:
        for name in ("model.bin", "config.json", "tokenizer.json"):
            (tmp_path / name).write_bytes(content)
    with (
        closing(RecogniserProcess(str(tmp_path), 1, 1)) as process,
        pytest.raises(Misconfigured, match=f"model in {tmp_path} cannot be used"),
    ):
        process.start()


async def test_what_was_found_is_handed_on_as_settings(tmp_path: Path) -> None:
    directory = write(tmp_path / "snapshots" / "1f2e3d", evenly(SAID, 0.2, 1.4))
    outside = await apart(directory, 1, "Whisper base.en", 30)
    handed = found(outside)
    await outside.close()
    assert handed == {"TRANSCRIBER": "whisper", "WHISPER_MODEL": str(directory), "WHISPER_NAME": "base.en"}
    assert found(SphinxTranscriber()) == {"TRANSCRIBER": "pocketsphinx"}
    assert found(None) == {}
