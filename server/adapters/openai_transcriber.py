"""Speech to words by OpenAI's transcription API, or any server that speaks it. Final words only.

Decides what is asked for and how long it may take. The audio leaves the house, and the room says so.
"""

import io
import wave
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from openai import AsyncOpenAI, OpenAIError, Timeout

from rooms.transcript import Word
from server.ports import Hypothesis, TranscriberFailed

_CONNECT_S: Final = 5.0
_PER_MS: Final = 32
"""Bytes of 16-bit audio at 16 kHz."""


class OpenAITranscriber:
    """`timeout_s` is for one request; the client tries a second time by itself where that can help (429, 5xx)."""

    def __init__(self, api_key: str, base_url: str | None, model: str, timeout_s: float) -> None:
        self._model = model
        self._client = AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=Timeout(timeout_s, connect=_CONNECT_S), max_retries=1
        )
        self.label = f"{model} at {self._client.base_url.host}"
        self.caution: str | None = None

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Utterance":
        return _Utterance(self, ", ".join(hints))

    async def close(self) -> None:
        await self._client.close()

    async def transcribe(self, pcm: bytes, hints: str) -> tuple[Word, ...]:
        """The words of an utterance. Whisper's API times them; for other models they share the time by length."""
        times = not self._model.startswith("gpt-")
        wanted: dict[str, Any] = {"response_format": "verbose_json" if times else "json", "language": "en"}
        if times:
            wanted["timestamp_granularities"] = ["word"]
        if hints:
            wanted["prompt"] = hints
        try:
            reply = await self._client.audio.transcriptions.create(
                model=self._model, file=("utterance.wav", _wav(pcm), "audio/wav"), **wanted
            )
            return tuple(_words(reply.model_dump(), len(pcm) // _PER_MS))
        except (OpenAIError, AttributeError, ValueError, TypeError, KeyError) as failure:
            raise TranscriberFailed from failure


class _Utterance:
    """A `server.ports.UtteranceStream`."""

    def __init__(self, transcriber: OpenAITranscriber, hints: str) -> None:
        self._transcriber, self._hints = transcriber, hints
        self._pcm = bytearray()

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._pcm += pcm
        return None

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self._pcm += rest
        return await self._transcriber.transcribe(bytes(self._pcm), self._hints)

    async def abandon(self) -> None:
        self._pcm.clear()


def _wav(pcm: bytes) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm)
    return made.getvalue()


def _words(reply: Mapping[str, Any], length_ms: int) -> Iterable[Word]:
    timed = reply.get("words")
    if timed:
        for word in timed:
            if text := word["word"].strip():
                start = min(max(0, round(word["start"] * 1000)), length_ms)
                yield Word(text=text, start_ms=start, end_ms=max(start, min(round(word["end"] * 1000), length_ms)))
        return
    text = reply["text"]
    if not isinstance(text, str):
        raise TypeError("a transcription has a text")
    texts = text.split()
    ends = list(accumulate(len(text) + 1 for text in texts))
    for text, end in zip(texts, ends, strict=True):
        start = end - len(text) - 1
        yield Word(text=text, start_ms=length_ms * start // ends[-1], end_ms=length_ms * end // ends[-1])
