"""Speech to words with Whisper, by faster-whisper: one model for all rooms, decoding in one thread of its own.

Decides that final words come before guesses: a guess is made only while nothing waits, and never twice at a time.
Layers against invented text: only voiced audio gets here, nothing is conditioned on earlier text, one temperature
(so that the same audio gives the same words), and gates on no-speech, log-probability and compression.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel

from rooms.transcript import Word
from server.ports import Hypothesis, Misconfigured

_RATE_HZ: Final = 16_000
_GUESS_EVERY_S: Final = 0.7
_BEAM: Final = 5
_REPEATED: Final = 2.4
"""Whisper's own bound on the compression ratio; text above it repeats itself."""
_NO_SPEECH: Final = 0.6
_LOW: Final = -1.0
"""Whisper's own bound on the mean log-probability."""

_log = logging.getLogger(__name__)


def load(directory: Path, threads: int, name: str | None = None) -> "WhisperTranscriber":
    """The transcriber with the model in `directory`, on a GPU if one works.

    `name`: what people know it by; the directory's own name if None. Takes seconds: call it off the event loop.
    """
    label = f"Whisper {name or directory.name}"
    if ctranslate2.get_cuda_device_count() > 0:
        try:
            return WhisperTranscriber(_loaded(directory, threads, "cuda", "int8_float16"), label)
        except Misconfigured as broken:
            _log.warning("the GPU cannot be used, so Whisper runs on the CPU", extra={"why": str(broken)})
    return WhisperTranscriber(_loaded(directory, threads, "cpu", "int8"), label)


def _loaded(directory: Path, threads: int, device: str, kind: str) -> Any:
    try:
        model = WhisperModel(
            str(directory), device=device, compute_type=kind, cpu_threads=threads, local_files_only=True
        )
        # A GPU without its libraries shows it only now.
        list(model.transcribe(np.zeros(_RATE_HZ, np.float32), language="en", beam_size=1)[0])
    except (RuntimeError, ValueError, OSError) as broken:
        raise Misconfigured(f"The Whisper model in {directory} cannot be used: {broken}") from broken
    return model


class WhisperTranscriber:
    caution: str | None = None

    def __init__(self, model: Any, label: str) -> None:
        self._model, self.label = model, label
        self._pool = ThreadPoolExecutor(1, "whisper")
        self._queued = 0

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Utterance":
        return _Utterance(self, ", ".join(hints) or None)

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def idle(self) -> bool:
        return self._queued == 0

    def decode(self, pcm: bytes, hints: str | None, *, final: bool) -> asyncio.Future[tuple[Word, ...]]:
        """The words of an utterance, from the decoding thread. Cancelling it takes it out of the queue."""
        self._queued += 1
        decoding = self._pool.submit(self._decode, pcm, hints, final)
        decoding.add_done_callback(self._done)
        return asyncio.wrap_future(decoding)

    def _done(self, _: Future[tuple[Word, ...]]) -> None:
        self._queued -= 1

    def _decode(self, pcm: bytes, hints: str | None, final: bool) -> tuple[Word, ...]:
        audio = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        segments, _ = self._model.transcribe(
            audio,
            language="en",
            beam_size=_BEAM if final else 1,
            temperature=0.0,
            compression_ratio_threshold=_REPEATED,
            log_prob_threshold=_LOW,
            no_speech_threshold=_NO_SPEECH,
            condition_on_previous_text=False,
            word_timestamps=final,
            hotwords=hints,
        )
        return tuple(_words(segments, len(pcm) // 32, final))


class _Utterance:
    """A `server.ports.UtteranceStream`."""

    def __init__(self, transcriber: WhisperTranscriber, hints: str | None) -> None:
        self._transcriber, self._hints = transcriber, hints
        self._pcm = bytearray()
        self._guess: asyncio.Future[tuple[Word, ...]] | None = None
        self._guessed_at = float("-inf")

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._pcm += pcm
        hypothesis = self._guessed()
        now = asyncio.get_running_loop().time()
        if self._guess is None and self._transcriber.idle and now - self._guessed_at >= _GUESS_EVERY_S:
            self._guessed_at = now
            self._guess = self._transcriber.decode(bytes(self._pcm), self._hints, final=False)
        return hypothesis

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self._pcm += rest
        self._drop_guess()
        return await self._transcriber.decode(bytes(self._pcm), self._hints, final=True)

    async def abandon(self) -> None:
        self._drop_guess()

    def _guessed(self) -> Hypothesis | None:
        if self._guess is None or not self._guess.done():
            return None
        guess, self._guess = self._guess, None
        return Hypothesis(guess.result())

    def _drop_guess(self) -> None:
        guess, self._guess = self._guess, None
        if guess and not guess.cancel() and not guess.cancelled():
            guess.exception()  # looked at, so that nobody complains that it was not


def _words(segments: Iterable[Any], length_ms: int, timed: bool) -> Iterable[Word]:
    for segment in segments:
        invented = segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _LOW
        if invented or segment.compression_ratio > _REPEATED:
            continue
        for text, start, end, probability in _timed(segment) if timed else _spread(segment):
            start_ms = min(max(0, round(start * 1000)), length_ms)
            end_ms = min(max(start_ms, round(end * 1000)), length_ms)
            yield Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=probability)


def _timed(segment: Any) -> Iterable[tuple[str, float, float, float | None]]:
    for word in segment.words or ():
        if text := word.word.strip():
            yield text, word.start, word.end, min(1.0, max(0.0, float(word.probability)))


def _spread(segment: Any) -> Iterable[tuple[str, float, float, float | None]]:
    """A guess is not timed word by word, which takes another pass: its words share the segment evenly."""
    texts = segment.text.split()
    share = (segment.end - segment.start) / max(1, len(texts))
    for n, text in enumerate(texts):
        yield text, segment.start + n * share, segment.start + (n + 1) * share, None
