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
from scoring.weights.answers import load_answer_weights
from server.marker import WITHOUT_ENCODER, EncoderMissing, Marker, encoder_of, rubric_of
from server.rescoring import rescored
from server.shelf import Shelf
from tests.scoring.answers import GOOD, MIDDLING, MISTAKE_MIDDLING
from tests.scoring.test_answers import spelling_encoder
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


def test_a_model_answer_beside_six_sides_is_said_to_be_another_scale() -> None:
    model = "A collection in which the element added last is the first to be removed."
    asked = Question(id=None, text="What is a stack?", kind=QuestionKind.OWN, reference=model)
    one = turn(1, "promise-at-risk", "A list in which the element added last is removed first.").but(question=asked)
    room = interview().but(mode=Mode.TECHNICAL, turns=(one,))
    room = with_scores(room, [score(rubric_of(BANK, room, one), one.transcript)])
    (compared,) = rescored(room, BANK, Shelf(), "1.0.0").turns
    assert "relevance alone" in (compared.note or "")
    assert "now all six sides: another scale" in (compared.note or "")


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


# --- a question with a model answer, read by a sentence encoder ---------------------------------------------------

ENCODER = spelling_encoder(load_answer_weights(load_weights().answers or "").encoder or "")


def read_with_encoder() -> Room:
    """A technical room, opened with an encoder, whose coach asked a question with a model answer."""
    model = "A collection in which the element added last is the first to be removed."
    asked = Question(id=None, text="What is a stack?", kind=QuestionKind.OWN, reference=model)
    said = typed("A collection where one removes the element added last.").utterances
    one = Turn(number=1, question=asked, by="ada", utterances=said, finished=Finished(turn=1, reason=Finish.DONE))
    opened = interview().but(mode=Mode.TECHNICAL, encoder=encoder_of(load_weights(), ENCODER), turns=(one,))
    return with_scores(opened, [Marker(BANK, Shelf(), encoder=ENCODER).rules(opened, one)])


def test_a_room_keeps_its_encoder_and_is_read_by_it_again_to_the_last_byte() -> None:
    room = read_with_encoder()
    (found,) = rescored(room, BANK, Shelf(), NEWEST, ENCODER).turns
    assert "with letters" in found.then.scorer
    assert (found.now, found.note) == (found.then, None)
    (with_words,) = rescored(room.but(encoder=None), BANK, Shelf(), NEWEST, ENCODER).turns
    assert with_words.now is not None
    assert "letters" not in with_words.now.scorer


def test_without_the_rooms_encoder_nothing_is_made_up() -> None:
    for other in (None, ENCODER._replace(sha256="another")):
        with pytest.raises(EncoderMissing):
            rescored(read_with_encoder(), BANK, Shelf(), NEWEST, other)
        assert encoder_of(load_weights(), other) is None
    assert encoder_of(load_weights("1.1.0"), ENCODER) is None


def test_weights_that_know_no_encoder_score_by_words_alone() -> None:
    (found,) = rescored(read_with_encoder(), BANK, Shelf(), "1.1.0").turns
    assert found.now is not None
    assert (found.now.scorer, found.now.weights) == ("local", "1.1.0")
    assert found.note == "The sentence encoder of then is not on this server."


def test_an_answer_is_marked_also_while_the_encoder_is_away_and_says_so() -> None:
    room = read_with_encoder()
    marked = Marker(BANK, Shelf()).rules(room, room.turns[0])
    assert marked.overall is not None
    assert marked.caution == WITHOUT_ENCODER
    (found,) = rescored(with_scores(room, [marked]), BANK, Shelf(), NEWEST, ENCODER).turns
    assert found.now == rescored(room, BANK, Shelf(), NEWEST, ENCODER).turns[0].now
    assert found.note == "The sentence encoder was away then; words alone were compared."


def test_points_of_the_bank_are_read_by_the_rooms_encoder_where_its_weights_know_how() -> None:
    room = interview(*ANSWERS).but(encoder=encoder_of(load_weights(), ENCODER))
    room = with_scores(room, [Marker(BANK, Shelf(), encoder=ENCODER).rules(room, turn) for turn in room.turns])
    again = rescored(room, BANK, Shelf(), NEWEST, ENCODER).turns
    assert all("with letters" in one.then.scorer for one in again)
    assert [(one.now, one.note) for one in again] == [(one.then, None) for one in again]
    before = rescored(room, BANK, Shelf(), "1.2.0", ENCODER).turns
    assert {one.now.scorer for one in before if one.now} == {"local"}
    away = Marker(BANK, Shelf()).rules(room, room.turns[0])
    assert WITHOUT_ENCODER in (away.caution or "")


def test_an_encoder_that_only_the_worker_has_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    room = read_with_encoder()
    marker = Marker(BANK, Shelf(), encoder=ENCODER)
    marker.rules(room, room.turns[0])
    assert caplog.records == []
    for _ in range(2):
        assert "letters" not in marker.rules(room.but(encoder=None), room.turns[0]).scorer
    (told,) = caplog.records
    assert "set ENCODER_MODEL for the web workers" in told.getMessage()
