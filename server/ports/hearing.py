"""Recognisers and voice detectors.

Decides contracts, worked out in the docstrings; does nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rooms.transcript import Word


class Hypothesis(NamedTuple):
    """What a passage under way seems to say; times count from its first sample, in ms."""

    words: Sequence[Word]


class UtteranceStream(Protocol):
    """One passage of an utterance on its way through a recogniser. Its methods are awaited one after the other.

    The final words follow from the audio alone: however it was cut into pieces, and whatever was guessed on the way.
    """

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        """More audio (16-bit, 16 kHz). A new guess at the whole passage, where the recogniser has one."""

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        """The final words, after the rest of the audio.

        Raises `TranscriberFailed`, after which the passage can be tried on another stream.
        """

    async def abandon(self) -> None:
        """Drop everything. Also after a failure."""


class Transcriber(Protocol):
    """Speech to words. Never blocks the event loop; every call has a deadline."""

    @property
    def label(self) -> str:
        """A name that a reader understands, such as "Whisper small.en"."""

    @property
    def caution(self) -> str | None:
        """What to know before trusting the words; shown in room, log and report. None: nothing."""

    def open(self, hints: Sequence[str] = (), room: str = "") -> UtteranceStream:
        """A stream for one passage. `hints`: names and terms that may be said. `room`: whose turn at the recogniser."""

    async def close(self) -> None:
        """Let go of models and processes. The last call."""


class Judged(NamedTuple):
    """What a voice detector made of windows of one stream."""

    probabilities: Sequence[float]
    """0 to 1 for each window that it holds speech."""
    state: bytes
    """All that is remembered of the stream then."""


class VoiceDetector(Protocol):
    """Voice activity of any number of streams, in windows of 512 samples (32 ms). It remembers nothing itself."""

    @property
    def silent(self) -> bytes:
        """The state of a stream of which nothing was heard."""

    def knows(self, state: bytes) -> bool:
        """Whether this is a state of its own, and not of another release's."""

    def judge(self, heard: Sequence[tuple[bytes, Sequence[bytes]]]) -> Sequence[Judged]:
        """For each stream, by its state and its next windows of 1,024 bytes.

        What a stream comes to does not depend on the others, nor on how many of its windows come together. CPU-bound,
        0.15 ms for a window alone and a fifth of that for one of thirty: call it off the event loop.
        """
