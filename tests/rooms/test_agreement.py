from hypothesis import given
from hypothesis import strategies as st

from rooms.agreement import Agreement, agree


def after(*hypotheses: str) -> Agreement:
    agreement = Agreement()
    for hypothesis in hypotheses:
        agreement = agree(agreement, hypothesis.split())
    return agreement


def test_a_first_guess_is_not_stable() -> None:
    assert after("I led") == ((), ("I", "led"))


def test_what_two_guesses_share_at_their_beginning_is_stable() -> None:
    assert after("I led a", "I led the team") == (("I", "led"), ("the", "team"))


def test_a_guess_that_changes_its_mind_takes_nothing_stable_back() -> None:
    assert after("I led", "I led the", "Ira Ledger tea") == (("I", "led"), ("tea",))


def test_a_shorter_guess_leaves_the_stable_words() -> None:
    assert after("I led", "I led the", "I") == (("I", "led"), ())


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), max_size=10))
def test_stable_words_only_ever_grow(hypotheses: list[list[str]]) -> None:
    agreement = Agreement()
    for hypothesis in hypotheses:
        before, agreement = agreement, agree(agreement, hypothesis)
        assert agreement.stable[: len(before.stable)] == before.stable
