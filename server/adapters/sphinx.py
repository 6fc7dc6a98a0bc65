"""Speech to words with PocketSphinx, in processes of its own: it runs everywhere, and is often wrong.

Decides which process works for which utterance: final words come before guesses, and a guess that finds no process
free is left out. A process that outlives its deadline is killed; the next request starts another.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rooms.transcript import Word
from server.adapters.sphinx_child import ANSWER, REQUEST
from server.ports import Hypothesis, TranscriberFailed

CAUTION: Final = (
    "Words are written by a small recogniser and will often be wrong. "
    "Set WHISPER_MODEL to a Whisper model for better ones, or type your answers."
)
_CHILD: Final = Path(__file__).with_name("sphinx_child.py")
_GUESS_BYTES: Final = 32 * 400
"""A guess for every 400 ms of speech."""
_TOO_MUCH_BYTES: Final = 32 * 3_000
"""Whoever is this far behind gets no more guesses for the utterance: catching up would delay its final words."""
_END_S: Final = 2.0


class _Decoder:
    """One process; one request at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self.guesser: object | None = None
        """The utterance whose guesses are made here."""
        self.deciding = False
        """Whether final words are being made here."""

    async def ask(self, op: bytes, pcm: bytes = b"") -> tuple[Word, ...]:
        async with self._turn:
            try:
                return _words(json.loads(await self._exchange(op, pcm)))
            except (OSError, EOFError, ValueError, TypeError) as broken:
                self._kill()
                raise TranscriberFailed from broken
            except asyncio.CancelledError:
                self._kill()  # its answer would be taken for the next one's
                raise

    async def close(self) -> None:
        process, self._process = self._process, None
        if process and process.returncode is None:
            assert process.stdin is not None, "made with a pipe"
            process.stdin.close()
            try:
                async with asyncio.timeout(_END_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _exchange(self, op: bytes, pcm: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            # -P: its own folder is not a place to import from
            command = (sys.executable, "-P", str(_CHILD))
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None, "made with a pipe"
        assert stdout is not None, "made with a pipe"
        stdin.write(REQUEST.pack(op, len(pcm)) + pcm)
        await stdin.drain()
        (length,) = ANSWER.unpack(await stdout.readexactly(ANSWER.size))
        return await stdout.readexactly(length)

    def _kill(self) -> None:
        process, self._process, self.guesser = self._process, None, None
        if process:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


class SphinxTranscriber:
    """`decoders`: how many processes at most, each about 130 MB; they start when they are needed."""

    label = "PocketSphinx (small, English)"
    caution: str | None = CAUTION

    def __init__(self, decoders: int | None = None) -> None:
        self._most = decoders or min(4, os.cpu_count() or 1)
        self._decoders: list[_Decoder] = []
        self._slots = asyncio.Semaphore(self._most)

    def open(self, hints: Sequence[str] = ()) -> "_Utterance":
        return _Utterance(self)

    async def close(self) -> None:
        for decoder in self._decoders:
            await decoder.close()

    async def decide(self, utterance: object, pcm: bytes) -> tuple[Word, ...]:
        """The final words of a whole utterance. First come, first served."""
        async with self._slots:
            decoder = self._for_deciding(utterance)
            decoder.deciding, decoder.guesser = True, None
            try:
                return await decoder.ask(b"F", pcm)
            finally:
                decoder.deciding = False

    def for_guessing(self, utterance: object) -> tuple[_Decoder, bool] | None:
        """A process for an utterance's guesses, and whether it is new to it; None while all are wanted elsewhere."""
        free = [decoder for decoder in self._decoders if not decoder.deciding]
        for decoder in free:
            if decoder.guesser is utterance:
                return decoder, False
        idle = next((decoder for decoder in free if decoder.guesser is None), None) or self._start_one()
        if idle is None:
            return None
        idle.guesser = utterance
        return idle, True

    def release(self, utterance: object) -> None:
        for decoder in self._decoders:
            if decoder.guesser is utterance:
                decoder.guesser = None

    def _for_deciding(self, utterance: object) -> _Decoder:
        free = [decoder for decoder in self._decoders if not decoder.deciding]
        own = next((decoder for decoder in free if decoder.guesser is utterance), None)
        idle = next((decoder for decoder in free if decoder.guesser is None), None)
        found = own or idle or self._start_one() or free[0]  # the last one loses its guesses
        return found

    def _start_one(self) -> _Decoder | None:
        if len(self._decoders) == self._most:
            return None
        self._decoders.append(_Decoder())
        return self._decoders[-1]


class _Utterance:
    """A `server.ports.UtteranceStream`."""

    def __init__(self, transcriber: SphinxTranscriber) -> None:
        self._transcriber = transcriber
        self._pcm = bytearray()
        self._guessed = 0
        self._guessing = True

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._pcm += pcm
        waiting = len(self._pcm) - self._guessed
        if not self._guessing or waiting < _GUESS_BYTES:
            return None
        found = self._transcriber.for_guessing(self) if waiting <= _TOO_MUCH_BYTES else None
        if found is None or (found[1] and self._guessed):
            self._guessing = False
            self._transcriber.release(self)
            return None
        decoder, new = found
        if new:
            await decoder.ask(b"N")
        more, self._guessed = bytes(self._pcm[self._guessed :]), len(self._pcm)
        return Hypothesis(await decoder.ask(b"A", more))

    async def finish(self) -> Sequence[Word]:
        try:
            return await self._transcriber.decide(self, bytes(self._pcm))
        finally:
            self._transcriber.release(self)

    async def abandon(self) -> None:
        self._transcriber.release(self)


def _words(found: Sequence[Sequence[Any]]) -> tuple[Word, ...]:
    return tuple(
        Word(text=text, start_ms=start, end_ms=end, confidence=min(1.0, max(0.0, probability)))
        for text, start, end, probability in found
    )
