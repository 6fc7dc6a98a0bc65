"""Every number rests on words that were said, and says so where they show a lack."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rooms.evidence import Dimension, DimensionScore, Level
from rooms.transcript import Quote, Transcript, quote
from scoring.local import score
from scoring.quoting import LACKS, QUOTE_WORDS, longest_sentence, nearest, quotes_of
from scoring.reading import read
from scoring.rubric import Rubric
from tests.scoring.answers import GOOD, MIDDLING, OFF_TOPIC, PROMISE, WEAK, rubric, spoken, typed
from tests.scoring.test_laws_of_scoring import answers, passages, questions


def lacks(text: str) -> dict[Dimension, str]:
    """For each dimension that quotes for want of better: the words quoted."""
    found = score(rubric(), typed(text))
    return {
        one.dimension: one.quotes[0].text
        for one in found.dimensions
        if any(part.label == LACKS[one.dimension] for part in one.contributions)
    }


@settings(max_examples=150, deadline=None)
@given(questions, st.lists(answers, min_size=1, max_size=4))
def test_every_dimension_with_a_score_quotes_the_words_it_rests_on(question: str, texts: list[str]) -> None:
    transcript = typed(*texts)
    for one in score(rubric(question), transcript).dimensions:
        assert (one.score is None) == (not one.quotes)
        assert all(transcript.holds(found) for found in one.quotes)


@settings(max_examples=60, deadline=None)
@given(passages.filter(bool), st.integers(0, 5_000))
def test_quotes_of_speech_lie_in_the_time_of_the_answer(text: str, start_ms: int) -> None:
    transcript = spoken(text, start_ms=start_ms)
    for one in score(rubric(), transcript).dimensions:
        for found in one.quotes:
            assert start_ms <= found.start_ms < found.end_ms <= transcript.words[-1].end_ms


def test_a_question_somebody_made_up_is_scored_with_quotes_too() -> None:
    free = Rubric.from_question("How did you keep that promise?", "behavioural")
    assert all(one.quotes for one in score(free, typed(MIDDLING)).dimensions)


def test_a_score_without_a_quote_cannot_be_built() -> None:
    with pytest.raises(ValidationError, match="needs a quote"):
        DimensionScore(dimension=Dimension.DEPTH, score=0)
    assert DimensionScore(dimension=Dimension.DEPTH, score=None, abstained="Nothing was said.").quotes == ()


def test_a_good_answer_quotes_what_raised_each_number() -> None:
    assert lacks(GOOD) == {}
    quotes = {one.dimension: [q.text for q in one.quotes] for one in score(rubric(), typed(GOOD)).dimensions}
    assert any("options" in text or "So I" in text for text in quotes[Dimension.DEPTH])
    assert any("renewed the contract" in text or "delivered" in text for text in quotes[Dimension.RESULT])


def test_a_weak_answer_quotes_where_a_listener_would_look_for_what_is_missing() -> None:
    found = lacks(
        "The office is on the third floor. People there are nice to each other. We have plants and a kitchen."
    )
    assert found[Dimension.DEPTH]
    assert found[Dimension.STRUCTURE].startswith("The office")
    assert found[Dimension.RESULT].endswith("kitchen")


def test_what_is_missing_is_a_part_worth_nothing() -> None:
    for one in score(rubric(), typed(WEAK)).dimensions:
        for part in one.contributions:
            assert part.label != LACKS[one.dimension] or part.value == 0


def test_an_absent_point_shows_the_words_nearest_to_it_or_none() -> None:
    found = score(rubric(), typed(WEAK))
    near = [mark for mark in found.marks if mark.level is Level.ABSENT and mark.quotes]
    assert near
    assert all(mark.reason.startswith("Not said; the nearest is") for mark in near)
    unrelated = score(rubric(), typed("Clouds over the mountains bring rain to every valley, and birds fly low."))
    assert all(not mark.quotes for mark in unrelated.marks)


def test_the_nearest_passage_holds_most_of_what_was_asked_for() -> None:
    reading = read(typed("Well, it was fine. The bucket holds a chain of entries. So that is how it was."))
    assert quotes_of(reading, [nearest(reading, {"bucket", "chain"})])[0].text == "The bucket holds a chain of entries"


def test_a_long_breath_without_full_stops_is_quoted_in_part() -> None:
    reading = read(spoken(" ".join(f"word{i} and" for i in range(60)) + " bucket bucket"))
    first, last = nearest(reading, {"bucket"})
    assert last - first < QUOTE_WORDS
    assert "bucket" in reading.quote(first, last).text


def test_the_longest_sentence_stays_in_its_utterance() -> None:
    reading = read(typed("We moved it.", "Then we all went home and slept well. Good."))
    assert reading.quote(*longest_sentence(reading)).text == "Then we all went home and slept well"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([GOOD, OFF_TOPIC, "we moved it"]), st.data())
def test_a_quote_is_timed_by_the_words_it_touches(text: str, data: st.DataObject) -> None:
    said = spoken(text, start_ms=700).utterances[0]
    start = data.draw(st.integers(0, len(said.text) - 1))
    end = data.draw(st.integers(start + 1, len(said.text)))
    position, touched = 0, []
    for word in said.words:
        if position < end and start < position + len(word.text):
            touched.append(word)
        position += len(word.text) + 1
    found = quote(said, start, end)
    assert Transcript(utterances=(said,)).holds(found)
    times = (touched[0].start_ms, touched[-1].end_ms) if touched else (said.start_ms, said.end_ms)
    assert (found.start_ms, found.end_ms) == times


def test_a_made_up_quote_is_not_held() -> None:
    invented = Quote(utterance="u0", text="never said", start_ms=0, end_ms=1)
    assert not typed(GOOD).holds(invented)
    assert all(typed(GOOD).holds(q) for one in score(rubric(PROMISE), typed(GOOD)).dimensions for q in one.quotes)
