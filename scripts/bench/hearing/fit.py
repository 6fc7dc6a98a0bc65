"""`python -m scripts.bench.hearing.fit SHARED`: fits what `rooms.phrasing` weighs last words with.

Prints weights; changes nothing. On the tuning half only (`material.is_judged`): which last words end a sentence, from
the sentences of people's written answers and about as many places within them. Those in `rooms.phrasing` came of the
same fit on more borders (answers of one sentence too), times the 1.2 by which they then weighed in stitched answers; by
hand are the words that people do not write (hesitations, "we" at an end). Those of `rooms.patience` were chosen on
stitched answers of the tuning half with `turns.point`; `sureness` prints that for what a profile asks for.
"""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rooms.phrasing import features, kind_of, plain
from scripts.bench.hearing import material

Matrix = NDArray[np.float64]

SOURCES: Final = (("saf", "answer", "question"), ("mohler", "student_answer", "id"))


def main() -> None:
    shared = Path(sys.argv[1])
    seen = [*borders(shared)]
    names = sorted({name for found, _ in seen for name in found})
    known = np.array([[name in found for name in names] for found, _ in seen], np.float64)
    weights = fitted(known, np.array([end for _, end in seen], np.float64))
    print(f"{len(seen)} borders")
    for name, weight in zip(names, weights, strict=True):
        print(f"{weight:6.2f}  {name}")


def borders(shared: Path) -> Iterable[tuple[frozenset[str], bool]]:
    """What the words before a border look like, and whether a sentence ends there."""
    chance = np.random.default_rng(2)
    for folder, column, key in SOURCES:
        with (shared / "ratings" / folder / "answers.csv").open(encoding="utf-8") as file:
            texts = [row[column] for row in csv.DictReader(file) if not material.is_judged(row[key])]
        for text in texts:
            said: list[str] = []
            for sentence in material.plain_sentences(text):
                words = plain(sentence.split())
                for at in range(2, len(words) + 1):
                    if at == len(words) or chance.random() < _likelihood(words, at):
                        yield frozenset(features([*said, *words[:at]])), at == len(words)
                said += words


def _likelihood(words: Sequence[str], at: int) -> float:
    """Of a pause within a sentence: as in `stitched`, a little more often."""
    return 0.22 if kind_of(words[at]) in ("joins", "leads") else 0.08


def fitted(known: Matrix, end: NDArray[np.float64], ridge: float = 3.0) -> NDArray[np.float64]:
    """Logistic regression by Newton's steps, drawn towards 0."""
    weights = np.zeros(known.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-known @ weights))
        slope = known.T @ (end - chance) - ridge * weights
        bend = (known * (chance * (1 - chance))[:, None]).T @ known + ridge * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return np.asarray(weights)


if __name__ == "__main__":
    main()
