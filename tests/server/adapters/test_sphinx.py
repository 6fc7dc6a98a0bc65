import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from server.adapters.sphinx import SphinxTranscriber
from server.ports import TranscriberFailed
from tests.speech import length_ms, noise, silence, speech
from tests.waiting import DEADLINE_S

SENTENCE = "we have a website and the people like it"
SPOKEN = silence(300) + speech(SENTENCE, words_per_minute=150) + silence(500)


@pytest.fixture
async def sphinx() -> AsyncIterator[SphinxTranscriber]:
    sphinx = SphinxTranscriber(2)
    yield sphinx
    await sphinx.close()


async def test_words_come_with_times_and_confidence(sphinx: SphinxTranscriber) -> None:
    utterance = sphinx.open()
    await utterance.hear(SPOKEN)
    words = await utterance.finish()
    assert len({word.text for word in words} & set(SENTENCE.split())) >= 5
    assert all(a.end_ms <= b.end_ms for a, b in pairwise(words))
    assert 200 < words[0].start_ms < 700
    assert words[-1].end_ms <= length_ms(SPOKEN)
    assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in words)


async def test_the_same_audio_gives_the_same_words_however_it_comes_and_whatever_came_before(
    sphinx: SphinxTranscriber,
) -> None:
    found = set()
    for size in (1_024, 32_000, 4_444):
        if found:
            other = sphinx.open()
            await other.hear(speech("something else entirely, and louder", "en-gb"))
            await other.finish()
        utterance = sphinx.open()
        for start in range(0, len(SPOKEN), size):
            await utterance.hear(SPOKEN[start : start + size])
        found.add(tuple(await utterance.finish()))
    assert len(found) == 1


async def test_guesses_grow_while_the_utterance_lasts(sphinx: SphinxTranscriber) -> None:
    utterance = sphinx.open()
    guesses = [await utterance.hear(SPOKEN[start : start + 6_400]) for start in range(0, len(SPOKEN), 6_400)]
    counts = [len(guess.words) for guess in guesses if guess]
    assert len(counts) >= 3
    assert counts[-1] > counts[0]
    await utterance.finish()


async def test_an_utterance_that_finds_no_process_free_gets_the_same_words_at_its_end(
    sphinx: SphinxTranscriber,
) -> None:
    talking = [sphinx.open() for _ in range(2)]
    for utterance in talking:
        await utterance.hear(SPOKEN[:64_000])
        await utterance.hear(SPOKEN[64_000:])
    third = sphinx.open()
    await third.hear(SPOKEN[:64_000])
    assert await third.hear(SPOKEN[64_000:]) is None
    found = [await utterance.finish() for utterance in (third, *talking)]
    assert found[0]
    assert found[0] == found[1] == found[2]


async def hangs_and_is_given_up(sphinx: SphinxTranscriber) -> Process:
    utterance = sphinx.open()
    await utterance.hear(SPOKEN[:64_000])
    stuck = process_of(utterance)
    stuck.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await utterance.finish()
    await utterance.abandon()
    return stuck


async def test_a_recogniser_that_hangs_is_killed_and_another_one_answers(sphinx: SphinxTranscriber) -> None:
    stuck = await hangs_and_is_given_up(sphinx)
    assert await asyncio.wait_for(stuck.wait(), DEADLINE_S) == -signal.SIGKILL
    again = sphinx.open()
    await again.hear(SPOKEN[:64_000])
    assert await again.finish()


async def test_a_recogniser_that_dies_fails_its_utterance_only(sphinx: SphinxTranscriber) -> None:
    utterance, other = sphinx.open(), sphinx.open()
    await utterance.hear(SPOKEN[:64_000])
    await other.hear(SPOKEN[:64_000])
    process_of(utterance).kill()
    with pytest.raises(TranscriberFailed):
        await utterance.finish()
    await utterance.abandon()
    assert await other.finish()
    again = sphinx.open()
    await again.hear(SPOKEN[:64_000])
    assert await again.finish()


def process_of(utterance: Any) -> Process:
    process = utterance._decoder._process
    assert isinstance(process, Process)
    return process


async def test_silence_and_noise_come_to_an_end(sphinx: SphinxTranscriber) -> None:
    for pcm in (b"", silence(20), silence(2_000), noise(2_000)):
        utterance = sphinx.open()
        await utterance.hear(pcm)
        assert len(await utterance.finish()) < 10


async def test_closing_ends_the_processes() -> None:
    sphinx = SphinxTranscriber(1)
    utterance = sphinx.open()
    await utterance.hear(SPOKEN)
    await utterance.finish()
    process = sphinx._free[0]._process
    await sphinx.close()
    assert process
    assert process.returncode == 0


async def test_closing_waits_for_what_was_killed_too() -> None:
    """Whoever goes without seeing its end leaves its pipes open."""
    sphinx = SphinxTranscriber(1)
    stuck = await hangs_and_is_given_up(sphinx)
    await sphinx.close()
    assert stuck.returncode == -signal.SIGKILL


async def test_it_says_that_it_is_often_wrong(sphinx: SphinxTranscriber) -> None:
    assert sphinx.caution
    assert "often be wrong" in sphinx.caution
