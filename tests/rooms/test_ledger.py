"""What a turn took, from facts and their times; what is impossible is no figure."""

from rooms import events as e
from rooms.events import Event, Finish, Question, QuestionKind
from rooms.evidence import Delivery, Score
from rooms.ledger import DELAYS, LONGEST_MS, Turns, after, delays
from rooms.people import SYSTEM
from rooms.transcript import Source, Utterance, Word

SCORED = e.TurnScored(
    turn=1,
    score=Score(overall=None, scorer="local", weights="1.0.0", abstained="Nothing was said."),
    delivery=Delivery(words=0, speaking_ms=0),
)


def asked(turn: int, by: str = SYSTEM.id) -> Event:
    return e.QuestionAsked(turn=turn, question=Question(id=None, text="Why?", kind=QuestionKind.OWN), by=by)


def spoken(start_ms: int, end_ms: int, source: Source = Source.VOICE) -> Event:
    words = (Word(text="we", start_ms=start_ms, end_ms=end_ms, confidence=0.9),) if source is Source.VOICE else ()
    utterance = Utterance(id=f"1.{start_ms}", source=source, text="we", start_ms=start_ms, end_ms=end_ms, words=words)
    return e.UtteranceHeard(turn=1, utterance=utterance)


def finished(reason: Finish = Finish.SILENCE) -> Event:
    return e.AnswerFinished(turn=1, reason=reason)


CLOSED = e.TurnClosed(turn=1, reason=Finish.SILENCE, at_ms=0)
WHOLE = (
    (asked(1), 1_000),
    (spoken(4_000, 9_000), 9_900),
    (spoken(11_000, 14_000), 15_100),
    (finished(), 16_600),
    (CLOSED, 16_700),
    (SCORED, 17_200),
    (asked(2), 17_900),
)


def folded(*facts: tuple[Event, int]) -> Turns:
    turns: Turns = ()
    for event, at_ms in facts:
        turns = after(turns, event, at_ms)
    return turns


def test_every_delay_of_a_turn_that_silence_ended() -> None:
    first, second = folded(*WHOLE)
    assert first.complete
    assert not second.complete
    took = delays(first)
    assert took.ms == {
        "thinking": 3_000,
        "speaking": 10_000,
        "decision": 2_600,
        "final_text": 1_100,
        "hearing_out": 100,
        "score": 500,
        "next_question": 1_200,
        "response": 3_900,
    }
    assert took.ms.keys() == DELAYS.keys()
    assert took.impossible == ()


def test_an_answer_that_she_ended_herself_has_no_delay_of_a_decision() -> None:
    (first, _) = folded(*((finished(Finish.DONE), at) if fact is WHOLE[3][0] else (fact, at) for fact, at in WHOLE))
    assert delays(first).ms.keys() == DELAYS.keys() - {"decision", "response"}


def test_a_typed_answer_has_no_delays_of_a_voice() -> None:
    facts = ((asked(1), 0), (spoken(500, 500, Source.TYPED), 500), (finished(Finish.DONE), 600), (CLOSED, 700))
    (first,) = folded(*facts)
    assert delays(first).ms == {"hearing_out": 100}


def test_a_pause_and_a_persons_question_are_nobodys_slowness() -> None:
    pause = (e.InterviewPaused(by="ada"), 16_800)
    (paused, _) = folded(*WHOLE[:5], pause, *WHOLE[5:])
    (chaired, _) = folded(*WHOLE[:6], (asked(2, by="grace"), 40_000))
    earlier = folded(WHOLE[0], (e.InterviewPaused(by="ada"), 2_000), *WHOLE[1:])[0]
    for turn in (paused, chaired):
        assert turn.complete
        assert turn.next_ms is None
    assert earlier.next_ms == 17_900  # that pause was over before the answer was


def test_impossible_delays_are_named_and_not_given() -> None:
    ahead = (spoken(11_000, 19_000), 15_100)  # by the clock of a microphone that runs ahead
    took = delays(folded(*WHOLE[:2], ahead, *WHOLE[3:])[0])
    assert took.impossible == ("decision", "final_text", "response")
    assert not took.ms.keys() & set(took.impossible)
    late = delays(folded(*WHOLE[:5], (SCORED, 16_700 + LONGEST_MS + 1), WHOLE[6])[0])
    assert late.impossible == ("score",)


def test_the_last_turn_is_complete_when_the_room_is_closed_and_it_is_scored() -> None:
    closed = (e.RoomClosed(at_ms=0), 18_000)
    assert not folded(*WHOLE[:5], closed)[0].complete
    assert folded(*WHOLE[:6], closed)[0].complete
