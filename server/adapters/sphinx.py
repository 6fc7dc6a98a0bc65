"""Speech to words with PocketSphinx, in processes of its own: it runs everywhere, and is often wrong.

Decides which process follows which utterance, and that an utterance which finds none is recognised at its end.
A process that outlives its deadline is killed; the next request starts another.
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

CAUTION: Final = "Words are written by a small recogniser and will often be wrong. You can type your answers instead."
_CHILD: Final = Path(__file__).with_name("sphinx_child.py")
_GUESS_BYTES: Final = 32 * 400
"""A guess for every 400 ms of speech."""
_TOO_MUCH_BYTES: Final = 32 * 3_000
"""Whoever is this far behind is not followed any more: catching up would take longer than a deadline allows."""
_END_S: Final = 2.0


class _Decoder:
    """One process; one request at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._killed: list[Process] = []
        """Until they were seen to end: who kills them has no time to wait."""
        self._turn = asyncio.Lock()

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
        for killed in self._killed:
            await killed.communicate()  # its pipes are closed, and it leaves no zombie
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
        process, self._process = self._process, None
        if process:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            self._killed = [*(before for before in self._killed if before.returncode is None), process]


class SphinxTranscriber:
    """`decoders`: how many processes at most may follow utterances as they are spoken, each about 130 MB.

    One more is for utterances that found none of them free; those wait for it in turn, and get their words at the end.
    All start when they are needed.
    """

    label = "PocketSphinx (small, English)"
    caution: str | None = CAUTION

    def __init__(self, decoders: int | None = None) -> None:
        self._most = decoders or min(4, os.cpu_count() or 1)
        self._free: list[_Decoder] = []
        self._lent = 0
        self._late = _Decoder()
        self._late_turn = asyncio.Lock()

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Utterance":
        return _Utterance(self)

    async def close(self) -> None:
        for decoder in (*self._free, self._late):
            await decoder.close()

    def lend(self) -> _Decoder | None:
        """A process for one utterance, to be given back; None while all are in use."""
        if self._lent == self._most:
            return None
        self._lent += 1
        return self._free.pop() if self._free else _Decoder()

    def give_back(self, decoder: _Decoder) -> None:
        self._lent -= 1
        self._free.append(decoder)

    async def whole(self, pcm: bytes) -> tuple[Word, ...]:
        """The words of an utterance that nobody followed."""
        async with self._late_turn:
            await self._late.ask(b"N")
            return await self._late.ask(b"E", pcm)


class _Utterance:
    """A `server.ports.UtteranceStream`. The same audio gives the same words, followed or not."""

    def __init__(self, transcriber: SphinxTranscriber) -> None:
        self._transcriber = transcriber
        self._pcm = bytearray()
        self._given = 0
        self._decoder: _Decoder | None = None

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._pcm += pcm
        waiting = len(self._pcm) - self._given
        if waiting < _GUESS_BYTES:
            return None
        if waiting > _TOO_MUCH_BYTES:
            self._let_go()
            return None
        if self._decoder is None and (self._given or not await self._borrow()):
            return None
        return Hypothesis(await self._ask(b"A"))

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self._pcm += rest
        if self._decoder is None and not await self._borrow():
            return await self._transcriber.whole(bytes(self._pcm))
        words = await self._ask(b"E")
        self._let_go()
        return words

    async def abandon(self) -> None:
        self._let_go()

    async def _borrow(self) -> bool:
        """A process that hears the passage from its beginning."""
        self._given, self._decoder = 0, self._transcriber.lend()
        if self._decoder:
            await self._decoder.ask(b"N")
        return self._decoder is not None

    async def _ask(self, op: bytes) -> tuple[Word, ...]:
        assert self._decoder is not None, "borrowed before"
        more, self._given = bytes(self._pcm[self._given :]), len(self._pcm)
        return await self._decoder.ask(op, more)

    def _let_go(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder:
            self._transcriber.give_back(decoder)


def _words(found: Sequence[Sequence[Any]]) -> tuple[Word, ...]:
    return tuple(
        Word(text=text, start_ms=start, end_ms=end, confidence=min(1.0, max(0.0, probability)))
        for text, start, end, probability in found
    )
