from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.turns import (
    WINDOW_MS,
    Sign,
    SpeechBegan,
    TurnDetector,
    TurnRules,
    TurnSilent,
    UtteranceOver,
    count_anew,
    finish,
    hear,
    listen_anew,
    seems_to_speak,
)

PATIENCE = 2_496
RULES = TurnRules(utterance_silence_ms=704, utterance_limit_ms=10_240)


def windows(*stretches: tuple[float, int]) -> list[float]:
    """(probability, ms) stretches as a list of probabilities."""
    return [probability for probability, ms in stretches for _ in range(ms // WINDOW_MS)]


def play(
    probabilities: list[float], detector: TurnDetector | None = None, from_ms: int = 0
) -> tuple[TurnDetector, list[Sign]]:
    detector, signs = detector or TurnDetector(RULES), []
    for n, probability in enumerate(probabilities):
        detector, more = hear(detector, from_ms + n * WINDOW_MS, probability, PATIENCE)
        signs += more
    return detector, signs


def test_speech_between_silences_is_one_utterance_with_preroll_and_tail() -> None:
    _, signs = play(windows((0, 960), (0.9, 960), (0, 1_600)))
    assert signs == [SpeechBegan(660), UtteranceOver(660, 2_120)]


def test_a_click_is_no_speech() -> None:
    _, signs = play(windows((0, 320), (0.9, 64), (0, 320)))
    assert signs == []


def test_preroll_does_not_reach_behind_the_beginning() -> None:
    _, signs = play(windows((0, 64), (0.9, 320)))
    assert signs == [SpeechBegan(0)]


def test_a_short_pause_does_not_end_an_utterance() -> None:
    _, signs = play(windows((0.9, 320), (0, 640), (0.9, 320), (0, 704)))
    assert [type(sign) for sign in signs] == [SpeechBegan, UtteranceOver]


def test_doubt_ends_no_speech_and_begins_none() -> None:
    _, between = play(windows((0.4, 3_200 - WINDOW_MS)))
    assert [sign for sign in between if not isinstance(sign, TurnSilent)] == []
    _, within = play(windows((0.9, 320), (0.4, 3_200)))
    assert within == [SpeechBegan(0)]


def test_silence_is_said_once_and_again_after_more_speech() -> None:
    detector, signs = play(windows((0.9, 320), (0, 9_600)))
    assert signs == [SpeechBegan(0), UtteranceOver(0, 520), TurnSilent(320)]
    _, signs = play(windows((0.9, 320), (0, 9_600)), detector, 9_920)
    assert TurnSilent(9_920 + 320) in signs


def test_who_just_begins_again_is_not_cut_off_in_that_moment() -> None:
    silent = windows((0.9, 320), (0, PATIENCE - WINDOW_MS))
    _, signs = play([*silent, 0.9, 0.9, 0.9])
    assert [type(sign) for sign in signs] == [SpeechBegan, UtteranceOver, SpeechBegan]
    _, signs = play([*silent, 0.9, 0.9, 0.0])  # it was a click, and the silence goes on
    assert [type(sign) for sign in signs] == [SpeechBegan, UtteranceOver, TurnSilent]


def test_silence_is_not_said_while_someone_speaks() -> None:
    rules = RULES.model_copy(update={"utterance_silence_ms": 5_000})
    _, signs = play(windows((0.9, 320), (0, 4_000)), TurnDetector(rules))
    assert signs == [SpeechBegan(0)]


def test_a_muted_microphone_is_a_silence_of_no_length() -> None:
    detector, _ = play(windows((0.9, 320), (0, 1_280)))
    _, signs = play(windows((0, 640)), detector, 60_000)
    assert signs == []
    _, signs = play(windows((0, 1_280)), detector, 60_000)
    assert [type(sign) for sign in signs] == [TurnSilent]


def test_a_gap_ends_the_utterance_where_audio_stopped() -> None:
    detector, _ = play(windows((0.9, 640)))
    _, signs = play(windows((0.9, 320)), detector, 5_000)
    assert signs == [UtteranceOver(0, 640), SpeechBegan(5_000)]


def test_a_jittering_clock_is_no_gap() -> None:
    detector, _ = play(windows((0.9, 640)))
    _, signs = play(windows((0.9, 320)), detector, 640 + 60)
    assert signs == []


def test_no_utterance_is_longer_than_its_limit() -> None:
    _, signs = play(windows((0.9, 25_600), (0, 1_600)))
    over = [sign for sign in signs if isinstance(sign, UtteranceOver)]
    assert [sign.end_ms - sign.start_ms for sign in over] == [10_240, 10_240, 25_800 - 20_480]


def test_cut_utterances_meet_without_a_hole() -> None:
    _, signs = play(windows((0.9, 25_600), (0, 1_600)))
    over = [sign for sign in signs if isinstance(sign, UtteranceOver)]
    assert all(before.end_ms == after.start_ms for before, after in pairwise(over))


def test_a_long_utterance_is_cut_at_a_breath_rather_than_in_a_word() -> None:
    _, signs = play(windows((0.9, 9_280), (0, 192), (0.9, 3_200), (0, 1_600)))
    over = [sign for sign in signs if isinstance(sign, UtteranceOver)]
    assert over[0].end_ms == pytest.approx(9_280 + 192, abs=WINDOW_MS * 2)
    assert len(over) == 2


def test_a_finished_answer_ends_its_utterance_at_once() -> None:
    detector, _ = play(windows((0.9, 640)))
    detector, signs = finish(detector)
    assert signs == (UtteranceOver(0, 640),)
    assert not detector.open
    assert finish(detector)[1] == ()


def test_a_new_turn_begins_with_no_silence_behind_it() -> None:
    detector, _ = play(windows((0.9, 320), (0, 2_240)))
    _, signs = play(windows((0, 640)), listen_anew(detector, 2_560), 2_560)
    assert signs == []


def test_silence_can_be_counted_anew() -> None:
    detector, _ = play(windows((0.9, 320), (0, 9_600)))
    _, signs = play(windows((0, 2_496)), count_anew(detector), 9_920)
    assert [type(sign) for sign in signs] == [TurnSilent]


def test_the_pre_roll_of_a_new_turn_does_not_reach_into_the_old_one() -> None:
    _, signs = play(windows((0.9, 320)), listen_anew(TurnDetector(RULES), 2_560), 2_560)
    assert signs == [SpeechBegan(2_560)]


@pytest.mark.parametrize("breath_ms", [416, 448, 480, 512, 704])
def test_no_window_belongs_to_two_utterances(breath_ms: int) -> None:
    """An utterance begins with the window that its beginning lies in; a room takes no two that overlap."""
    offset = 7
    _, signs = play(windows((0.9, 7_008), (0, breath_ms), (0.9, 4_000), (0, 1_600)), from_ms=offset)
    over = [sign for sign in signs if isinstance(sign, UtteranceOver)]
    assert len(over) > 1
    for before, after in pairwise(over):
        assert after.start_ms - (after.start_ms - offset) % WINDOW_MS >= before.end_ms


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.3, 0.4, 0.6, 1.0]), st.integers(1, 60)), max_size=30))
def test_utterances_never_overlap_and_begin_as_often_as_they_end(stretches: list[tuple[float, int]]) -> None:
    detector, signs = play(windows(*((probability, count * WINDOW_MS) for probability, count in stretches)))
    _, rest = finish(detector)
    spoken = [sign for sign in (*signs, *rest) if not isinstance(sign, TurnSilent)]
    assert [type(sign) for sign in spoken] == [SpeechBegan, UtteranceOver] * (len(spoken) // 2)
    edges = [edge for sign in spoken if isinstance(sign, UtteranceOver) for edge in sign]
    assert edges == sorted(edges)
    assert all(
        began.at_ms == over.start_ms
        for began, over in zip(spoken[::2], spoken[1::2], strict=True)
        if isinstance(began, SpeechBegan) and isinstance(over, UtteranceOver)
    )


@pytest.mark.parametrize(
    ("probabilities", "told"),
    [
        ([0.9, 0.9, 0.9, 0.4, 0.0], [True, True, True, True, True]),  # an utterance, open until its silence is over
        ([0.55, 0.55, 0.55], [None, True, True]),  # not sure at once
        ([0.9, 0.0], [True, False]),  # a click: taken back
        ([0.8, 0.4, 0.1], [True, True, False]),
        ([0.3, 0.0], [False, False]),
    ],
)
def test_a_voice_is_noticed_before_it_is_an_utterance(probabilities: list[float], told: list[bool | None]) -> None:
    detector, seems = TurnDetector(RULES), []
    for n, probability in enumerate(probabilities):
        detector, _ = hear(detector, n * WINDOW_MS, probability, PATIENCE)
        seems.append(seems_to_speak(detector, probability))
    assert seems == told
