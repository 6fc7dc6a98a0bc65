"""Words from passages by a Whisper model, in encoder windows that are as long as the audio, not 30 s.

Decides how long a window is, which text is in doubt, and that what is in doubt is decoded once more in the 30 s that
Whisper was trained on, and then kept or dropped. Blocks: call it off the event loop, from one thread.

An encoder pass over 5 s costs a tenth or less of one over 30 s, and with too little silence behind the speech the text
falls apart; 2.56 s (128 encoder positions) are enough. Built from faster-whisper's own parts, whose `transcribe` always
pads to 30 s. One temperature, nothing conditioned on earlier text: the same audio gives the same words.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_compression_ratio, get_ctranslate2_storage, get_suppressed_tokens, pad_or_trim

from rooms.transcript import Word
from server.adapters.recogniser_job import Job
from server.hearing import invented

WHOLE_FRAMES: Final = 3_000
"""The 30 s that Whisper was trained on; a frame of features is 10 ms, an encoder position two of them."""
STEP_FRAMES: Final = 256
"""Windows are multiples of 2.56 s, so that passages of different rooms fit into one batch..."""
SLACK_FRAMES: Final = 256
"""...and hold at least so much silence behind the audio."""
HINT_TOKENS: Final = 64
"""A prompt this long costs about as much as generating as many tokens."""
_LEAST_FRAMES: Final = 10
"""Nothing shorter is a word."""
_REST_FRAMES: Final = 100
"""Less audio than this behind the last timestamp is not decoded again."""
_BEAM: Final = 5
_REPEATED: Final = 2.4
"""Whisper's own bound on the compression ratio; text above it repeats itself."""
_NO_SPEECH: Final = 0.6
_LOW: Final = -1.0
"""Whisper's own bound on the mean log-probability."""
_TOKENS_A_SECOND: Final = 12
"""Fast speech has 5."""
_TOKENS_MORE: Final = 16
_SAMPLES_A_FRAME: Final = 160
_FRAMES_A_SECOND: Final = 100
_FRAMES_A_TIME: Final = 2
_OPENING: Final = "\"'“¿([{-"
_CLOSING: Final = "\"'.。,，!！?？:：”)]}、"

_log = logging.getLogger(__name__)


class Counts:
    """What was decoded so far."""

    def __init__(self) -> None:
        self.windows = self.again = self.dropped = 0


class _Window(NamedTuple):
    """Audio of a passage for one pass of the encoder."""

    number: int
    """Of the job in its batch."""
    job: Job
    features: Any
    """Of all audio of the passage from here on."""
    at: int
    """Where that is in the passage, in frames."""
    frames: int
    """How long the encoder's window is."""
    prompt: tuple[int, ...]

    @property
    def heard(self) -> int:
        """How many frames of audio are in it."""
        return min(int(self.features.shape[1]), WHOLE_FRAMES)


class Found(NamedTuple):
    """What a window came to."""

    tokens: Sequence[int]
    """With those that tell times."""
    text: str
    logprob: float
    """The mean of its tokens."""
    no_speech: float
    endless: bool
    """It has as many tokens as it may have."""


class WhisperWindows:
    """One model, for any number of passages one after the other or in batches. Not for two threads at once."""

    def __init__(self, model: Any, *, whole: bool = False) -> None:
        """`whole`: every window padded to 30 s, to compare with."""
        self.counts = Counts()
        self._model, self._whole = model, whole
        self._tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language="en")
        self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))

    def decode(self, jobs: Sequence[Job]) -> list[tuple[Word, ...]]:
        """The words of each passage, timed from its first sample."""
        words: list[list[Word]] = [[] for _ in jobs]
        passages = [(number, job, self._features(job.pcm)) for number, job in enumerate(jobs)]
        waiting = [self._window(*passage, 0) for passage in passages if passage[2].shape[1] >= _LEAST_FRAMES]
        while waiting:
            batch = [window for window in waiting if _shape(window) == _shape(waiting[0])]
            waiting = [window for window in waiting if _shape(window) != _shape(waiting[0])]
            for window, found, timed in self._pass(batch):
                if window.job.final and window.frames < WHOLE_FRAMES and (why := doubt(found, window.job.hints)):
                    _log.info("a window is decoded again, padded", extra={"why": why})
                    self.counts.again += 1
                    waiting.append(window._replace(frames=WHOLE_FRAMES, prompt=self._prompt(())))
                    continue
                if spurious(found, window.job.hints):
                    self.counts.dropped += 1
                else:
                    words[window.number] += timed
                waiting += self._rest(window, found)
        return [tuple(some) for some in words]

    def _features(self, pcm: bytes) -> Any:
        audio = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        return self._model.feature_extractor(audio)[:, : -(-len(audio) // _SAMPLES_A_FRAME)]

    def _window(self, number: int, job: Job, features: Any, at: int) -> _Window:
        steps = -(-(features.shape[1] + SLACK_FRAMES) // STEP_FRAMES)
        frames = WHOLE_FRAMES if self._whole else min(steps * STEP_FRAMES, WHOLE_FRAMES)
        return _Window(number, job, features, at, frames, self._prompt(job.hints))

    def _prompt(self, hints: Sequence[str]) -> tuple[int, ...]:
        """The tokens before the text, with as many of the hints as fit."""
        prompt: list[int] = []
        for hint in hints:
            more = self._tokenizer.encode(f", {hint}" if prompt else f" {hint}")
            if len(prompt) + len(more) > HINT_TOKENS:
                break
            prompt += more
        return (*([self._tokenizer.sot_prev, *prompt] if prompt else ()), *self._tokenizer.sot_sequence)

    # --- one pass ---------------------------------------------------------------------------------------------------

    def _pass(self, windows: Sequence[_Window]) -> Iterable[tuple[_Window, Found, Sequence[Word]]]:
        """Windows of one shape through the model, and what each came to."""
        self.counts.windows += len(windows)
        features = np.stack([pad_or_trim(window.features, window.frames) for window in windows])
        encoded = self._model.model.encode(get_ctranslate2_storage(features))
        frames, prompt, final = _shape(windows[0])
        most = _TOKENS_MORE + _TOKENS_A_SECOND * frames // _FRAMES_A_SECOND
        results = self._model.model.generate(
            encoded,
            [list(window.prompt) for window in windows],
            beam_size=_BEAM if final else 1,
            max_length=min(prompt + most, self._model.max_length),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )
        founds = [self._found(result, most) for result in results]
        times = self._aligned(encoded, windows, founds) if final else map(_spread, windows, founds)
        return zip(windows, founds, times, strict=True)

    def _found(self, result: Any, most: int) -> Found:
        tokens = result.sequences_ids[0]
        text = self._tokenizer.decode([token for token in tokens if token < self._tokenizer.eot]).strip()
        # CTranslate2 gives the sum over the tokens and the end, divided by the number of tokens.
        logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return Found(tokens, text, logprob, result.no_speech_prob, len(tokens) >= most)

    def _aligned(self, encoded: Any, windows: Sequence[_Window], founds: Sequence[Found]) -> list[Sequence[Word]]:
        """The words of each window with their times, by the attention of the decoder."""
        segments: list[list[dict[str, Any]]] = [
            [self._segment(window, found)] for window, found in zip(windows, founds, strict=True)
        ]
        heard = [window.heard for window in windows]
        self._model.add_word_timestamps(segments, self._tokenizer, encoded, heard, _OPENING, _CLOSING, 0.0)
        return [tuple(_timed(segment["words"], window)) for (segment,), window in zip(segments, windows, strict=True)]

    def _segment(self, window: _Window, found: Found) -> dict[str, Any]:
        """As faster-whisper wants it: times in s, `seek` in frames."""
        first = self._tokenizer.timestamp_begin
        times = [(token - first) * _FRAMES_A_TIME for token in found.tokens if token >= first] or [0]
        start, end = window.at + times[0], window.at + (times[-1] if len(times) > 1 else window.heard)
        return {
            "seek": window.at,
            "start": start / _FRAMES_A_SECOND,
            "end": end / _FRAMES_A_SECOND,
            "tokens": found.tokens,
        }

    def _rest(self, window: _Window, found: Found) -> list[_Window]:
        """The window behind the last time that was told, where the text ended there and audio is left."""
        through = self._through(found.tokens) or window.heard
        features = window.features[:, through:]
        if features.shape[1] < _REST_FRAMES:
            return []
        return [self._window(window.number, window.job, features, window.at + through)]

    def _through(self, tokens: Sequence[int]) -> int | None:
        """How many frames the tokens tell about; None: all. Two times at the end mean that something follows."""
        first: int = self._tokenizer.timestamp_begin
        if len(tokens) < 2 or tokens[-1] < first or tokens[-2] < first:
            return None
        return (tokens[-1] - first) * _FRAMES_A_TIME


def doubt(found: Found, hints: Sequence[str] = ()) -> str | None:
    """Why a text is not to be trusted before it was decoded with all the room that Whisper knows."""
    if not found.text:
        return "nothing heard"
    if found.logprob < _LOW:
        return "unlikely"
    if found.no_speech > _NO_SPEECH:
        return "no speech"
    if found.endless:
        return "endless"
    return _invented(found, hints)


def spurious(found: Found, hints: Sequence[str] = ()) -> bool:
    """Whether a text is dropped: nobody said it."""
    return (found.no_speech > _NO_SPEECH and found.logprob < _LOW) or _invented(found, hints) is not None


def _invented(found: Found, hints: Sequence[str]) -> str | None:
    if get_compression_ratio(found.text) > _REPEATED or invented.repeats(found.text):
        return "repeats itself"
    if invented.echoes(found.text, hints):
        return "echoes its prompt"
    if invented.known(found.text):
        return "known to be invented"
    return None


def _shape(window: _Window) -> tuple[int, int, bool]:
    """Windows of one shape go through the model together."""
    return window.frames, len(window.prompt), window.job.final


def _timed(found: Sequence[Mapping[str, Any]], window: _Window) -> Iterable[Word]:
    for word in found:
        if text := word["word"].strip():
            confidence = min(1.0, max(0.0, float(word["probability"])))
            yield _word(text, word["start"], word["end"], window, confidence)


def _spread(window: _Window, found: Found) -> Sequence[Word]:
    """A guess is not timed word by word, which takes another pass: its words share the audio evenly."""
    texts = found.text.split()
    share = window.heard / _FRAMES_A_SECOND / max(1, len(texts))
    at = window.at / _FRAMES_A_SECOND
    return [_word(text, at + n * share, at + (n + 1) * share, window) for n, text in enumerate(texts)]


def _word(text: str, start_s: float, end_s: float, window: _Window, confidence: float | None = None) -> Word:
    length_ms = len(window.job.pcm) // 32
    start = min(max(0, round(start_s * 1000)), length_ms)
    end = min(max(start, round(end_s * 1000)), length_ms)
    return Word(text=text, start_ms=start, end_ms=end, confidence=confidence)
