"""Rubric points said in other words: found with an encoder, quoted exactly, and no way to talk a score up."""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
import pytest

from rooms.evidence import Level, Mark
from scoring.local import score
from scoring.meaning import Encoder, Vector
from scoring.paraphrase import Paraphrases, paraphrases
from scoring.recall import Meant
from scoring.rubric import Rubric
from scoring.weights import WeightsError, load_weights
from scoring.weights.answers import load_answer_weights
from scoring.weights.paraphrase import load_paraphrase_weights, parse_paraphrase_weights
from tests.scoring.answers import typed

WEIGHTS = load_paraphrase_weights("1.0.0")
ASKED = Rubric.from_question(
    "Tell me about a release that went wrong.",
    "technical",
    points=[("halted", "Halted the deployment quickly", 1.0, ()), ("learnt", "Wrote an automatic rollback", 1.0, ())],
)
SAME = {"froze": "halted", "rollout": "deployment", "promptly": "quickly"}
TOLD = "Errors climbed in the dashboard. We froze the rollout promptly. Customers were patient."


def knowing(same: Mapping[str, str], sha256: str = WEIGHTS.encoder) -> Encoder:
    """An encoder by its contract that knows which words mean the same, and no more: words are orthogonal to others."""

    def encode(texts: Sequence[str]) -> list[Vector]:
        found = []
        for text in texts:
            vector = np.zeros(4096, np.float32)
            for word in re.findall(r"\w+", text.lower()) or ["-"]:
                vector[crc32(same.get(word, word).encode()) % 4096] += 1
            found.append(vector / np.linalg.norm(vector))
        return found

    return Encoder(sha256, "synonyms", encode)


HOW = paraphrases(WEIGHTS, knowing(SAME))


def marked(answer: str, how: Paraphrases | None = HOW, rubric: Rubric = ASKED) -> Mark:
    return score(rubric, typed(answer), other_words=how).marks[0]


def test_a_point_in_other_words_is_found_and_quoted_exactly() -> None:
    assert marked(TOLD, None).level is Level.ABSENT
    found = marked(TOLD)
    assert found.level is not Level.ABSENT
    assert [quote.text for quote in found.quotes] == ["We froze the rollout promptly"]
    assert "in other words" in found.reason
    assert typed(TOLD).holds(found.quotes[0])
    assert "with synonyms" in score(ASKED, typed(TOLD), other_words=HOW).scorer


def test_a_point_in_its_own_words_is_found_with_an_encoder_as_without() -> None:
    answer = "We halted the deployment quickly when errors climbed in the dashboard."
    with_encoder, without = marked(answer), marked(answer, None)
    assert with_encoder.level is without.level is Level.PRESENT
    assert "in other words" not in with_encoder.reason


def test_what_other_words_alone_find_is_said_in_part_unless_enough_of_it_is_recalled() -> None:
    bars = load_weights().recall
    near = Meant(WEIGHTS.model_copy(update={"nothing": 0.0, "full": 0.3}), WEIGHTS.alone - 0.01, 0.9, (0, 1))
    assert bars.partial <= near.strength(0.0, bars) < bars.present
    assert near._replace(recall=WEIGHTS.alone).strength(0.0, bars) >= bars.present
    assert near.strength(bars.partial, bars) >= bars.present


def test_more_of_a_point_never_counts_less() -> None:
    bars = load_weights().recall
    for at in np.linspace(0, 1, 6):
        for one, more in pairwise(np.linspace(0, 1, 12)):
            assert Meant(WEIGHTS, at, one, None).strength(at, bars) <= Meant(WEIGHTS, at, more, None).strength(at, bars)
            assert Meant(WEIGHTS, one, at, None).strength(at, bars) <= Meant(WEIGHTS, more, at, None).strength(at, bars)
            assert Meant(WEIGHTS, at, at, None).strength(one, bars) <= Meant(WEIGHTS, at, at, None).strength(more, bars)


def test_saying_the_question_back_in_other_words_finds_nothing() -> None:
    rubric = Rubric.from_question(
        "Why was the deployment halted?", "technical", points=[("why", "The deployment was halted", 1.0, ())]
    )
    assert marked("The rollout was what they froze, in the office, on a sunny day.", HOW, rubric).level is Level.ABSENT


def test_what_was_not_done_is_not_found() -> None:
    assert marked("Errors climbed in the dashboard. We never froze the rollout promptly.").level is Level.ABSENT


@pytest.mark.parametrize(
    "other", ["Maria froze it. She froze the rollout promptly.", "Wei froze it. He froze the rollout promptly."]
)
def test_neither_names_nor_pronouns_change_a_score(other: str) -> None:
    first = score(ASKED, typed("Errors climbed. Ravi froze it. He froze the rollout promptly."), other_words=HOW)
    second = score(ASKED, typed(f"Errors climbed. {other}"), other_words=HOW)
    assert [mark.level for mark in first.marks] == [mark.level for mark in second.marks]
    assert first.overall == second.overall


@pytest.mark.parametrize(
    "answer", ["", "well", "um uh", "<p></p>", "never not no", "a " * 5_000, "froze rollout " * 600]
)
def test_odd_answers_have_a_result(answer: str) -> None:
    assert [mark.point for mark in score(ASKED, typed(answer), other_words=HOW).marks] == ["halted", "learnt"]


def test_figures_learnt_with_one_encoder_refuse_another_and_both_kinds_have_the_same() -> None:
    with pytest.raises(WeightsError, match="learnt with the encoder"):
        paraphrases(WEIGHTS, knowing(SAME, "another"))
    newest = load_weights()
    assert load_paraphrase_weights(newest.paraphrase or "").encoder == load_answer_weights(newest.answers or "").encoder


def test_a_nudged_figure_is_not_even_read() -> None:
    text = WEIGHTS.model_dump_json()
    assert parse_paraphrase_weights(text, "paraphrase-1.0.0.json") == WEIGHTS
    with pytest.raises(WeightsError, match="the hash does not fit"):
        parse_paraphrase_weights(text.replace(f'"full":{WEIGHTS.full}', f'"full":{WEIGHTS.full * 1.05}'), "x.json")
    assert math.isclose(WEIGHTS.words + WEIGHTS.recall + WEIGHTS.likeness, 1)
