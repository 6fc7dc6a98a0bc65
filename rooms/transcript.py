"""What was said: words, utterances, transcripts, and quotes that point into them.

Decides how a piece of text is found back in the words and in time; never what it is worth.
This and `rooms.evidence` are the only parts of `rooms` that `scoring` imports.
"""

from bisect import bisect_left, bisect_right
from enum import StrEnum
from itertools import accumulate
from typing import Annotated, Self

from pydantic import Field, model_validator

from rooms.values import Milliseconds, Value


class Source(StrEnum):
    """How an utterance came in. Typing is an equal of speaking."""

    VOICE = "voice"
    TYPED = "typed"


class Word(Value):
    """One recognised word, with its place in the room's time."""

    text: Annotated[str, Field(min_length=1, max_length=200)]
    start_ms: Milliseconds
    end_ms: Milliseconds
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """The recogniser's own probability, where it gives one."""

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end_ms < self.start_ms:
            raise ValueError("a word ends before it starts")
        return self


class Flaw(StrEnum):
    """What can be wrong with the sound of a voice."""

    GAPS = "gaps"
    """Audio is missing inside it: it was never captured, or never came."""
    DROPOUTS = "dropouts"
    """The sound breaks off and comes back, as with a loose plug or a machine that cannot keep up."""
    CLIPPED = "clipped"
    """Too loud for the microphone."""
    QUIET = "quiet"
    """So quiet that words sink into the noise."""
    DRIFT = "drift"
    """The device's clock runs away from its samples."""
    DEAD = "dead"
    """The microphone gives nothing but zeros."""


class AudioQuality(Value):
    """How well an utterance arrived. It lowers the confidence of what rests on it, never its score."""

    trust: Annotated[float, Field(ge=0, le=1)]
    """How far evidence in this utterance can be relied on: 1 for clean audio, towards 0 (`rooms.quality`)."""
    flaws: tuple[Flaw, ...] = ()
    """Why `trust` is below 1, the worst first."""
    measured_ms: Milliseconds
    """How much audio was looked at."""
    gaps: Annotated[int, Field(ge=0)] = 0
    lost_ms: Milliseconds = 0
    """Audio missing in those gaps."""
    dropouts: Annotated[int, Field(ge=0)] = 0
    dropout_ms: Milliseconds = 0
    clipped: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the audio, in windows of 32 ms, in which the loudest samples are cut off."""
    peak_dbfs: Annotated[float, Field(le=0)] | None = None
    """What its loudest sample does not exceed, in steps of a 128th of the loudest possible; None for zeros alone."""
    drift_ms: int = 0
    """How far the capture clock ran ahead of the samples (behind them: negative), gaps aside."""


class Utterance(Value):
    """One stretch of speech between silences, or one typed message.

    `text` of a spoken utterance is its words joined by single spaces; a typed one has no words.
    """

    id: Annotated[str, Field(min_length=1, max_length=64)]
    source: Source
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    start_ms: Milliseconds
    end_ms: Milliseconds
    words: Annotated[tuple[Word, ...], Field(max_length=4_000)] = ()
    audio: AudioQuality | None = None
    """How well it arrived. None where nobody measured: typed, or heard by an earlier release."""

    @model_validator(mode="after")
    def _text_is_its_words(self) -> Self:
        if self.words and self.text != " ".join(word.text for word in self.words):
            raise ValueError("the text of a spoken utterance is its words joined by single spaces")
        return self


class Quote(Value):
    """An exact piece of an utterance's text, and when it was said."""

    utterance: str
    text: Annotated[str, Field(min_length=1)]
    start_ms: Milliseconds
    end_ms: Milliseconds


class Transcript(Value):
    """The utterances of a turn, in order."""

    utterances: tuple[Utterance, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def words(self) -> tuple[Word, ...]:
        """Every spoken word with its time. Typed text has none."""
        return tuple(word for utterance in self.utterances for word in utterance.words)

    def holds(self, quote: Quote) -> bool:
        """Whether the quote is an exact piece of the utterance it names. If not, whatever rests on it is void."""
        return any(u.id == quote.utterance and quote.text in u.text for u in self.utterances)


def word_starts(utterance: Utterance) -> list[int]:
    """The character at which each word starts, and where one more would; between two words lies one space."""
    return list(accumulate([len(word.text) + 1 for word in utterance.words], initial=0))


def quote(utterance: Utterance, start: int, end: int, starts: list[int] | None = None) -> Quote:
    """The characters `start` to `end` of an utterance as a Quote, timed by the words they touch.

    `starts` are its `word_starts`, for a caller who takes many quotes from one long utterance.
    """
    starts = word_starts(utterance) if starts is None else starts
    first = bisect_right(starts, start + 1) - 1
    last = min(len(utterance.words), bisect_left(starts, end)) - 1
    touched = utterance.words[first : last + 1]
    return Quote(
        utterance=utterance.id,
        text=utterance.text[start:end],
        start_ms=touched[0].start_ms if touched else utterance.start_ms,
        end_ms=touched[-1].end_ms if touched else utterance.end_ms,
    )
