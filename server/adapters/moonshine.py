"""Words from passages by a Moonshine model: small, English, quick on a processor, and here without asking a hub.

Decides which text counts as said. Its encoder takes audio as long as it is, so nothing is padded; decoding is greedy
and conditioned on nothing before the passage: the same audio gives the same words. Blocks: call it off the event loop,
from one thread.

Moonshine: Jeffries et al. 2024, arXiv:2410.15608. Where its files come from: `moonshine_files`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnxruntime

from rooms.transcript import Word
from server.adapters.moonshine_files import DECODER, ENCODER, LABEL, VOCABULARY
from server.adapters.passages import PassageTranscriber
from server.adapters.recogniser_job import Job
from server.adapters.word_times import Span, WordTimes, shared
from server.hearing import invented
from server.ports import Misconfigured

_BEGIN, _END = 1, 2
_SPACE: Final = "\u2581".encode()
"""How a token begins that begins a word."""
_SAMPLES_A_FRAME: Final = 384
"""Of the encoder's output; the decoder takes its mask in samples."""
_AROUND: Final = np.zeros(16 * 300, np.float32)
"""Silence before and behind: words at the very borders are misheard (docs/HEARING.md has the figures)."""
_LEAST_BYTES: Final = 32 * 100
"""Nothing shorter is a word."""
_TOKENS_A_SECOND, _TOKENS_MORE = 8, 8
"""Fast speech has 6 a second; without a bound a decoder in a loop goes on for ever."""
_LOW: Final = -1.0
"""The mean log-probability under which a text is chance."""
_NOTHING: Final = "You"
"""What it writes where nobody speaks, and is sure of; where somebody said it there is a full stop behind."""
_MUSIC: Final = re.compile("[\u266a\u266b\U0001f3b5]")


def load(directory: Path, threads: int) -> PassageTranscriber:
    """The transcriber with the model in `directory`. Takes a second: call it off the event loop."""
    try:
        return PassageTranscriber(Moonshine(directory, threads), LABEL)
    except Exception as broken:  # what onnxruntime raises has no class of its own
        raise Misconfigured(f"The Moonshine model in {directory} cannot be used: {broken}") from broken


class _Text(NamedTuple):
    words: tuple[str, ...]
    confidences: tuple[float, ...]
    logprob: float
    """The mean of its tokens, the end among them."""


class Moonshine:
    """One model, for any number of passages one after the other. Not for two threads at once."""

    def __init__(self, directory: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4  # what it raises says enough
        self._encoder, self._decoder = (
            onnxruntime.InferenceSession(str(directory / name), options, providers=["CPUExecutionProvider"])
            for name in (ENCODER, DECODER)
        )
        self._vocabulary = list(_tokens((directory / VOCABULARY).read_bytes()))
        self._outputs = [output.name for output in self._decoder.get_outputs()]
        # Nothing decoded yet is a batch of none: its other dimensions are not looked at, but must be there.
        self._empty: Mapping[str, Any] = {
            part.name: np.zeros((0, part.shape[1], 1, part.shape[3]), np.float32)
            for part in self._decoder.get_inputs()
            if part.name.startswith("past")
        }
        self._times = WordTimes()

    def decode(self, jobs: Sequence[Job]) -> list[tuple[Word, ...]]:
        """The words of each passage, timed from its first sample. It takes no hints."""
        return [tuple(self._words(job)) for job in jobs]

    def _words(self, job: Job) -> Iterator[Word]:
        if len(job.pcm) < _LEAST_BYTES:
            return
        samples = np.frombuffer(job.pcm, "<i2").astype(np.float32) / 32_768
        text = self._text(np.concatenate((_AROUND, samples, _AROUND)))
        if _spurious(text):
            return
        length_ms = len(job.pcm) // 32
        # A guess is not timed word by word, which takes half as long again.
        spans: Sequence[Span] = self._times.of(text.words, job.pcm) if job.final else shared(text.words, length_ms)
        for word, (start, end), confidence in zip(text.words, spans, text.confidences, strict=True):
            yield Word(text=word, start_ms=min(start, length_ms), end_ms=min(end, length_ms), confidence=confidence)

    def _text(self, samples: Any) -> _Text:
        """The likeliest token after the other, until the end."""
        encoded = self._encoder.run(
            None, {"input_values": samples[None], "attention_mask": np.ones((1, len(samples)), np.int64)}
        )[0]
        fixed = {
            "encoder_hidden_states": encoded,
            "encoder_attention_mask": np.ones((1, encoded.shape[1] * _SAMPLES_A_FRAME), np.int64),
        }
        past, token, tokens, logprobs = self._empty, _BEGIN, list[int](), list[float]()
        for _ in range(_TOKENS_MORE + _TOKENS_A_SECOND * len(samples) // 16_000):
            logits, past = self._step(token, past, fixed)
            token = int(logits.argmax())
            logprobs.append(float(logits[token] - np.logaddexp.reduce(logits)))
            if token == _END:
                break
            tokens.append(token)
        return _text([self._vocabulary[each] for each in tokens], logprobs)

    def _step(self, token: int, past: Mapping[str, Any], fixed: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        """One more token: what may come next, and what the decoder remembers."""
        begun = past is not self._empty
        given = {"input_ids": np.array([[token]]), "use_cache_branch": np.array([begun])}
        found = dict(zip(self._outputs, self._decoder.run(None, {**given, **fixed, **past}), strict=True))
        logits = found.pop("logits")[0, -1]
        # What it remembers of the audio is made once, and comes back empty later.
        kept = {name.replace("present", "past_key_values"): value for name, value in found.items()}
        return logits, {name: past[name] if begun and ".encoder." in name else kept[name] for name in past}


def _text(tokens: Sequence[bytes], logprobs: Sequence[float]) -> _Text:
    """Tokens put together to words. `logprobs` has one more where the text has an end."""
    words, sure = list[bytes](), list[list[float]]()
    for token, logprob in zip(tokens, logprobs, strict=False):
        if token.startswith(_SPACE) or not words:
            words.append(b"")
            sure.append([])
        words[-1] += token.removeprefix(_SPACE)
        sure[-1].append(float(np.exp(logprob)))
    said = [(word.decode(errors="replace"), sum(p) / len(p)) for word, p in zip(words, sure, strict=True) if word]
    return _Text(tuple(word for word, _ in said), tuple(confidence for _, confidence in said), float(np.mean(logprobs)))


def _spurious(text: _Text) -> bool:
    """Whether nobody said it."""
    whole = " ".join(text.words)
    if whole == _NOTHING or text.logprob < _LOW or _MUSIC.search(whole):
        return True
    return invented.repeats(whole) or invented.known(whole)


def _tokens(packed: bytes) -> Iterator[bytes]:
    """The vocabulary: each token behind its length, which takes a second byte from 128 on. Special ones are empty."""
    at = 0
    while at < len(packed):
        length, at = packed[at], at + 1
        if length >= 128:
            length, at = length - 128 + 128 * packed[at], at + 1
        token, at = packed[at : at + length], at + length
        yield b"" if token.startswith(b"<") and token.endswith(b">") and len(token) > 2 else token
