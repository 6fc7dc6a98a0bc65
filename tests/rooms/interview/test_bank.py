"""The questions that ship, and what a question file must hold."""

from collections import Counter
from importlib.resources import files

import pytest

from rooms.events import Mode
from rooms.interview.bank import Bank, BankError, UnknownQuestion, load_bank, parse_bank, parse_questions


def text_of(mode: Mode) -> str:
    return (files("rooms.interview") / "questions" / f"{mode}.toml").read_text(encoding="utf-8")


ONE = """
[[question]]
id = "why-tests"
competence = "testing"
difficulty = 2
text = "Why do you write tests, and when do you not?"
reference = "Tests show that behaviour stays as it is while code changes. Throwaway code may do without them."
points = [
  { id = "a", weight = 4, text = "Says that change becomes safe", cues = ["refactor", "safe", "change"] },
  { id = "b", weight = 2, text = "Says when to leave them out", cues = ["throwaway", "prototype", "spike"] },
  { id = "c", weight = 2, text = "Speaks of documentation", cues = ["document", "example", "read"] },
  { id = "d", weight = 2, text = "Speaks of the price", cues = ["cost", "slow", "maintain"] },
]
follow_ups = [{ for_point = "b", text = "When would you leave them out?" }]
"""


def parse(text: str) -> None:
    parse_questions(text, Mode.TECHNICAL, "technical.toml")


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_has_enough_questions_spread_over_difficulty_and_competence(mode: Mode) -> None:
    questions = load_bank().questions(mode)
    assert len(questions) >= 14
    assert {question.difficulty for question in questions} == {1, 2, 3, 4, 5}
    assert len({question.competence for question in questions}) >= 6
    assert max(Counter(question.competence for question in questions).values()) <= 3


def test_every_question_can_be_spoken() -> None:
    for question in load_bank().all:
        for text in (question.text, *(follow_up.text for follow_up in question.follow_ups)):
            assert text[-1] in "?."
            assert len(text.split()) <= 35
            assert not set(text) & set("/_*#()[]{}")


def test_every_reference_has_two_to_four_sentences() -> None:
    for question in load_bank().all:
        assert 2 <= question.reference.count(". ") + 1 <= 4, question.id


def test_every_important_point_that_weighs_most_can_be_followed_up() -> None:
    for question in load_bank().all:
        heaviest = max(point.weight for point in question.points)
        followed = {follow_up.for_point for follow_up in question.follow_ups}
        assert any(point.weight == heaviest and point.id in followed for point in question.points), question.id


def test_no_cue_is_listed_twice_for_a_point() -> None:
    for question in load_bank().all:
        for point in question.points:
            assert len(set(point.cues)) == len(point.cues), (question.id, point.id)


def test_a_question_is_found_by_its_id_and_by_its_follow_ups_id() -> None:
    bank = load_bank()
    assert bank.by_id("hash-map-inside").mode is Mode.TECHNICAL
    assert bank.by_id("hash-map-inside/collisions").id == "hash-map-inside"
    assert bank.holds("hash-map-inside")
    assert not bank.holds("nowhere")
    with pytest.raises(UnknownQuestion):
        bank.by_id("nowhere")


def test_a_follow_up_asks_for_its_one_point() -> None:
    fields = load_bank().rubric_fields("hash-map-inside/collisions")
    assert fields.question == "What happens when two different keys land in the same place?"
    assert [point[0] for point in fields.points] == ["collisions"]
    with pytest.raises(UnknownQuestion):
        load_bank().rubric_fields("hash-map-inside/nothing")


def test_the_example_of_these_tests_is_well_formed() -> None:
    parse(ONE)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("weight = 4", "weight = 3", r"add up to 9, not 10"),
        ('for_point = "b"', 'for_point = "z"', r"a point that is not there: z"),
        ('id = "b"', 'id = "a"', r"two points have the same id"),
        ('id = "why-tests"', 'id = "Why Tests"', r"\(Why Tests\): id"),
        ("difficulty = 2", "difficulty = 6", r"difficulty"),
        ('competence = "testing"\n', "", r"competence: Field required"),
        ("and when do you not?", "really? And when do you not?", r"more than one question"),
        ('competence = "testing"', 'competence = "testing"\ncolour = "red"', r"colour: Extra inputs"),
        ('cues = ["refactor", "safe", "change"]', 'cues = ["refactor"]', r"points\.0\.cues"),
        ("Tests show that behaviour stays as it is while code changes. ", "", r"reference"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_question(before: str, after: str, said: str) -> None:
    assert before in ONE
    with pytest.raises(BankError, match=r"technical\.toml, line [2-9]: question 1 .*" + said):
        parse(ONE.replace(before, after, 1))


def test_broken_toml_names_file_and_line() -> None:
    with pytest.raises(BankError, match=r"technical\.toml: .*line 2"):
        parse("[[question]]\nid = \n\n")


def test_a_file_without_questions_is_refused() -> None:
    with pytest.raises(BankError, match="expected a list"):
        parse('title = "questions"')


def test_the_same_id_in_two_files_is_refused() -> None:
    texts = {mode: text_of(mode) for mode in Mode} | {Mode.TECHNICAL: text_of(Mode.BEHAVIOURAL)}
    with pytest.raises(BankError, match="two questions have the id"):
        parse_bank(texts)


def test_a_mode_without_a_file_is_refused() -> None:
    with pytest.raises(BankError, match="no questions for system_design"):
        parse_bank({Mode.BEHAVIOURAL: text_of(Mode.BEHAVIOURAL), Mode.TECHNICAL: text_of(Mode.TECHNICAL)})


def test_a_bank_survives_its_json() -> None:
    assert Bank.model_validate_json(load_bank().model_dump_json()) == load_bank()
