"""How far the words of an answer mean, where they stand, what those of its model answer mean where they stand.

Decides what is measured of pieces of words in their context (recall and precision of best matches; Zhang 2020, who
found middle layers best). Never how many points that is (`scoring.answers`).
"""

import math
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

import numpy as np

from scoring.likeness import Model, length, without_names, without_persons
from scoring.meaning import InContext, Matrix, Measured, Vector, beside
from scoring.reading import Reading
from scoring.words import word_lists

IN_CONTEXT: Final = ("told", "own", "length", "same_meaning", "beyond_question")
LABELS: Final = {
    "told": "What the model answer says, word by word where it stands",
    "own": "Of the answer, word by word, what the model answer says",
}
_FROM_THE_QUESTION: Final = 0.85
"""So much less counts what the question says too, by the square of how near it comes to it."""
_LEAST: Final = 1e-6
"""A text of nothing but small words is still a text."""


class _Prepared(NamedTuple):
    """A text in context: a vector of the whole, one in each row for a piece of a word, and what each row counts."""

    whole: Vector
    rows: Matrix
    counts: Matrix


def measured_in_context(model: Model, reading: Reading, encode: InContext, read_whole: int | None = None) -> Measured:
    """The figures of `IN_CONTEXT` for an answer. The encoder runs once, for the answer; the others are known.

    Of a text of more than `read_whole` pieces the later layers read only the words of content; None: they read all.
    """
    asked, wanted = _known(encode, model.asked, read_whole), _known(encode, model.outline, read_whole)
    said = _prepared(encode, without_persons(reading, model), read_whole)
    told, own = _told(asked, wanted, said)
    nearness = float(said.whole @ wanted.whole)
    found = {
        "told": told,
        "own": own,
        "length": length(model, without_names(reading, model)),
        "same_meaning": math.sqrt(max(0.0, beside(asked.whole, said.whole, wanted.whole))),
        "beyond_question": nearness - float(asked.whole @ wanted.whole),
    }
    return Measured(found, said.whole, max(nearness, float(said.whole @ asked.whole)))


def _told(asked: _Prepared, wanted: _Prepared, said: _Prepared) -> tuple[float, float]:
    """How much of the model answer is said, and how much of what is said is of it."""
    if not len(wanted.rows) or not len(said.rows):
        return 0.0, 0.0
    near = wanted.rows @ said.rows.T
    return _share(near.max(axis=1), _new(wanted, asked)), _share(near.max(axis=0), _new(said, asked))


def _new(text: _Prepared, asked: _Prepared) -> Matrix:
    """What each row counts once what the question says counts little."""
    if not len(asked.rows):
        return text.counts
    near = np.clip((text.rows @ asked.rows.T).max(axis=1), 0.0, 1.0)
    found: Matrix = text.counts * (1 - _FROM_THE_QUESTION * near**2)
    return found


def _share(near: Matrix, counts: Matrix) -> float:
    counts = counts + _LEAST
    return float(near @ counts / counts.sum())


@lru_cache(maxsize=200)
def _known(encode: InContext, text: str, read_whole: int | None) -> _Prepared:
    """A question or a model answer, which are asked for with every answer."""
    return _prepared(encode, text, read_whole)


def _prepared(encode: InContext, text: str, read_whole: int | None) -> _Prepared:
    pieces, vectors, whole = encode(text, None if read_whole is None else partial(_of_content, read_whole))
    kept = [at for at, piece in enumerate(pieces) if _is_word(piece)]
    rows = np.asarray(vectors, dtype=np.float64)[kept]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9
    small = word_lists().function
    counts = np.array([0.0 if pieces[at] in small else 1.0 for at in kept])
    return _Prepared(whole, rows, counts)


def _of_content(read_whole: int, pieces: Sequence[str]) -> Sequence[int]:
    if len(pieces) <= read_whole:
        return range(len(pieces))
    small = word_lists().function
    return [at for at, piece in enumerate(pieces) if piece not in small and _is_word(piece)]


def _is_word(piece: str) -> bool:
    return any(map(str.isalnum, piece))
