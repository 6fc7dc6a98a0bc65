"""Score answers to questions that have a model answer: IN.csv with question, reference, answer into OUT.csv."""

import argparse
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from rooms.evidence import Score
from rooms.transcript import Source, Transcript, Utterance
from scoring.evaluate.table import TableError, read_table, write_table
from scoring.local import score
from scoring.rubric import Family, Rubric, RubricError

NAME: Final = "content"
WANTED: Final = ("question", "reference", "answer")
ADDED: Final = ("score", "low", "high", "abstain", "reason", "scorer")
UTTERANCE_CHARS: Final = 20_000
"""An utterance holds no more; a longer answer is several."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answers", type=Path, metavar="IN.csv", help=f"columns {', '.join(WANTED)}")
    parser.add_argument("out", type=Path, metavar="OUT.csv", help=f"the same rows with {', '.join(ADDED)}")


def run(arguments: argparse.Namespace) -> str:
    """Score every row with the scorer and weights of the rooms."""
    table = read_table(arguments.answers, WANTED)
    rows = []
    for row in table.rows:
        try:
            rubric = rubric_of(row.fields["question"], row.fields["reference"])
        except RubricError as wrong:
            raise TableError(f"{table.file}: line {row.line}: {wrong}") from wrong
        rows.append(row.fields | columns_of(score(rubric, transcript_of(row.fields["answer"]))))
    write_table(arguments.out, [*table.columns, *(c for c in ADDED if c not in table.columns)], rows)
    abstained = sum(row["abstain"] == "1" for row in rows)
    return f"{len(rows)} answers scored, {abstained} of them with too little to go on; see {arguments.out}"


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


def columns_of(marked: Score) -> dict[str, str]:
    """What is added to a row. Without a score it says 0 within the whole scale, and `abstain` says to ignore that."""
    told: Iterable[tuple[str, str]] = (
        ("score", f"{marked.overall or 0.0:g}"),
        ("low", f"{marked.low or 0.0:g}"),
        ("high", f"{5.0 if marked.high is None else marked.high:g}"),
        ("abstain", "1" if marked.overall is None else "0"),
        ("reason", marked.abstained or marked.caution or ""),
        ("scorer", f"{marked.scorer} {marked.weights}"),
    )
    return dict(told)
