"""Whole sentences with the time of each word: what `scripts.bench.hearing.stitched` makes answers of.

Decides which recordings and texts are for tuning and which for judging; by their names, so never both. Three kinds:

- **told**: answers that people wrote to questions (`../shared/ratings/saf`), read by espeak-ng. Their sentences, their
  lengths and where they end are people's own. Split by question.
- **read**: people who read sentences aloud (`../shared/audio`, `../shared/ratings/delivery`), real voices. The words'
  times are a forced alignment by PocketSphinx. Split by speaker, and by recording where a speaker is the only one.
- **ours**: answers of our own writing, as in interviews, read by espeak-ng; for where `../shared` is missing.
"""

import csv
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from client.audio import decode
from tests.speech import RATE_HZ, timed_speech

Sound = NDArray[np.int16]

_LEAD_MS: Final = 30
"""Of a recording is kept before its first word: what is silent before that would lengthen the pause that it follows."""
VOICES: Final = ("en-us", "en-gb", "en-gb-scotland", "en-us+f3", "en-gb+f2", "en-us+m4", "en-gb+m7", "en-029")


class Sentence(NamedTuple):
    """One sentence as one voice says it; `starts_ms` and `ends_ms` of each word count from the sound's beginning."""

    words: Sequence[str]
    starts_ms: Sequence[int]
    ends_ms: Sequence[int]
    sound: Sound


class Speaker(NamedTuple):
    """Somebody's answers: each a list of sentences."""

    name: str
    answers: Sequence[Sequence[Sentence]]


def is_judged(name: str) -> bool:
    """Whether this recording, speaker or question is kept for judging."""
    return zlib.crc32(name.encode()) % 2 == 1


# --- texts, read by espeak-ng -----------------------------------------------------------------------------------


def told(shared: Path, *, judged: bool, speakers: int, answers: int, silent: bool = False) -> Iterable[Speaker]:
    """`speakers` voices with `answers` answers each, of two sentences at least. `silent`: without a sound."""
    with (shared / "ratings" / "saf" / "answers.csv").open(encoding="utf-8") as file:
        rows = [row["answer"] for row in csv.DictReader(file) if is_judged(row["question"]) == judged]
    texts = [sentences for text in dict.fromkeys(rows) if (sentences := plain_sentences(text))]
    order = np.random.default_rng(1).permutation(len(texts))[: speakers * answers]
    for n in range(min(speakers, len(order) // answers)):
        mine = [texts[i] for i in order[n * answers : (n + 1) * answers]]
        yield Speaker(f"told-{n}", [(unheard if silent else read_out)(text, n) for text in mine])


def ours() -> Iterable[Speaker]:
    lines = (Path(__file__).parent / "answers.txt").read_text(encoding="utf-8").split("\n\n")
    texts = [sentences for text in lines if (sentences := plain_sentences(" ".join(text.split())))]
    for n in range(len(VOICES)):
        yield Speaker(f"ours-{n}", [read_out(text, n) for text in texts])


def plain_sentences(text: str) -> list[str]:
    """The text's sentences, where all of it can be read aloud and it is an answer of several sentences."""
    if re.search(r"[=<>{}\[\]|^*_\\/]|->|\d\.\d", text):
        return []
    sentences = [" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s+", text.strip())]
    long_enough = all(4 <= len(sentence.split()) <= 45 for sentence in sentences)
    return sentences if long_enough and 2 <= len(sentences) <= 9 and text.rstrip()[-1] in ".!?" else []


def read_out(sentences: Sequence[str], voice: int) -> list[Sentence]:
    return [_spoken(sentence, VOICES[voice % len(VOICES)], 140 + 15 * (voice % 4)) for sentence in sentences]


def unheard(sentences: Sequence[str], voice: int) -> list[Sentence]:
    """As `read_out`, at an even pace and without a sound."""
    return [_unheard(sentence.split(), 320 + 20 * (voice % 4)) for sentence in sentences]


def _unheard(words: Sequence[str], word_ms: int) -> Sentence:
    starts = [n * word_ms for n in range(len(words))]
    ends = [start + word_ms - 20 for start in starts]
    return Sentence(words, starts, ends, np.zeros(len(words) * word_ms * 16, np.int16))


def _spoken(text: str, voice: str, words_per_minute: int) -> Sentence:
    pcm, starts = timed_speech(text, voice, words_per_minute)
    sound = np.frombuffer(pcm, np.int16)
    loud = np.flatnonzero(np.abs(sound) > 200)
    end_ms = int(loud[-1]) * 1000 // RATE_HZ if len(loud) else len(sound) * 1000 // RATE_HZ
    ends = [*starts[1:], end_ms]
    return Sentence(text.split(), starts, [max(s, e) for s, e in zip(starts, ends, strict=True)], _until(sound, end_ms))


def _until(sound: Sound, end_ms: int) -> Sound:
    return sound[: (end_ms + 20) * RATE_HZ // 1000]


# --- people who read ----------------------------------------------------------------------------------------------


def read(shared: Path, *, judged: bool, answers: int, kept: Path) -> Iterable[Speaker]:
    """Real voices; each answer is made of their speaker's sentences (of other speakers' too, where she has too few)."""
    pools: dict[str, list[Sentence]] = {}
    for name, speaker, text, path in _recordings(shared):
        if is_judged(speaker) == judged and (sentence := _aligned(path, text, kept / f"{name}.words.json")):
            pools.setdefault(speaker, []).append(sentence)
    everything = [sentence for pool in pools.values() for sentence in pool]
    choice = np.random.default_rng(2)
    for speaker, pool in pools.items():
        source = pool if len(pool) >= 3 else everything
        picks = [choice.permutation(len(source))[: choice.integers(3, 7)] for _ in range(answers)]
        yield Speaker(speaker, [[source[i] for i in pick] for pick in picks])


def _recordings(shared: Path) -> Iterable[tuple[str, str, str, Path]]:
    """Name, speaker, words, path of recordings that end where a sentence does."""
    clips = json.loads((shared / "audio" / "manifest.json").read_text(encoding="utf-8"))
    for clip in clips:
        name = clip["file"].partition(".")[0]
        if clip["transcript"] and name not in ("nine-utterances", "LJ001-0004", "LJ001-0006"):
            yield name, name.split("-")[0], clip["transcript"], shared / "audio" / clip["file"]
    with (shared / "ratings" / "delivery" / "scores.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if float(row["fluency"]) >= 5:
                path = shared / "ratings" / "delivery" / "audio" / f"{row['utt']}.flac"
                yield row["utt"], row["spk"], row["text"], path


def _aligned(path: Path, text: str, kept: Path) -> Sentence | None:
    """The recording with its words' times; None where the alignment failed."""
    sound = np.frombuffer(decode(path), np.int16)
    if kept.exists():
        found = json.loads(kept.read_text(encoding="utf-8"))
    else:
        found = _align(sound, text)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found), encoding="utf-8")
    if not found:
        return None
    words, starts, ends = zip(*found, strict=True)
    lead_ms = max(0, starts[0] - _LEAD_MS)
    begins, stops = ([at_ms - lead_ms for at_ms in times] for times in (starts, ends))
    return Sentence(words, begins, stops, _until(sound[lead_ms * 16 :], stops[-1]))


def _align(sound: Sound, text: str) -> list[tuple[str, int, int]]:
    words = re.findall(r"[a-z']+", text.lower())
    decoder = Decoder(lm=None, loglevel="FATAL")
    known = [word for word in words if decoder.lookup_word(word)]
    if len(known) != len(words):
        return []
    decoder.set_align_text(" ".join(words))
    decoder.start_utt()
    decoder.process_raw(sound.tobytes(), full_utt=True)
    decoder.end_utt()
    frames = [s for s in decoder.seg() or () if not s.word.startswith("<") and s.word != "(NULL)"]
    return [(s.word.partition("(")[0], s.start_frame * 10, (s.end_frame + 1) * 10) for s in frames]
