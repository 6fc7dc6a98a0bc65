"""Answers that do not fit together."""

from itertools import combinations

import pytest

from scoring.contradictions import Answer, Kind, contradictions
from tests.scoring import answers as ours
from tests.scoring.answers import typed


def answers(*texts: str) -> list[Answer]:
    return [Answer(i + 1, None, typed(text), None) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (
            Kind.AMOUNT,
            "At Acme I led the payments team of five engineers.",
            "It was calm. The payments team at Acme had eight engineers.",
        ),
        (
            Kind.AMOUNT,
            "The migration of the billing database took three weeks.",
            "We needed six months. The migration of the billing database took six months.",
        ),
        (
            Kind.YEAR,
            "I joined Acme as a backend developer in 2019.",
            "In 2021 I joined Acme as a backend developer.",
        ),
        (Kind.DENIAL, "I have never managed people.", "In that project I managed twelve people myself."),
    ],
)
def test_what_does_not_fit_is_shown_with_both_sentences(kind: Kind, one: str, other: str) -> None:
    given = answers(one, "We talked to the client about it.", other)
    (found,) = contradictions(given)
    assert found.kind is kind
    assert (found.first.turn, found.second.turn) == (1, 3)
    assert given[0].transcript.holds(found.first.quote)
    assert given[2].transcript.holds(found.second.quote)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I led a team of five engineers.", "Later I led a team of eight engineers."),
        ("At Acme the payments team had five engineers.", "At Globex the payments team had eight engineers."),
        ("The payments team had about five engineers.", "The payments team had six engineers."),
        ("The payments team had five engineers.", "The payments team grew to eight engineers."),
        ("The billing migration took four weeks.", "The billing migration took a month, so one month."),
        ("The payments team had five engineers.", "The payments team had three servers."),
        ("At first I never wrote tests.", "I wrote tests for the importer."),
        ("I never wrote tests for it.", "I wrote tests for the importer."),
        ("I would never manage people.", "I managed ten people."),
        ("I never managed people.", "She managed ten people."),
        ("The payments team of five engineers at Acme", ""),
    ],
)
def test_what_may_well_fit_is_left_alone(one: str, other: str) -> None:
    assert contradictions(answers(one, other)) == ()


def test_within_one_answer_nothing_is_held_against_anybody() -> None:
    assert contradictions(answers("I have never managed people. I managed ten people.")) == ()


def test_our_own_answers_fit_together() -> None:
    texts = [text for name, text in vars(ours).items() if name.isupper() and isinstance(text, str) and len(text) > 80]
    assert len(texts) > 10
    assert [pair for pair in combinations(texts, 2) if contradictions(answers(*pair))] == []
