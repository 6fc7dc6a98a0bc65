"""What a terminal shows of a room."""

import io
import json
from typing import get_args

import pytest

from client.lines import clock, lines_of, plain, score_lines
from client.news import Back, Change, Lost, Moved, Unkept, Whole
from client.report import report_lines
from client.screen import Screen
from rooms import commands as c
from rooms import events as e
from rooms.people import Participant, Role
from rooms.protocol import Happened, Partial, Refused, ResetReason, Telling
from rooms.state import Room
from scripts import protocol_examples as examples
from tests.client.toy import ADA, ToyRoom

QUIET = {"room_opened", "microphone_opened", "answer_began", "answer_finished"}


@pytest.fixture
def room() -> Room:
    toy = ToyRoom()
    toy.connect("s-1", '{"type":"hello","protocol":1,"ticket":"t"}', ADA)
    for wish in (c.GiveConsent(notice="2026-11"), c.StartInterview()):
        toy.command(wish, ADA)
    toy.ask("Tell me more.")
    toy.command(c.TypeAnswer(turn=1, text="We tried."), ADA)
    assert toy.room is not None
    return toy.room


def happened(event: e.Event, room: Room, at_ms: int = 61_000) -> Happened:
    return Happened(version=9, after=8, tag="t", at=room.opened_at + at_ms, event=event)


@pytest.mark.parametrize("event", examples.EVENTS, ids=lambda event: event.kind)
def test_every_fact_but_the_quiet_ones_is_told(event: e.Event, room: Room) -> None:
    lines = lines_of(happened(event, room), room)
    assert bool(lines) == (event.kind not in QUIET)
    assert all(line.startswith(" 1:01  " if n == 0 else "       ") for n, line in enumerate(lines))


def test_every_event_there_is_was_among_them() -> None:
    assert {type(event) for event in examples.EVENTS} == set(get_args(e.Event))


def test_a_question_says_which_one_it_is_and_why_where_that_is_shown(room: Room) -> None:
    asked = examples.QUESTION.model_copy(update={"kind": e.QuestionKind.FOLLOW_UP, "why": "It was thin."})
    lines = lines_of(happened(e.QuestionAsked(turn=2, question=asked, by="greenroom"), room), room)
    assert lines[0].endswith("Question 2 of 3 (follow up): Tell me about a cost you brought down.")
    assert lines[1].strip() == "why: It was thin."


def test_marks_are_told_with_their_quotes_and_times() -> None:
    lines = score_lines(examples.SCORE, examples.DELIVERY)
    assert lines[0] == "scored 2.6 of 5 (1.4 to 3.8) by local"
    assert "  ◐ partial: Says how it came out, in numbers" in lines
    assert "      “halved it” at 0:08" in lines
    assert "    result: “halved it” at 0:08" in lines


def test_a_score_that_abstains_says_why() -> None:
    nothing = examples.SCORE.model_copy(update={"overall": None, "abstained": "Nothing was said.", "marks": ()})
    assert score_lines(nothing, None)[0] == "not scored: Nothing was said."


def test_a_room_shown_whole_is_told_from_the_start(room: Room) -> None:
    lines = lines_of(Whole(room, ResetReason.FIRST), room)
    assert lines[0] == "Room r-1: behavioural, 3 questions, answering."
    assert lines[1:] == ["Here: Ada (candidate)", "1. Tell me more.", "   “We tried.”"]


def test_somebody_with_another_connection_left_has_not_left(room: Room) -> None:
    left = e.ParticipantLeft(participant=ADA.id, connection="another")
    assert lines_of(happened(left, room), room) == []


@pytest.mark.parametrize("text", ["\x1b[2J\x1b[31mred", "a\rb", "a\nb", "a\u202eb", "a\u200bb"])
def test_nobody_can_write_on_the_terminal_but_letters(text: str, room: Room) -> None:
    whisper = e.Whispered(by=ADA.id, text=text, at_ms=1)
    evil = Participant(id="evil", name=text, role=Role.COACH)
    for event in (whisper, e.ParticipantJoined(participant=evil, connection="s", worker="w")):
        told = "".join(lines_of(happened(event, room), room))
        assert told.isprintable()
    assert plain(text).isprintable()


@pytest.mark.parametrize(("ms", "shown"), [(0, " 0:00"), (61_999, " 1:01"), (3_599_000, "59:59"), (-5, " 0:00")])
def test_times_are_minutes_and_seconds(ms: int, shown: str) -> None:
    assert clock(ms) == shown


# --- the report ---


def test_a_reports_own_caution_is_said_once() -> None:
    score = examples.SCORE.model_copy(update={"caution": "Often wrong."}).model_dump(mode="json")
    turn = {"number": 1, "question": {"text": "Why?"}, "score": score, "delivery": None}
    lines = report_lines({"turns": [turn, turn], "caution": "Often wrong. Few answers.", "overall": 2.6})
    assert [line for line in lines if "wrong" in line] == ["Caution: Often wrong. Few answers."]
    assert lines[-1] == "Overall 2.6 of 5."


def test_a_score_of_a_later_release_is_left_to_the_page() -> None:
    turn = {"number": 1, "question": {"text": "Why?"}, "score": {"stars": 4}, "delivery": None}
    assert "   (see the page for this turn's score)" in report_lines({"turns": [turn]})


def test_all_answers_together_are_told_with_what_does_not_fit() -> None:
    said = [{"turn": n, "quote": {"text": f"{word} engineers"}} for n, word in ((1, "five"), (3, "eight"))]
    interview = {
        "readiness": {"level": "not_yet", "abstained": None},
        "competences": [{"name": "ownership", "reach": "shown"}, {"name": "conflict", "reach": "touched"}],
        "contradictions": [{"about": "Two numbers.", "first": said[0], "second": said[1]}],
        "consistency": {"sentence": "The answers were even."},
        "growth": None,
    }
    assert report_lines({"turns": [], "interview": interview}) == [
        "All answers together:",
        "   Ready: not yet",
        "   Shown: ownership",
        "   Worth asking about: Two numbers. 1: “five engineers” / 3: “eight engineers”",
        "   The answers were even.",
    ]
    unsaid = interview | {"readiness": {"level": None, "abstained": "Too little."}}
    assert "   Ready: Too little." in report_lines({"turns": [], "interview": unsaid})


# --- the screen ---


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


PARTIAL = Telling(what=Partial(turn=1, utterance="u", stable="we tried", unstable="the"))


def test_partial_words_rewrite_one_line_of_a_terminal(room: Room) -> None:
    out = Terminal()
    screen = Screen(out)
    screen.show(PARTIAL, room)
    screen.show(PARTIAL, room)
    screen.say("Done.")
    assert out.getvalue().count("\n") == 1
    assert out.getvalue().endswith("\rDone.\n")


def test_partial_words_are_left_out_of_a_pipe(room: Room) -> None:
    out = io.StringIO()
    Screen(out).show(PARTIAL, room)
    assert out.getvalue() == ""


REFUSED = Refused(id=None, code="frame_invalid", sentence="No frame.", retry=False)
UNKEPT = Unkept(c.TypeAnswer(turn=1, text="Said before."), REFUSED.model_copy(update={"id": "c-1"}))


def test_every_change_is_one_json_object_with_a_type(room: Room) -> None:
    changes: list[Change] = [
        Whole(room, ResetReason.FIRST),
        happened(examples.EVENTS[0], room),
        PARTIAL,
        REFUSED,
        Lost(1006),
        Back(3),
        Moved(0),
        UNKEPT,
    ]
    assert {type(change) for change in changes} == set(get_args(Change))
    out = io.StringIO()
    screen = Screen(out, as_json=True)
    for change in changes:
        screen.show(change, room)
    screen.say("Only for people.")
    kinds = [json.loads(line)["type"] for line in out.getvalue().splitlines()]
    assert kinds == ["room", "event", "telling", "refused", "lost", "back", "moved", "unkept"]


def test_what_was_written_and_not_taken_is_shown_once_more(room: Room) -> None:
    assert "Said before." in "".join(lines_of(UNKEPT, room))
    out = io.StringIO()
    Screen(out, as_json=True).show(UNKEPT, room)
    assert json.loads(out.getvalue())["text"] == "Said before."


def test_every_change_is_told_to_people(room: Room) -> None:
    for change in (Lost(1006), Back(3), Moved(0), REFUSED, UNKEPT, PARTIAL):
        assert lines_of(change, room)
