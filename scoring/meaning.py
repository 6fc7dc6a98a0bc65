"""What a sentence encoder adds: how far the words of an answer, and the whole of it, mean what the model answer means.

Decides what is measured. Never how many points that is (`scoring.answers`), nor how a text becomes a vector.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.likeness import Model, kin, length, weighed, without_names, without_persons
from scoring.reading import Reading
from scoring.words import Token, tokens_of

Vector = NDArray[np.float32]
Matrix = NDArray[np.float64]
Encode = Callable[[Sequence[str]], Sequence[Vector]]
"""Texts into unit vectors, one text at a time: the same text gives the same vector whatever stands beside it."""


class Pieces(NamedTuple):
    """A text read in one go: its pieces of words in order, a vector of each where it stands, and one of the whole."""

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    whole: Vector


Choose = Callable[[Sequence[str]], Sequence[int]]
"""Of the pieces of a text the places of those that the later layers read too, in order."""
InContext = Callable[[str, Choose | None], Pieces]
"""A text, and which of its pieces are read to the end (None: all). The others are read by the first layers alone: they
tell how those are meant, and are gone then. Pieces and whole are of those that were read to the end.
"""

ENCODED: Final = ("same_words", "own_words", "length", "same_meaning", "beyond_question")
LABELS: Final = {
    "same_words": "Words of the model answer, or others that mean them",
    "own_words": "Of the answer's words, those that mean words of the model answer",
    "same_meaning": "Means what the model answer says beside the question",
    "beyond_question": "Nearer to the model answer than the question is",
}
_UNRELATED: Final = 0.35
"""Any two words of English are this near to each other."""
_FROM_THE_QUESTION: Final = 0.85
"""So much less counts a word that the question holds, and in proportion one that is near to one of its words."""

_WORDS: Final = 60
"""An answer is encoded as a whole so far: long texts take long, and grades followed the rest no better (r the same)."""


class Encoder(NamedTuple):
    """A sentence encoder as the core sees it."""

    sha256: str
    """Of its files: weights learnt with one encoder are not used with another."""
    label: str
    encode: Encode
    in_context: InContext | None = None
    """None where it only gives vectors of whole texts."""


class Measured(NamedTuple):
    """The figures of an answer; with an encoder also its vector, and how near it comes to question or model answer."""

    figures: dict[str, float]
    vector: Vector | None = None
    nearness: float = 1.0


class Words(NamedTuple):
    """The words of content of a text, one for each stem, with what they count and a vector in each row."""

    stems: tuple[str, ...]
    weights: Matrix
    vectors: Matrix


def measured(model: Model, reading: Reading, encode: Encode) -> Measured:
    """The figures of `ENCODED` for an answer."""
    tokens = list(without_names(reading, model))
    beginning = " ".join(without_persons(reading, model).split()[:_WORDS])
    question, outline, answer = encode((model.asked, model.outline, beginning))
    nearness = float(answer @ outline)
    found = _of_words(words_of(encode, tokens), model, encode) | {
        "length": length(model, tokens),
        "same_meaning": math.sqrt(max(0.0, beside(question, answer, outline))),
        "beyond_question": nearness - float(question @ outline),
    }
    return Measured(found, answer, max(nearness, float(answer @ question)))


def _of_words(said: Words, model: Model, encode: Encode) -> dict[str, float]:
    asked, wanted = known_words(encode, model.asked), known_words(encode, model.outline)
    if not said.stems or not wanted.stems:
        return {"same_words": 0.0, "own_words": 0.0}
    near, places = _nearness(wanted, said), {stem: i for i, stem in enumerate(wanted.stems)}
    for j, stem in enumerate(said.stems):
        for other, nearness in kin(stem, model.asked, model.outline):
            near[places[other], j] = max(near[places[other], j], nearness)
    recall = _share(near.max(axis=1), _new(wanted, asked))
    return {"same_words": math.sqrt(recall), "own_words": _share(near.max(axis=0), _new(said, asked))}


def recall_of(wanted: Words, asked: Words, said: Words) -> float:
    """How far the words of `wanted` are said, or others that mean them, 0 to 1; those of the question count little."""
    if not said.stems or not wanted.stems:
        return 0.0
    return _share(_nearness(wanted, said).max(axis=1), _new(wanted, asked))


def _new(words: Words, asked: Words) -> Matrix:
    """What words count once those of the question count little."""
    if not asked.stems:
        return words.weights
    found: Matrix = words.weights * (1 - _FROM_THE_QUESTION * _nearness(words, asked).max(axis=1))
    return found


def _nearness(some: Words, others: Words) -> Matrix:
    """How near each word is to each other one, from 0 to 1; forms of one word are at 1."""
    near: Matrix = np.clip((some.vectors @ others.vectors.T - _UNRELATED) / (1 - _UNRELATED), 0, 1)
    places = {stem: j for j, stem in enumerate(others.stems)}
    for i, stem in enumerate(some.stems):
        if stem in places:
            near[i, places[stem]] = 1.0
    return near


def _share(found: Matrix, weights: Matrix) -> float:
    return float(found @ weights / weights.sum())


def beside(question: Vector, answer: Vector, outline: Vector) -> float:
    """The cosine of two texts, of both of which what the question says is taken away."""
    own, wanted = answer - (answer @ question) * question, outline - (outline @ question) * question
    apart = float(np.linalg.norm(own) * np.linalg.norm(wanted))
    return float(own @ wanted) / apart if apart > 1e-6 else 0.0


@lru_cache(maxsize=200)
def known_words(encode: Encode, text: str) -> Words:
    """The words of a question or a model answer, which are asked for with every answer."""
    return words_of(encode, tokens_of(text))


def words_of(encode: Encode, tokens: Sequence[Token]) -> Words:
    counts = weighed(tokens)
    words = {token.stem: token.word for token in reversed(tokens) if token.stem in counts}
    vectors = np.array(encode([words[stem] for stem in counts]), dtype=np.float64)
    return Words(tuple(counts), np.array([*counts.values()]), vectors)
