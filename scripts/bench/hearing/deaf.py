"""A worker that hears voices and no words: the real one, but its recogniser makes nothing of what it is given.

What is left is the road of the audio and the voice detector. It also says how late its event loop comes round, which
nobody can see from outside: every second a line of milliseconds in the file LAG_FILE. Run as a program.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rooms.transcript import Word
from server.app import worker
from server.cli import run
from server.ports import Hypothesis, Transcriber
from server.settings import Settings

LOOK_S: Final = 0.01
LOOKS_A_LINE: Final = 100


class Deaf:
    label = "voice only"
    caution: str | None = None

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Unheard":
        return _Unheard()

    async def close(self) -> None:
        pass


class _Unheard:
    """A `server.ports.UtteranceStream`."""

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        return None

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        return ()

    async def abandon(self) -> None:
        pass


async def deaf(settings: Settings) -> Transcriber:
    looking = asyncio.create_task(_look(Path(os.environ["LAG_FILE"])))
    looking.add_done_callback(lambda task: task.exception())  # held by its callback, and by the loop while it sleeps
    return Deaf()


async def _look(file: Path) -> None:
    """How much later than asked for this task is woken."""
    with file.open("a") as out:
        while True:
            late = []
            for _ in range(LOOKS_A_LINE):
                began = time.perf_counter()
                await asyncio.sleep(LOOK_S)
                late.append(max(0.0, (time.perf_counter() - began - LOOK_S) * 1000))
            out.write(" ".join(f"{ms:.2f}" for ms in late) + "\n")
            out.flush()


if __name__ == "__main__":
    setattr(worker, "choose", deaf)  # noqa: B010 -- the name is imported there, not exported
    sys.exit(run(sys.argv[1:]))
