"""Section `words`: does streaming cost words? The same recogniser, live through our path and offline.

Word errors against what people wrote down. And pacing: the same audio in other pieces must give the same text.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from scripts.bench.hearing.path import Heard, Passages, hear
from scripts.bench.hearing.recognisers import warm_sphinx, whisper
from scripts.bench.hearing.recordings import Recording, errors, strict, words
from scripts.bench.hearing.rows import Given, Mode, Row
from server.ports import Transcriber
from tests.speech import frames, silence, uneven_frames

POINTS: Final = 0.5
"""Streaming may be so much worse than offline, in percent of the words said."""
BETWEEN: Final = silence(900)


def measure(given: Given) -> Iterator[Row]:
    clips = strict(given)[: 3 if given.quick else None]
    yield from asyncio.run(_sphinx(clips))
    yield from asyncio.run(_pacing(clips, given.quick))


async def _sphinx(clips: Sequence[Recording]) -> Sequence[Row]:
    sphinx = await warm_sphinx()
    rows = await compared("PocketSphinx", sphinx, clips)
    await sphinx.close()
    return rows


async def compared(name: str, transcriber: Transcriber, clips: Sequence[Recording]) -> Sequence[Row]:
    """Word errors of each recording and of all, streaming beside offline."""
    rows, live, whole, said = [], 0, 0, 0
    for clip in clips:
        expected = words(clip.said)
        offline = await transcriber.open().finish(clip.pcm)
        streamed = await hear(clip.pcm, Passages(transcriber))
        wrong = errors(expected, words(streamed.text)), errors(expected, words(" ".join(w.text for w in offline)))
        live, whole, said = live + wrong[0], whole + wrong[1], said + len(expected)
        ours, other = (f"{number} of {len(expected)}" for number in wrong)
        rows.append(Row(f"{name}, {clip.name}: words wrong", ours, Mode.FREE, f"{other} offline"))
    rate, bound = 100 * live / said, 100 * whole / said
    return [
        *rows,
        Row(f"{name}: word error, %", rate, Mode.FREE, f"{bound:.1f} offline, {said} words"),
        Row.at_most(f"{name}: streaming worse than offline, points", rate - bound, POINTS, Mode.FREE),
    ]


async def _pacing(clips: Sequence[Recording], quick: bool) -> Sequence[Row]:
    """How many different texts the same audio gives, in pieces of 20, 40 and 137 ms and of uneven ones."""
    pcm = BETWEEN.join(clip.pcm for clip in clips[:3])
    cuts = (
        lambda pcm: list(frames(pcm, 20)),
        lambda pcm: list(frames(pcm, 40)),
        lambda pcm: list(frames(pcm, 137)),
        lambda pcm: list(uneven_frames(pcm, 7)),
    )
    rows = []
    for name, transcriber in (("Whisper canned", whisper("canned")), ("PocketSphinx", await warm_sphinx())):
        heard = [await hear(pcm, Passages(transcriber), cut) for cut in (cuts[1:3] if quick else cuts)]
        kinds = len({_spoken(one) for one in heard})
        rows.append(
            Row.at_most(
                f"{name}: texts and times beyond the first, of {len(heard)} ways to send", kinds - 1, 0, digits=0
            )
        )
        await transcriber.close()
    return rows


def _spoken(heard: Heard) -> tuple[object, ...]:
    return tuple((utterance.text, utterance.words) for utterance in heard.utterances)
