"""Moonshine's real weights, where their wheel is installed: the words of real sound, and none where there are none."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rooms.transcript import Word
from server.adapters import moonshine, moonshine_files
from server.adapters.moonshine import Moonshine
from server.adapters.passages import apart
from server.adapters.recogniser_job import Job
from server.ports import Misconfigured
from tests.speech import length_ms, noise, samples, silence, speech

MODEL = moonshine_files.find()
CLIPS = Path(__file__).parents[4] / "shared" / "audio"
SENTENCE = "We moved the data in three small steps."
SPOKEN = silence(300) + speech(SENTENCE, words_per_minute=150) + silence(500)


@pytest.fixture(scope="module")
def model() -> Moonshine:
    if MODEL is None:
        pytest.skip("there is no wheel of Moonshine for this machine")
    return Moonshine(MODEL, 1)


def words(model: Moonshine, pcm: bytes, *, final: bool = True) -> tuple[Word, ...]:
    (found,) = model.decode([Job(pcm, (), final)])
    return found


def test_words_come_with_times_and_confidence(model: Moonshine) -> None:
    found = words(model, SPOKEN)
    assert " ".join(word.text for word in found) == SENTENCE
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(found))
    assert 250 < found[0].start_ms < 500
    assert found[-1].end_ms < length_ms(SPOKEN) - 300
    assert all(word.confidence is not None and 0.2 < word.confidence <= 1 for word in found)


def test_a_passage_of_any_length_is_heard_to_its_end(model: Moonshine) -> None:
    """The decoder's mask is in samples of the audio: one in frames broke it beyond some nine seconds."""
    pcm = SPOKEN + speech("The people like it very much.") + silence(3_000) + speech("It is raining in London today.")
    assert length_ms(pcm) > 9_600
    assert " ".join(word.text for word in words(model, pcm)).endswith("today.")


def test_the_same_audio_gives_the_same_words_whatever_came_before(model: Moonshine) -> None:
    first = words(model, SPOKEN)
    words(model, speech("Something else entirely, Xanthippe, and louder.", "en-gb"))
    assert words(model, SPOKEN) == first


def test_a_guess_has_the_same_text_and_no_worse_an_order(model: Moonshine) -> None:
    final, guess = words(model, SPOKEN), words(model, SPOKEN, final=False)
    assert [word.text for word in guess] == [word.text for word in final]
    assert guess[0].start_ms == 0
    assert guess[-1].end_ms == length_ms(SPOKEN)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 2, 5])
def test_where_nobody_speaks_there_are_no_words(model: Moonshine, seconds: float) -> None:
    chance = np.random.default_rng(1)
    keys = np.zeros(int(16_000 * seconds))
    for at in chance.integers(0, len(keys) - 400, int(8 * seconds)):
        keys[at : at + 400] += chance.normal(0, 6_000, 400) * np.exp(-np.arange(400) / 60)
    sounds = [silence(round(seconds * 1000)), *(noise(round(seconds * 1000), level) for level in (10, 300, 3_000))]
    sounds.append(keys.astype("<i2").tobytes())
    assert [words(model, pcm) for pcm in sounds] == [()] * len(sounds)


def test_a_word_alone_is_no_noise(model: Moonshine) -> None:
    """It writes "You" where nobody speaks: somebody may say so."""
    for word in ("Yes.", "No.", "You.", "Two."):
        assert [found.text for found in words(model, silence(200) + speech(word) + silence(200))] == [word]


def test_a_person_is_heard_nearly_word_for_word(model: Moonshine) -> None:
    if not CLIPS.exists():
        pytest.skip("no ../shared/audio here: hearing was not tried on a real person")
    known = {clip["file"]: clip["transcript"] for clip in json.loads((CLIPS / "manifest.json").read_text())}
    for name in ("austen-0870.wav", "LJ001-0006.wav", "jfk.wav"):
        said = {word.text.casefold().strip(".,!?") for word in words(model, samples(CLIPS / name))}
        wanted = set(known[name].casefold().replace(",", "").replace(".", "").split())
        assert len(said & wanted) >= 0.85 * len(wanted), (name, said)


async def test_it_works_in_a_process_of_its_own(model: Moonshine) -> None:
    assert MODEL is not None
    transcriber = await apart(MODEL, 1, moonshine_files.LABEL, 30)
    try:
        assert tuple(await transcriber.open().finish(SPOKEN)) == words(model, SPOKEN)
    finally:
        await transcriber.close()


def test_files_that_are_no_model_say_so(tmp_path: Path) -> None:
    for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"):
        assert not moonshine_files.holds(tmp_path)
        (tmp_path / name).write_bytes(b"no model")
    assert moonshine_files.holds(tmp_path)
    with pytest.raises(Misconfigured, match=f"Moonshine model in {tmp_path} cannot be used"):
        moonshine.load(tmp_path, 1)
