"""The rules of a room: who may do what, every refusal, and what follows from what is granted."""

from collections.abc import Callable
from typing import get_args

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.commands import Command
from rooms.decide import PERMITTED, decide_all
from rooms.evidence import Delivery, Dimension, DimensionScore, Level, Mark, Score
from rooms.people import SYSTEM, Participant, Role
from rooms.phases import Phase
from rooms.refusals import Code, Refusal, refuse
from rooms.transcript import Quote, Source
from tests.rooms import stages as at
from tests.rooms.stages import ADA, BOB, GRACE, IDA, OLA, OPENED_AT, Stage, question, record, spoken

JOIN_OLA = c.Join(participant=OLA, connection="w-1.ola", worker="w-1")
EXAMPLES: dict[type[Command], Command] = {
    type(command): command
    for command in (
        c.GiveConsent(notice=at.NOTICE),
        c.WithdrawConsent(),
        c.OpenLobby(),
        c.StartInterview(),
        c.OpenMicrophone(stream="s-1", sample_rate=16_000),
        c.BeginAnswer(turn=1),
        c.TypeAnswer(turn=1, text="I would put a queue in front."),
        c.HoldTurn(turn=1),
        c.FinishAnswer(turn=1),
        c.SkipQuestion(turn=1),
        c.RepeatQuestion(turn=1),
        c.PauseInterview(),
        c.ResumeInterview(),
        c.EndInterview(),
        c.Whisper(text="Slow down."),
        c.TakeNote(text="Good pace."),
        c.ChooseNext(question="q-7"),
        c.TakeOver(),
        c.HandBack(),
        c.AskOwn(text="And why?"),
        c.WriteNext(text="And how?"),
        at.OPEN,
        JOIN_OLA,
        c.Leave(participant="ola", connection="w-1.ola"),
        c.Remind(),
        c.OpenOnTime(),
        c.WarnOfLimit(turn=1, counts_ms=0, ends_ms=9),
        c.CallTime(turn=1),
        c.Abandon(empty_ms=0),
        c.NameTranscriber(label="Whisper"),
        c.AskQuestion(turn=1, question=question()),
        c.HearUtterance(turn=1, utterance=spoken("u-1", "yes")),
        c.CloseTurn(turn=1),
        record(1),
        c.CloseRoom(),
        c.NoteRestoration(through=7),
    )
}


# --- who may -----------------------------------------------------------------------------------------------------


def test_every_command_has_its_row() -> None:
    assert set(PERMITTED) == set(get_args(Command)) == set(EXAMPLES)


def test_what_people_may_wish_and_what_only_greenroom_may_is_what_the_table_says() -> None:
    for command, roles in PERMITTED.items():
        assert (roles == {Role.SYSTEM}) == (command not in get_args(c.PersonCommand))
        assert roles == {Role.SYSTEM} or Role.SYSTEM not in roles


@pytest.mark.parametrize("kind", PERMITTED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("who", at.EVERYBODY, ids=lambda who: who.role.value)
@pytest.mark.parametrize("stage", [at.lobby, at.spoken_to, at.taken_over])
def test_a_command_is_for_the_roles_in_its_row_alone(
    kind: type[Command], who: Participant, stage: Callable[[], Stage]
) -> None:
    decision = stage().put(EXAMPLES[kind], who)
    refused_for_role = decision == refuse(Code.NOT_YOUR_ROLE)
    assert refused_for_role == (who.role not in PERMITTED[kind])


def test_a_human_can_always_pause_end_and_take_over() -> None:
    for stage in (at.choosing, at.asking, at.spoken_to, at.settling, at.between, at.paused):
        for who in (ADA, GRACE, IDA):
            stage().done(c.PauseInterview(), who)
            stage().done(c.EndInterview(), who)
        stage().done(c.TakeOver(), GRACE)
        stage().done(c.TakeOver(), IDA)


# --- every refusal -----------------------------------------------------------------------------------------------

INVENTED = Quote(utterance="u-1", text="never said", start_ms=0, end_ms=1)


def quoting(quote: Quote) -> Score:
    mark = Mark(point="p", criterion="A point", level=Level.PRESENT, quotes=(quote,), reason="Said so.")
    return Score(overall=3.0, marks=(mark,), scorer="local", weights="1.0.0")


def full() -> Stage:
    """All planned questions asked."""
    stage = at.choosing()
    for _ in range(at.LENGTH):
        at.whole_turn(stage)
    return stage


def held() -> Stage:
    stage = at.spoken_to()
    stage.done(c.HoldTurn(turn=1), ADA)
    return stage


def paused_between() -> Stage:
    stage = at.scored()
    stage.done(c.PauseInterview(), ADA)
    return stage


def paused_in_the_chair() -> Stage:
    stage = at.taken_over()
    stage.done(c.PauseInterview(), GRACE)
    return stage


def ending_with_an_own_question() -> Stage:
    stage = at.taken_over()
    stage.done(c.EndInterview(), GRACE)
    return stage


def written_to_the_brim() -> Stage:
    stage = at.answering()
    for _ in range(c.MAX_TYPED_CHARACTERS // 10_000):
        stage.done(c.TypeAnswer(turn=1, text="x" * 10_000), ADA)
    return stage


def in_the_second_turn() -> Stage:
    stage = at.between()
    at.ask(stage)
    return stage


def away() -> Stage:
    stage = at.choosing()
    stage.leave(GRACE)
    return stage


REFUSED: list[tuple[Code, Callable[[], Stage], Command, Participant]] = [
    (Code.UNKNOWN_ROOM, at.nowhere, c.StartInterview(), ADA),
    (Code.UNKNOWN_ROOM, at.nowhere, JOIN_OLA, SYSTEM),
    (Code.ROOM_EXISTS, at.lobby, at.OPEN, SYSTEM),
    (Code.ROOM_EXISTS, at.closed, at.OPEN, SYSTEM),
    (Code.ROOM_CLOSED, at.closed, c.Whisper(text="Well done."), GRACE),
    (Code.ROOM_CLOSED, at.closed, c.CloseRoom(), SYSTEM),
    (Code.SEAT_TAKEN, at.lobby, c.Join(participant=BOB, connection="w-1.bob", worker="w-1"), SYSTEM),
    (Code.NOT_YOUR_ROLE, at.lobby, c.StartInterview(), OLA),
    (
        Code.NOT_YOUR_ROLE,
        at.lobby,
        c.Join(participant=ADA.model_copy(update={"role": Role.COACH}), connection="w-1.x", worker="w-1"),
        SYSTEM,
    ),
    (Code.NOT_IN_ROOM, at.lobby, c.GiveConsent(notice=at.NOTICE), BOB),
    (Code.NOT_IN_ROOM, at.choosing, c.Whisper(text="Hm."), GRACE.model_copy(update={"id": "gus"})),
    (Code.NOT_IN_ROOM, away, c.TakeOver(), GRACE),
    (Code.CONSENT_NEEDED, at.lobby, c.StartInterview(), ADA),
    (Code.CONSENT_NEEDED, at.lobby, c.OpenMicrophone(stream="s-1", sample_rate=16_000), ADA),
    (Code.CONSENT_NEEDED, at.withdrawn, c.HearUtterance(turn=2, utterance=spoken("u-9", "yes", 40_000)), SYSTEM),
    (Code.CONSENT_NEEDED, at.withdrawn, record(1), SYSTEM),
    (Code.CONSENT_NEEDED, at.withdrawn, c.OpenMicrophone(stream="s-2", sample_rate=16_000), ADA),
    (Code.ENDING, at.withdrawn, c.GiveConsent(notice=at.NOTICE), ADA),
    (Code.WRONG_NOTICE, at.lobby, c.GiveConsent(notice="of last year"), ADA),
    (Code.WRONG_NOTICE, at.consented, c.GiveConsent(notice="of last year"), ADA),
    (Code.BAD_START, at.nowhere, at.OPEN.model_copy(update={"starts_at": OPENED_AT + 367 * 86_400_000}), SYSTEM),
    (Code.BAD_START, at.nowhere, at.OPEN.model_copy(update={"starts_at": OPENED_AT - 301_000}), SYSTEM),
    (Code.TOO_EARLY, at.scheduled, c.StartInterview(), ADA),
    (Code.NOT_DUE, at.scheduled, c.OpenOnTime(), SYSTEM),
    (Code.NOT_DUE, at.lobby, c.Remind(), SYSTEM),
    (Code.NOT_DUE, at.answering, c.CallTime(turn=1), SYSTEM),
    (Code.NOT_DUE, at.lobby, c.Abandon(empty_ms=0), SYSTEM),
    (Code.ALREADY_HERE, at.lobby, c.Join(participant=ADA, connection="w-1.x", worker="w-1", takeover=False), SYSTEM),
    (Code.ALREADY_STARTED, at.choosing, c.StartInterview(), ADA),
    (Code.ANSWER_TOO_LONG, written_to_the_brim, c.TypeAnswer(turn=1, text="one more"), ADA),
    (Code.NOT_STARTED, at.consented, c.BeginAnswer(turn=1), ADA),
    (Code.NOT_STARTED, at.consented, c.PauseInterview(), GRACE),
    (Code.NOT_STARTED, at.consented, c.AskQuestion(turn=1, question=question()), SYSTEM),
    (Code.NOT_ASKED_YET, at.asking, c.BeginAnswer(turn=2), ADA),
    (Code.WRONG_TURN, in_the_second_turn, c.TypeAnswer(turn=1, text="Of before."), ADA),
    *(
        (Code.OTHER_QUESTION, stage, said.but(question="Another one?"), ADA)
        for stage in (at.asking, at.settling, at.paused)
        for said in (
            c.BeginAnswer(turn=1),
            c.TypeAnswer(turn=1, text="Not to this one."),
            c.HoldTurn(turn=1),
            c.FinishAnswer(turn=1),
            c.SkipQuestion(turn=1),
            c.RepeatQuestion(turn=1),
        )
    ),
    (Code.WRONG_TURN, at.asking, c.HearUtterance(turn=2, utterance=spoken("u-9", "yes")), SYSTEM),
    (Code.WRONG_TURN, at.asking, c.CloseTurn(turn=2), SYSTEM),
    (Code.WRONG_TURN, at.choosing, c.AskQuestion(turn=2, question=question()), SYSTEM),
    (Code.WRONG_TURN, at.between, record(2), SYSTEM),
    (Code.NO_OPEN_TURN, at.choosing, c.TypeAnswer(turn=1, text="Yes."), ADA),
    (Code.NO_OPEN_TURN, at.between, c.HearUtterance(turn=1, utterance=spoken("u-9", "yes")), SYSTEM),
    (Code.NO_OPEN_TURN, at.between, c.CloseTurn(turn=1), SYSTEM),
    (Code.NOTHING_SAID_YET, at.answering, c.CloseTurn(turn=1, reason=e.Finish.SILENCE), SYSTEM),
    (Code.NOTHING_SAID_YET, at.spoken_to, c.CloseTurn(turn=1), SYSTEM),
    (Code.TURN_HELD, held, c.CloseTurn(turn=1, reason=e.Finish.SILENCE), SYSTEM),
    (Code.ALREADY_FINISHED, at.settling, c.FinishAnswer(turn=1), ADA),
    (Code.ALREADY_FINISHED, at.settling, c.TypeAnswer(turn=1, text="One more thing."), ADA),
    (Code.PAUSED, at.paused, c.TypeAnswer(turn=1, text="Yes."), ADA),
    (Code.PAUSED, at.paused, c.CloseTurn(turn=1, reason=e.Finish.SILENCE), SYSTEM),
    (Code.PAUSED, paused_between, c.AskQuestion(turn=2, question=question()), SYSTEM),
    (Code.PAUSED, paused_in_the_chair, c.AskOwn(text="And why?"), GRACE),
    (Code.NOT_PAUSED, at.answering, c.ResumeInterview(), GRACE),
    (Code.CHAIR_TAKEN, at.taken_over, c.TakeOver(), IDA),
    (Code.CHAIR_TAKEN, at.taken_over, c.AskQuestion(turn=1, question=question()), SYSTEM),
    (Code.NOT_IN_THE_CHAIR, at.taken_over, c.AskOwn(text="And why?"), IDA),
    (Code.NOT_IN_THE_CHAIR, at.taken_over, c.HandBack(), IDA),
    (Code.QUESTION_OPEN, at.asking, c.AskQuestion(turn=2, question=question()), SYSTEM),
    (Code.QUESTION_OPEN, at.asking, record(1), SYSTEM),
    (Code.QUESTION_OPEN, at.asking, c.CloseRoom(), SYSTEM),
    (Code.ENDING, full, c.AskQuestion(turn=4, question=question()), SYSTEM),
    (Code.ENDING, at.ending, c.ChooseNext(question="q-7"), GRACE),
    (Code.ENDING, ending_with_an_own_question, c.AskOwn(text="And why?"), GRACE),
    (Code.NOT_ENDING, at.scored, c.CloseRoom(), SYSTEM),
    (Code.SCORES_MISSING, at.ending, c.CloseRoom(), SYSTEM),
    (Code.ALREADY_SCORED, at.scored, record(1), SYSTEM),
    (Code.QUOTE_NOT_SAID, at.between, record(1, quoting(INVENTED)), SYSTEM),
    (Code.WRONG_SAMPLE_RATE, at.consented, c.OpenMicrophone(stream="s-1", sample_rate=48_000), ADA),
]

OF_THE_SHELL = {Code.UNKNOWN_QUESTION, Code.NO_MICROPHONE}
"""Refusals that need what a room does not hold: the question bank, the frames of a socket."""


@pytest.mark.parametrize("said", [None, at.question().text])
def test_an_answer_counts_for_the_question_that_it_names_or_for_the_open_one(said: str | None) -> None:
    stage = at.answering()
    stage.done(c.TypeAnswer(turn=1, text="To this one.", question=said), ADA)
    assert [heard.text for heard in stage.room.turns[0].utterances] == ["To this one."]


@pytest.mark.parametrize(("code", "stage", "command", "who"), REFUSED, ids=lambda case: getattr(case, "value", None))
def test_a_refusal_has_its_reason_and_changes_nothing(
    code: Code, stage: Callable[[], Stage], command: Command, who: Participant
) -> None:
    before = stage()
    room = before.room_or_none
    assert before.refused(command, who) is code
    assert before.room_or_none == room


def test_every_refusal_is_reached_or_is_the_shells() -> None:
    assert {code for code, *_ in REFUSED} | OF_THE_SHELL == set(Code)


@pytest.mark.parametrize("code", Code)
def test_every_refusal_says_in_a_sentence_what_to_do(code: Code) -> None:
    assert refuse(code).sentence.endswith(".")
    assert refuse(code) == Refusal(code, refuse(code).sentence, refuse(code).retry)


# --- coming and going --------------------------------------------------------------------------------------------


def test_opening_a_room_sets_its_clock() -> None:
    stage = at.nowhere()
    (opened,) = stage.done(at.OPEN)
    assert isinstance(opened, e.RoomOpened)
    assert opened.opened_at == OPENED_AT


def test_who_is_here_already_joins_without_an_event() -> None:
    assert at.lobby().join(ADA) == ()


def test_a_second_device_of_the_candidate_takes_over() -> None:
    stage = at.answering()
    stage.join(ADA, "w-2.ada")
    presence = stage.room.presence("ada")
    assert presence is not None
    assert presence.connections == ("w-2.ada",)
    assert stage.leave(ADA) == ()  # the first device's goodbye is no news
    assert stage.room.presence("ada") == presence


def test_a_coach_may_watch_from_two_devices() -> None:
    stage = at.lobby()
    stage.join(GRACE, "w-2.grace")
    stage.leave(GRACE)
    presence = stage.room.presence("grace")
    assert presence is not None
    assert presence.here


def test_the_seat_stays_the_candidates_while_they_are_away() -> None:
    stage = at.answering()
    stage.leave(ADA)
    assert stage.refused(c.Join(participant=BOB, connection="w-1.bob", worker="w-1")) is Code.SEAT_TAKEN
    assert stage.join(ADA, "w-2.ada")


def test_a_seat_that_was_only_tried_is_free_again() -> None:
    stage = at.lobby()
    assert stage.refused(c.Join(participant=BOB, connection="w-1.bob", worker="w-1")) is Code.SEAT_TAKEN
    stage.leave(ADA)
    assert stage.join(BOB, "w-1.bob")
    assert stage.room.candidate == BOB.id


def test_who_left_may_come_back_in_another_role_unless_they_sit_the_interview() -> None:
    stage = at.lobby()
    observing = GRACE.model_copy(update={"role": Role.OBSERVER})
    assert stage.refused(c.Join(participant=observing, connection="w-2.grace", worker="w-1")) is Code.NOT_YOUR_ROLE
    stage.leave(GRACE)
    stage.join(observing, "w-2.grace")
    stage.leave(ADA)
    coaching = ADA.model_copy(update={"role": Role.COACH})
    assert stage.refused(c.Join(participant=coaching, connection="w-2.ada", worker="w-1")) is Code.NOT_YOUR_ROLE


def test_who_came_back_in_another_role_has_lost_the_rights_of_the_first() -> None:
    stage = at.choosing()
    stage.leave(GRACE)
    stage.join(GRACE.model_copy(update={"role": Role.OBSERVER}), "w-2.grace")
    assert stage.refused(c.Whisper(text="Hm."), GRACE) is Code.NOT_IN_ROOM


def test_a_dropped_connection_does_not_make_the_candidates_words_void() -> None:
    stage = at.answering()
    stage.leave(ADA)
    stage.done(c.TypeAnswer(turn=1, text="On its way when the line dropped."), ADA)


def test_people_may_come_and_go_in_a_closed_room() -> None:
    stage = at.closed()
    assert stage.leave(GRACE)
    assert stage.join(GRACE)


def test_a_second_consent_is_no_news() -> None:
    assert at.consented().done(c.GiveConsent(notice=at.NOTICE), ADA) == ()


def test_the_same_transcriber_is_named_once() -> None:
    stage = at.lobby()
    assert stage.done(c.NameTranscriber(label="PocketSphinx", caution="Often wrong."))
    assert stage.done(c.NameTranscriber(label="PocketSphinx", caution="Often wrong.")) == ()
    assert stage.done(c.NameTranscriber(label="Whisper"))


def test_a_microphone_keeps_its_stream_over_a_reconnect() -> None:
    stage = at.consented()
    stage.now += 4_000
    (opened,) = stage.done(c.OpenMicrophone(stream="s-1", sample_rate=16_000), ADA)
    assert opened == e.MicrophoneOpened(stream="s-1", offset_ms=4_000)
    stage.now += 9_000
    assert stage.done(c.OpenMicrophone(stream="s-1", sample_rate=16_000), ADA) == ()
    assert stage.done(c.OpenMicrophone(stream="s-2", sample_rate=16_000), ADA)


# --- the answer --------------------------------------------------------------------------------------------------


def test_a_question_is_answered_by_voice_and_closed() -> None:
    stage = at.settling()
    (closed,) = stage.done(c.CloseTurn(turn=1))
    assert closed == e.TurnClosed(turn=1, reason=e.Finish.DONE, at_ms=10_000)
    assert stage.room.phase is Phase.CHOOSING


def test_beginning_twice_is_no_news() -> None:
    assert at.answering().done(c.BeginAnswer(turn=1), ADA) == ()


def test_typing_begins_the_answer() -> None:
    stage = at.asking()
    stage.now += 7_000
    began, heard = stage.done(c.TypeAnswer(turn=1, text="Yes."), ADA)
    assert began == e.AnswerBegan(turn=1, at_ms=7_000)
    assert isinstance(heard, e.UtteranceHeard)
    assert (heard.utterance.source, heard.utterance.text) == (Source.TYPED, "Yes.")


def test_each_typed_message_has_a_name_of_its_own() -> None:
    stage = at.spoken_to()
    for text in ("One.", "Two."):
        stage.done(c.TypeAnswer(turn=1, text=text), ADA)
    names = [utterance.id for utterance in stage.room.turns[0].utterances]
    assert len(set(names)) == 3


def test_speaking_before_the_question_was_read_out_begins_the_answer_where_the_words_began() -> None:
    stage = at.asking()
    stage.now += 20_000
    began, _ = stage.done(c.HearUtterance(turn=1, utterance=spoken("u-1", "yes", start_ms=12_000)))
    assert began == e.AnswerBegan(turn=1, at_ms=12_000)


def test_an_utterance_is_heard_once() -> None:
    stage = at.spoken_to()
    assert stage.done(c.HearUtterance(turn=1, utterance=spoken("u-1", "um we cut it to one hour"))) == ()


@pytest.mark.parametrize("stage", [at.paused, at.settling])
def test_what_was_said_is_kept_while_paused_and_while_settling(stage: Callable[[], Stage]) -> None:
    assert stage().done(c.HearUtterance(turn=1, utterance=spoken("u-2", "and errors fell by half", 20_000)))


def test_what_another_worker_heard_already_is_not_heard_twice() -> None:
    stage = at.spoken_to()
    again = spoken("u-1-shifted", "um we cut it to one hour", 12_032)
    assert stage.done(c.HearUtterance(turn=1, utterance=again)) == ()


def test_silence_ends_a_spoken_answer_in_one_step() -> None:
    stage = at.spoken_to()
    finished, closed = stage.done(c.CloseTurn(turn=1, reason=e.Finish.SILENCE))
    assert isinstance(finished, e.AnswerFinished)
    assert isinstance(closed, e.TurnClosed)
    assert stage.room.phase is Phase.CHOOSING


def test_silence_does_not_end_an_answer_that_is_being_typed() -> None:
    stage = at.spoken_to()
    stage.done(c.TypeAnswer(turn=1, text="And then I"), ADA)
    assert stage.refused(c.CloseTurn(turn=1, reason=e.Finish.SILENCE)) is Code.NOTHING_SAID_YET


def test_speaking_again_ends_the_moment_that_was_asked_for() -> None:
    stage = held()
    assert stage.done(c.HoldTurn(turn=1), ADA) == ()
    stage.done(c.HearUtterance(turn=1, utterance=spoken("u-2", "so", 20_000)))
    assert stage.done(c.CloseTurn(turn=1, reason=e.Finish.SILENCE))


def test_a_finished_answer_keeps_its_own_reason_when_it_is_closed() -> None:
    stage = at.asking()
    stage.done(c.SkipQuestion(turn=1), ADA)
    (closed,) = stage.done(c.CloseTurn(turn=1, reason=e.Finish.SILENCE))
    assert isinstance(closed, e.TurnClosed)
    assert closed.reason is e.Finish.SKIPPED


def test_a_question_is_repeated_on_wish() -> None:
    assert at.answering().done(c.RepeatQuestion(turn=1), ADA) == (e.QuestionRepeated(turn=1),)


# --- the score ---------------------------------------------------------------------------------------------------


def test_a_score_may_quote_what_was_said() -> None:
    stage = at.between()
    said = Quote(utterance="u-1", text="we cut it", start_ms=12_300, end_ms=13_150)
    filler = Quote(utterance="u-1", text="um", start_ms=12_000, end_ms=12_250)
    delivery = Delivery(words=7, speaking_ms=2_000, fillers=(filler,))
    stage.done(c.RecordScore(turn=1, score=quoting(said), delivery=delivery))
    assert stage.room.turns[0].score == quoting(said)


def test_an_invented_quote_in_a_judges_mark_of_a_dimension_voids_it_too() -> None:
    (mark,) = quoting(INVENTED).marks
    judged = DimensionScore(dimension=Dimension.DEPTH, score=None, abstained="No reason.", judged=mark)
    score = at.SCORE.but(dimensions=(judged,))
    command = c.RecordScore(turn=1, score=score, delivery=Delivery(words=7, speaking_ms=2_000))
    assert at.between().refused(command) is Code.QUOTE_NOT_SAID


def test_an_invented_filler_voids_the_score_too() -> None:
    delivery = Delivery(words=7, speaking_ms=2_000, fillers=(INVENTED,))
    command = c.RecordScore(turn=1, score=at.SCORE, delivery=delivery)
    assert at.between().refused(command) is Code.QUOTE_NOT_SAID


# --- the interviewer ---------------------------------------------------------------------------------------------


def test_the_ai_interviewer_falls_silent_for_a_person_and_speaks_again_afterwards() -> None:
    stage = at.taken_over()
    stage.done(c.AskOwn(text="And why?"), GRACE)
    asked = stage.room.turns[0]
    assert (asked.by, asked.question.kind, asked.question.id) == ("grace", e.QuestionKind.OWN, None)
    stage.done(c.SkipQuestion(turn=1), ADA)
    stage.done(c.CloseTurn(turn=1))
    stage.done(c.HandBack(), GRACE)
    at.ask(stage)


def test_a_question_that_was_chosen_from_the_bank_is_asked_whoever_sits_in_the_chair() -> None:
    stage = at.taken_over()
    stage.done(c.ChooseNext(question="q-7"), GRACE)
    assert stage.room.chosen == "q-7"
    at.ask(stage, e.QuestionKind.CHOSEN)
    assert stage.room.chosen is None


def test_a_question_that_a_coach_wrote_is_asked_next_with_what_it_expects_whoever_sits_in_the_chair() -> None:
    stage, points = at.taken_over(), (e.Expected(text="Names a figure", weight=3),)
    stage.done(c.WriteNext(text="What did it cost?", points=points), GRACE)
    own = stage.room.written
    assert own is not None
    assert (own.text, own.points, own.kind, stage.room.chosen) == (
        "What did it cost?",
        points,
        e.QuestionKind.OWN,
        e.OWN,
    )
    stage.done(c.AskQuestion(turn=1, question=own))
    assert (stage.room.written, stage.room.chosen) == (None, None)
    assert stage.room.turns[0].question.points == points


def test_a_choice_from_the_bank_takes_the_place_of_what_was_written() -> None:
    stage = at.taken_over()
    stage.done(c.WriteNext(text="What did it cost?"), GRACE)
    stage.done(c.ChooseNext(question="q-7"), GRACE)
    assert (stage.room.written, stage.room.chosen) == (None, "q-7")


def test_who_leaves_gives_up_the_chair() -> None:
    stage = at.taken_over()
    left, changed = stage.leave(GRACE)
    assert isinstance(left, e.ParticipantLeft)
    assert changed == e.InterviewerChanged(to=None)


def test_who_leaves_with_one_of_two_devices_keeps_the_chair() -> None:
    stage = at.taken_over()
    stage.join(GRACE, "w-2.grace")
    stage.leave(GRACE)
    assert stage.room.chair == "grace"


def test_taking_over_twice_is_no_news() -> None:
    assert at.taken_over().done(c.TakeOver(), GRACE) == ()


def test_a_person_in_the_chair_may_ask_more_than_was_planned() -> None:
    stage = full()
    assert stage.room.questions_done
    stage.done(c.TakeOver(), GRACE)
    assert not stage.room.questions_done
    stage.done(c.AskOwn(text="One more?"), GRACE)


def test_a_chosen_question_is_asked_even_after_the_planned_ones() -> None:
    stage = full()
    stage.done(c.ChooseNext(question="q-7"), GRACE)
    at.ask(stage, e.QuestionKind.CHOSEN)


def test_turns_have_an_end() -> None:
    """A room with as many as can be numbered asks no more, instead of breaking."""
    stage = at.taken_over()
    stage.done(c.AskOwn(text="And why?"), GRACE)
    stage.done(c.SkipQuestion(turn=1), ADA)
    stage.done(c.CloseTurn(turn=1))
    turn = stage.room.turns[0]
    many = tuple(turn.model_copy(update={"number": number}) for number in range(1, e.MAX_TURNS + 1))
    stage.room_or_none = stage.room.model_copy(update={"turns": many})
    assert stage.refused(c.AskOwn(text="One more?"), GRACE) is Code.ENDING
    stage.done(c.ChooseNext(question="q-7"), GRACE)
    assert stage.room.questions_done


# --- pausing and ending ------------------------------------------------------------------------------------------


def test_pausing_twice_is_no_news() -> None:
    assert at.paused().done(c.PauseInterview(), GRACE) == ()


def test_who_paused_need_not_be_who_resumes() -> None:
    stage = at.paused()
    assert stage.done(c.ResumeInterview(), GRACE) == (e.InterviewResumed(by="grace", at_ms=10_000),)
    stage.done(c.TypeAnswer(turn=1, text="Yes."), ADA)


def test_ending_during_an_answer_finishes_it_and_lets_it_be_heard_out() -> None:
    stage = at.paused()
    requested, finished = stage.done(c.EndInterview(), GRACE)
    assert requested == e.EndRequested(by="grace")
    assert finished == e.AnswerFinished(turn=1, reason=e.Finish.ENDED)
    assert not stage.room.paused
    stage.done(c.HearUtterance(turn=1, utterance=spoken("u-2", "and errors fell by half", 20_000)))
    stage.done(c.CloseTurn(turn=1))
    stage.done(record(1))
    stage.done(c.CloseRoom())
    assert stage.room.phase is Phase.CLOSED


def test_ending_twice_is_no_news() -> None:
    assert at.ending().done(c.EndInterview(), GRACE) == ()


def test_an_interview_may_end_in_the_lobby() -> None:
    stage = at.lobby()
    stage.done(c.EndInterview(), ADA)
    stage.done(c.CloseRoom())
    assert stage.room.phase is Phase.CLOSED


def test_consent_that_is_withdrawn_ends_the_interview_and_nothing_more_is_scored() -> None:
    stage = at.between()
    at.ask(stage)
    requested, withdrawn, finished = stage.done(c.WithdrawConsent(), ADA)
    assert isinstance(requested, e.EndRequested)
    assert isinstance(withdrawn, e.ConsentWithdrawn)
    assert isinstance(finished, e.AnswerFinished)
    assert (stage.room.withdrawn, stage.room.consented, stage.room.microphone) == (True, False, None)
    stage.done(c.CloseTurn(turn=2))
    (closed,) = stage.done(c.CloseRoom())
    assert isinstance(closed, e.RoomClosed)
    assert closed.reason is e.Closing.WITHDRAWN
    assert stage.room.turns[0].score is None


def test_consent_may_be_withdrawn_while_the_last_answer_is_settled() -> None:
    stage = at.settling()
    stage.done(c.EndInterview(), GRACE)
    assert [type(event) for event in stage.done(c.WithdrawConsent(), ADA)] == [e.ConsentWithdrawn]
    stage.done(c.CloseTurn(turn=1))
    stage.done(c.CloseRoom())
    assert stage.room.closing is e.Closing.WITHDRAWN


def test_consent_that_is_withdrawn_in_the_lobby_can_be_given_again() -> None:
    stage = at.consented()
    stage.done(c.OpenMicrophone(stream="s-1", sample_rate=16_000), ADA)
    stage.done(c.WithdrawConsent(), ADA)
    assert (stage.room.consented, stage.room.microphone, stage.room.ending) == (False, None, False)
    assert stage.done(c.WithdrawConsent(), ADA) == ()
    stage.done(c.GiveConsent(notice=at.NOTICE), ADA)
    stage.done(c.StartInterview(), ADA)
    assert stage.room.phase is Phase.CHOOSING


def test_that_a_room_was_restored_is_a_fact_for_everybody_and_changes_nothing_else() -> None:
    stage = at.spoken_to()
    before = stage.room
    (restored,) = stage.done(c.NoteRestoration(through=7))
    assert isinstance(restored, e.RoomRestored)
    assert restored.through == 7
    assert stage.room == before.model_copy(update={"restored": restored})


def test_an_interview_ends_by_itself_after_the_planned_questions() -> None:
    stage = full()
    stage.done(c.CloseRoom())
    assert stage.room.phase is Phase.CLOSED


def test_a_clock_that_runs_behind_the_rooms_opening_counts_as_its_start() -> None:
    stage = at.lobby()
    stage.now -= 60_000
    (whispered,) = stage.done(c.Whisper(text="Hm."), GRACE)
    assert isinstance(whispered, e.Whispered)
    assert whispered.at_ms == 0


def test_commands_that_came_together_are_decided_each_in_the_room_that_those_before_it_made() -> None:
    stage = at.answering()
    before = stage.room
    together = (
        c.TakeNote(text="One."), c.TakeNote(text="Two."), c.Whisper(text="Three."), c.PauseInterview(),
        c.TakeNote(text="Four."), c.ResumeInterview(), c.PauseInterview(), c.Whisper(text="Five."),
    )  # fmt: skip
    one_by_one = [stage.done(command, GRACE) for command in together]
    assert decide_all(before, together, GRACE, stage.now) == (one_by_one, stage.room)
    assert [line.text for line in stage.room.notes] == ["One.", "Two.", "Four."]
    assert decide_all(before, (*together, c.PauseInterview()), GRACE, stage.now) == ([*one_by_one, ()], stage.room)
    refused = c.TakeNote(text="One."), c.ResumeInterview()
    assert decide_all(before, refused, GRACE, stage.now) == refuse(Code.NOT_PAUSED)
