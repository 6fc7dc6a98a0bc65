import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.events import Profile, Question, QuestionKind
from rooms.patience import PROFILES, middle_ms, patience_ms
from rooms.pauses import own_pauses
from rooms.state import Turn
from rooms.transcript import Source, Utterance, Word

PATIENT, RAPID = PROFILES[Profile.INTERVIEW], PROFILES[Profile.RAPID]
LONG = "in my last job we moved all payments to one queue because two of them failed every week and nobody saw why "
"""Enough words for an answer that may be whole."""
QUESTION = Question(id=None, text="Why?", kind=QuestionKind.OWN)


def turn(*texts: str, pause_ms: int = 600, word_ms: int = 300, number: int = 1) -> Turn:
    """An answer of these utterances, each word of equal length, with such pauses between them."""
    utterances, at_ms = [], 1_000
    for text in texts:
        words = []
        for word in text.split():
            words.append(Word(text=word, start_ms=at_ms, end_ms=at_ms + word_ms))
            at_ms += word_ms
        start_ms, end_ms = words[0].start_ms - 300, at_ms + 200
        spoken = Utterance(
            id=str(start_ms), source=Source.VOICE, text=" ".join(text.split()), start_ms=start_ms, end_ms=end_ms,
            words=tuple(words),
        )  # fmt: skip
        utterances.append(spoken)
        at_ms += pause_ms
    return Turn(number=number, question=QUESTION, by="greenroom", utterances=tuple(utterances))


def needed(text: str) -> int:
    return patience_ms((turn(LONG * 4 + text),), PATIENT)


def test_a_whole_sentence_is_waited_for_less_than_one_that_is_left_open() -> None:
    whole = needed("and since then it failed twice a year")
    for left_open in ("and the reason was", "and then we", "we looked at the", "so um", "because", "with my"):
        assert needed(left_open) > 1.6 * whole, left_open


def test_silences_are_as_long_as_the_page_about_hearing_says() -> None:
    whole = needed("and since then it failed twice a year")
    assert 1_250 <= whole <= 1_350
    for left_open in ("and the reason was", "so um", "and since then it failed twice a year,"):
        assert 1.7 * whole <= needed(left_open) <= 2.3 * whole, left_open
    assert 2 * whole <= patience_ms((turn("we moved the payments"),), PATIENT) <= 3 * whole
    assert middle_ms([1_200] * 10) == pytest.approx(1.7 * middle_ms([600] * 10), rel=0.02)


def test_who_says_that_they_think_gets_many_seconds() -> None:
    for thinking in ("Let me think.", "good question let me think about that", "give me a second", "Hold on…"):
        assert needed(thinking) >= 6_000, thinking
    for no_thinking in ("I let my team think about it for a week", "and the move was a hard one"):
        assert needed(no_thinking) < 3_000, no_thinking


def test_who_says_that_this_was_all_is_not_kept_waiting() -> None:
    for closing in ("and that's it", "I think that's all I have", "Does that answer your question?", "thank you"):
        assert needed(closing) == PATIENT.least_ms, closing


def test_a_comma_and_dots_are_heard_as_going_on() -> None:
    assert needed("we measured it,") > 1.5 * needed("we measured it.")
    assert needed("we measured it…") > 1.5 * needed("we measured it")


def test_a_few_words_are_rarely_the_whole_answer() -> None:
    assert patience_ms((turn("we moved the payments"),), PATIENT) > 1.5 * needed("we moved the payments")


def test_who_pauses_long_is_waited_for_longer_and_who_pauses_briefly_less() -> None:
    def after(pause_ms: int) -> int:
        earlier = turn(*["we did it twice"] * 10, pause_ms=pause_ms)
        return patience_ms((earlier, turn(LONG * 4 + "and that worked", number=2)), PATIENT)

    assert after(400) < after(700) < after(1_500) < after(2_500)


def test_pauses_within_and_between_utterances_are_found_to_the_millisecond() -> None:
    assert own_pauses((turn("one two", "three", "four", pause_ms=900),)) == (900, 900)
    whole = turn("one two three four")
    words = whole.utterances[0].words
    later = tuple(w.but(start_ms=w.start_ms + 450, end_ms=w.end_ms + 450) for w in words[2:])
    paused = whole.but(utterances=(whole.utterances[0].but(words=(*words[:2], *later)),))
    assert own_pauses((whole,)) == ()
    assert own_pauses((paused,)) == (450,)


def test_an_interview_that_was_paused_is_no_pause_of_a_speaker_and_neither_is_an_utterance_that_was_cut() -> None:
    assert own_pauses((turn("one", "two", pause_ms=60_000),)) == ()
    assert own_pauses((turn("one", "two", pause_ms=500),)) == ()  # their edges meet


def test_typed_text_ends_no_sentence_and_makes_no_pause() -> None:
    typed = Utterance(id="t", source=Source.TYPED, text="let me think", start_ms=99_000, end_ms=99_000)
    spoken = turn(LONG * 4 + "and that worked")
    both = spoken.but(utterances=(*spoken.utterances, typed))
    assert patience_ms((both,), PATIENT) == patience_ms((spoken,), PATIENT)


@given(st.lists(st.integers(300, 8_000), max_size=40))
def test_the_middle_lies_between_what_is_usual_and_what_was_heard(pauses: list[int]) -> None:
    usual = middle_ms(())
    assert min([usual, *pauses]) - 1e-6 <= middle_ms(pauses) <= max([usual, *pauses]) + 1e-6


words = st.sampled_from(
    [
        "we",
        "the",
        "and",
        "moved",
        "payments",
        "let",
        "me",
        "think",
        "um",
        "that's",
        "it",
        "queue",
        "because",
        ",",
        "so",
        ".",
    ]
)


@given(st.lists(st.lists(words, min_size=1, max_size=12), min_size=1, max_size=6), st.integers(350, 3_000))
def test_patience_has_its_bounds_and_its_order_whatever_is_said(said: list[list[str]], pause_ms: int) -> None:
    room = (turn(*(" ".join(text) for text in said), pause_ms=pause_ms),)
    for rules in (PATIENT, RAPID):
        eager, sure = patience_ms(room, rules, eager=True), patience_ms(room, rules)
        assert rules.least_ms <= eager <= sure <= rules.most_ms
    assert patience_ms(room, RAPID) <= patience_ms(room, PATIENT)


@given(st.floats(-6, 6), st.floats(-6, 6))
def test_the_more_complete_a_voice_sounds_the_shorter_the_wait(one: float, other: float) -> None:
    room = (turn(LONG * 2),)
    low, high = sorted((one, other))
    assert patience_ms(room, PATIENT, heard=high) <= patience_ms(room, PATIENT, heard=low)


def test_a_worker_that_takes_over_waits_as_long() -> None:
    room = (turn("so um", LONG, pause_ms=1_100), turn("we moved it", "and then the", pause_ms=800, number=2))
    again = tuple(Turn.model_validate_json(one.model_dump_json()) for one in room)
    assert patience_ms(again, PATIENT) == patience_ms(room, PATIENT)


@pytest.mark.parametrize("rules", [PATIENT, RAPID])
def test_a_room_without_an_answer_has_a_patience_too(rules: object) -> None:
    assert patience_ms((), PATIENT) >= PATIENT.least_ms
    assert patience_ms((turn("a").but(utterances=()),), RAPID) >= RAPID.least_ms
