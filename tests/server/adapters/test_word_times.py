from itertools import pairwise

import pytest

from server.adapters.word_times import WordTimes, shared
from tests.speech import length_ms, noise, silence, speech, timed_speech

TEXT = "We moved all payments to one queue"
PCM = silence(400) + speech(TEXT, words_per_minute=150) + silence(600)
LENGTH_MS = length_ms(PCM)

pytest.importorskip("pocketsphinx", reason="there is no wheel of PocketSphinx for this Python")


@pytest.fixture(scope="module")
def times() -> WordTimes:
    return WordTimes()


def test_words_stand_where_they_were_said(times: WordTimes) -> None:
    spans = times.of(TEXT.split(), PCM)
    assert len(spans) == 7
    assert all(start < end <= next_start for (start, end), (next_start, _) in pairwise(spans))
    assert spans[0][0] == pytest.approx(400, abs=80)
    assert spans[-1][1] == pytest.approx(LENGTH_MS - 600, abs=200)


def test_each_word_begins_where_the_voice_began_it(times: WordTimes) -> None:
    pcm, begun = timed_speech("A small team runs the payments of nine countries", words_per_minute=150)
    found = [
        start
        for start, _ in times.of(["A", "small", "team", "runs", "the", "payments", "of", "nine", "countries"], pcm)
    ]
    assert found[1:] == pytest.approx(begun[1:], abs=120)


def test_a_pause_within_is_nobodys(times: WordTimes) -> None:
    half = speech("We moved all payments", words_per_minute=150)
    spans = times.of(TEXT.split(), half + silence(1_000) + speech("to one queue", words_per_minute=150))
    assert spans[4][0] - spans[3][1] > 800


@pytest.mark.parametrize(
    "word", ["Xqzwv", "42", "C++", "don\u2019t", "\u00e9t\u00e9", "ill-sposed", "&", "\u4f60\u597d"]
)
def test_any_word_has_a_place_between_its_neighbours(times: WordTimes, word: str) -> None:
    texts = ["We", "moved", "all", "payments", word, "to", "one", "queue"]
    spans = times.of(texts, PCM)
    assert len(spans) == len(texts)
    assert all(start <= end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_words_that_were_not_said_share_the_audio(times: WordTimes) -> None:
    texts = ["a", "completely", "different", "sentence"] * 6
    assert times.of(texts, noise(600, 300)) == shared(texts, 600)


def test_the_same_words_and_audio_have_the_same_times_whatever_came_before(times: WordTimes) -> None:
    first = times.of(TEXT.split(), PCM)
    times.of(["Something", "else", "Zzyzx"], speech("Something else, Zzyzx, and louder", "en-gb"))
    assert times.of(TEXT.split(), PCM) == first


def test_nothing_said_takes_no_time(times: WordTimes) -> None:
    assert times.of([], PCM) == shared([], LENGTH_MS) == []


def test_sharing_goes_by_length_from_the_first_sample_to_the_last() -> None:
    assert shared(["a", "abc"], 600) == [(0, 200), (200, 600)]
