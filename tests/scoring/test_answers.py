"""A short answer is held against its model answer: parts that add up, an interval, and what rated answers teach."""

import re
from collections.abc import Sequence

import numpy as np
import pytest

from rooms.evidence import Dimension, Score
from scoring.answers import WORDS_CANNOT_TELL, grader
from scoring.evaluate.content import rubric_of
from scoring.likeness import model_of
from scoring.local import ONLY_THE_QUESTION, score
from scoring.meaning import Choose, Encoder, Pieces, Vector
from scoring.rated import beyond, traits
from scoring.reading import read
from scoring.weights import WeightsError, load_weights
from scoring.weights.answers import load_answer_weights, parse_answer_weights
from tests.scoring.answers import typed

ASKED = rubric_of("What is a stack?", "A collection in which the element added last is the first to be removed.")
RIGHT = "A collection where you remove the element that was added last."
HALF = "A stack is a collection of elements."
WEIGHTS = load_answer_weights("1.1.0")
IN_CONTEXT = load_answer_weights("1.2.0")
NEWEST = load_answer_weights("1.3.0")


@pytest.mark.parametrize("answer", [RIGHT, HALF, "a stack stack stack", "Anna says elements are added. " * 40])
def test_the_parts_add_up_to_the_score_exactly(answer: str) -> None:
    found = score(ASKED, typed(answer))
    relevance = next(one for one in found.dimensions if one.dimension is Dimension.RELEVANCE)
    assert sum(part.value for part in relevance.contributions) == relevance.score == found.overall
    assert 0 <= (found.low or 0) <= (found.overall or 0) <= (found.high or 0) <= 5


def test_more_of_the_model_answer_is_worth_more() -> None:
    whole, half = score(ASKED, typed(RIGHT)), score(ASKED, typed(HALF))
    assert (whole.overall or 0) > (half.overall or 0) + 0.5


def test_a_misspelt_answer_is_still_read() -> None:
    misspelt = score(ASKED, typed("A colection were you remove the elemnt that was added last."))
    assert (misspelt.overall or 0) > (score(ASKED, typed(HALF)).overall or 0)


@pytest.mark.parametrize("names", [("Anna", "she", "her"), ("Kwame", "he", "his"), ("Li", "they", "their")])
def test_neither_names_nor_pronouns_change_a_score(names: tuple[str, str, str]) -> None:
    name, who, whose = names
    told = f"{name} says that {who} removes the element {whose} friend added last. {name} called it a collection."
    usual = "Maria says that she removes the element her friend added last. Maria called it a collection."
    encoder = spelling_encoder(WEIGHTS.encoded.encoder or "")
    for grading in (None, *(grader(weights, encoder) for weights in (WEIGHTS, IN_CONTEXT, NEWEST))):
        assert score(ASKED, typed(told), grading=grading).overall == score(ASKED, typed(usual), grading=grading).overall


@pytest.mark.parametrize("form", ["{} {}", "{1} {0}", "{0} {1} {0}"])
def test_saying_the_question_back_brings_nothing(form: str) -> None:
    def said(answer: str) -> Score:
        return score(ASKED, typed(form.format(ASKED.question, answer)))

    for answer in (RIGHT, "It holds elements that were added."):
        assert said(answer).overall == score(ASKED, typed(answer)).overall
    gibberish = "Asdf qwer zxcv lkjh poiu mnbv."
    assert score(ASKED, typed(gibberish)).abstained == said(gibberish).abstained == WORDS_CANNOT_TELL
    assert score(ASKED, typed(ASKED.question)).abstained == ONLY_THE_QUESTION


@pytest.mark.parametrize(
    "answer",
    [
        "Ein Stapel ist eine Collection, bei der man das zuletzt eingefügte Element immer zuerst wieder "
        "herausnehmen muss, und umgekehrt kommt das erste Element als letztes an die Reihe.",
        "Une pile est une collection dont le dernier élément ajouté est toujours le premier retiré, element par "
        "element, comme des assiettes dans une cuisine.",
    ],
)
def test_another_language_is_not_scored_for_the_words_it_shares_with_the_model_answer(answer: str) -> None:
    assert "English" in (score(ASKED, typed(answer)).abstained or "")


def test_a_calculation_need_not_read_like_english() -> None:
    asked = rubric_of("How many packets wait?", "The blocking probability is 0.05, so 3 seconds of 60 are lost.")
    sums = (
        "p = 9/10 = 0.9, blocking probability P(10) = (1 - 0.9) * 0.9^10 / (1 - 0.9^11) = 0.05, 0.05 * 60 s = 3 s lost"
    )
    assert score(asked, typed(f"{sums}, 60 - 3 = 57")).abstained is None


def test_with_an_encoder_the_question_lends_an_answer_to_something_else_no_meaning() -> None:
    encoder = spelling_encoder(NEWEST.encoded.encoder or "")
    grading = grader(NEWEST, encoder)
    other = "Xylophones buzz quickly."
    alone = score(ASKED, typed(other), grading=grading)
    assert score(ASKED, typed(f"{ASKED.question} {other}"), grading=grading).overall == alone.overall


def test_no_answer_is_nothing_and_certain_where_no_words_are_too_little() -> None:
    none = score(ASKED, typed("I don't know."))
    assert (none.overall, none.low, none.abstained) == (0.0, 0.0, None)
    assert score(ASKED, typed("...")).abstained is not None


def test_marks_of_a_web_page_change_nothing() -> None:
    assert score(ASKED, typed(f"<p class='x'>{RIGHT}<br/></p>")).overall == score(ASKED, typed(RIGHT)).overall


def test_weights_of_before_do_not_know_of_it() -> None:
    assert score(ASKED, typed(RIGHT), load_weights("1.0.0")).weights == "1.0.0"
    assert score(ASKED, typed(RIGHT), load_weights("1.0.0")) != score(ASKED, typed(RIGHT))


def test_rated_answers_teach_what_the_model_answer_does_not_say() -> None:
    words = ("plates", "pile", "pancakes", "tray", "towers")
    rated = [(read(typed(f"It is like {one}, the last comes off first.")), 5.0) for one in words]
    rated += [(read(typed(f"It is like a queue of {one}, first in first out.")), 1.0) for one in words]
    plain = grader(WEIGHTS)
    taught = plain.taught(ASKED, rated)
    right, wrong = typed("It is like books, the last comes off first."), typed("It is like a queue of cars, first out.")
    before = (score(ASKED, right).overall or 0) - (score(ASKED, wrong).overall or 0)
    after = score(ASKED, right, grading=taught), score(ASKED, wrong, grading=taught)
    assert (after[0].overall or 0) - (after[1].overall or 0) > before + 1
    assert "10 rated answers" in after[0].scorer
    assert plain.taught(ASKED, rated[:2]) == plain


def test_the_better_rated_answers_know_an_answer_the_narrower_is_its_interval() -> None:
    rated = [(read(typed(f"{RIGHT} It is like {one}.")), 4.0) for one in ("plates", "a pile", "trays", "books", "cups")]
    taught = grader(NEWEST).taught(ASKED, rated)
    assert taught.learnt is not None
    model = model_of(ASKED.question, ASKED.reference)
    seen, new = f"{RIGHT} It is like plates.", "Something that people made for keeping things tidy."
    known = [
        beyond(taught.learnt, traits(read(typed(answer)), model, None), NEWEST.plain.rated).familiar
        for answer in (seen, new)
    ]
    assert known[0] > known[1] + 1
    widths = taught.widths(model)
    times = [float(np.interp(one, widths.familiar, widths.times)) for one in known]
    assert times[0] < times[1]
    found = taught.grade(ASKED, read(typed(seen)))
    total = sum(part.value for part in found.parts if not part.label.startswith("Rounded"))
    assert found.low == round(total - times[0] * float(np.interp(total, widths.at, widths.below)), 2)


@pytest.mark.parametrize("variant", ["plain", "encoded"])
@pytest.mark.parametrize("which", ["short", "long", "rated_short", "rated_long"])
def test_no_higher_and_no_better_known_score_reaches_further_down(variant: str, which: str) -> None:
    widths = getattr(getattr(NEWEST, variant), which)
    assert list(widths.below) == sorted(widths.below, reverse=True)
    assert list(widths.times) == sorted(widths.times, reverse=True)
    assert bool(widths.times) == which.startswith("rated")


def spelling_encoder(sha256: str) -> Encoder:
    """Texts as counts of their letters: an encoder by its contract, if a poor one."""

    def encode(texts: Sequence[str]) -> list[Vector]:
        counts = [np.bincount(np.frombuffer(text.lower().encode(), np.uint8), minlength=256) for text in texts]
        return [(one / np.linalg.norm(one)).astype(np.float32) for one in counts]

    def in_context(text: str, choose: Choose | None) -> Pieces:
        words = re.findall(r"\w+|\S", text.lower())
        words = [words[at] for at in choose(words)] if choose else words
        return Pieces(words, np.array(encode(words)), encode([text])[0])

    return Encoder(sha256, "letters", encode, in_context)


def test_weights_learnt_with_one_encoder_refuse_another() -> None:
    assert WEIGHTS.encoded.encoder is not None
    marked = score(ASKED, typed(RIGHT), grading=grader(WEIGHTS, spelling_encoder(WEIGHTS.encoded.encoder)))
    assert "letters" in marked.scorer
    with pytest.raises(WeightsError, match="learnt with the encoder"):
        grader(WEIGHTS, spelling_encoder("another"))


def test_weights_whose_figures_are_measured_no_longer_take_no_encoder() -> None:
    before = load_answer_weights("1.0.0")
    assert before.encoder is None
    with pytest.raises(WeightsError, match="learnt with the encoder none"):
        grader(before, spelling_encoder(before.encoded.encoder or ""))


def test_a_word_that_means_a_word_of_the_model_answer_counts_like_it() -> None:
    letters = spelling_encoder(WEIGHTS.encoder or "")

    def encode(texts: Sequence[str]) -> Sequence[Vector]:
        return letters.encode([text.replace("heap", "collection") for text in texts])

    alike = grader(WEIGHTS, letters._replace(encode=encode))
    other, same = typed(RIGHT.replace("collection", "heap")), typed(RIGHT)
    assert score(ASKED, other, grading=alike).overall == score(ASKED, same, grading=alike).overall
    assert (score(ASKED, other).overall or 0) < (score(ASKED, same).overall or 0)


def test_the_encoder_reads_an_answer_once_and_its_parts_add_up() -> None:
    letters, read_by_it = spelling_encoder(IN_CONTEXT.encoder or ""), list[str]()
    plainly = letters.in_context
    assert plainly is not None

    def in_context(text: str, choose: Choose | None) -> Pieces:
        read_by_it.append(text)
        return plainly(text, choose)

    grading = grader(IN_CONTEXT, letters._replace(in_context=in_context))
    found = [score(ASKED, typed(answer), grading=grading) for answer in (RIGHT, HALF, "Anna? - ... 42 <b>", "...stack")]
    assert len(read_by_it) == 2 + len(found), "the question and the model answer are known after the first"
    for one in found:
        relevance = next(dimension for dimension in one.dimensions if dimension.dimension is Dimension.RELEVANCE)
        assert sum(part.value for part in relevance.contributions) == relevance.score == one.overall
    assert (found[0].overall or 0) > (found[2].overall or 0)


def test_of_a_long_text_the_later_layers_read_words_of_content_alone() -> None:
    letters, left = spelling_encoder(NEWEST.encoder or ""), list[list[str]]()
    plainly = letters.in_context
    assert plainly is not None

    def in_context(text: str, choose: Choose | None) -> Pieces:
        found = plainly(text, choose)
        left.append(list(found.texts))
        return found

    grading = grader(NEWEST, letters._replace(in_context=in_context))
    things = [
        "plates",
        "books",
        "trays",
        "cups",
        "letters",
        "shirts",
        "crates",
        "coins",
        "tyres",
        "bricks",
        "cards",
        "pans",
    ]
    long = "It is like the " + ", and also like the ".join(things)
    assert NEWEST.encoded.read_whole == 46
    score(ASKED, typed(RIGHT), grading=grading)
    score(ASKED, typed(long), grading=grading)
    short, thinned = left[-2:]
    assert short == re.findall(r"\w+", RIGHT.lower())
    assert [word for word in thinned if word not in ("like", "also")] == things
    assert not {"the", "and", "it", "is", ","} & set(thinned)


def test_long_model_answers_have_a_sum_of_their_own() -> None:
    letters = spelling_encoder(IN_CONTEXT.encoder or "")
    outline = (
        "Elements are kept in order; push adds one on top; pop removes the top one; peek looks, size counts, clear "
    )
    long = rubric_of(
        "What is a stack?", outline + "empties, and errors tell of popping one from an empty stack or pushing."
    )
    grading = grader(IN_CONTEXT, letters)
    usual = {rubric.reference: grading.grade(rubric, read(typed(RIGHT))).parts[0].value for rubric in (ASKED, long)}
    assert len(set(usual.values())) == 2
    assert grader(IN_CONTEXT).grade(ASKED, read(typed(RIGHT))) == grader(WEIGHTS).grade(ASKED, read(typed(RIGHT)))


def test_an_encoder_of_whole_texts_alone_is_refused_by_weights_that_read_words_where_they_stand() -> None:
    letters = spelling_encoder(IN_CONTEXT.encoder or "")._replace(in_context=None)
    assert grader(WEIGHTS, letters).encoder == letters
    with pytest.raises(WeightsError, match="where they stand"):
        grader(IN_CONTEXT, letters)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": "1.0.0", "sha256": "x"}'])
def test_a_file_that_is_not_what_it_claims_is_refused(text: str) -> None:
    with pytest.raises(WeightsError, match=r"odd\.json"):
        parse_answer_weights(text, "odd.json")
