"""Our hearing from audio frames to a room's utterances, in one process and step by step, and what it costs.

Everything is the real thing but the stores, which are memory: cutting, Silero, turns, passages, scribe, rules, writer.
Frames come in tenths of a second, as they do live. Unless asked, none waits for the clock: what came is heard out
before the next, so computing is free in the audio's time. Redis, sockets and processes are for the section `streams`.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rooms.protocol import Frame, Partial
from rooms.transcript import Utterance, Word
from server.adapters.silero import Silero
from server.hearing.ear import Ear
from server.hearing.scribe import Needs
from server.hearing.voices import Voices, judge
from server.ports import Hypothesis, Transcriber, UtteranceStream
from tests.server.hearings import Rig
from tests.speech import frames

_GATHER_MS: Final = 100
_PATIENCE_S: Final = 600
"""A busy machine is slow, and no figure here is one of wall time."""


class Heard(NamedTuple):
    """What became of some audio."""

    utterances: Sequence[Utterance]
    partials: Sequence[tuple[float, Partial]]
    """With the seconds since the audio began."""
    cpu_s: float
    """Processor time of this process, the recogniser's threads in it included."""

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)


async def hear(
    pcm: bytes,
    transcriber: Transcriber,
    cut: Callable[[bytes], Sequence[Frame]] | None = None,
    *,
    by_the_clock: bool = False,
) -> Heard:
    """Let a room hear the audio; `cut` makes frames of it, of 40 ms each if None.

    `by_the_clock`: each frame comes when its last sample was spoken, or when hearing is through with the one before.
    """
    rig = Rig(transcribe_timeout_s=_PATIENCE_S)
    async with rig.up(), rig.room() as room:
        feed = rig.feeds.here(room.id)
        assert feed is not None
        needs = Needs(rig.settings, rig.log, rig.audio, rig.notes, transcriber, rig.clock)
        ear, detector, voices = Ear(feed, rig.pen(room.id), needs), Silero(), {room.id: Voices({})}
        began, began_cpu = time.monotonic(), time.process_time()
        partials: list[tuple[float, Partial]] = []
        for some in _gathered(cut(pcm) if cut else frames(pcm)):
            if by_the_clock:
                due = began + (some[-1].capture_ms + some[-1].duration_ms) / 1000
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await room.send(some)
            found = {room.id: (str(some[-1].seq + 1), [(room.stream, frame) for frame in some])}
            await ear._listen(judge(detector, found, voices)[room.id])
            told = [tell for tell in room.told("partial") if isinstance(tell, Partial)]
            partials += [(time.monotonic() - began, one) for one in told[len(partials) :]]
        await ear._end_utterance()
        return Heard(room.turn.utterances, partials, time.process_time() - began_cpu)


def _gathered(sent: Iterable[Frame]) -> Iterator[Sequence[Frame]]:
    """As `server.microphone` passes frames on: those of a tenth of a second together."""
    some: list[Frame] = []
    for frame in sent:
        some.append(frame)
        if sum(one.duration_ms for one in some) >= _GATHER_MS:
            yield some
            some = []
    if some:
        yield some


class Passages:
    """A recogniser that makes no guesses and remembers which passages it was asked for.

    `bare` does the same for a passage without anything around it, right before or right behind, in turns: a machine
    changes its speed from minute to minute, and what is compared shall not.
    """

    def __init__(self, transcriber: Transcriber, bare: Callable[[bytes], object] | None = None) -> None:
        self._transcriber, self._bare = transcriber, bare
        self.label, self.caution = transcriber.label, transcriber.caution
        self.heard: list[bytes] = []
        self.bare_s = 0.0
        """Processor time of `bare` so far, in this process."""

    def open(self, hints: Sequence[str] = (), room: str = "") -> "_Stream":
        return _Stream(self._transcriber.open(hints, room), self)

    async def recognise(self, stream: UtteranceStream, passage: bytes) -> Sequence[Word]:
        self.heard.append(passage)
        first = len(self.heard) % 2 == 0
        if first:
            self._alone(passage)
        found = await stream.finish(passage)
        if not first:
            self._alone(passage)
        return found

    def _alone(self, passage: bytes) -> None:
        if self._bare:
            began = time.process_time()
            self._bare(passage)
            self.bare_s += time.process_time() - began

    async def close(self) -> None:
        """The recogniser is its owner's to close."""


class _Stream:
    """A `server.ports.UtteranceStream`."""

    def __init__(self, stream: UtteranceStream, passages: Passages) -> None:
        self._stream, self._passages = stream, passages
        self._pcm = bytearray()

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self._pcm += pcm
        return None

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        return await self._passages.recognise(self._stream, bytes(self._pcm + rest))

    async def abandon(self) -> None:
        await self._stream.abandon()
