"""Writes a Whisper that always says the same words at the same times, in CTranslate2's format.

No weights are fetched or learned: each decoder position has a code that the output layer reads back as the next
token, and each word's position attends to the encoder frames of its time. The real loading, beam search, gates and
alignment of faster-whisper run on it, so a test can expect exact words and times (to an encoder frame's 20 ms).
The first word begins at 0, as Whisper's alignment has it. In the shape of a real Whisper it costs what that costs, and
still says its words; their times are then not exact.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ctranslate2.specs import whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

MELS, FRAMES, POSITIONS = 80, 1500, 448
FRAME_S = 0.02
SURE = 40.0
"""The logit of the token that is meant; all others have 0."""
LANGUAGES = ("en",)


class Shape(NamedTuple):
    """How large a model is."""

    width: int = 128
    heads: int = 1
    layers: int = 1
    """Of the encoder, and as many of the decoder."""
    vocabulary: int = 0
    """At least so many tokens."""
    spread: float = 0.0
    """Of its random weights."""


CANNED = Shape()
TINY = Shape(384, 6, 4, 51_864, 0.002)
"""Whisper tiny.en"""
BASE = Shape(512, 8, 6, 51_864, 0.002)
"""Whisper base.en"""


class Said(NamedTuple):
    text: str
    start_s: float
    end_s: float


def evenly(text: str, start_s: float, end_s: float) -> list[Said]:
    """The words of a text, each with the same share of the time."""
    words = text.split()
    share = (end_s - start_s) / len(words)
    edges = [round(start_s + n * share, 3) for n in range(len(words) + 1)]
    return [Said(word, start, end) for word, (start, end) in zip(words, pairwise(edges), strict=True)]


def write(directory: Path, words: Sequence[Said], prompt: int = 0, shape: Shape = CANNED) -> Path:
    """Write the model into a new directory. At most about 60 words.

    `prompt`: so many tokens of a prompt come before; with another number of them it says nothing sensible.
    """
    directory.mkdir(parents=True)
    tokenizer = _tokenizer([word.text for word in words], shape.vocabulary)
    _spec(tokenizer, words, prompt, shape).save(str(directory))
    tokenizer.save(str(directory / "tokenizer.json"))
    features = {"feature_size": MELS, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (directory / "preprocessor_config.json").write_text(json.dumps(features))
    return directory


def _tokenizer(words: Sequence[str], size: int) -> Tokenizer:
    """Byte-level pairs as Whisper has them, with each " word" merged into one token."""
    vocabulary = {symbol: n for n, symbol in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    merges = []
    for word in words:
        ((symbols, _),) = bytewise.pre_tokenize_str(f" {word}")
        for end in range(1, len(symbols)):
            left, right = symbols[:end], symbols[end]
            if left + right not in vocabulary:
                vocabulary[left + right] = len(vocabulary)
                merges.append((left, right))
    names = ["endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe", "startoflm", "startofprev"]
    special = [f"<|{name}|>" for name in [*names, "nospeech", "notimestamps"]]
    times = [_time(n) for n in range(FRAMES + 1)]
    while len(vocabulary) + len(special) + len(times) < size:
        vocabulary[f"__unused{len(vocabulary)}"] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in times])
    return tokenizer


def _time(frame: int) -> str:
    return f"<|{frame * FRAME_S:.2f}|>"


def _spec(tokenizer: Tokenizer, words: Sequence[Said], prompt: int, shape: Shape) -> Any:
    spec = whisper_spec.WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    size, width = tokenizer.get_vocab_size(), shape.width
    codes = _codes(2 * len(words) + 4, width)
    positions, places = codes[: len(words) + 3], codes[len(words) + 3 :]
    make = _Make(shape)
    make.encoder(spec.encoder, words, places)
    make.decoder(spec.decoder, size)
    before = np.repeat(positions[-1:], prompt, 0)
    spec.decoder.position_encodings.encodings = _padded(np.concatenate([before, positions]), POSITIONS)
    spec.decoder.projection.weight = _readback(tokenizer, words, positions, size)
    query, fused = spec.decoder.layer[0].attention.linear[:2]
    # At position 1 + n the word n is said: its query is the code of the frames of that word.
    query.weight = np.einsum("wd,we->de", places[: len(words)], positions[1 : len(words) + 1]) * (20 / width**1.5)
    fused.weight[:width] = np.eye(width, dtype=np.float32)
    spec.register_vocabulary([tokenizer.id_to_token(n) for n in range(size)])
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [tokenizer.token_to_id("<|endoftext|>")]
    spec.config.lang_ids = [tokenizer.token_to_id(f"<|{language}|>") for language in LANGUAGES]
    spec.config.alignment_heads = [(0, head) for head in range(shape.heads)]
    spec.validate()
    spec.optimize()
    return spec


def _codes(count: int, width: int) -> Any:
    """Orthogonal vectors of mean 0 and variance 1: a layer norm leaves them as they are."""
    assert count < width, "too many words for this width"
    vectors = np.random.default_rng(0).standard_normal((width, count))
    vectors -= vectors.mean(0)
    return (np.linalg.qr(vectors)[0].T * np.sqrt(width)).astype(np.float32)


def _padded(codes: Any, length: int) -> Any:
    return np.concatenate([codes, np.repeat(codes[-1:], length - len(codes), 0)])


def _readback(tokenizer: Tokenizer, words: Sequence[Said], positions: Any, size: int) -> Any:
    """The output layer: position 0 begins the segment, then a word each, then its end, then the end of the text."""
    tokens = [
        _time(0),
        *(_symbol(word.text) for word in words),
        _time(round(words[-1].end_s / FRAME_S)),
        "<|endoftext|>",
    ]
    width = positions.shape[1]
    weight = _zeros(size, width)
    for token, code in zip(tokens, positions, strict=True):
        weight[tokenizer.token_to_id(token)] += code * (SURE / width)
    return weight


def _symbol(word: str) -> str:
    ((symbols, _),) = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(f" {word}")
    return str(symbols)


def _zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


class _Make:
    """Fills the layers of one shape: all zero, or nearly so and at random."""

    def __init__(self, shape: Shape) -> None:
        self._width, self._spread = shape.width, shape.spread
        self._chance = np.random.default_rng(1)

    def encoder(self, encoder: Any, words: Sequence[Said], places: Any) -> None:
        """Hears nothing: its output is the code of the word that is said at each frame."""
        width = self._width
        encoder.conv1.weight, encoder.conv1.bias = self._weights(width, MELS, 3), _zeros(width)
        encoder.conv2.weight, encoder.conv2.bias = self._weights(width, width, 3), _zeros(width)
        at = np.repeat(places[-1:], FRAMES, 0)
        for word, code in zip(words, places, strict=False):
            at[round(word.start_s / FRAME_S) : round(word.end_s / FRAME_S)] = code
        assert all(a.end_s == b.start_s for a, b in pairwise(words)), "Whisper's alignment knows no gaps between words"
        encoder.position_encodings.encodings = at
        self._norm(encoder.layer_norm)
        for layer in encoder.layer:
            self._self_attention_and_feed_forward(layer)

    def decoder(self, decoder: Any, size: int) -> None:
        width = self._width
        decoder.embeddings.weight = _zeros(size, width)
        decoder.projection.bias = _zeros(size)
        self._norm(decoder.layer_norm)
        for layer in decoder.layer:
            self._self_attention_and_feed_forward(layer)
            self._norm(layer.attention.layer_norm)
            for linear, rows in zip(layer.attention.linear, (width, 2 * width, width), strict=True):
                self._linear(linear, rows, width)

    def _self_attention_and_feed_forward(self, layer: Any) -> None:
        width = self._width
        inner = 4 * width if self._spread else width
        self._norm(layer.self_attention.layer_norm)
        self._linear(layer.self_attention.linear[0], 3 * width, width)
        self._linear(layer.self_attention.linear[1], width, width)
        self._norm(layer.ffn.layer_norm)
        self._linear(layer.ffn.linear_0, inner, width)
        self._linear(layer.ffn.linear_1, width, inner)

    def _norm(self, norm: Any) -> None:
        norm.gamma, norm.beta = np.ones(self._width, np.float32), _zeros(self._width)

    def _linear(self, linear: Any, rows: int, columns: int) -> None:
        linear.weight, linear.bias = self._weights(rows, columns), _zeros(rows)

    def _weights(self, *shape: int) -> Any:
        return (self._chance.standard_normal(shape) * self._spread).astype(np.float32)
