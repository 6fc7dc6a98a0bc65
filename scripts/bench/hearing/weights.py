"""Section `weights`: recognisers with real weights: how wrong their words, how late their guesses, how fast they are.

Moonshine if its wheel is installed, and the Whisper in `--model`: where that is missing, the section says so.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Final

from scripts.bench.hearing.given import Given
from scripts.bench.hearing.path import Heard, hear
from scripts.bench.hearing.recognisers import moonshine
from scripts.bench.hearing.recordings import Recording, strict
from scripts.bench.hearing.words import compared
from scripts.bench.rows import Mode, Row
from scripts.bench.usage import at_share
from server.adapters.passages import PassageTranscriber
from server.adapters.recogniser_job import Job
from server.adapters.whisper import load
from server.adapters.whisper_windows import Counts, WhisperWindows

THREADS: Final = 2
_BYTES_A_SECOND: Final = 32_000


def measure(given: Given) -> Iterator[Row]:
    clips = strict(given)[: 3 if given.quick else None]
    if recogniser := moonshine(THREADS):
        yield from asyncio.run(_measured("Moonshine tiny", recogniser, clips))
    directory = given.weights()
    yield from asyncio.run(_measured(directory.name, load(directory, THREADS), clips))


async def _measured(name: str, recogniser: PassageTranscriber, clips: Sequence[Recording]) -> Sequence[Row]:
    rows = [_speed(name, recogniser, clips), *await compared(name, recogniser, clips)]
    heard = [await hear(clip.pcm, recogniser, by_the_clock=True) for clip in clips]
    for what, late_s in (("guessed", _late_s(heard, certain=False)), ("certain", _late_s(heard, certain=True))):
        figures = ", ".join(f"{at_share(late_s, share) * 1000:.0f}" for share in (0.5, 0.95)) if late_s else "none told"
        rows.append(Row(f"{name}: from a word's end until it is {what}, p50 and p95 ms", figures, Mode.CLOCK))
    if isinstance(recogniser.windows, WhisperWindows):
        rows += _doubted(name, recogniser.windows.counts)
    await recogniser.close()
    return rows


def _doubted(name: str, counts: Counts) -> Sequence[Row]:
    share = 100 * counts.again / max(1, counts.windows)
    return [
        Row(f"{name}: windows decoded again, padded, %", share, compared=f"{counts.again} of {counts.windows}"),
        Row(f"{name}: windows whose text was dropped as invented", counts.dropped, digits=0),
    ]


def _speed(name: str, recogniser: PassageTranscriber, clips: Sequence[Recording]) -> Row:
    began = time.monotonic()
    recogniser.windows.decode([Job(clip.pcm, (), final=True) for clip in clips])
    took = time.monotonic() - began
    spoken = sum(len(clip.pcm) for clip in clips) / _BYTES_A_SECOND
    return Row(f"{name}: real-time factor", took / spoken, Mode.OFFLINE, f"{took:.1f} s for {spoken:.0f} s", digits=3)


def _late_s(heard: Sequence[Heard], *, certain: bool) -> list[float]:
    """For every word, how long after its end a partial first had so many words; sorted."""
    late = []
    for one in heard:
        for utterance in one.utterances:
            told = [(at, tell) for at, tell in one.partials if tell.utterance == utterance.id]
            counts = [
                (at, len((tell.stable if certain else f"{tell.stable} {tell.unstable}").split())) for at, tell in told
            ]
            for number, word in enumerate(utterance.words, 1):
                if (shown := next((at for at, count in counts if count >= number), None)) is not None:
                    late.append(max(0.0, shown - word.end_ms / 1000))
    return sorted(late)
