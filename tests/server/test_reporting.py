"""From a closed room to its report: complete, the same every time, and silent about what is not the reader's."""

import pytest

from rooms import events as e
from rooms.events import Event, Mode
from rooms.interview.bank import load_bank
from rooms.kinds import Expected
from rooms.state import Room, replay
from scoring.report import Report
from server.reporting import written
from tests.kept_rooms import (
    OPENED_AT,
    closing,
    interview,
    opening,
    skipped_turn,
    spoken_turn,
    typed_turn,
)


def room_of(*happened: Event) -> Room:
    room = replay(happened)
    assert room is not None
    return room


def whole() -> Room:
    return room_of(*(record.event for record in interview()))


def report_of(room: Room) -> Report:
    return Report.model_validate_json(written(room)[1])


def test_the_same_log_gives_the_same_bytes() -> None:
    assert written(whole())[1] == written(whole())[1]


def test_every_turn_is_there_with_all_that_was_said_and_found() -> None:
    room, report = whole(), report_of(whole())
    for turn, told in zip(room.turns, report.turns, strict=True):
        assert (told.number, told.question.text, told.question.id) == (
            turn.number,
            turn.question.text,
            turn.question.id,
        )
        assert (told.transcript, told.score, told.delivery) == (turn.transcript, turn.score, turn.delivery)
        assert told.finish == (turn.finished and turn.finished.reason)
        assert (told.began_ms, told.closed_ms) == (turn.began_ms, turn.closed_ms)


def test_what_each_rubric_point_counts_is_told_also_of_a_question_of_ones_own() -> None:
    asked = next(one for one in load_bank().questions(Mode.BEHAVIOURAL) if len(one.points) > 1)
    own = Expected(text="Names a cost", weight=3)
    room = whole()
    first, second, *_ = room.turns
    turns = (
        first.but(question=first.question.but(id=asked.id)),
        second.but(question=second.question.but(id=None, points=(own,))),
        second.but(question=second.question.but(id="gone-from-the-bank")),
    )
    told = [turn.question.point_weights for turn in report_of(room.but(turns=turns)).turns]
    assert told == [{point.id: point.weight for point in asked.points}, {"own-1": 3}, {}]


def test_every_quote_is_a_piece_of_what_was_said() -> None:
    report = report_of(whole())
    turns = {turn.number: turn.transcript for turn in report.turns}
    shown = [
        (turn.number, quote) for turn in report.turns if turn.score for m in turn.score.marks for quote in m.quotes
    ]
    shown += [(found.turn, found.quote) for found in report.strengths]
    assert shown
    assert all(turns[number].holds(quote) for number, quote in shown)


def test_the_row_says_what_the_report_says() -> None:
    row, _ = written(whole())
    report = report_of(whole())
    assert row == ("r-1", "owner", "behavioural", OPENED_AT, OPENED_AT + 300_000, report.overall, 3)
    assert (report.opened_at, report.duration_ms) == (OPENED_AT, 300_000)


def test_notes_whispers_and_the_interviewers_reasons_stay_out() -> None:
    secret = "between us"
    said: list[Event] = [
        e.NoteTaken(by="person-2", text=secret, at_ms=1),
        e.Whispered(by="person-2", text=secret, at_ms=2),
    ]
    _, report = written(room_of(*opening(), *said, *spoken_turn(1), closing()))
    assert secret.encode() not in report
    assert b"middling difficulty" not in report


def test_the_recognisers_caution_is_there_if_it_wrote_words_and_only_then() -> None:
    caution = "Words will often be wrong."
    assert caution in (report_of(room_of(*opening(), *spoken_turn(1), closing())).caution or "")
    assert caution not in (report_of(room_of(*opening(), *typed_turn(1), closing())).caution or "")
    assert report_of(room_of(*opening(), closing())).transcriber == "PocketSphinx en-us"


@pytest.mark.parametrize("mode", list(e.Mode))
def test_an_interview_of_each_mode_has_a_report_even_if_nothing_was_asked(mode: e.Mode) -> None:
    opened = opening()[0].model_copy(update={"mode": mode})
    for happened in ([], skipped_turn(1)):
        row, report = written(room_of(opened, *opening()[1:], *happened, closing()))
        assert row.overall is None
        assert Report.model_validate_json(report).mode == mode


def test_an_interview_that_goes_on_has_none() -> None:
    with pytest.raises(ValueError, match="goes on"):
        written(room_of(*opening(), *spoken_turn(1)))
