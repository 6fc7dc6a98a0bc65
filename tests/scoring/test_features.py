"""How an answer was spoken: figures for coaching."""

import pytest

from rooms.evidence import Delivery
from rooms.transcript import Source, Transcript, Utterance, Word
from scoring.features import delivery, fillers_of, pauses_of, repairs_of, syllables_of
from tests.scoring.answers import spoken, typed


def fillers(text: str) -> list[str]:
    return [quote.text for quote in fillers_of(spoken(text).utterances[0])]


def repairs(text: str) -> list[str]:
    return [quote.text for quote in repairs_of(spoken(text).utterances[0])]


def test_typed_answers_have_words_and_no_figures_of_speech() -> None:
    found = delivery(typed("Um, I built it, you know."), floor_ms=0)
    assert found == Delivery(words=6, speaking_ms=0)
    assert found.words_per_minute is None
    assert found.thinking_ms is None


def test_nothing_said_is_no_fault() -> None:
    assert delivery(Transcript(), floor_ms=10) == Delivery(words=0, speaking_ms=0)


def test_pace_counts_from_the_first_word_to_the_last() -> None:
    found = delivery(
        spoken("one two three four five six seven eight nine ten", start_ms=9_000, word_ms=400, gap_ms=200)
    )
    assert found.speaking_ms == 10 * 400 + 9 * 200
    assert found.words_per_minute == pytest.approx(10 / (5_800 / 60_000), abs=0.05)


def test_thinking_before_the_first_word_is_shown_and_is_no_pause() -> None:
    found = delivery(spoken("we moved it", start_ms=14_000), floor_ms=10_000)
    assert found.thinking_ms == 4_000
    assert found.pauses == ()
    assert delivery(spoken("we moved it", start_ms=9_000), floor_ms=10_000).thinking_ms == 0


def test_a_pause_is_250_ms_or_more_between_words() -> None:
    def said(gap: int) -> Delivery:
        words = (Word(text="we", start_ms=0, end_ms=300), Word(text="moved", start_ms=300 + gap, end_ms=900 + gap))
        return delivery(Transcript(utterances=(Utterance(
            id="u", source=Source.VOICE, text="we moved", start_ms=0, end_ms=900 + gap, words=words),)))  # fmt: skip

    assert said(249).pauses == ()
    assert [(pause.start_ms, pause.end_ms) for pause in said(250).pauses] == [(300, 550)]


def test_silence_between_utterances_is_a_pause_too() -> None:
    parts = (spoken("we moved it", start_ms=0, id="a"), spoken("it worked", start_ms=5_000, id="b"))
    found = delivery(Transcript(utterances=tuple(u for part in parts for u in part.utterances)))
    assert [(pause.start_ms, pause.end_ms) for pause in found.pauses] == [(1_100, 5_000)]


def test_articulation_leaves_pauses_out() -> None:
    plain = delivery(spoken("we moved the data over to another server today"))
    with_pause = delivery(spoken("we moved the data ... over to another server today"))
    assert plain.articulation_rate is not None
    assert with_pause.articulation_rate is not None
    assert with_pause.articulation_rate == pytest.approx(plain.articulation_rate, rel=0.05)
    assert (with_pause.words_per_minute or 0) < (plain.words_per_minute or 0)


def test_a_second_of_speech_gives_no_rates() -> None:
    found = delivery(spoken("um yes"))
    assert (found.words_per_minute, found.articulation_rate, found.fillers_per_minute) == (None, None, None)
    assert len(found.fillers) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("um so we uh moved it", ["um", "uh"]),
        ("Um, we moved it, er, later.", ["Um", "er"]),
        ("we moved it you know over the weekend", ["you know"]),
        ("it was, like, slow", ["like"]),
        ("I like the plan and it looks like rain", []),
        ("do you know the answer", []),
        ("it is a kind of tree", []),
        ("he is ummm tired", ["ummm"]),
        ("it was um like really slow", ["um", "like"]),
        ("the umbrella and the error", []),
    ],
)
def test_fillers_are_found_and_words_are_left_alone(text: str, expected: list[str]) -> None:
    assert fillers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I I moved it", ["I I"]),
        ("we had we had a plan", ["we had we had"]),
        ("we um we moved it", ["we um we"]),
        ("it took ten no wait twelve days", ["no wait"]),
        ("he had had a very very good idea", []),
        ("that that was so so clear", []),
        ("we moved it and then we tested it", []),
    ],
)
def test_repairs_are_found_and_emphasis_is_left_alone(text: str, expected: list[str]) -> None:
    assert repairs(text) == expected


def test_every_quote_of_delivery_is_exact_and_timed() -> None:
    transcript = spoken("so um we we moved it you know after, like, two days", start_ms=2_000)
    found = delivery(transcript)
    quotes = (*found.fillers, *found.repairs)
    assert len(quotes) == 4
    assert all(transcript.holds(quote) and quote.start_ms >= 2_000 for quote in quotes)


def test_fillers_per_minute_counts_speaking_time() -> None:
    found = delivery(spoken("um " + "we moved it " * 33, word_ms=200, gap_ms=100))
    assert found.fillers_per_minute == pytest.approx(60_000 / found.speaking_ms, abs=0.05)


@pytest.mark.parametrize(("word", "count"), [("cat", 1), ("data", 2), ("table", 2), ("make", 1), ("42", 2), ("the", 1)])
def test_syllables_are_counted_well_enough(word: str, count: int) -> None:
    assert syllables_of(word) == count


@pytest.mark.parametrize(
    ("before", "after", "breaks"),
    [
        ("the", "server", True),
        ("the", "server,", True),
        ("failed.", "Nobody", False),
        ("failed,", "nobody", False),
        ('failed."', "Nobody", False),
        ("failed", "because", False),
        ("failed", "and,", False),
    ],
)
def test_a_pause_breaks_a_clause_where_no_mark_and_no_new_clause_stands(before: str, after: str, breaks: bool) -> None:
    words = (Word(text=before, start_ms=0, end_ms=300), Word(text=after, start_ms=700, end_ms=900))
    (pause,) = pauses_of(words)
    assert pause.in_clause is breaks
