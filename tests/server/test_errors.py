"""The one table of every "no"."""

import subprocess
import sys
from pathlib import Path

import pytest

from rooms.protocol import Close
from rooms.refusals import Code, refuse
from server.errors import TABLE, Failed, body, problem_of
from server.ports import Unavailable
from server.story import UnknownRoom

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", Code)
def test_each_refusal_has_its_row_with_the_rules_own_words(code: Code) -> None:
    refusal = refuse(code)
    assert body(problem_of(refusal)) == {"code": code.value, "sentence": refusal.sentence, "retry": refusal.retry}


@pytest.mark.parametrize("problem", TABLE.values(), ids=lambda problem: problem.code)
def test_each_sentence_is_one_for_people(problem: object) -> None:
    sentence = problem.sentence  # type: ignore[attr-defined]
    assert sentence[0].isupper()
    assert sentence.endswith((".", "!"))
    assert len(sentence) < 120


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("redis"), "redis_away"),
        (Unavailable("redis", full=True), "redis_full"),
        (Unavailable("database"), "database_away"),
        (Unavailable("database", full=True), "database_full"),
        (UnknownRoom("r"), "unknown_room"),
        (Failed("too_much"), "too_much"),
        (RuntimeError("what a person said"), "internal"),
    ],
)
def test_each_fault_has_a_stable_code(error: Exception, code: str) -> None:
    assert problem_of(error).code == code
    assert "what a person said" not in str(body(problem_of(error)))


def test_whoever_may_retry_is_sent_away_with_a_code_that_comes_back() -> None:
    for problem in TABLE.values():
        if problem.status == 503 and problem.close is not None:
            assert problem.close == Close.GOING_AWAY or problem.close < 4500


def test_the_pages_of_errors_and_phases_are_current() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "rules_docs", "--check"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
