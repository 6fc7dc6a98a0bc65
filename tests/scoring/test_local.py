"""What the offline scorer makes of answers."""

import time

import pytest

from rooms.evidence import Dimension, Level, Score
from rooms.interview.bank import load_bank
from rooms.transcript import Transcript
from scoring.local import score
from scoring.rubric import Rubric
from scoring.weights import load_weights
from tests.scoring.answers import ANSWERS, GOOD, LEVELS, MIDDLING, OFF_TOPIC, PROMISE, WEAK, rubric, spoken, typed


def levels(found: Score) -> dict[str, Level]:
    return {mark.point: mark.level for mark in found.marks}


def dimension(found: Score, which: Dimension) -> float | None:
    return next(one.score for one in found.dimensions if one.dimension is which)


def test_a_better_answer_scores_higher() -> None:
    overall = [score(rubric(), typed(text)).overall for text in (GOOD, MIDDLING, WEAK)]
    assert None not in overall
    assert overall == sorted(overall, key=lambda value: -(value or 0))
    assert overall[0] >= 4 > 3 > overall[1] > 1 > overall[2]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("level", "lowest", "highest"), [("good", 3.5, 5.0), ("middling", 1.5, 3.0), ("weak", 0.0, 1.2)]
)
def test_answers_land_where_a_person_would_sort_them(level: str, lowest: float, highest: float) -> None:
    for question, text in LEVELS[level]:
        overall = score(rubric(question), typed(text)).overall
        assert overall is not None
        assert lowest <= overall <= highest, (question, overall)


def test_a_right_definition_in_one_line_is_a_good_answer_to_a_question_that_asks_for_one() -> None:
    asked = Rubric.from_question(
        "What is a stack?",
        "technical",
        reference="A collection in which the element added last is the first to be removed.",
    )
    right = score(asked, typed("A collection where you remove the element that was added last."))
    beside = score(asked, typed("It is something in memory that a program needs while it runs on a machine."))
    assert (right.overall or 0) >= 3.5
    assert "a person should read it" in (beside.abstained or "")
    assert all(one.quotes for one in right.dimensions)


def test_a_right_answer_to_a_follow_up_may_be_one_sentence() -> None:
    found = score(rubric("hash-map-inside/collisions"), typed("They collide, and are chained in a linked list."))
    assert (found.overall or 0) >= 3
    assert all(one.quotes for one in found.dimensions)


READ_ALOUD = [
    "and old mister harrow had then no cause to wonder how little might be left for the boats in winter",
    "painted the wooden signs which were the late cousins of the first true printed poster",
    "silence came back to its seat between the wagons",
    "an old miss the hair row had than no clause two wander",
    "sigh lens cane bag to it seed but wean the wag ons",
    "painted a wood and sign switch where the laid cousin soft",
]
"""Sentences of our own such as one finds in books, and what a poor recogniser might make of them."""


@pytest.mark.parametrize("text", READ_ALOUD)
@pytest.mark.parametrize("question", [q.id for q in load_bank().questions("behavioural")])
def test_a_page_read_aloud_scores_low_and_every_number_quotes_it(question: str, text: str) -> None:
    transcript = spoken(text, confidence=0.4)
    found = score(rubric(question), transcript, caution="Words are often wrong.")
    assert found.abstained is None
    assert found.overall is not None
    assert found.overall <= 1
    assert all(one.quotes and all(map(transcript.holds, one.quotes)) for one in found.dimensions)


@pytest.mark.parametrize("question", ANSWERS)
def test_a_good_answer_scores_well_in_every_mode(question: str) -> None:
    found = score(rubric(question), typed(ANSWERS[question]))
    assert found.overall is not None
    assert found.overall >= 3.5
    assert sum(mark.level is Level.PRESENT for mark in found.marks) >= 4


def test_every_rubric_point_has_a_level_and_a_reason() -> None:
    for text in ("", "Yes.", WEAK, GOOD):
        found = score(rubric(), typed(text))
        assert [mark.point for mark in found.marks] == [point.id for point in rubric().points]
        assert all(mark.reason for mark in found.marks)


def test_a_present_point_quotes_the_sentence_that_shows_it() -> None:
    marks = {mark.point: mark for mark in score(rubric(), typed(GOOD)).marks}
    assert any("called the customer the same day" in quote.text for quote in marks["warned-early"].quotes)
    assert any("two options" in quote.text for quote in marks["options"].quotes)


def test_a_quote_of_speech_has_the_time_of_its_words() -> None:
    transcript = spoken("so i called the customer the same day and told my manager right away", start_ms=5_000)
    quotes = [quote for mark in score(rubric(), transcript).marks for quote in mark.quotes]
    assert quotes
    for quote in quotes:
        assert 5_000 <= quote.start_ms < quote.end_ms <= transcript.words[-1].end_ms


def test_speech_without_full_stops_is_scored_like_text() -> None:
    bare = GOOD.lower().replace(".", "").replace(",", "").replace(":", "")
    assert (score(rubric(), spoken(bare)).overall or 0) >= 3.5


@pytest.mark.parametrize("text", ["", "um uh", "Yes.", "Yes, it was good.", "Well, I think so, um."])
def test_too_little_abstains_and_says_why(text: str) -> None:
    found = score(rubric(), typed(text) if text else Transcript())
    assert found.overall is None
    assert found.abstained
    assert all(one.score is None and one.abstained for one in found.dimensions)
    assert all(mark.level is Level.ABSENT for mark in found.marks)


def test_zero_evidence_is_a_low_score_and_not_an_abstention() -> None:
    found = score(
        rubric(), typed("The weather in the mountains changes fast, and clouds bring rain to every valley there.")
    )
    assert found.abstained is None
    assert found.overall is not None
    assert found.overall < 1
    assert dimension(found, Dimension.RELEVANCE) == 0


def test_saying_that_one_does_not_know_is_an_answer_worth_nothing() -> None:
    found = score(rubric("review-code"), typed("I don't know, sorry, I have never done that."))
    assert found.overall == 0
    assert found.abstained is None


def test_i_do_not_know_on_the_way_to_an_answer_is_not_held_against_it() -> None:
    with_doubt = score(rubric(), typed("I don't know whether this fits. " + GOOD))
    assert (with_doubt.overall or 0) >= 4


def test_a_short_right_answer_is_not_too_little() -> None:
    found = score(rubric("hash-map-inside/worst-case"), typed("Linear time."))
    assert found.overall is not None
    assert levels(found)["worst-case"] is not Level.ABSENT


def test_a_question_said_back_scores_nothing() -> None:
    for question in ANSWERS:
        text = rubric(question).question
        found = score(rubric(question), typed(text, text, text))
        assert found.overall is None or found.overall < 0.5
        assert all(mark.level is not Level.PRESENT for mark in found.marks)


def test_an_answer_said_twice_scores_as_said_once() -> None:
    once, twice = score(rubric(), typed(MIDDLING)), score(rubric(), typed(MIDDLING, MIDDLING))
    assert once.overall == twice.overall
    assert [d.score for d in once.dimensions] == [d.score for d in twice.dimensions]


def test_a_fluent_answer_to_another_question_stays_low() -> None:
    found = score(rubric(), typed(OFF_TOPIC))
    assert found.overall is not None
    assert found.overall <= 1.5
    assert any(part.label == "Little of it answers the question" for d in found.dimensions for part in d.contributions)


def test_a_denied_point_is_not_present() -> None:
    found = score(
        rubric(), typed("I never told anybody, and I did not warn the customer before the deadline either, sadly.")
    )
    assert levels(found)["warned-early"] is not Level.PRESENT


@pytest.mark.parametrize("words", ["Words that this machine heard are often wrong.", None])
def test_a_caution_is_kept_and_widens_the_interval(words: str | None) -> None:
    plain, careful = score(rubric(), typed(MIDDLING)), score(rubric(), typed(MIDDLING), caution=words)
    assert careful.caution == words
    assert careful.overall == plain.overall
    assert (width(careful) > width(plain)) is (words is not None)


def test_doubtful_words_widen_the_interval_and_never_lower_the_score() -> None:
    sure, unsure = (score(rubric(), spoken(MIDDLING, confidence=c)) for c in (0.98, 0.5))
    assert [d.score for d in sure.dimensions] == [d.score for d in unsure.dimensions]
    assert sure.overall == unsure.overall
    assert width(unsure) > width(sure)


def width(found: Score) -> float:
    assert found.low is not None
    assert found.high is not None
    assert found.low <= (found.overall or 0) <= found.high
    return found.high - found.low


def test_a_question_without_points_is_scored_from_general_cues() -> None:
    free = Rubric.from_question("How did you keep that promise to your customer?", "behavioural")
    good, weak = score(free, typed(GOOD)), score(free, typed(WEAK))
    assert good.marks == ()
    assert good.overall is not None
    assert weak.overall is not None
    assert good.overall > weak.overall + 1.5
    assert width(good) > width(score(rubric(), typed(GOOD))) - 0.5


@pytest.mark.parametrize(
    "text",
    [
        "lorem dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt labore dolore magna aliqua "
        "enim minim veniam quis nostrud exercitation ullamco",
        "ich habe meinem Kunden versprochen dass wir bis Ende März liefern und dann habe ich gesehen dass das nicht "
        "klappt also habe ich angerufen und es gesagt",
        "xqzt brrl vmpo klnt zzrw qqpl mnbv xcvb lkjh gfds poiu ytre wqas zxcv bnml qwer tyui asdf ghjk zmxn vbqp wlek",
    ],
    ids=["filler text", "German", "gibberish"],
)  # fmt: skip
def test_what_is_not_english_abstains(text: str) -> None:
    assert score(rubric(), typed(text)).abstained == "The words do not read like English sentences."


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> " + MIDDLING,
        "\x00\x07 " + MIDDLING,
        MIDDLING.replace(" ", "\n\t "),
        "🙂 " * 50 + MIDDLING,
    ],
    ids=["markup", "control characters", "white space", "pictures"],
)
def test_odd_characters_do_no_harm(text: str) -> None:
    found = score(rubric(), typed(text))
    assert found.overall is not None
    assert abs(found.overall - (score(rubric(), typed(MIDDLING)).overall or 0)) <= 0.3


def test_half_an_hour_of_talk_is_scored_in_time() -> None:
    acts = ["moved", "cut", "kept"] * 20
    parts = [
        " ".join(
            f"And then on day {part} {i} we looked at half {i * 7} of the plan and {act} it."
            for i, act in enumerate(acts)
        )
        for part in range(5)
    ]
    transcript = Transcript(
        utterances=tuple(u for i, part in enumerate(parts) for u in spoken(part, id=f"u{i}").utterances)
    )
    assert len(transcript.words) > 4_500
    began = time.process_time()
    found = score(rubric(), transcript)
    assert time.process_time() - began < 1
    assert found.overall is not None


def test_the_versions_behind_a_score_are_named() -> None:
    found = score(rubric(PROMISE), typed(GOOD), load_weights())
    assert (found.scorer, found.weights) == ("local", load_weights().version)


def test_an_answer_of_150_words_takes_less_than_5_ms() -> None:
    """About 2 ms by itself, so 500 turns a second; the rest is room for a busy machine."""
    transcript = spoken(GOOD)
    assert len(transcript.words) > 140
    kept, weights = rubric(), load_weights()
    score(kept, transcript, weights)
    times = []
    for _ in range(20):
        began = time.process_time()
        score(kept, transcript, weights)
        times.append(time.process_time() - began)
    assert min(times) < 0.005
