"""Things begun, taken back and said anew."""

import json
from importlib.resources import files

import pytest

from scoring.disfluency import NEWEST, flagged, load_disfluency, parse_disfluency, probability, taken_back
from scoring.restarts import places, signs
from scoring.weights import WeightsError

DISFLUENT = (
    "When did the council, no wait, when was the bridge opened?",
    "Which of the ships er which harbour was closed in 1911?",
    "How many er uh bakers live there?",
    "Where was the or rather who was the last queen of the islands?",
    "It was in 2017 no 2018 that we moved",
    "Who painted scratch that who sold the picture?",
)
FLUENT = (
    "When was the bridge opened?",
    "What ship no longer sails?",
    "What does the word mean in Dutch, and who used it first?",
    "There was no way back once the table had been dropped.",
    "We had to wait for two hours, and I was sorry about that.",
    "I would rather ask once too often than guess.",
    "I explained what failed and how we would repair it.",
)


@pytest.mark.parametrize("text", DISFLUENT)
def test_what_is_taken_back_is_flagged(text: str) -> None:
    assert flagged(text, load_disfluency())


@pytest.mark.parametrize("text", [*FLUENT, "", "   ", "\x00<b>", "ça va", "no", "7"])
def test_fluent_words_and_next_to_none_are_not(text: str) -> None:
    assert not flagged(text, load_disfluency())


def test_one_sentence_among_many_is_found() -> None:
    talk = " ".join(FLUENT * 3)
    assert not flagged(talk, load_disfluency())
    assert flagged(f"{talk} {DISFLUENT[0]} {talk}", load_disfluency())


def test_a_long_sentence_without_marks_is_read_in_parts() -> None:
    on_and_on = "we went to the harbour and talked to the people there about the new ferry and " * 12
    assert probability(on_and_on, load_disfluency()) < probability(
        f"{on_and_on} the mayor er uh no wait the owner said so and {on_and_on}", load_disfluency()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In May, no wait, in June we moved. Then it was fine.", ["no wait"]),
        ("We had three, sorry, four engineers.", ["sorry"]),
        ("It was fine. I was the lead or rather the only engineer there", ["or rather"]),
        ("I was sorry and had no choice but to wait", []),
        ("no wait", []),
    ],
)
def test_the_words_that_take_back_are_pointed_at(text: str, expected: list[str]) -> None:
    assert [text[found.start : found.end] for found in taken_back(text, load_disfluency())] == expected


def test_words_of_a_topic_are_all_alike() -> None:
    assert signs("When did Rome no Carthage fall?") == signs("When did Ghana no Senegal fall?")


def test_the_longest_cue_counts() -> None:
    assert [(p.first, p.last, p.certain) for p in places(["so", "no", "wait", "i", "mean", "it"])] == [
        (1, 2, True),
        (3, 4, False),
    ]


def test_figures_that_were_changed_are_refused() -> None:
    text = (files("scoring") / "weights" / f"disfluency-{NEWEST}.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    raw["bias"] += 0.001
    with pytest.raises(WeightsError, match="here.json: the hash does not fit"):
        parse_disfluency(json.dumps(raw), "here.json")
    with pytest.raises(WeightsError, match=r"here.json"):
        parse_disfluency("{", "here.json")
    with pytest.raises(WeightsError, match="no disfluency weights"):
        load_disfluency("0.0.1")


def test_the_figures_say_what_they_were_worth() -> None:
    metrics = load_disfluency().metrics
    assert metrics["f1"] >= 0.96
    assert metrics["false_alarms"] <= 0.005
