"""What counts as the same word."""

import pytest

from scoring.words import NUMBER, stem, stems_of, tokens_of, weight_of


@pytest.mark.parametrize(
    "forms",
    [
        ("promise", "promises", "promised", "promising"),
        ("stop", "stops", "stopped", "stopping"),
        ("prioritise", "prioritize", "prioritising", "prioritized", "priority", "priorities"),
        ("build", "built", "building", "builds"),
        ("decide", "decided", "decision", "decisions"),
        ("query", "queries"),
        ("cache", "caches", "cached", "caching"),
        ("he", "she", "they", "him", "her", "their"),
        ("behaviour", "behavior"),
        ("organise", "organized", "organisation"),
    ],
)
def test_forms_of_a_word_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("test", "text"), ("process", "procession"), ("class", "clash"), ("hash", "has")]
)
def test_different_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_tokens_point_into_the_text() -> None:
    text = "We’ve cut p95 latency by 40%, from 1,200 to 720 ms."
    assert [text[token.start : token.end] for token in tokens_of(text)] == [
        "We’ve", "cut", "p95", "latency", "by", "40%", "from", "1,200", "to", "720", "ms",
    ]  # fmt: skip


def test_sentences_are_counted_and_decimals_do_not_end_one() -> None:
    assert [token.sentence for token in tokens_of("It took 2.5 days. Then we stopped!")] == [0, 0, 0, 0, 1, 1, 1]


def test_numbers_are_known_in_digits_and_in_words() -> None:
    assert [token.word for token in tokens_of("Two of 30 and half a dozen") if token.numeric] == [
        "two",
        "30",
        "half",
        "dozen",
    ]


def test_everyday_words_weigh_less_and_function_words_nothing() -> None:
    assert weight_of(stem("because")) == 0 < weight_of(stem("people")) < weight_of(stem("postmortem"))


def test_a_cue_may_hold_any_number() -> None:
    assert stems_of("by <number> percent") == ("by", NUMBER, "percent")
