"""Recordings of people, with what they say, from a folder that need not be there; and how wrong words are.

Strict word error: only what people wrote down counts as a reference, not what another machine did.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import av

from scripts.bench.hearing.given import Given
from scripts.bench.rows import InputMissingError
from tests.speech import silence, speech

_LONG: Final = "nine-utterances.wav"
_NOT_STRICT: Final = ("nine-utterances", "vad-")
_MADE: Final = (
    "I led the payments team for two years, and the number of failures that people wrote to us about fell by half. "
    "We measured first where the time went, then moved the slow part out of the request, and let a queue carry it."
)


class Recording(NamedTuple):
    name: str
    pcm: bytes
    said: str
    """What a person or a data set says is said in it."""


def strict(given: Given) -> list[Recording]:
    """Recordings with a reference by people."""
    return _known(given, lambda file: not file.startswith(_NOT_STRICT))


def told_by_a_machine(given: Given) -> list[Recording]:
    """Recordings whose reference another recogniser wrote: they show a difference, never how good a word error is."""
    return _known(given, lambda file: file == _LONG)


def _known(given: Given, wanted: Callable[[str], bool]) -> list[Recording]:
    folder = given.recordings()
    usable = [
        clip
        for clip in json.loads((folder / "manifest.json").read_text())
        if clip["transcript"] and wanted(clip["file"])
    ]
    return [Recording(clip["file"], samples(folder / clip["file"]), clip["transcript"]) for clip in usable]


def long_speech(given: Given) -> bytes:
    """About a minute of speech with its pauses."""
    try:
        path = given.recordings() / _LONG
        pcm = samples(path) if path.exists() else _made()
    except InputMissingError:
        pcm = _made()
    return pcm[: 32_000 * 20] if given.quick else pcm


def _made() -> bytes:
    """A made voice: overhead is a matter of length, not of who speaks."""
    return silence(500) + (speech(_MADE) + silence(1_200)) * 3


def samples(path: Path) -> bytes:
    """A sound file as 16-bit PCM at 16 kHz."""
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(str(path)) as file:
        decoded = [*file.decode(audio=0), None]
        return b"".join(piece.to_ndarray().tobytes() for frame in decoded for piece in resampler.resample(frame))


def words(text: str) -> list[str]:
    """As they are compared: small letters, no punctuation."""
    return re.findall(r"[a-z']+", text.lower().replace("-", " "))


def errors(said: Sequence[str], written: Sequence[str]) -> int:
    """How many words must be changed, added or left out (Levenshtein)."""
    row = list(range(len(written) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(written, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
