"""A process that holds a model and decodes passages: what it may do wrong ends with it.

Run by `server.adapters.recogniser_process` with the model's directory and a number of threads; ends when its input
ends. Says first what it is: {"together": N} passages at once, or {"wrong": SENTENCE}. Then it reads requests, a line
of JSON [[bytes of audio, hints, final], ...] and the audio, and answers each with a line: a list of [text, start_ms,
end_ms, confidence] a passage.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from server.adapters import moonshine_files
from server.adapters.passages import PassageTranscriber
from server.adapters.recogniser_job import Job
from server.ports import Misconfigured


def main(directory: str, threads: str) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    try:
        transcriber = _load(Path(directory), int(threads))
    except Misconfigured as wrong:
        _say(answers, {"wrong": str(wrong)})
        return 1
    os.nice(5)  # audio and sockets come first
    _say(answers, {"together": transcriber.together})
    while line := sys.stdin.buffer.readline():
        jobs = [Job(sys.stdin.buffer.read(size), tuple(hints), final) for size, hints, final in json.loads(line)]
        found = transcriber.windows.decode(jobs)
        _say(answers, [[[w.text, w.start_ms, w.end_ms, w.confidence] for w in words] for words in found])
    return 0


def _load(directory: Path, threads: int) -> PassageTranscriber:
    """Only what this model needs: the libraries of the other are half a second, 100 MB, and threads of their own."""
    if moonshine_files.holds(directory):
        from server.adapters import moonshine

        return moonshine.load(directory, threads)
    from server.adapters import whisper

    return whisper.load(directory, threads)


def _say(answers: IO[bytes], what: Any) -> None:
    answers.write(json.dumps(what).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
