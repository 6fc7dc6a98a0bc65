"""Section `words`: does streaming cost words? The same recogniser, live through our path and offline.

Word errors against what people wrote down. And pacing: the same audio in other pieces must give the same text.

*Offline* is the recogniser on the whole recording at once; live it gets passages, cut where the voice detector hears
silence. How many words a small recogniser gets wrong is also a matter of luck: on the same recording offline, begun a
hundredth of a second later, other words come out wrong, and more or fewer of them. So all is heard again from several
beginnings, on both sides alike.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from scripts.bench.hearing.given import Given
from scripts.bench.hearing.path import Heard, Passages, hear
from scripts.bench.hearing.recognisers import moonshine, warm_sphinx, whisper
from scripts.bench.hearing.recordings import Recording, errors, strict, told_by_a_machine, words
from scripts.bench.rows import Mode, Row
from server.ports import Transcriber
from tests.speech import frames, silence, uneven_frames

POINTS: Final = 0.5
"""Streaming may be so much worse than offline, in percent of the words said."""
BEGINNINGS_MS: Final = (0, 7, 14, 21, 28)
"""Each recording is heard from these on: no word begins so early, and a recogniser's frames fall elsewhere."""
BETWEEN: Final = silence(900)


class Wrong(NamedTuple):
    """How many words of a recording are wrong, from each of its beginnings."""

    said: int
    live: Sequence[int]
    whole: Sequence[int]
    passages: int
    """In how many it was recognised live, from the first beginning."""

    def row(self, what: str) -> Row:
        ours = f"{self.live[0]} of {self.said}"
        pieces = f"{self.whole[0]} offline; {self.passages} passage{'s' * (self.passages > 1)}"
        if len(self.live) > 1:
            pieces += f"; from other beginnings {_span(self.live[1:])}, offline {_span(self.whole[1:])}"
        return Row(what, ours, Mode.FREE, pieces)


def measure(given: Given) -> Iterator[Row]:
    clips = strict(given)[: 3 if given.quick else None]
    yield from asyncio.run(_moonshine(clips, given.quick))
    yield from asyncio.run(_sphinx(clips, told_by_a_machine(given), given.quick))
    yield from asyncio.run(_pacing(clips, given.quick))


async def _moonshine(clips: Sequence[Recording], quick: bool) -> Sequence[Row]:
    recogniser = moonshine()
    if recogniser is None:
        return [Row("Moonshine tiny: not here, so its words were not counted", "-")]
    rows = await compared("Moonshine tiny", recogniser, clips, BEGINNINGS_MS[: 1 if quick else None])
    await recogniser.close()
    return rows


async def _sphinx(clips: Sequence[Recording], loose: Sequence[Recording], quick: bool) -> Sequence[Row]:
    sphinx = await warm_sphinx()
    rows = list(await compared("PocketSphinx", sphinx, clips, BEGINNINGS_MS[: 1 if quick else None]))
    for clip in [] if quick else loose:
        what = f"PocketSphinx, {clip.name} (its reference is another machine's): words wrong"
        rows.append((await _heard(sphinx, clip, BEGINNINGS_MS[:1])).row(what))
    await sphinx.close()
    return rows


async def compared(
    name: str, transcriber: Transcriber, clips: Sequence[Recording], beginnings_ms: Sequence[int] = BEGINNINGS_MS
) -> Sequence[Row]:
    """Word errors of each recording and of all, streaming beside offline."""
    wrong = [await _heard(transcriber, clip, beginnings_ms) for clip in clips]
    rows = [one.row(f"{name}, {clip.name}: words wrong") for clip, one in zip(clips, wrong, strict=True)]
    rows += rates(wrong, name, slice(1))
    if len(beginnings_ms) > 1:
        rows += rates(wrong, f"{name}, {len(beginnings_ms)} beginnings", slice(None))
    return rows


def rates(wrong: Sequence[Wrong], name: str, some: slice) -> Sequence[Row]:
    """Of all recordings, from some of the beginnings."""
    said = sum(one.said * len(one.live[some]) for one in wrong)
    live = 100 * sum(sum(one.live[some]) for one in wrong) / said
    whole = 100 * sum(sum(one.whole[some]) for one in wrong) / said
    return [
        Row(f"{name}: word error, %", live, Mode.FREE, f"{whole:.1f} offline, {said} words"),
        Row.at_most(f"{name}: streaming worse than offline, points", live - whole, POINTS, Mode.FREE),
    ]


async def _heard(transcriber: Transcriber, clip: Recording, beginnings_ms: Sequence[int]) -> Wrong:
    expected = words(clip.said)
    live, whole, cut = [], [], []
    for begins_ms in beginnings_ms:
        pcm, passages = clip.pcm[begins_ms * 32 :], Passages(transcriber)
        live.append(errors(expected, words((await hear(pcm, passages)).text)))
        offline = await transcriber.open().finish(pcm)
        whole.append(errors(expected, words(" ".join(word.text for word in offline))))
        cut.append(len(passages.heard))
    return Wrong(len(expected), live, whole, cut[0])


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least}-{most}"


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
    recognisers = {
        "Whisper canned": whisper("canned"),
        "Moonshine tiny": moonshine(),
        "PocketSphinx": await warm_sphinx(),
    }
    for name, transcriber in recognisers.items():
        if transcriber is None:
            continue
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
