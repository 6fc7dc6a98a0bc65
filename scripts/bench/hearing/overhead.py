"""Section `overhead`: what our whole hearing costs over the bare recogniser on the same passages, and how many streams
of speech without end two cores carry.

Finals only: no guesses on either side. A recording where there is one, otherwise a made voice. What guesses cost comes
on top where streams are counted.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from scripts.bench.hearing.given import Given
from scripts.bench.hearing.path import Passages, hear
from scripts.bench.hearing.recognisers import SHAPES, moonshine, sphinx_s, warm_sphinx, whisper
from scripts.bench.hearing.recordings import long_speech
from scripts.bench.rows import Mode, Row
from server.adapters.passages import PassageTranscriber
from server.adapters.recogniser_job import Job
from server.adapters.silero import Silero
from server.adapters.sphinx_child import Recogniser

MOST: Final = 1.15
GUESS_EVERY_S: Final = 0.7
CORES: Final = 2
ROUNDS: Final = 2
"""The quickest of them counts: what else the machine does only ever adds."""
_BYTES_A_SECOND: Final = 32_000
_WINDOW: Final = 1_024


class Cost(NamedTuple):
    """Processor seconds."""

    ours: float
    bare: float
    spoken_s: float
    """How much speech there was, in passages."""
    guesses: float = 0.0
    """What guesses cost besides, for the same speech."""

    @property
    def streams(self) -> tuple[float, float]:
        """What `CORES` carry of speech without end: with guesses, without."""
        full = CORES * self.spoken_s
        return full / (self.ours + self.guesses), full / self.ours


def measure(given: Given) -> Iterator[Row]:
    pcm = long_speech(given)
    for streams in (1, 10):
        what = f"voice detection alone, {streams} at once: CPU s a minute of audio"
        yield Row(what, _voice_s(pcm, streams), Mode.FREE, digits=3)
    for name in SHAPES:
        cost = asyncio.run(_passages(whisper(name), pcm))
        # The canned one is a toy of 2 MB that computes next to nothing: the bound is for recognisers of a real size.
        yield from _rows(f"Whisper {name}", cost, bound=name != "canned")
    if recogniser := moonshine():
        yield from _rows("Moonshine tiny", asyncio.run(_passages(recogniser, pcm)), bound=True)
    yield from _rows("PocketSphinx", asyncio.run(_sphinx(pcm)), bound=True)


def _voice_s(pcm: bytes, streams: int) -> float:
    """What Silero takes for a minute of each stream, three windows of it at a time as they come live."""
    windows = [pcm[start : start + _WINDOW] for start in range(0, len(pcm) - _WINDOW, _WINDOW)]
    took = []
    for _ in range(ROUNDS):
        voice, states, began = Silero(), [Silero.silent] * streams, time.process_time()
        for first in range(0, len(windows), 3):
            some = windows[first : first + 3]
            states = [judged.state for judged in voice.judge([(state, some) for state in states])]
        took.append((time.process_time() - began) / streams)
    return min(took) * 60 * _BYTES_A_SECOND / len(pcm)


def _rows(name: str, cost: Cost, *, bound: bool) -> Iterator[Row]:
    what = f"{name}: CPU of our path over the bare recogniser's, finals"
    compared = f"{cost.ours:.2f} s over {cost.bare:.2f} s for {cost.spoken_s:.0f} s of speech"
    ratio = cost.ours / cost.bare
    yield (
        Row.at_most(what, ratio, MOST, Mode.FREE, compared, digits=3)
        if bound
        else Row(what, ratio, Mode.FREE, compared, "none: a toy", digits=3)
    )
    guessing, finals = cost.streams
    yield Row(f"{name}: streams of unbroken speech on two cores", guessing, Mode.FREE, f"{finals:.1f} without guesses")


async def _passages(transcriber: PassageTranscriber, pcm: bytes) -> Cost:
    def bare(passage: bytes) -> None:
        transcriber.windows.decode([Job(passage, (), final=True)])

    rounds = []
    for _ in range(ROUNDS):
        passages = Passages(transcriber, bare)
        rounds.append(((await hear(pcm, passages)).cpu_s - passages.bare_s, passages.bare_s))
    # A guess at half of a passage, as often as there are guesses.
    often = sum(map(len, passages.heard)) / _BYTES_A_SECOND / GUESS_EVERY_S / len(passages.heard)
    began = time.process_time()
    for passage in passages.heard:
        transcriber.windows.decode([Job(passage[: len(passage) // 4 * 2], (), final=False)])
    guesses = (time.process_time() - began) * often
    await transcriber.close()
    return Cost(*min(rounds, key=sum), sum(map(len, passages.heard)) / _BYTES_A_SECOND, guesses)


async def _sphinx(pcm: bytes) -> Cost:
    """PocketSphinx hears as the words come, so its guesses cost nothing more."""
    sphinx, recogniser = await warm_sphinx(), Recogniser()
    recogniser.end(bytes(_BYTES_A_SECOND))
    rounds = []
    for _ in range(ROUNDS):
        passages, before = Passages(sphinx, recogniser.end), sphinx_s(sphinx)
        cpu_s = (await hear(pcm, passages)).cpu_s
        rounds.append((cpu_s - passages.bare_s + sphinx_s(sphinx) - before, passages.bare_s))
    await sphinx.close()
    return Cost(*min(rounds, key=sum), sum(map(len, passages.heard)) / _BYTES_A_SECOND)
