"""Score answers to questions that have a model answer: IN.csv with question, reference, answer into OUT.csv."""

import argparse
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from rooms.transcript import Source, Transcript, Utterance
from scoring.answers import Grader, grader
from scoring.evaluate.table import Row, Table, TableError, check_place, number, read_table, write_table
from scoring.local import score
from scoring.meaning import Encoder
from scoring.reading import Reading, read, without_question
from scoring.rubric import Family, Rubric, RubricError
from scoring.weights import WeightsError, load_weights
from scoring.weights.answers import load_answer_weights
from server.adapters.sentences import sentence_encoder
from server.ports import Misconfigured

NAME: Final = "content"
WANTED: Final = ("question", "reference", "answer")
ADDED: Final = ("score", "low", "high", "abstain", "reason", "scorer")
UTTERANCE_CHARS: Final = 20_000
"""An utterance holds no more; a longer answer is several."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answers", type=Path, metavar="IN.csv", help=f"columns {', '.join(WANTED)}")
    parser.add_argument("out", type=Path, metavar="OUT.csv", help=f"the same rows with {', '.join(ADDED)}")
    parser.add_argument("--rated", type=Path, metavar="RATED.csv", help="rated answers: the same columns, and score")


def run(arguments: argparse.Namespace) -> str:
    """Score every row with the scorer and weights of the rooms."""
    check_place(arguments.out)
    table = read_table(arguments.answers, WANTED)
    rated = read_table(arguments.rated, [*WANTED, "score"]) if arguments.rated else None
    plain = _grader(os.environ.get("ENCODER_MODEL", "none"))
    asked = [_rubric(table, row) for row in table.rows]
    given = _given(rated) if rated else {}
    taught = {rubric: plain.taught(rubric, given[rubric]) for rubric in set(asked) & given.keys()}
    renamed: dict[str, str] = {column: f"given_{column}" for column in ADDED if column in table.columns}
    rows = [
        {renamed.get(column, column): field for column, field in row.fields.items()}
        | columns_of(rubric, row.fields["answer"], taught.get(rubric, plain))
        for rubric, row in zip(asked, table.rows, strict=True)
    ]
    write_table(arguments.out, [*(renamed.get(column, column) for column in table.columns), *ADDED], rows)
    abstained = sum(row["abstain"] == "1" for row in rows)
    using = plain.encoder.label if plain.encoder else "no sentence encoder"
    own = _told(given, taught, plain.figures.rated.at_least) if rated else ""
    return f"{len(rows)} answers scored with {using}{own}; {abstained} with too little to go on; see {arguments.out}"


def _grader(encoder_model: str) -> Grader:
    """What rooms grade short answers with."""
    version = load_weights().answers
    assert version is not None, "the newest weights name their figures for short answers"
    try:
        encoder: Encoder | None = sentence_encoder(encoder_model)
        return grader(load_answer_weights(version), encoder)
    except (Misconfigured, WeightsError) as wrong:
        raise TableError(f"ENCODER_MODEL: {wrong}") from wrong


Given = Mapping[Rubric, Sequence[tuple[Reading, float]]]


def _given(rated: Table) -> Given:
    """What people gave to answers, by question. An answer without a word is left out: it is never scored, and what it
    was given says nothing of words."""
    given: dict[Rubric, list[tuple[Reading, float]]] = {}
    for row in rated.rows:
        people = number(rated, row, "score", 0.0, 5.0)
        rubric = _rubric(rated, row)
        kept, reading = given.setdefault(rubric, []), _said(rubric, transcript_of(row.fields["answer"]))
        if reading.tokens:
            kept.append((reading, people))
    return given


def _said(rubric: Rubric, answer: Transcript) -> Reading:
    return without_question(read(answer), rubric.question)


def _told(given: Given, taught: Mapping[Rubric, Grader], at_least: int) -> str:
    """What became of the rated answers: who misspells a question learns why nothing changed."""
    learnt = sum(one.learnt is not None for one in taught.values())
    few, not_asked = len(taught) - learnt, len(given) - len(taught)
    told = f", {learnt} questions with a model of their own"
    told += f" ({few} more with fewer than {at_least} rated answers)" if few else ""
    return told + (f" ({not_asked} rated ones are not asked with this reference)" if not_asked else "")


def _rubric(table: Table, row: Row) -> Rubric:
    try:
        return rubric_of(row.fields["question"], row.fields["reference"])
    except RubricError as wrong:
        raise TableError(f"{table.file}: line {row.line}: {wrong}") from wrong


@lru_cache(maxsize=2_000)
def rubric_of(question: str, reference: str) -> Rubric:
    """What counts in an answer of a few sentences with a model answer: the rubric a room would use for it."""
    return Rubric.from_question(question.strip(), Family.TECHNICAL.value, reference=reference.strip())


def transcript_of(answer: str) -> Transcript:
    """A typed answer. An empty one is a transcript without utterances."""
    pieces = [answer[i : i + UTTERANCE_CHARS] for i in range(0, len(answer), UTTERANCE_CHARS)]
    return Transcript(utterances=tuple(_typed(i, piece) for i, piece in enumerate(pieces) if piece.strip()))


def _typed(number: int, text: str) -> Utterance:
    return Utterance(id=f"u{number}", source=Source.TYPED, text=text, start_ms=number, end_ms=number)


def columns_of(rubric: Rubric, answer: str, grading: Grader) -> dict[str, str]:
    """What is added to a row. Where the scorer abstains, `score` is a guess within the whole scale; 0 for no words."""
    transcript = transcript_of(answer)
    marked = score(rubric, transcript, grading=grading)
    guess = marked.overall
    if guess is None:
        reading = _said(rubric, transcript)
        guess = grading.grade(rubric, reading).score if reading.tokens else 0.0
    return {
        "score": f"{guess:g}",
        "low": f"{marked.low or 0.0:g}",
        "high": f"{5.0 if marked.high is None else marked.high:g}",
        "abstain": "1" if marked.overall is None else "0",
        "reason": marked.abstained or marked.caution or "",
        "scorer": f"{marked.scorer} {marked.weights}",
    }
