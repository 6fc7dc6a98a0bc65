"""When each word of a known text was said: PocketSphinx finds the given words in the audio (forced alignment).

Decides what a word is looked for as: the dictionary's word, its parts, or its letters' sounds. Where the words are not
found, or PocketSphinx is not here, they share the audio by their lengths. Blocks; not for two threads at once.

It takes some 15 ms of processor time a second of audio. How far off the times are is in docs/HEARING.md.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Final

import numpy as np

_MS_PER_FRAME: Final = 10
_PART: Final = re.compile(r"[a-z]+(?:'[a-z]+)*|\d")
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SOUNDS: Final = {
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V",
    "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
"""What a word that no dictionary has is looked for as, letter by letter: its neighbours hold it in place."""
_UNSAID: Final = ("<", "[", "+")
"""How the silences and noises between words begin."""

Span = tuple[int, int]
"""Beginning and end in ms from the first sample."""


class WordTimes:
    def __init__(self) -> None:
        self._decoder: Any = _aligner() if find_spec("pocketsphinx") else None

    def of(self, words: Sequence[str], pcm: bytes) -> list[Span]:
        """A span for each word, in order. `pcm`: 16-bit samples at 16 kHz."""
        found = self._aligned(words, pcm) if self._decoder is not None and words else None
        return found or shared(words, len(pcm) // 32)

    def _aligned(self, words: Sequence[str], pcm: bytes) -> list[Span] | None:
        looked_for = [self._looked_for(word) for word in words]
        self._decoder.reinit_feat(self._decoder.config)  # forgets the channel of the passage before
        self._decoder.set_align_text(" ".join(part for parts in looked_for for part in parts))
        self._decoder.start_utt()
        self._decoder.process_raw(_never_still(pcm), full_utt=True)
        self._decoder.end_utt()
        heard = [part for part in self._decoder.seg() or () if not part.word.startswith(_UNSAID)]
        if len(heard) != sum(map(len, looked_for)):
            return None
        parts, spans = iter(heard), []
        for wanted in looked_for:
            said = [next(parts) for _ in wanted]
            spans.append((said[0].start_frame * _MS_PER_FRAME, (said[-1].end_frame + 1) * _MS_PER_FRAME))
        return spans

    def _looked_for(self, word: str) -> list[str]:
        """At least one entry of the dictionary: what takes no time to say is looked for as the shortest sound."""
        parts = _PART.findall(word.casefold().replace("\u2019", "'"))
        return [entry for part in parts for entry in self._entries(part)] or ["_h"]

    def _entries(self, part: str) -> list[str]:
        if part.isdigit():
            return [_DIGITS[int(part)]]
        if self._decoder.lookup_word(part) is not None:
            return [part]
        return [f"_{letter}" for letter in part if letter in _SOUNDS]


def shared(words: Sequence[str], length_ms: int) -> list[Span]:
    """As if everything were said at one pace from the first sample to the last."""
    ends, through = [0], 0
    for word in words:
        through += len(word) + 1
        ends.append(through)
    return [(length_ms * a // through, length_ms * b // through) for a, b in pairwise(ends)]


def _never_still(pcm: bytes) -> bytes:
    """With noise of one step: perfect silence, as noise gates make it, is taken for speech. The same every time."""
    samples = np.frombuffer(pcm, "<i2").astype(np.int32)
    noise = np.random.default_rng(0).integers(-1, 2, len(samples))
    return (samples + noise).clip(-32_768, 32_767).astype("<i2").tobytes()


def _aligner() -> Any:
    """Without a language model: 30 MB instead of 130."""
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=16_000, loglevel="FATAL", lm=None, bestpath=False)
    for letter, sound in _SOUNDS.items():
        decoder.add_word(f"_{letter}", sound, letter == max(_SOUNDS))
    return decoder
