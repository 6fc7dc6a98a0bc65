"""Speech to words by OpenAI's transcription API, or any server that speaks it. Final words only.

Decides what is asked for, how long it may take, and which of the words nobody said. The audio leaves the house, and the
room says so.
"""

import io
import wave
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from openai import AsyncOpenAI, OpenAIError, Timeout

from rooms.transcript import Word
from server.hearing import invented
from server.ports import Hypothesis, TranscriberFailed

_CONNECT_S: Final = 5.0
_PROMPT_CHARACTERS: Final = 250
_NO_SPEECH: Final = 0.6
_LOW: Final = -1.0
_REPEATED: Final = 2.4
"""Whisper's own bounds on its doubts."""
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
        return _Utterance(self, _prompt(hints))

    async def close(self) -> None:
        await self._client.close()

    async def transcribe(self, pcm: bytes, hints: str) -> tuple[Word, ...]:
        """The words of an utterance. Whisper's API times them; for other models they share the time by length."""
        times = not self._model.startswith("gpt-")
        wanted: dict[str, Any] = {"response_format": "verbose_json" if times else "json", "language": "en"}
        if times:
            wanted["timestamp_granularities"] = ["word", "segment"]
        if hints:
            wanted["prompt"] = hints
        try:
            reply = await self._client.audio.transcriptions.create(
                model=self._model, file=("utterance.wav", _wav(pcm), "audio/wav"), **wanted
            )
            found = reply.model_dump()
            return tuple(_said(_words(found, len(pcm) // _PER_MS), _invented(found, hints)))
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


def _prompt(hints: Sequence[str]) -> str:
    """As many of the hints as fit into about 64 tokens."""
    lengths = accumulate(len(hint) + 2 for hint in hints)
    return ", ".join(hint for hint, length in zip(hints, lengths, strict=True) if length <= _PROMPT_CHARACTERS)


def _invented(reply: Mapping[str, Any], hints: str) -> list[tuple[float, float]]:
    """From when to when, in ms, the text is nobody's. Whisper's API says what it doubts, of each of its segments."""
    segments = reply.get("segments") or [{"text": reply.get("text"), "start": 0, "end": float("inf")}]
    return [(one["start"] * 1000, one["end"] * 1000) for one in segments if _spurious(one, hints)]


def _spurious(segment: Mapping[str, Any], hints: str) -> bool:
    text = str(segment["text"])
    unlikely = segment.get("no_speech_prob", 0) > _NO_SPEECH and segment.get("avg_logprob", 0) < _LOW
    looping = segment.get("compression_ratio", 0) > _REPEATED or invented.repeats(text)
    return unlikely or looping or invented.echoes(text, [hints]) or invented.known(text)


def _said(words: Iterable[Word], spurious: Sequence[tuple[float, float]]) -> Iterable[Word]:
    for word in words:
        if not any(start <= (word.start_ms + word.end_ms) / 2 < end for start, end in spurious):
            yield word


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
