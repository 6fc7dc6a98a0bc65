from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.passages import RULES, Passage, after, begin, hear
from rooms.turns import WINDOW_MS


def cut(flags: Sequence[bool]) -> list[Passage]:
    """The passages of an utterance that begins at 0 and has these windows; the last is the open one."""
    passages = [begin(0, 0)]
    for n, voiced in enumerate(flags):
        passages[-1] = hear(passages[-1], n * WINDOW_MS, voiced)
        if follows := after(passages[-1]):
            passages.append(follows)
    return passages


def windows(ms: int, *, voiced: bool) -> list[bool]:
    return [voiced] * (ms // WINDOW_MS)


def test_a_short_passage_is_not_cut_at_a_breath() -> None:
    assert len(cut(windows(3_200, voiced=True) + windows(640, voiced=False))) == 1


def test_a_breath_after_some_seconds_cuts_and_is_shared() -> None:
    first, second = cut(windows(4_800, voiced=True) + windows(288, voiced=False))
    assert (first.start_ms, first.end_ms) == (0, 4_800 + 288)  # a bit more than 4 s: a bit less than 320 ms will do
    assert second.start_ms == first.end_ms - 128
    assert second.silent_ms == 128
    assert second.voiced_ms == 0


@pytest.mark.parametrize(("spoken_ms", "needed_ms"), [(4_096, 320), (7_040, 160), (9_600, 32)])
def test_the_longer_a_passage_the_shorter_a_breath_will_do(spoken_ms: int, needed_ms: int) -> None:
    breath = windows(needed_ms, voiced=False)
    assert len(cut(windows(spoken_ms, voiced=True) + breath)) == 2
    assert len(cut(windows(spoken_ms, voiced=True) + breath[1:])) == 1


def test_who_never_breathes_is_cut_at_the_limit_and_nothing_is_shared() -> None:
    first, second = cut(windows(RULES.limit_ms + WINDOW_MS, voiced=True))
    assert first.end_ms == second.start_ms
    assert RULES.limit_ms <= first.end_ms < RULES.limit_ms + WINDOW_MS


def test_a_breath_alone_is_not_worth_recognising() -> None:
    quiet = cut(windows(4_800, voiced=True) + windows(640, voiced=False))[-1]
    assert not quiet.worth_recognising()
    for n in range(2):
        quiet = hear(quiet, 6_400 + n * WINDOW_MS, True)
    assert not quiet.worth_recognising()
    assert hear(quiet, 6_500, True).worth_recognising()


def test_an_utterance_just_begun_is_worth_recognising() -> None:
    assert begin(0, 400).worth_recognising()


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 200)), max_size=20))
def test_passages_cover_an_utterance_and_overlap_in_silence_only(stretches: list[tuple[bool, int]]) -> None:
    flags = [voiced for voiced, count in stretches for _ in range(count)]
    passages = cut(flags)
    assert passages[0].start_ms == 0
    assert passages[-1].end_ms == len(flags) * WINDOW_MS
    for before, following in pairwise(passages):
        shared = range(following.start_ms // WINDOW_MS, before.end_ms // WINDOW_MS)
        assert following.start_ms <= before.end_ms
        assert len(shared) * WINDOW_MS <= RULES.overlap_ms
        assert not any(flags[n] for n in shared)
        assert before.end_ms - before.start_ms < RULES.limit_ms + WINDOW_MS
