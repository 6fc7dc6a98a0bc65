"""A closed room as its report: what `scoring.report` needs to know of a room, and the row that lists it.

Decides which facts of a room reach its report: what was asked, answered, scored and spoken; no note, no whisper and
no reason of the interviewer's. The same room gives the same bytes.
"""

from collections.abc import Mapping

from rooms.interview.bank import UnknownQuestion, load_bank
from rooms.state import Room, Turn
from scoring.report import AskedQuestion, ReportTurn, build
from server.marker import rubric_of
from server.ports import ReportRow

_WITHDRAWN = "The candidate withdrew consent; from then on nothing was heard or scored."


def written(room: Room) -> tuple[ReportRow, bytes]:
    """The report of a closed room as JSON, and its row."""
    if room.closed_ms is None:
        raise ValueError("an interview that goes on has no report")
    report = build(
        [_turn(room, turn) for turn in room.turns],
        room=room.id,
        mode=room.mode.value,
        opened_at=room.opened_at,
        duration_ms=room.closed_ms,
        transcriber=room.transcriber.label if room.transcriber else None,
        caution=_caution(room),
        competences=tuple(dict.fromkeys(question.competence for question in load_bank().questions(room.mode))),
    )
    row = ReportRow(
        room=room.id,
        owner=room.owner,
        mode=room.mode.value,
        opened_at=room.opened_at,
        closed_at=room.opened_at + room.closed_ms,
        overall=report.overall,
        questions=report.questions,
    )
    return row, report.model_dump_json().encode()


def _caution(room: Room) -> str | None:
    """What to know first: that the interview was broken off, and of the recogniser's words, if it wrote any."""
    heard = any(turn.transcript.words for turn in room.turns)
    notes = [_WITHDRAWN] if room.withdrawn else []
    notes += [room.transcriber.caution] if room.transcriber and room.transcriber.caution and heard else []
    return " ".join(notes) or None


def _turn(room: Room, turn: Turn) -> ReportTurn:
    asked = turn.question
    question = AskedQuestion(
        id=asked.id,
        text=asked.text,
        kind=asked.kind.value,
        follow_up_of=asked.follow_up_of,
        competence=asked.competence,
        difficulty=asked.difficulty,
        point_weights=_point_weights(room, turn),
    )
    return ReportTurn(
        number=turn.number,
        question=question,
        finish=turn.finished.reason.value if turn.finished else None,
        began_ms=turn.began_ms,
        closed_ms=turn.closed_ms,
        transcript=turn.transcript,
        score=turn.score,
        delivery=turn.delivery,
    )


def _point_weights(room: Room, turn: Turn) -> Mapping[str, float]:
    try:
        return {point.id: point.weight for point in rubric_of(load_bank(), room, turn).points}
    except UnknownQuestion:
        return {}
