"""Speech to words with Whisper, by faster-whisper: one model for all rooms, decoding in a thread of its own.

Decides how often a passage is guessed at, and that the passages of several rooms go through a GPU together; whose are
next is `server.hearing.decoding`'s to decide, and how they are decoded is in `whisper_windows`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

import ctranslate2
from faster_whisper import WhisperModel

from rooms.transcript import Word
from server.adapters.whisper_job import Job
from server.adapters.whisper_process import WhisperProcess
from server.adapters.whisper_windows import WhisperWindows
from server.hearing.decoding import Decoding
from server.ports import Hypothesis, Misconfigured

_GUESS_EVERY_S: Final = 0.7
_GUESS_FROM_BYTES: Final = 32 * 500
_TOGETHER_ON_GPU: Final = 8
_TRIAL: Final = bytes(32_000)

_log = logging.getLogger(__name__)


def load(directory: Path, threads: int, name: str | None = None) -> "WhisperTranscriber":
    """The transcriber with the model in `directory`, on a GPU if one works.

    `name`: what people know it by; the directory's own name if None. Takes seconds: call it off the event loop.
    """
    label = f"Whisper {name or directory.name}"
    if ctranslate2.get_cuda_device_count() > 0:
        try:
            windows = _loaded(directory, threads, "cuda", "int8_float16")
            return WhisperTranscriber(windows, label, together=_TOGETHER_ON_GPU)
        except Misconfigured as broken:
            _log.warning("the GPU cannot be used, so Whisper runs on the CPU", extra={"why": str(broken)})
    return WhisperTranscriber(_loaded(directory, threads, "cpu", "int8"), label)


def _loaded(directory: Path, threads: int, device: str, kind: str) -> WhisperWindows:
    try:
        model = WhisperModel(
            str(directory), device=device, compute_type=kind, cpu_threads=threads, local_files_only=True
        )
        windows = WhisperWindows(model)
        windows.decode([Job(_TRIAL, (), final=False)])  # a GPU without its libraries shows it only now
    except (RuntimeError, ValueError, OSError) as broken:
        raise Misconfigured(f"The Whisper model in {directory} cannot be used: {broken}") from broken
    return windows


async def apart(directory: Path, threads: int, name: str, hang_s: float) -> "WhisperTranscriber":
    """The same, in a process of its own, which may hang or die."""
    process = WhisperProcess(str(directory), threads, hang_s)
    together = await asyncio.to_thread(process.start)
    transcriber = WhisperTranscriber(process, f"Whisper {name}", together, process.end)
    transcriber.directory = directory
    return transcriber


class Windows(Protocol):
    def decode(self, jobs: Sequence[Job]) -> Sequence[tuple[Word, ...]]:
        """The words of each passage. Blocks; called from one thread."""


class WhisperTranscriber:
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
