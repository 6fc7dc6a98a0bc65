"""Phrases that show something whatever the topic."""

import pytest

from rooms.interview.bank import load_bank
from scoring.cues import CLASSES, acts, denied, find_cues, meant
from scoring.words import NUMBER, tokens_of


def done(text: str) -> list[str]:
    return [hit.phrase for hit in acts(tuple(tokens_of(text)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I restored the backup and posted a note.", ["i restored", "i posted"]),
        ("I once broke the page.", ["i broke"]),
        ("I would store the mapping, and I'd also cache it.", ["i would store", "i cache"]),
        ("She restored it and posted a note.", []),
        ("I work hard and I think a lot.", []),
        ("I was tired and I wanted to sleep.", []),
        ("I never told anybody.", []),
        ("I restored it. And posted letters came.", ["i restored"]),
    ],
)
def test_what_the_speaker_did_is_found_and_nothing_else(text: str, expected: list[str]) -> None:
    assert [phrase.replace("i store", "i would store") for phrase in done(text)] == expected


def test_an_act_that_is_a_known_phrase_too_counts_once() -> None:
    tokens = tuple(tokens_of("I called the customer."))
    assert [hit.phrase for hit in meant(tokens, denied(tokens))["doing"]] == ["i called"]


def test_what_was_denied_was_not_done() -> None:
    tokens = tuple(tokens_of("It is not that we reduced the load."))
    assert "result" in find_cues(tokens)
    assert meant(tokens, denied(tokens))["result"] == []


def test_every_kind_of_phrase_that_the_bank_asks_for_is_known() -> None:
    cues = {cue for question in load_bank().all for point in question.points for cue in point.cues}
    kinds = {part for cue in cues for part in cue.split() if part.startswith("<")}
    assert kinds - {NUMBER} <= set(CLASSES)
    assert "<result>" in kinds
