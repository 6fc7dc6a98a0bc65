"""Section `silence`: how many words come out of ten minutes in which nobody speaks.

The Whisper here is the worst there can be: whatever it is given, it is sure of its one sentence. So its words are what
the voice detector lets through; a real one has its own doubts on top.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from scripts.bench.hearing.given import Given
from scripts.bench.hearing.path import Passages, hear
from scripts.bench.hearing.recognisers import moonshine, warm_sphinx, whisper
from scripts.bench.hearing.sounds import SOUNDS
from scripts.bench.rows import Mode, Row

MINUTES: Final = 10
_BYTES_A_MINUTE: Final = 32_000 * 60


def measure(given: Given) -> Iterator[Row]:
    minutes = 1 if given.quick else MINUTES
    for name, make in SOUNDS.items():
        pcm = make(minutes * 60_000)
        for recogniser, words in asyncio.run(_words(pcm)).items():
            what = f"words from {minutes} min of {name}, {recogniser}"
            yield Row.at_most(what, words, 0, Mode.FREE, digits=0)


async def _words(pcm: bytes) -> dict[str, int]:
    """By recogniser. They are given the same passages, so hearing goes over the sound once where there are none."""
    canned = whisper("canned")
    passages = Passages(canned)
    found = {"Whisper canned": len((await hear(pcm, passages)).text.split())}
    await canned.close()
    if recogniser := moonshine():
        found["Moonshine tiny"] = sum([len(await recogniser.open().finish(passage)) for passage in passages.heard])
        await recogniser.close()
    sphinx = await warm_sphinx()
    found["PocketSphinx"] = sum([len(await sphinx.open().finish(passage)) for passage in passages.heard])
    await sphinx.close()
    return found
