"""What a room remembers of each event. What may happen is test_decide.py's, laws are tests/laws'."""

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.people import Role
from rooms.phases import Phase
from rooms.state import Line, Room, after, replay
from tests.laws.mirror_fixture import story
from tests.rooms import stages as at
from tests.rooms.stages import ADA, GRACE, record, spoken


def test_no_events_make_no_room() -> None:
    assert replay([]) is None


@pytest.mark.parametrize("event", story()[1:], ids=lambda event: event.kind)
def test_a_room_begins_with_its_opening(event: e.Event) -> None:
    with pytest.raises(ValueError, match="begins with room_opened"):
        after(None, event)


def test_every_kind_of_event_can_be_folded_and_leaves_the_room_before_it_alone() -> None:
    room = replay(story()[:1])
    assert room is not None
    for event in story()[1:]:
        before = room.model_copy(deep=True)
        now = after(room, event)
        assert room == before
        room = now
    assert room.phase is Phase.CLOSED


def test_a_room_survives_json_at_every_stage() -> None:
    room: Room | None = None
    for event in story():
        room = after(room, event)
        assert Room.model_validate_json(room.model_dump_json()) == room


def test_an_opened_room_waits_in_the_lobby() -> None:
    room = replay(story()[:1])
    assert room is not None
    assert (room.phase, room.paused, room.consented, room.people, room.turns) == (Phase.LOBBY, False, False, (), ())
    assert room.turn is None


def test_the_first_candidate_holds_the_seat_for_the_life_of_the_room() -> None:
    stage = at.lobby()
    assert stage.room.candidate == "ada"
    stage.leave(ADA)
    assert stage.room.candidate == "ada"


def test_who_left_is_remembered_as_away() -> None:
    stage = at.lobby()
    stage.leave(GRACE)
    presence = stage.room.presence("grace")
    assert presence is not None
    assert (presence.participant, presence.here) == (GRACE, False)
    assert stage.room.presence("nobody") is None


def test_a_new_name_replaces_the_old_one() -> None:
    stage = at.lobby()
    stage.leave(GRACE)
    stage.join(GRACE.model_copy(update={"name": "Grace H."}))
    names = [presence.participant.name for presence in stage.room.people]
    assert names.count("Grace H.") == 1
    assert "Grace" not in names


def test_a_question_opens_a_turn_and_uses_up_the_choice() -> None:
    stage = at.scored()
    stage.done(c.ChooseNext(question="q-7"), GRACE)
    at.ask(stage, e.QuestionKind.CHOSEN)
    turn = stage.room.turn
    assert turn is not None
    assert (turn.number, turn.open, turn.began_ms, turn.finished) == (2, True, None, None)
    assert stage.room.chosen is None


def test_words_are_kept_in_the_order_in_which_they_were_written_down() -> None:
    stage = at.spoken_to()
    stage.done(c.TypeAnswer(turn=1, text="By typing."), ADA)
    stage.done(c.HearUtterance(turn=1, utterance=spoken("u-2", "and by voice", 20_000)))
    assert stage.room.turns[0].transcript.text == "um we cut it to one hour By typing. and by voice"


def test_a_typed_word_does_not_end_the_moment_that_was_asked_for() -> None:
    stage = at.spoken_to()
    stage.done(c.HoldTurn(turn=1), ADA)
    stage.done(c.TypeAnswer(turn=1, text="By typing."), ADA)
    assert stage.room.turns[0].held


def test_an_answer_remembers_how_it_ended() -> None:
    finished = at.settling().room.turns[0].finished
    assert finished == e.AnswerFinished(turn=1, reason=e.Finish.DONE, stream="s-1", through=9)


def test_a_late_score_goes_to_its_own_turn() -> None:
    stage = at.between()
    at.ask(stage)
    stage.done(record(1))
    assert [turn.score is not None for turn in stage.room.turns] == [True, False]
    assert stage.room.turn is stage.room.turns[1]


def test_all_are_scored_when_every_closed_turn_is() -> None:
    assert not at.between().room.all_scored
    stage = at.scored()
    assert stage.room.all_scored
    at.ask(stage)
    assert stage.room.all_scored  # an open turn has no score to wait for


def test_questions_are_done_after_the_planned_number_or_when_the_end_was_asked_for() -> None:
    stage = at.choosing()
    for _ in range(at.LENGTH):
        assert not stage.room.questions_done
        at.whole_turn(stage)
    assert stage.room.questions_done
    assert at.ending().room.questions_done


def test_asking_for_the_end_ends_a_pause() -> None:
    stage = at.paused()
    stage.done(c.EndInterview(), GRACE)
    assert (stage.room.paused, stage.room.ending) == (False, True)


def test_whispers_and_notes_are_kept_apart() -> None:
    stage = at.lobby()
    stage.now += 5_000
    stage.done(c.Whisper(text="Slow down."), GRACE)
    stage.done(c.TakeNote(text="Good pace."), GRACE)
    assert stage.room.whispers == (Line(by="grace", text="Slow down.", at_ms=5_000),)
    assert stage.room.notes == (Line(by="grace", text="Good pace.", at_ms=5_000),)


def test_pausing_leaves_the_phase_as_it_is() -> None:
    assert at.paused().room.phase is Phase.ANSWERING


def test_silence_may_end_only_a_spoken_answer_that_is_not_held() -> None:
    assert not at.answering().room.turns[0].may_end_by_silence
    stage = at.spoken_to()
    assert stage.room.turns[0].may_end_by_silence
    stage.done(c.HoldTurn(turn=1), ADA)
    assert not stage.room.turns[0].may_end_by_silence


def test_a_closed_room_knows_when() -> None:
    room = at.closed().room
    assert (room.phase, room.closed_ms) == (Phase.CLOSED, 10_000)


def test_a_candidate_who_takes_over_from_another_device_is_once_in_the_room() -> None:
    stage = at.lobby()
    stage.join(ADA, "w-2.ada")
    assert [p.participant.id for p in stage.room.people if p.participant.role is Role.CANDIDATE] == ["ada"]
