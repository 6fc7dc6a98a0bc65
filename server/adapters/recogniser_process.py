"""A recogniser in a process of its own: one that hangs is killed, one that dies is started again, garbage is no answer.

Decides how long the process may take over what it was given, and what counts as an answer; never what is decoded.
Blocks: call it off the event loop, from one thread.

A thread cannot be ended. A decode that hangs in one would hold up all rooms for good, and a fault in native code would
take down the worker with all of them. The price is measured in docs/HEARING.md.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any, Final

from rooms.transcript import Word
from server.adapters.recogniser_job import Job
from server.lifeline import dying_with_us
from server.ports import Hung, Misconfigured, TranscriberFailed

START_S: Final = 300.0
"""How long a model may take to load."""
_ANSWER_BYTES: Final = 1_000_000
"""No batch of passages comes to more."""
_BYTES_A_SECOND: Final = 32_000

_ENDS_S: Final = 0.1
"""A process whose pipes are closed may take so long to be gone."""
_SLACK_MS: Final = 100
_LOOKS: Final = 20
"""In so many steps time runs out: while we stood still ourselves, one passes at most."""

_log = logging.getLogger(__name__)


class RecogniserProcess:
    """`hang_s`: how much longer than the audio lasts the process may take before it counts as hung."""

    def __init__(self, directory: str, threads: int, hang_s: float, program: Sequence[str] = ()) -> None:
        program = program or (sys.executable, "-m", "server.adapters.recogniser_child")
        self._command = (*program, directory, str(threads))
        self._directory, self._hang_s = directory, hang_s
        self._process: subprocess.Popen[bytes] | None = None
        self._overdue = self._ended = False
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> int:
        """Gives how many passages may be decoded at once. Misconfigured where it cannot begin, with what to do."""
        process = self._process = subprocess.Popen(
            dying_with_us(*self._command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.starts += 1
        try:
            with self._at_most(START_S, process):
                said = _line(process)
            together = int(said["together"])
        except (OSError, EOFError, ValueError, TypeError, KeyError):
            self.close()
            why = f"its process ended with {process.returncode}" if not self._overdue else "it does not load"
            raise Misconfigured(
                f"The model in {self._directory} cannot be used: {why}. Set WHISPER_MODEL to a directory with a "
                "CTranslate2 Whisper model, or to a model's name such as small.en."
            ) from None
        return together

    def decode(self, jobs: Sequence[Job]) -> Sequence[tuple[Word, ...]]:
        """The words of each passage. TranscriberFailed, and Hung where it took too long."""
        try:
            if self._process is None and not self._ended:
                self.start()
            if (process := self._process) is None:
                raise EOFError
            with self._at_most(self._hang_s + sum(len(job.pcm) for job in jobs) / _BYTES_A_SECOND, process):
                _ask(process, jobs)
                found = _line(process)
            if len(found) != len(jobs):
                raise ValueError("not as many answers as passages")
            return [tuple(_words(words, job)) for words, job in zip(found, jobs, strict=True)]
        except (OSError, EOFError, ValueError, TypeError, Misconfigured) as broken:
            exit_code = self._exit_code()
            self.close()
            if not self._ended:
                why = {"hung": self._overdue, "error": type(broken).__name__, "exit": exit_code}
                _log.error("the recogniser was ended", extra=why)
            raise (Hung if self._overdue else TranscriberFailed) from None

    def end(self) -> None:
        """For good, from any thread; what is being decoded fails, and that is no fault."""
        self._ended = True
        self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()  # its pipes are closed, and it leaves no zombie

    def _exit_code(self) -> int | None:
        """With what it ended: below 0 by a signal. None: it is still there."""
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_ENDS_S) if (process := self._process) else None
        return None

    @contextmanager
    def _at_most(self, seconds: float, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """What blocks in here ends by then: without the process, its pipes are closed."""
        self._overdue, done = False, Event()
        watch = Thread(target=self._watch, args=(seconds, process, done), daemon=True)
        watch.start()
        try:
            yield
        finally:
            done.set()
            watch.join()
            if self._overdue:
                self.close()  # also where its answer came in the same moment: it is dead now

    def _watch(self, seconds: float, process: subprocess.Popen[bytes], done: Event) -> None:
        for _ in range(_LOOKS):
            if done.wait(seconds / _LOOKS):
                return
        self._overdue = True
        process.kill()


def _ask(process: subprocess.Popen[bytes], jobs: Sequence[Job]) -> None:
    assert process.stdin is not None, "made with a pipe"
    asked = json.dumps([[len(job.pcm), job.hints, job.final] for job in jobs]).encode()
    process.stdin.write(asked + b"\n" + b"".join(job.pcm for job in jobs))
    process.stdin.flush()


def _line(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None, "made with a pipe"
    line = process.stdout.readline(_ANSWER_BYTES)
    if not line.endswith(b"\n"):
        raise EOFError
    said = json.loads(line)
    if isinstance(said, dict) and "wrong" in said:
        raise Misconfigured(str(said["wrong"]))
    return said


def _words(found: Any, job: Job) -> Iterator[Word]:
    """ValueError or TypeError for what are no words: times backwards, not a number, outside of the passage."""
    for text, start_ms, end_ms, confidence in found:
        if not (isinstance(text, str) and 0 <= start_ms <= end_ms <= len(job.pcm) / 32 + _SLACK_MS):
            raise ValueError("no word")
        yield Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)
