"""A room scored again with other weights: both numbers side by side, and the room as it was."""

from pathlib import Path

import pytest

from client.tables import side_by_side
from rooms.events import AnswerFinished as Finished
from rooms.events import Finish, Mode, Question, QuestionKind
from rooms.evidence import Dimension, Score
from rooms.interview.bank import load_bank
from rooms.state import Room, Turn
from scoring.calibration import typed
from scoring.judging import judged_score, verdict
from scoring.local import score
from scoring.reading import read
from scoring.verdict import ballot
from scoring.weights import NEWEST, NEWEST_JUDGE, WeightsError, load_weights
from server.marker import rubric_of
from server.rescoring import rescored
from server.shelf import Shelf
from tests.scoring.answers import GOOD, MIDDLING, MISTAKE_MIDDLING
from tests.scoring.test_judging import reply
from tests.server.test_shelf import own

BANK = load_bank()
ANSWERS = (("promise-at-risk", GOOD), ("promise-at-risk", MIDDLING), ("own-mistake", MISTAKE_MIDDLING))


def turn(number: int, question: str, text: str) -> Turn:
    asked = Question(id=question, text=BANK.by_id(question).text, kind=QuestionKind.NEW)
    done = Finished(turn=number, reason=Finish.DONE)
    said = typed(text).utterances
    return Turn(number=number, question=asked, by="greenroom", utterances=said, finished=done, closed_ms=1)


def interview(*answers: tuple[str, str]) -> Room:
    """A room whose answers were scored with the newest weights."""
    turns = tuple(turn(number, *answer) for number, answer in enumerate(answers, 1))
    room = Room(id="r-1", mode=Mode.BEHAVIOURAL, length=3, notice="n", owner="ada", opened_at=1, turns=turns)
    return with_scores(room, [score(rubric_of(BANK, room, one), one.transcript) for one in turns])


def with_scores(room: Room, scores: list[Score]) -> Room:
    turns = (one.but(score=found) for one, found in zip(room.turns, scores, strict=True))
    return room.but(turns=tuple(turns))


def judged() -> Room:
    room = interview(("promise-at-risk", GOOD))
    (one,) = room.turns
    rubric = rubric_of(BANK, room, one)
    found = verdict(
        [ballot(reply("partial", "I called the customer the same day"), rubric, read(one.transcript))], rubric
    )
    made = judged_score(rubric, one.transcript, found, load_weights(scorer="judge"), scorer="m-1 at h")
    return with_scores(room, [made])


def test_with_the_weights_of_then_it_is_the_same_to_the_last_number() -> None:
    found = rescored(interview(*ANSWERS), BANK, Shelf(), NEWEST)
    assert len(found.turns) == 3
    for one in found.turns:
        assert one.now == one.then
        assert one.note is None


def test_with_other_weights_both_stand_side_by_side_and_the_room_stays(tmp_path: Path) -> None:
    own(tmp_path, "9.0.0")
    room = interview(*ANSWERS)
    kept = room.model_dump_json()
    found = rescored(room, BANK, Shelf(tmp_path), "9.0.0")
    assert room.model_dump_json() == kept
    first = found.turns[0]
    assert first.now is not None
    assert (first.then.weights, first.now.weights) == (NEWEST, "9.0.0")
    assert (first.then.low, first.then.high) != (first.now.low, first.now.high)
    printed = "\n".join(side_by_side(found.model_dump(mode="json")))
    assert all(dimension in printed for dimension in Dimension)
    assert "9.0.0" in printed
    assert "Nothing was changed" in printed


def test_a_judged_answer_is_scored_again_from_the_kept_marks() -> None:
    (one,) = rescored(judged(), BANK, Shelf(), f"judge-{NEWEST_JUDGE}").turns
    assert one.now == one.then
    assert one.note is None


def test_rules_beside_a_judge_are_said_to_be_another_scale() -> None:
    (one,) = rescored(judged(), BANK, Shelf(), NEWEST).turns
    assert one.now is not None
    assert one.now.scorer == "local"
    assert "another scale" in (one.note or "")


def test_a_judges_weights_say_nothing_about_what_rules_marked() -> None:
    found = rescored(interview(*ANSWERS), BANK, Shelf(), f"judge-{NEWEST_JUDGE}")
    assert [one.now for one in found.turns] == [None] * 3
    assert found.now is None


def test_a_rubric_that_changed_since_is_said() -> None:
    room = interview(("promise-at-risk", GOOD))
    (one,) = room.turns
    elsewhere = with_scores(room, [score(rubric_of(BANK, room, turn(1, "own-mistake", GOOD)), one.transcript)])
    (compared,) = rescored(elsewhere, BANK, Shelf(), NEWEST).turns
    assert "its rubric or the scorer has changed" in (compared.note or "")


def test_a_question_that_left_the_bank_keeps_its_score() -> None:
    room = interview(("promise-at-risk", GOOD))
    (one,) = room.turns
    gone = room.but(turns=(one.but(question=one.question.but(id="long-gone")),))
    (compared,) = rescored(gone, BANK, Shelf(), NEWEST).turns
    assert compared.now is None
    assert compared.then.overall is not None


def test_weights_that_are_not_there_are_an_error_with_their_name() -> None:
    with pytest.raises(WeightsError, match=r"9\.9\.9"):
        rescored(interview(*ANSWERS), BANK, Shelf(), "9.9.9")
