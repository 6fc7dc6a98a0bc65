"""What is asked next, and why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.events import Mode, QuestionKind
from rooms.interview.bank import UnknownQuestion, load_bank
from rooms.interview.plan import AskedTurn, Choice, Plan, difficulty_after, next_question

BANK = load_bank()


def plan(length: int = 6, mode: Mode = Mode.BEHAVIOURAL, seed: str = "room-1") -> Plan:
    return Plan(mode=mode, length=length, seed=seed)


def asked(question: str, overall: float | None = 3.0, *weak: str, follow_up_of: str | None = None) -> AskedTurn:
    return AskedTurn(question_id=question, overall=overall, weak_points=weak, follow_up_of=follow_up_of)


def choose(*turns: AskedTurn, length: int = 6, chosen: str | None = None, seed: str = "room-1") -> Choice:
    found = next_question(BANK, turns, plan(length, seed=seed), chosen)
    assert found is not None
    return found


def test_the_first_question_is_near_the_starting_level_and_says_why() -> None:
    found = choose()
    assert found.kind is QuestionKind.NEW
    assert abs(found.difficulty - 2) <= 1
    assert "opening question" in found.why


def test_a_coachs_choice_wins_even_over_a_follow_up() -> None:
    found = choose(asked("own-mistake", 2.0, "owns-it"), chosen="project-failed")
    assert (found.question_id, found.kind) == ("project-failed", QuestionKind.CHOSEN)


def test_a_coach_may_choose_a_question_again() -> None:
    assert choose(asked("own-mistake"), chosen="own-mistake").question_id == "own-mistake"


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(UnknownQuestion):
        choose(chosen="nowhere")


def test_an_important_point_left_out_is_followed_up() -> None:
    found = choose(asked("own-mistake", 2.5, "prevented", "owns-it"))
    assert (found.question_id, found.follow_up_of) == ("own-mistake/owns-it", "own-mistake")
    assert found.kind is QuestionKind.FOLLOW_UP
    assert found.text == "Which part of that was yours, and not the circumstances'?"
    assert "names the mistake plainly as their own" in found.why


def test_a_minor_point_is_not_followed_up() -> None:
    assert choose(asked("own-mistake", 2.5, "repaired")).kind is QuestionKind.NEW


def test_a_question_is_followed_up_once_at_most() -> None:
    turns = (
        asked("own-mistake", 2.5, "owns-it"),
        asked("own-mistake/owns-it", 1.0, "owns-it", follow_up_of="own-mistake"),
    )
    assert choose(*turns).kind is QuestionKind.NEW


def test_an_answer_without_a_score_is_not_followed_up() -> None:
    assert choose(asked("own-mistake", None, "owns-it", "prevented")).kind is QuestionKind.NEW


def test_no_more_than_a_third_are_follow_ups() -> None:
    turns = [asked("own-mistake", 2.5, "owns-it"), asked("own-mistake/owns-it", 3.0, follow_up_of="own-mistake"),
             asked("learned-fast", 2.5, "method")]  # fmt: skip
    assert choose(*turns, length=5).kind is QuestionKind.NEW
    assert choose(*turns, length=6).kind is QuestionKind.FOLLOW_UP


@pytest.mark.parametrize(
    ("scores", "level"),
    [
        ((), 2),
        ((3.5,), 3),
        ((4.0, 4.0, 5.0, 5.0), 5),
        ((2.0,), 1),
        ((1.0, 1.0), 1),
        ((None,), 2),
        ((3.0,), 2),
        ((5.0, 0.5), 2),
    ],
)
def test_the_staircase(scores: tuple[float | None, ...], level: int) -> None:
    assert difficulty_after([AskedTurn(question_id=None, overall=overall) for overall in scores]) == level


def test_follow_ups_do_not_move_the_staircase() -> None:
    assert (
        difficulty_after([asked("own-mistake", 5.0), asked("own-mistake/owns-it", 0.0, follow_up_of="own-mistake")])
        == 3
    )


def test_a_strong_run_leads_to_harder_questions_than_a_weak_one() -> None:
    def last_level(overall: float) -> int:
        turns: list[AskedTurn] = []
        for _ in range(5):
            turns.append(asked(choose(*turns).question_id, overall))
        return choose(*turns).difficulty

    assert last_level(5.0) >= 4
    assert last_level(1.0) <= 2


def test_competences_not_covered_yet_come_first() -> None:
    first = choose()
    assert choose(asked(first.question_id)).competence != first.competence


def test_the_seed_decides_between_equals_and_nothing_else() -> None:
    firsts = {choose(seed=f"room-{i}").question_id for i in range(30)}
    assert len(firsts) > 1
    assert choose(seed="room-7") == choose(seed="room-7")


def test_a_question_a_person_made_up_counts_and_is_not_followed_up() -> None:
    own = AskedTurn(question_id=None, overall=1.0, weak_points=("anything",))
    assert choose(own).kind is QuestionKind.NEW
    assert next_question(BANK, [own] * 6, plan(6)) is None


def test_an_empty_bank_ends_the_interview() -> None:
    everything = [asked(question.id) for question in BANK.questions(Mode.BEHAVIOURAL)]
    assert next_question(BANK, everything, plan(40)) is None


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(list(Mode)), st.integers(1, 12), st.text(min_size=1, max_size=8), st.data())
def test_an_interview_of_n_asks_n_questions_and_none_twice(
    mode: Mode, length: int, seed: str, data: st.DataObject
) -> None:
    turns: list[AskedTurn] = []
    while (choice := next_question(BANK, turns, Plan(mode=mode, length=length, seed=seed))) is not None:
        points = [point.id for point in BANK.by_id(choice.question_id).points]
        turns.append(
            AskedTurn(
                question_id=choice.question_id,
                follow_up_of=choice.follow_up_of,
                overall=data.draw(st.none() | st.sampled_from([0.0, 2.0, 3.0, 3.5, 5.0])),
                weak_points=tuple(data.draw(st.sets(st.sampled_from(points)))),
            )
        )
        assert BANK.by_id(choice.question_id).mode is mode
        assert len(turns) <= length
    assert len(turns) == length
    assert len({turn.question_id for turn in turns}) == length
    assert sum(turn.follow_up_of is not None for turn in turns) <= length // 3
