"""A worker whose recogniser hears a word in every 320 ms of speech, and takes no time for it. Run as a program.

What is left is the road of the audio, the voice detector, passages, what is kept of them and what is told.
"""

import sys
from collections.abc import Sequence
from typing import Final

from rooms.transcript import Word
from server.app import worker
from server.cli import run
from server.ports import Hypothesis, Transcriber
from server.settings import Settings

WORD_MS: Final = 320


class Ticking:
    label = "a word every 320 ms"
    caution: str | None = None

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Counted":
        return _Counted()

    async def close(self) -> None:
        pass


class _Counted:
    """A `server.ports.UtteranceStream`: the same audio gives the same words."""

    def __init__(self) -> None:
        self._ms = 0

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._ms += len(pcm) // 32
        return Hypothesis(self._words())

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self._ms += len(rest) // 32
        return self._words()

    async def abandon(self) -> None:
        pass

    def _words(self) -> list[Word]:
        starts = range(0, self._ms - WORD_MS + 1, WORD_MS)
        return [Word(text=f"w{ms}", start_ms=ms, end_ms=ms + WORD_MS, confidence=0.9) for ms in starts]


async def ticking(settings: Settings) -> Transcriber:
    return Ticking()


if __name__ == "__main__":
    setattr(worker, "choose", ticking)  # noqa: B010 -- the name is imported there, not exported
    sys.exit(run(sys.argv[1:]))
