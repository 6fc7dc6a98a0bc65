"""Marks of text that nobody said: recognisers loop, echo their prompt, and write what ends films into silence.

Decides what looks invented, from the words alone; never whether it is dropped: that takes the recogniser's own doubt
too (see the adapters).
"""

import re
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"[\w']+")
_TIMES: Final = {1: 7, 2: 5, 3: 4, 4: 4}
"""So often in a row nobody says the same one, two, three or four words, stutters and "very, very" included."""
_TIMES_LONGER: Final = 3
_LONGEST: Final = 12
_ECHO_WORDS: Final = 3
_KNOWN: Final = frozenset(
    (
        "thanks for watching",
        "thank you for watching",
        "thank you so much for watching",
        "please subscribe",
        "please subscribe to my channel",
        "like and subscribe",
        "subtitles by the amara org community",
        "transcription by castingwords",
        "see you in the next video",
    )
)
"""What Whisper is known to write into silence: the ends of subtitles it learned from. None is an answer."""


def repeats(text: str) -> bool:
    """Whether the same few words come again and again: a decoder in a loop."""
    words = _words(text)
    return any(_in_a_row(words, n) >= _TIMES.get(n, _TIMES_LONGER) for n in range(1, _LONGEST + 1))


def echoes(text: str, hints: Sequence[str]) -> bool:
    """Whether the text is a piece of the prompt: what a decoder writes that hears nothing."""
    words = _words(text)
    prompt = " ".join(_words(", ".join(hints)))
    return len(words) >= _ECHO_WORDS and f" {' '.join(words)} " in f" {prompt} "


def known(text: str) -> bool:
    """Whether the whole text is one that recognisers are known to invent."""
    return " ".join(_words(text)) in _KNOWN


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _in_a_row(words: Sequence[str], n: int) -> int:
    """The most times that `n` words are followed by the same `n` words, and again."""
    most = same = 0
    for here, there in zip(words, words[n:], strict=False):
        same = same + 1 if here == there else 0
        most = max(most, same)
    return 1 + most // n if words else 0
