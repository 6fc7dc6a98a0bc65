"""Stitched speech: answers of several sentences with pauses put between their words, and then a real end.

Decides where a speaker pauses and for how long, all by a seed (espeak-ng itself says the same text a few samples
longer or shorter). What is stitched is never in the repository: it is made from `material` each time.

Pauses. Each speaker has a middle length of her own (log-normal over speakers, around 500 ms), and her pauses are
log-normal around it, cut to 0.3 to 4 s. The spreads are chosen so that one pause in twenty outlasts 1,600 ms: where
comparisons that others have published put voice activity alone (at 5 % cut-offs it needs 1,600 ms there). That makes
the pauses here about as hard as theirs, on average. `uniform` is the hard case: every pause is 0.3 to 4 s.

Places. Behind every sentence; and within sentences, one in twelve words on average, three times as likely before a
word that begins a phrase. Four in ten of those come behind an "um" or "uh". Behind a sentence, one time in four, the
next one is begun ("and", "so um") before the pause. In one answer of ten, somebody says "let me think" and is silent
for 1.5 to 4 s.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from rooms.phrasing import kind_of
from rooms.transcript import Word
from scripts.bench.hearing.material import VOICES, Sentence, Sound, Speaker
from tests.speech import RATE_HZ, timed_speech

SHORTEST_MS, LONGEST_MS = 300, 4_000
MIDDLE_MS, SPREAD_OVER_SPEAKERS, SPREAD_WITHIN = 500, 0.35, 0.5
LEAD_MS, END_MS = 800, 11_000
NOISE_LEVELS: Final = (0, 30, 120)
"""Standard deviation in 16-bit steps: a digital silence, a quiet room, a fan."""


class Pause(NamedTuple):
    start_ms: int
    end_ms: int
    within: bool
    """Within a sentence, its beginning included."""


class Answer(NamedTuple):
    """One answer as it would come from a microphone; times count from its first sample."""

    sound: Sound
    words: Sequence[Word]
    pauses: Sequence[Pause]
    end_ms: int
    """Where its last word ends. What comes behind is silence."""


class Room(NamedTuple):
    speaker: str
    answers: Sequence[Answer]
    middle_ms: float | None
    """Of what her pauses are drawn from; None: all lengths alike."""


def rooms(speakers: Iterable[Speaker], *, uniform: bool = False, seed: int = 4) -> Iterable[Room]:
    """A room for each speaker, with her answers one after the other."""
    for n, speaker in enumerate(speakers):
        chance = np.random.default_rng((seed, n))
        own_ms = MIDDLE_MS * float(np.exp(chance.normal(0, SPREAD_OVER_SPEAKERS)))
        middle_ms = None if uniform else own_ms
        noise = NOISE_LEVELS[n % len(NOISE_LEVELS)]
        voice = VOICES[n % len(VOICES)]
        answers = [_Stitching(chance, middle_ms, voice).answer(a, noise) for a in speaker.answers]
        yield Room(speaker.name, answers, middle_ms)


class _Stitching:
    """One answer in the making."""

    def __init__(self, chance: np.random.Generator, middle_ms: float | None, voice: str) -> None:
        self._chance, self._middle_ms, self._voice = chance, middle_ms, voice
        self._sounds: list[Sound] = [np.zeros(LEAD_MS * 16, np.int16)]
        self._at_ms = LEAD_MS
        self._words: list[Word] = []
        self._pauses: list[Pause] = []

    def answer(self, sentences: Sequence[Sentence], noise: int) -> Answer:
        if self._chance.random() < 0.1:
            self._say(*_aside("let me think", self._voice))
            self._pause(int(self._chance.uniform(1_500, LONGEST_MS)), within=True)
        for n, sentence in enumerate(sentences):
            self._sentence(sentence)
            if n < len(sentences) - 1:
                begun = self._chance.random() < 0.25
                if begun:
                    self._say(*_aside(self._chance.choice(["and", "so", "so um", "and uh", "then"]), self._voice))
                self._pause(self._length_ms(), within=begun)
        end_ms = self._words[-1].end_ms
        sound = np.concatenate([*self._sounds, np.zeros(END_MS * 16, np.int16)]).astype(np.float64)
        sound += np.random.default_rng(noise).normal(0, noise, len(sound)) if noise else 0
        return Answer(sound.clip(-32_768, 32_767).astype("<i2"), self._words, self._pauses, end_ms)

    def _sentence(self, sentence: Sentence) -> None:
        cuts = [i for i in range(1, len(sentence.words)) if self._chance.random() < _likelihood(sentence, i)]
        for first, last in zip([0, *cuts], [*cuts, len(sentence.words)], strict=True):
            self._say(*_part(sentence, first, last))
            if last < len(sentence.words):
                if self._chance.random() < 0.4:
                    self._say(*_aside(self._chance.choice(["um", "uh"]), self._voice))
                self._pause(self._length_ms(), within=True)

    def _say(self, words: Sequence[tuple[str, int, int]], sound: Sound) -> None:
        self._words += [
            Word(text=text, start_ms=self._at_ms + start, end_ms=self._at_ms + end) for text, start, end in words
        ]
        self._sounds.append(sound)
        self._at_ms += len(sound) * 1000 // RATE_HZ

    def _pause(self, length_ms: int, *, within: bool) -> None:
        self._sounds.append(np.zeros(length_ms * RATE_HZ // 1000, np.int16))
        self._pauses.append(Pause(self._at_ms, self._at_ms + length_ms, within))
        self._at_ms += length_ms

    def _length_ms(self) -> int:
        if self._middle_ms is None:
            return int(self._chance.uniform(SHORTEST_MS, LONGEST_MS))
        while True:
            length_ms = self._middle_ms * np.exp(self._chance.normal(0, SPREAD_WITHIN))
            if SHORTEST_MS <= length_ms <= LONGEST_MS:
                return int(length_ms)


def _likelihood(sentence: Sentence, at: int) -> float:
    """Of a pause before this word. The mean over all words is about one in twelve."""
    begins_phrase = kind_of(sentence.words[at].lower()) in ("joins", "leads")
    return 0.16 if begins_phrase else 0.055


def _part(sentence: Sentence, first: int, last: int) -> tuple[Sequence[tuple[str, int, int]], Sound]:
    """Words `first` to `last` and their sound, with soft edges, so that no click says that there was a cut."""
    from_ms = 0 if first == 0 else (sentence.ends_ms[first - 1] + sentence.starts_ms[first]) // 2
    to_ms = None if last == len(sentence.words) else (sentence.ends_ms[last - 1] + sentence.starts_ms[last]) // 2
    sound = sentence.sound[from_ms * 16 : None if to_ms is None else to_ms * 16].astype(np.float64)
    edge = min(len(sound) // 2, 5 * 16)
    ramp = np.linspace(0, 1, edge)
    sound[:edge] *= ramp
    sound[len(sound) - edge :] *= ramp[::-1]
    length_ms = len(sound) * 1000 // RATE_HZ
    words = [
        (sentence.words[i], max(0, sentence.starts_ms[i] - from_ms), min(sentence.ends_ms[i] - from_ms, length_ms))
        for i in range(first, last)
    ]
    return words, sound.astype(np.int16)


@cache
def _aside(text: str, voice: str) -> tuple[Sequence[tuple[str, int, int]], Sound]:
    """What the stitching adds: espeak-ng says it, between real voices too."""
    pcm, starts = timed_speech(text, voice)
    sound = np.frombuffer(pcm, np.int16)
    loud = np.flatnonzero(np.abs(sound) > 200)
    end = int(loud[-1]) + 1
    ends_ms = [*starts[1:], end * 1000 // RATE_HZ]
    return list(zip(text.split(), starts, ends_ms, strict=True)), sound[: end + 160]
