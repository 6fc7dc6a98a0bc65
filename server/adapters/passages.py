"""Speech to words by a model that hears whole passages: one for all rooms, off the event loop.

Decides how often a passage is guessed at, and that the passages of several rooms may go through the model together;
whose are next is `server.hearing.decoding`'s to decide, and how they are decoded is the model's own module's
(`whisper_windows`, `moonshine`).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

from rooms.transcript import Word
from server.adapters.recogniser_job import Job
from server.adapters.recogniser_process import RecogniserProcess
from server.hearing.decoding import Decoding
from server.ports import Hypothesis

_GUESS_EVERY_S: Final = 0.7
_GUESS_FROM_BYTES: Final = 32 * 500


class Windows(Protocol):
    def decode(self, jobs: Sequence[Job]) -> Sequence[tuple[Word, ...]]:
        """The words of each passage. Blocks; called from one thread."""


class PassageTranscriber:
    """`together`: how many passages may go through the model at once. On a CPU that is not faster (docs/HEARING.md)."""

    caution: str | None = None

    def __init__(
        self, windows: Windows, label: str, together: int = 1, ended: Callable[[], None] = lambda: None
    ) -> None:
        self.windows, self.label, self.together, self._ended = windows, label, together, ended
        self.directory: Path | None = None
        """Where its model was found, if it is not ours to hold."""
        self._pool = ThreadPoolExecutor(1, "whisper")
        self.decoding: Decoding[Job, tuple[Word, ...]] = Decoding(self._decode, most=together)

    @property
    def busy(self) -> float:
        """The share of the last seconds in which it decoded: 0 to 1."""
        return self.decoding.busy

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Utterance":
        return _Utterance(self.decoding, tuple(hints), room)

    async def close(self) -> None:
        await self.decoding.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._ended()

    async def _decode(self, jobs: Sequence[Job]) -> Sequence[tuple[Word, ...]]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.windows.decode, jobs)


class _Utterance:
    """A `server.ports.UtteranceStream`."""

    def __init__(self, decoding: Decoding[Job, tuple[Word, ...]], hints: tuple[str, ...], room: str) -> None:
        self._decoding, self._hints, self._room = decoding, hints, room
        self._pcm = bytearray()
        self._guess: asyncio.Future[tuple[Word, ...]] | None = None
        self._guessed_at = float("-inf")

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._pcm += pcm
        hypothesis = self._guessed()
        now = asyncio.get_running_loop().time()
        ready = len(self._pcm) >= _GUESS_FROM_BYTES and now - self._guessed_at >= _GUESS_EVERY_S
        if self._guess is None and ready:
            self._guessed_at = now
            self._guess = self._decoding.guess(self._room, self._job(final=False))
        return hypothesis

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self._pcm += rest
        self._drop_guess()
        return await self._decoding.final(self._room, self._job(final=True))

    async def abandon(self) -> None:
        self._drop_guess()

    def _job(self, *, final: bool) -> Job:
        return Job(bytes(self._pcm), self._hints, final)

    def _guessed(self) -> Hypothesis | None:
        if self._guess is None or not self._guess.done():
            return None
        guess, self._guess = self._guess, None
        return None if guess.cancelled() else Hypothesis(guess.result())

    def _drop_guess(self) -> None:
        guess, self._guess = self._guess, None
        if guess and not guess.cancel() and not guess.cancelled():
            guess.exception()  # looked at, so that nobody complains that it was not


async def apart(directory: Path, threads: int, label: str, hang_s: float) -> PassageTranscriber:
    """The recogniser with the model in `directory`, in a process of its own, which may hang or die."""
    process = RecogniserProcess(str(directory), threads, hang_s)
    together = await asyncio.to_thread(process.start)
    transcriber = PassageTranscriber(process, label, together, process.end)
    transcriber.directory = directory
    return transcriber
