"""One passage of an utterance on its way through the transcriber, with deadlines, and a second try on a fresh stream.

Decides how long a recogniser may take and how often it is asked; never what to do with the words.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

from rooms.transcript import Word
from server.deadline import Deadline
from server.ports import Hung, Hypothesis, Transcriber, TranscriberFailed, UtteranceStream

_HEAR_S: Final = 5.0
"""A guess that takes longer is not worth waiting for: the passage goes on without guesses."""
_ATTEMPTS: Final = 2
_MOST_CHARACTERS: Final = 60
"""That anybody says in a second; people who talk fast say 25. More is garbage."""
_BYTES_A_SECOND: Final = 32_000

_log = logging.getLogger(__name__)


class Recognition:
    """Keeps the passage's audio until it has its words, so that a broken stream can be replaced."""

    def __init__(self, transcriber: Transcriber, timeout_s: float, hints: Sequence[str] = (), room: str = "") -> None:
        self._transcriber, self._hints, self._room = transcriber, hints, room
        self._attempt_s = timeout_s / _ATTEMPTS
        self._pcm = bytearray()
        self._stream: UtteranceStream | None = None
        self._broken = False

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        """More audio of the passage. Never raises: what fails here is tried again in `finish`."""
        self._pcm += pcm
        if self._broken:
            return None
        try:
            with Deadline(_HEAR_S):
                return await self._open().hear(pcm)
        except Exception as failure:
            _complain(failure)
            self._broken = True
            await self.abandon()
            return None

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        """The final words, with the rest of the audio. TranscriberFailed when two streams failed, or took too long."""
        self._pcm += rest
        for _ in range(_ATTEMPTS):
            try:
                async with asyncio.timeout(self._attempt_s):
                    return await self._attempt(rest)
            except Exception as failure:
                _complain(failure)
                self._broken = True
                await self.abandon()
                if isinstance(failure, Hung):
                    break
        raise TranscriberFailed

    async def abandon(self) -> None:
        """Let go of the recogniser."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_HEAR_S):
                    await stream.abandon()

    async def _attempt(self, rest: bytes) -> Sequence[Word]:
        again, self._broken = self._broken, False
        words = await self._open().finish(bytes(self._pcm) if again else rest)
        if sum(len(word.text) for word in words) > _MOST_CHARACTERS * (1 + len(self._pcm) / _BYTES_A_SECOND):
            raise TranscriberFailed  # garbage: nobody can have said so much
        self._stream = None
        return words

    def _open(self) -> UtteranceStream:
        if self._stream is None:
            self._stream = self._transcriber.open(self._hints, self._room)
        return self._stream


def _complain(failure: Exception) -> None:
    """The kind of failure only: its text may quote what was said."""
    _log.warning("the recogniser failed on an utterance", extra={"error": type(failure).__name__})
