"""A worker whose recogniser knows its lines: one after the other, a word at a time, as long as there is a voice.

For pictures only (scripts/pictures), where the words must be sensible and no weights can be had; everything around
the recogniser is the real worker. Run as a program, with the lines as JSON in RECITED.
"""

import json
import os
import sys
from collections.abc import Sequence

from rooms.transcript import Word
from server.app import worker
from server.cli import run
from server.ports import Hypothesis, Transcriber
from server.settings import Settings

WORD_MS = 370
GUESS_EVERY_MS = 700
BYTES_A_MS = 32
SURE = 0.94


class Reciter:
    label = "Whisper small.en"
    caution: str | None = None

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(lines)

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Line":
        return _Line(self._lines)

    async def close(self) -> None:
        self._lines.clear()


class _Line:
    """A `server.ports.UtteranceStream`."""

    def __init__(self, lines: list[str]) -> None:
        self._lines, self._heard_ms, self._guessed_ms = lines, 0, 0

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._heard_ms += len(pcm) // BYTES_A_MS
        if self._heard_ms - self._guessed_ms < GUESS_EVERY_MS:
            return None
        self._guessed_ms = self._heard_ms
        return Hypothesis(self._words(WORD_MS)[: self._heard_ms // WORD_MS])

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self._heard_ms += len(rest) // BYTES_A_MS
        words = self._words(self._heard_ms // max(1, len(self._words(WORD_MS))))
        del self._lines[:1]
        return words

    async def abandon(self) -> None:
        pass

    def _words(self, each_ms: int) -> list[Word]:
        texts = self._lines[0].split() if self._lines else []
        return [
            Word(text=text, start_ms=n * each_ms, end_ms=(n + 1) * each_ms - 20, confidence=SURE)
            for n, text in enumerate(texts)
        ]


async def recite(settings: Settings) -> Transcriber:
    return Reciter(json.loads(os.environ["RECITED"]))


if __name__ == "__main__":
    setattr(worker, "choose", recite)  # noqa: B010 -- the name is imported there, not exported
    sys.exit(run(sys.argv[1:]))
