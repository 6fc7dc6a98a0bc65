"""A closed room as rows: `rows(records)` reads the whole log and gives what goes into each table.

Decides which fact lands in which column. Pure, and it invents nothing: the same log gives the same rows, so the tables
can be thrown away and made again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from rooms.events import ConsentGiven
from rooms.evidence import Delivery, Score
from rooms.state import Room, Turn, replay
from server.adapters import tables as t
from server.ports import Record

Row = dict[str, Any]


def rows(records: Sequence[Record]) -> Mapping[Table, Sequence[Row]]:
    """Rows by table, parents before children. ValueError unless the log is whole and its room closed."""
    room = replay(record.event for record in records)
    if room is None or room.closed_ms is None:
        raise ValueError("only a closed room has rows")
    made: dict[Table, list[Row]] = {
        table: [] for table in (t.rooms, t.turns, t.marks, t.quotes, t.dimension_scores, t.deliveries)
    }
    made[t.rooms].append(_room(room, room.closed_ms, _consented_at(records)))
    for turn in room.turns:
        key = {"room": room.id, "turn": turn.number}
        made[t.turns].append(key | _turn(turn) | _overall(turn.score))
        if turn.score:
            made[t.marks] += _marks(key, turn.score)
            made[t.quotes] += _quotes(key, turn.score)
            made[t.dimension_scores] += _dimensions(key, turn.score)
        if turn.delivery:
            made[t.deliveries].append(key | _delivery(turn.delivery))
    return made


def _consented_at(records: Sequence[Record]) -> int | None:
    return next((record.at for record in records if isinstance(record.event, ConsentGiven)), None)


def _room(room: Room, closed_ms: int, consented_at: int | None) -> Row:
    return {
        "room": room.id,
        "owner": room.owner,
        "candidate": room.candidate,
        "mode": room.mode.value,
        "length": room.length,
        "opened_at": room.opened_at,
        "closed_at": room.opened_at + closed_ms,
        "notice": room.notice,
        "consented_at": consented_at,
        "transcriber": room.transcriber and room.transcriber.label,
        "transcriber_caution": room.transcriber and room.transcriber.caution,
    }


def _turn(turn: Turn) -> Row:
    question = turn.question
    return {
        "question_id": question.id,
        "question": question.text,
        "question_kind": question.kind.value,
        "follow_up_of": question.follow_up_of,
        "competence": question.competence,
        "difficulty": question.difficulty,
        "asked_by": turn.by,
        "reason": turn.finished and turn.finished.reason.value,
        "began_ms": turn.began_ms,
        "closed_ms": turn.closed_ms,
        "transcript": turn.transcript.text,
        "utterances": "[" + ",".join(utterance.model_dump_json() for utterance in turn.utterances) + "]",
    }


def _overall(score: Score | None) -> Row:
    return {
        "overall": score and score.overall,
        "low": score and score.low,
        "high": score and score.high,
        "abstained": score and score.abstained,
        "caution": score and score.caution,
        "scorer": score and score.scorer,
        "weights": score and score.weights,
    }


def _marks(key: Row, score: Score) -> list[Row]:
    return [
        key
        | {
            "place": place,
            "point": mark.point,
            "criterion": mark.criterion,
            "level": mark.level.value,
            "reason": mark.reason,
        }
        for place, mark in enumerate(score.marks, 1)
    ]


def _quotes(key: Row, score: Score) -> list[Row]:
    return [
        key
        | {
            "mark": number,
            "place": place,
            "utterance": quote.utterance,
            "quote": quote.text,
            "start_ms": quote.start_ms,
            "end_ms": quote.end_ms,
        }
        for number, mark in enumerate(score.marks, 1)
        for place, quote in enumerate(mark.quotes, 1)
    ]


def _dimensions(key: Row, score: Score) -> list[Row]:
    by_dimension = {scored.dimension: scored for scored in score.dimensions}
    return [
        key
        | {
            "dimension": dimension.value,
            "score": scored.score,
            "low": scored.low,
            "high": scored.high,
            "abstained": scored.abstained,
        }
        for dimension, scored in by_dimension.items()
    ]


def _delivery(delivery: Delivery) -> Row:
    return {
        "words": delivery.words,
        "speaking_ms": delivery.speaking_ms,
        "words_per_minute": delivery.words_per_minute,
        "articulation_rate": delivery.articulation_rate,
        "pauses": len(delivery.pauses),
        "longest_pause_ms": max((pause.end_ms - pause.start_ms for pause in delivery.pauses), default=0),
        "fillers": len(delivery.fillers),
        "fillers_per_minute": delivery.fillers_per_minute,
        "repairs": len(delivery.repairs),
        "thinking_ms": delivery.thinking_ms,
    }
