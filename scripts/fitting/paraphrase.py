"""Learn from where on a rubric point counts as said in other words, and measure what an encoder adds to words.

    ENCODER_MODEL=../shared/models/minilm .venv/bin/python -m scripts.fitting.paraphrase
        write the weights, print the table; a minute of one core
    ... --check
        say whether the file holds the same bytes

The sentences of a model answer stand for rubric points without cues. Answers with full marks should say them; answers
to other questions of the same assignment or module should not. The bars with an encoder are set so that as many points
are falsely marked as with words; each question is measured with bars of the others. Shares are equal on purpose: only
two bars are learnt.
"""

import csv
import os
import random
import re
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.evaluate.content import transcript_of
from scoring.meaning import Encoder
from scoring.paraphrase import Paraphrases, meant
from scoring.reading import read
from scoring.recall import index, recalled
from scoring.rubric import Rubric
from scoring.targets import compile_rubric
from scoring.weights import digest, load_weights
from scoring.weights.paraphrase import ParaphraseWeights
from scripts.fitting.answers import Graded, rows_of
from scripts.fitting.examples import RATINGS, ROOT, keep_or_compare
from server.adapters.sentences import sentence_encoder

VERSION: Final = "1.0.0"
FOLDS: Final = 5
FULL_MARKS, FEW_MARKS = 4.5, 2.0
SAMPLED: Final = {"good": 20, "weak": 20, "other": 40}
"""Answers for each question: with full marks, with few, and to other questions."""
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_BULLET: Final = re.compile(r"^\s*(?:\d+[.)]|[-*])\s*")

Array = NDArray[np.float64]
Bars = tuple[float, float]


class Met(NamedTuple):
    """A point and an answer: the set, the question, which kind of answer, and what words and encoder found."""

    set: str
    question: str
    kind: str
    words: float
    recall: float
    likeness: float

    @property
    def both(self) -> float:
        return (self.words + self.recall + self.likeness) / 3


def points_of(reference: str) -> list[str]:
    """The sentences of a model answer, without their bullets; those of one or two words say too little."""
    said = (_BULLET.sub("", part).strip()[:400] for part in _SENTENCE.split(reference))
    return list(dict.fromkeys(one for one in said if len(one.split()) > 2))[:20] or [reference[:400]]


def met(name: str, encoder: Encoder) -> list[Met]:
    """Every point of a set with a sample of answers, drawn by a seed of its own."""
    draw, how = random.Random(5), Paraphrases(_figures(encoder, (0.0, 1.0)), encoder)
    rows, places = rows_of(name), _places(name)
    questions = dict.fromkeys((row.question, row.reference, place) for row, place in zip(rows, places, strict=True))
    found: list[Met] = []
    for question, reference, place in questions:
        own = [row for row in rows if (row.question, row.reference) == (question, reference)]
        kinds = {
            "good": [row for row in own if row.grade >= FULL_MARKS],
            "weak": [row for row in own if row.grade <= FEW_MARKS],
            "other": [r for r, at in zip(rows, places, strict=True) if at == place and r.question != question],
        }
        points = [(f"p{n}", text, 1.0, ()) for n, text in enumerate(points_of(reference))]
        rubric = Rubric.from_question(question, "technical", points=points)
        for kind, some in kinds.items():
            for row in draw.sample(some, min(SAMPLED[kind], len(some))):
                found += _held(name, kind, rubric, row, how)
    return found


def _held(name: str, kind: str, rubric: Rubric, row: Graded, how: Paraphrases) -> list[Met]:
    figures = load_weights().recall
    targets = compile_rubric(rubric, figures.question_words).points
    reading = read(transcript_of(row.answer))
    where = index(reading)
    means = meant(how, rubric, [target.denies for target in targets], reading, where)
    words = [recalled(target, where, figures, figures.window_words)[0] for target in targets]
    return [
        Met(name, rubric.question, kind, found, one.recall, one.likeness)
        for found, one in zip(words, means, strict=True)
    ]


def _places(name: str) -> list[str]:
    """For each row what is left out of the other answers: an assignment, or a module."""
    if name == "mohler":
        return [row.group for row in rows_of(name)]
    with (RATINGS / name / "answers.csv").open(encoding="utf-8", newline="") as file:
        return [row["module"] for row in csv.DictReader(file)]


def bars(found: Sequence[Met]) -> Bars:
    """Where partial and present begin with an encoder, so that as many points are falsely marked as with words.

    The mean over the sets counts: one pair of bars is for all.
    """
    figures = load_weights().recall
    return _bar(found, figures.partial), _bar(found, figures.present)


def _bar(found: Sequence[Met], words: float) -> float:
    others = [[one for one in found if one.kind == "other" and one.set == name] for name in ("mohler", "saf")]
    falsely = np.mean([np.mean([one.words >= words for one in some]) for some in others])
    tried = [np.array([one.both for one in some]) for some in others]
    steps = np.linspace(0, 1, 1001)
    return float(next(bar for bar in steps if np.mean([np.mean(some >= bar) for some in tried]) <= falsely))


def measured(found: Sequence[Met]) -> dict[str, dict[str, float]]:
    """Shares of points that are marked, each question with the bars of the others: the good answers' by question."""
    questions = sorted({one.question for one in found})
    random.Random(3).shuffle(questions)
    fold = {question: n % FOLDS for n, question in enumerate(questions)}
    learnt = [bars([one for one in found if fold[one.question] != left]) for left in range(FOLDS)]
    figures = load_weights().recall
    told: dict[str, dict[str, float]] = {}
    for name in ("mohler", "saf"):
        own = [one for one in found if one.set == name]
        for at, (level, words) in enumerate((("partial", figures.partial), ("present", figures.present))):
            told[f"{name} {level} words"] = _shares(own, [one.words >= words for one in own])
            told[f"{name} {level} encoder"] = _shares(own, [o.both >= learnt[fold[o.question]][at] for o in own])
    return told


def _shares(found: Sequence[Met], hit: Sequence[bool]) -> dict[str, float]:
    by_question: dict[str, list[bool]] = {}
    for one, marked in zip(found, hit, strict=True):
        if one.kind == "good":
            by_question.setdefault(one.question, []).append(marked)
    of_kind = {k: [m for o, m in zip(found, hit, strict=True) if o.kind == k] for k in ("weak", "other")}
    recall = np.mean([np.mean(some) for some in by_question.values()])
    shares = {"recall": recall, "weak": np.mean(of_kind["weak"]), "other": np.mean(of_kind["other"])}
    return {name: round(float(value), 3) for name, value in shares.items()}


def _figures(encoder: Encoder, at: Bars, **more: Any) -> ParaphraseWeights:
    """The figures with which the level of words begins where these bars are."""
    recall = load_weights().recall
    step = (at[1] - at[0]) / (recall.present - recall.partial)
    nothing = at[0] - recall.partial * step
    raw = {
        "version": VERSION,
        "training_set": "",
        "metrics": {},
        "encoder": encoder.sha256,
        **{"words": 0.333333, "recall": 0.333333, "likeness": 0.333334},
        "nothing": round(max(0.0, nothing), 3),
        "full": round(min(1.0, nothing + step), 3),
        "alone": round(recall.recall_from + recall.present * (recall.recall_full - recall.recall_from), 3),
        **more,
    }
    return ParaphraseWeights.model_validate({**raw, "sha256": digest(raw)})


def main(arguments: Sequence[str]) -> int:
    target = ROOT / "scoring" / "weights" / f"paraphrase-{VERSION}.json"
    encoder = sentence_encoder(os.environ.get("ENCODER_MODEL", "none")) if RATINGS.is_dir() else None
    if encoder is None:
        print(f"Ratings in {RATINGS} are needed, and an encoder in ENCODER_MODEL: nothing can be learnt here.")
        return 2
    found = [one for name in ("mohler", "saf") for one in met(name, encoder)]
    size = (
        f"sentences of model answers to {len({one.question for one in found})} questions, {len(found):,} pairs; 2026-11"
    )
    reached = measured(found)
    for name, shares in reached.items():
        print(f"{name:24}", "  ".join(f"{key} {value:.3f}" for key, value in shares.items()))
    text = _figures(encoder, bars(found), training_set=size, metrics=reached).model_dump_json(indent=1) + "\n"
    return keep_or_compare(target, text, compare="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
