"""Learn the figures of short answers from people's grades, and measure them on questions they were not learnt from.

    scripts/fit_answers                     write scoring/weights/answers-<version>.json, the same bytes each time
    scripts/bench_scoring                   the figures beside the known ones, speed, attempts to talk a score up

Ridge regression whose questions have a level of their own (random intercepts), so that what tells good from bad
answers to one question weighs more than what tells an easy question from a hard one: the next question is another.
"""

import csv
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.context import IN_CONTEXT, measured_in_context
from scoring.evaluate.content import rubric_of, transcript_of
from scoring.likeness import PLAIN, likeness, model_of
from scoring.meaning import Encoder
from scoring.rated import RatedFigures, Traits, beyond, learn, traits
from scoring.reading import read
from scoring.weights import digest
from scripts.fitting.examples import RATINGS, ROOT, keep_or_compare
from scripts.fitting.widths import SURE, SURE_LONG, Array, LeftOut, Widths, bounds, widths_of
from server.adapters.sentences import sentence_encoder

VERSION = "1.3.0"
READ_WHOLE = 46
"""Of longer texts, in pieces, the encoder's later layers read the words of content alone."""
LEVEL_OF_ITS_OWN = 0.7
"""How much of a question's mean is taken to be its own: from 0, all pooled, to 1, only differences within."""
RIDGE = 200.0
OF_THE_OTHERS = {"plain": (1.0, 1.0), "encoded": (0.5, 0.1)}
"""What a graded answer counts in the sum for short model answers where its own is long, and the other way round.

By words alone one sum for both did as well.
"""
LONG_FROM = 16
FOLDS = 9
RATED = {
    "plain": RatedFigures(at_least=5, level=0.2, letters=2.0, words=2.0, meaning=0.0),
    "encoded": RatedFigures(at_least=5, level=0.2, letters=2.0, words=2.0, meaning=3.0),
}
SURES = {False: SURE, True: SURE_LONG}
"""By whether the model answer is long."""


class Answers(NamedTuple):
    """A set of graded answers: the measured figures, grades in 0 to 5, and who belongs together."""

    name: str
    figures: list[dict[str, float]]
    traits: list[Traits]
    grades: Array
    questions: list[str]
    groups: list[str]
    """What is left out together: assignments, or questions."""
    long: NDArray[np.bool_]

    def matrix(self, names: Sequence[str]) -> Array:
        return np.array([[one[name] for name in names] for one in self.figures])


class Graded(NamedTuple):
    """One graded answer; `group` is left out together."""

    question: str
    reference: str
    answer: str
    grade: float
    number: str
    group: str


def rows_of(name: str) -> list[Graded]:
    """The graded answers of "mohler" or "saf", in their order."""
    rows = _rows(RATINGS / name / "answers.csv")
    if name == "saf":
        return [
            Graded(r["question"], r["reference"], r["answer"], 5 * float(r["score"]), r["question"], r["question"])
            for r in rows
        ]
    return [
        Graded(
            r["question"],
            r["desired_answer"],
            r["student_answer"],
            float(r["score_avg"]),
            r["id"],
            r["id"].split(".")[0],
        )
        for r in rows
    ]


def graded_answers(encoder: Encoder | None) -> list[Answers]:
    """Both training sets, measured."""
    return [_measured(name, rows_of(name), encoder) for name in ("mohler", "saf")]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _measured(name: str, rows: Sequence[Graded], encoder: Encoder | None) -> Answers:
    figures, found, long = [], [], []
    for question, reference, answer, *_others in rows:
        rubric, reading = rubric_of(question, reference), read(transcript_of(answer))
        model = model_of(rubric.question, rubric.reference)
        meant = None
        if encoder and encoder.in_context:
            meant = measured_in_context(model, reading, encoder.in_context, READ_WHOLE)
        figures.append(likeness(model, reading) | (meant.figures if meant else {}))
        found.append(traits(reading, model, meant.vector if meant else None))
        long.append(model.content >= LONG_FROM)
    grades = np.array([row.grade for row in rows])
    return Answers(name, figures, found, grades, [r.number for r in rows], [r.group for r in rows], np.array(long))


class Fit(NamedTuple):
    usual: float
    centres: Array
    points: Array

    def __call__(self, x: Array) -> Array:
        return np.clip(self.usual + (x - self.centres) @ self.points, 0, 5)


class Fits(NamedTuple):
    """The sums for short and for long model answers."""

    short: Fit
    long: Fit

    def __call__(self, x: Array, long: NDArray[np.bool_]) -> Array:
        return np.where(long, self.long(x), self.short(x))


def fits(x: Array, y: Array, questions: Sequence[str], long: NDArray[np.bool_], variant: str) -> Fits:
    """Both sums, each learnt from all answers, those of its own kind counting most."""
    of_long, of_short = OF_THE_OTHERS[variant]
    return Fits(
        fit(x, y, questions, np.where(long, of_long, 1.0)),
        fit(x, y, questions, np.where(long, 1.0, of_short)),
    )


def fit(x: Array, y: Array, questions: Sequence[str], counts: Array) -> Fit:
    """Points for each figure, questions having levels of their own; `counts` is what each answer counts."""
    centres = np.average(x, axis=0, weights=counts)
    scale = np.sqrt(np.average((x - centres) ** 2, axis=0, weights=counts)) + 1e-9
    z = np.c_[(x - centres) / scale, np.ones(len(y))]
    kept, target = z.copy(), y.copy()
    names = np.array(questions)
    for name in dict.fromkeys(questions):
        same = names == name
        kept[same] -= LEVEL_OF_ITS_OWN * z[same].mean(axis=0)
        target[same] -= LEVEL_OF_ITS_OWN * y[same].mean()
    penalty = np.diag([RIDGE] * x.shape[1] + [0.0])
    counted = kept.T * counts
    solved = np.linalg.solve(counted @ kept + penalty, counted @ target)
    return Fit(float(solved[-1]), centres, solved[:-1] / scale)


def folds(groups: Sequence[str]) -> list[NDArray[np.bool_]]:
    """Which answers are left out together, whole groups at a time."""
    names = list(dict.fromkeys(groups))
    all_groups = np.array(groups)
    return [np.isin(all_groups, names[k::FOLDS]) for k in range(min(FOLDS, len(names)))]


def held_out(sets: Sequence[Answers], names: Sequence[str], variant: str) -> list[Array]:
    """For each set what is expected of its answers by figures learnt from other questions, its own set's among them."""
    found = []
    for own in sets:
        others = [one for one in sets if one is not own]
        expected = np.zeros(len(own.grades))
        for left in folds(own.groups):
            x = np.concatenate([own.matrix(names)[~left], *(one.matrix(names) for one in others)])
            y = np.concatenate([own.grades[~left], *(one.grades for one in others)])
            questions = [q for q, out in zip(own.questions, left, strict=True) if not out]
            questions += [q for one in others for q in one.questions]
            long = np.concatenate([own.long[~left], *(one.long for one in others)])
            expected[left] = fits(x, y, questions, long, variant)(own.matrix(names)[left], own.long[left])
        found.append(expected)
    return found


def with_rated(own: Answers, expected: Array, figures: RatedFigures, most: int = 25, parts: int = 7) -> LeftOut:
    """What is expected once up to `most` other answers to the question were rated, a seventh left out at a time."""
    result, familiar, questions = expected.copy(), np.zeros(len(expected)), np.array(own.questions)
    chance = np.random.default_rng(7)
    for name in dict.fromkeys(own.questions):
        places = chance.permutation(np.flatnonzero(questions == name))
        for k in range(parts):
            left = places[k::parts]
            rated = chance.permutation(np.setdiff1d(places, left))[:most]
            gaps = [float(own.grades[i] - expected[i]) for i in rated]
            learnt = learn([own.traits[i] for i in rated], gaps, figures)
            for i in left if learnt else ():
                assert learnt is not None
                more, familiar[i] = beyond(learnt, own.traits[i], figures)
                result[i] = min(5.0, max(0.0, expected[i] + more))
    return LeftOut(result, own.grades, familiar)


def reach_of(sets: Sequence[Answers], found: Sequence[LeftOut], long: bool) -> Widths:
    """The reach for short or long model answers, learnt from what was left out."""
    return widths_of(_joined([_at(f, s.long == long) for s, f in zip(sets, found, strict=True)]), SURES[long])


def held_out_bounds(sets: Sequence[Answers], found: Sequence[LeftOut]) -> list[tuple[Array, Array]]:
    """Intervals of answers whose own group taught neither the score nor the reach."""
    told = []
    for own, own_found in zip(sets, found, strict=True):
        low, high = np.zeros(len(own.grades)), np.zeros(len(own.grades))
        for left in folds(own.groups):
            for long in (False, True):
                here = left & (own.long == long)
                if here.any():
                    others = [
                        _at(f, (s.long == long) & ~left if s is own else s.long == long)
                        for s, f in zip(sets, found, strict=True)
                    ]
                    widths, asked = widths_of(_joined(others), SURES[long]), _at(own_found, here)
                    low[here], high[here] = bounds(widths, asked.expected, asked.familiar)
        told.append((low, high))
    return told


def _at(found: LeftOut, places: NDArray[np.bool_]) -> LeftOut:
    familiar = None if found.familiar is None else found.familiar[places]
    return LeftOut(found.expected[places], found.grades[places], familiar)


def _joined(some: Sequence[LeftOut]) -> LeftOut:
    familiar = [one.familiar for one in some if one.familiar is not None]
    return LeftOut(
        np.concatenate([one.expected for one in some]),
        np.concatenate([one.grades for one in some]),
        np.concatenate(familiar) if familiar else None,
    )


def metrics(expected: Array, grades: Array, low: Array, high: Array) -> dict[str, float]:
    error = expected - grades
    sure = np.argsort(high - low, kind="stable")[: len(grades) // 2]
    told = {
        "r": np.corrcoef(expected, grades)[0, 1],
        "rmse": np.sqrt(np.mean(error**2)),
        "coverage": np.mean((grades >= low) & (grades <= high)),
        "width": np.mean(high - low),
        "surest_half": np.sqrt(np.mean(error[sure] ** 2)) / np.sqrt(np.mean(error**2)),
        "answers": len(grades),
    }
    return {name: round(float(value), 3) for name, value in told.items()}


def fitted(sets: Sequence[Answers], variant: str, encoder: Encoder | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures of one variant, and what they reached on what was left out."""
    names = IN_CONTEXT if encoder else PLAIN
    expected = held_out(sets, names, variant)
    alone = [LeftOut(e, s.grades) for s, e in zip(sets, expected, strict=True)]
    taught = [with_rated(s, e, RATED[variant]) for s, e in zip(sets, expected, strict=True)]
    reached: dict[str, Any] = {}
    for called, found in ((variant, alone), (f"{variant} rated", taught)):
        for own, own_found, (low, high) in zip(sets, found, held_out_bounds(sets, found), strict=True):
            reached[f"{own.name} {called}"] = metrics(own_found.expected, own.grades, low, high)
    x = np.concatenate([s.matrix(names) for s in sets])
    grades, long = np.concatenate([s.grades for s in sets]), np.concatenate([s.long for s in sets])
    whole = fits(x, grades, [q for s in sets for q in s.questions], long, variant)
    model = {
        "encoder": encoder.sha256 if encoder else None,
        **({"read_whole": READ_WHOLE} if encoder else {}),
        **_sum(names, whole.short),
        **({"to_long": _sum(names, whole.long)} if OF_THE_OTHERS[variant] != (1.0, 1.0) else {}),
        "short": reach_of(sets, alone, False),
        "long": reach_of(sets, alone, True),
        "rated": RATED[variant].model_dump(),
        "rated_short": reach_of(sets, taught, False),
        "rated_long": reach_of(sets, taught, True),
    }
    return model, reached


def _sum(names: Sequence[str], found: Fit) -> dict[str, Any]:
    return {
        "usual": round(found.usual, 4),
        "effects": {
            name: {"usual": round(float(c), 4), "points": round(float(p), 4)}
            for name, c, p in zip(names, found.centres, found.points, strict=True)
        },
    }


def written(encoder: Encoder) -> str:
    """The file of figures."""
    sets = graded_answers(encoder)
    plain, reached_plain = fitted(sets, "plain", None)
    encoded, reached_encoded = fitted(sets, "encoded", encoder)
    raw: dict[str, Any] = {
        "version": VERSION,
        "training_set": "; ".join([*map(_size, sets), "2026-11"]),
        "metrics": reached_plain | reached_encoded,
        "long_from_words": LONG_FROM,
        "plain": plain,
        "encoded": encoded,
    }
    return json.dumps({**raw, "sha256": digest(raw)}, indent=1) + "\n"


def _size(one: Answers) -> str:
    return f"{one.name} {len(one.grades):,} answers to {len(set(one.questions))} questions"


def main(arguments: Sequence[str]) -> int:
    if not RATINGS.is_dir():
        print(f"There are no ratings in {RATINGS}: nothing can be learnt here.")
        return 2
    encoder = sentence_encoder(os.environ.get("ENCODER_MODEL", "none"))
    if encoder is None:
        print("ENCODER_MODEL has to name the encoder that the encoded figures are for.")
        return 2
    text = written(encoder)
    for name, reached in json.loads(text)["metrics"].items():
        print(f"{name:22}", "  ".join(f"{key} {value:g}" for key, value in reached.items()))
    target = ROOT / "scoring" / "weights" / f"answers-{VERSION}.json"
    return keep_or_compare(target, text, compare="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
