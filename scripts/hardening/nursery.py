"""Processes of ours that begin as copies of one that has read all the code: a start costs milliseconds, not seconds.

Decides how a process comes to life and is signalled; never what it does, or when it dies (`post`, `faults`). A copy
shares nothing that changes: it has an environment, a log, a clock and a chance of its own. All die with us.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

from scripts.hardening.clocked import follow
from tests.deployment import STOP_DEADLINE_S

READ = (
    "server.app.web",
    "server.app.worker",
    "server.adapters.migrations",
    "server.cli",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
)

_nursery = multiprocessing.get_context("forkserver")
_nursery.set_forkserver_preload([*READ, __name__])


class Process:
    """One process: Greenroom's command line in an environment of its own, writing to `log`."""

    def __init__(self, environment: Mapping[str, str], log: Path, *words: str) -> None:
        self._of = _nursery.Process(target=_live, args=(dict(environment), log, words), daemon=True)
        self._of.start()

    def kill(self) -> None:
        """As a power cut would."""
        self._of.kill()
        self._of.join(STOP_DEADLINE_S)

    def stop(self) -> None:
        """As a deployment does: SIGTERM, and it ends by itself."""
        self.terminate()
        self._of.join(STOP_DEADLINE_S)
        if self.running:
            raise TimeoutError(f"process {self._of.pid} was told to stop and has not within {STOP_DEADLINE_S:.0f} s")

    def terminate(self) -> None:
        """SIGTERM, and no waiting."""
        self._of.terminate()

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None while it runs still."""
        self._of.join(seconds)
        return self._of.exitcode

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    @property
    def running(self) -> bool:
        return self._of.is_alive()

    def _signal(self, number: signal.Signals) -> None:
        if self.running and self._of.pid:
            os.kill(self._of.pid, number)


def _live(environment: Mapping[str, str], log: Path, words: tuple[str, ...]) -> None:
    """In the new process: become Greenroom's own."""
    Thread(target=_die_with_the_checker, daemon=True).start()
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(out, stream)
    os.environ.clear()
    os.environ.update(environment)
    if clock := environment.get("HARDENING_CLOCK"):
        follow(Path(clock))
    from server.cli import run

    sys.exit(run(words))


def _die_with_the_checker() -> None:
    """As `server.lifeline` ties a program to the one that starts it: also when the checker is killed."""
    checker = multiprocessing.parent_process()
    assert checker is not None, "this is a copy"
    checker.join()
    os.kill(os.getpid(), signal.SIGTERM)
