"""How fast, by processor time of one core."""

import time
from collections.abc import Iterator, Sequence

from rooms.transcript import Transcript
from scoring.answers import Grader, grader
from scoring.calibration import sample
from scoring.evaluate.content import rubric_of, transcript_of
from scoring.local import score
from scoring.paraphrase import Paraphrases, paraphrases
from scoring.rubric import Rubric
from scoring.weights import load_weights
from scoring.weights.answers import load_answer_weights
from scoring.weights.paraphrase import load_paraphrase_weights
from scripts.bench.rows import Row
from scripts.bench.scoring.given import Given, called
from scripts.fitting.answers import VERSION, rows_of

AT_LEAST = {"plain": 500, "encoded": 50}
"""Turns a second."""
EVERY = 3
"""Of the graded answers one in so many is scored, each once: nothing is known of it yet."""
TURNS, ROUNDS = 10, 5
INTERVIEW_MS = 50.0


def measure(given: Given) -> Iterator[Row]:
    yield from _of_interviews(given)
    given.need_ratings()
    for variant, encoder in given.variants:
        grading = grader(load_answer_weights(VERSION), encoder)
        for name in ("mohler", "saf"):
            rows = rows_of(name)[::EVERY]
            cases = [(rubric_of(row.question, row.reference), transcript_of(row.answer)) for row in rows]
            words = sum(len(row.answer.split()) for row in rows) / len(rows)
            beside = f"{len(cases)} answers of {words:.0f} words"
            what = f"{name}, {called(variant)}: turns a second"
            yield Row.at_least(what, _speed(cases, grading), AT_LEAST[variant], compared=beside, digits=0)


def _speed(cases: Sequence[tuple[Rubric, Transcript]], grading: Grader) -> float:
    began = time.process_time()
    for rubric, transcript in cases:
        score(rubric, transcript, grading=grading)
    return len(cases) / (time.process_time() - began)


def _of_interviews(given: Given) -> Iterator[Row]:
    """Ten whole answers to the bank's questions, again and again: they were scored before."""
    whole = {case.id.rpartition(".")[0]: case for case in sample()[0]}  # the last of each is the longest
    turns = [(case.rubric, case.transcript) for case in whole.values()][:TURNS]
    for variant, encoder in given.variants:
        how = paraphrases(load_paraphrase_weights(load_weights().paraphrase or ""), encoder) if encoder else None
        took = [_rescoring_ms(turns, how) for _ in range(ROUNDS)]
        what = f"an interview of {len(turns)} answers scored again, {called(variant)}, ms"
        yield Row.at_most(what, sorted(took[1:])[len(took[1:]) // 2], INTERVIEW_MS, compared=f"{took[0]:.0f} at first")


def _rescoring_ms(turns: Sequence[tuple[Rubric, Transcript]], how: Paraphrases | None) -> float:
    began = time.process_time()
    for rubric, transcript in turns:
        score(rubric, transcript, other_words=how)
    return (time.process_time() - began) * 1000
