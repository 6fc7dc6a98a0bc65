"""Where an utterance under way is cut into passages: each is recognised once, and its words are certain from then on.

Decides it from voice flags and the audio's own time alone, so that the same audio gives the same passages in whatever
pieces and at whatever pace it came; never where an utterance begins or ends (`turns`), nor what was said.
"""

from typing import Final, NamedTuple

from rooms.events import Stream, TurnNumber
from rooms.quality import Sound
from rooms.transcript import Word
from rooms.turns import WINDOW_MS
from rooms.values import Milliseconds, Value


class PassageRules(Value):
    """How long a passage lasts. Measured: see docs/HEARING.md."""

    from_ms: Milliseconds = 4_000
    """A shorter passage is not cut at a breath."""
    breath_ms: Milliseconds = 320
    """From there on a silence this long cuts..."""
    limit_ms: Milliseconds = 10_000
    """...the longer the passage, the shorter a silence will do, and here it is cut wherever it is."""
    overlap_ms: Milliseconds = 160
    """So much of that silence, and never more than half of it, also begins the next passage: a soft consonant comes
    before the voice is sure."""
    least_voice_ms: Milliseconds = 96
    """A passage with less voice is a breath or a click, and is not recognised."""


RULES: Final = PassageRules()


class Passage(NamedTuple):
    """The open passage. Times in ms, on the clock of the windows."""

    start_ms: int
    end_ms: int
    """Where its last window so far ends."""
    voiced_ms: int
    silent_ms: int = 0
    """The silence that it ends with so far."""

    def worth_recognising(self, rules: PassageRules = RULES) -> bool:
        return self.voiced_ms >= rules.least_voice_ms


def begin(start_ms: int, end_ms: int, rules: PassageRules = RULES) -> Passage:
    """The first passage of an utterance, with the windows up to `end_ms` that it began with."""
    return Passage(start_ms, end_ms, voiced_ms=rules.least_voice_ms)


def hear(before: Passage, at_ms: int, voiced: bool) -> Passage:
    """The passage with one more window."""
    end = at_ms + WINDOW_MS
    if voiced:
        return Passage(before.start_ms, end, before.voiced_ms + WINDOW_MS)
    return before._replace(end_ms=end, silent_ms=before.silent_ms + WINDOW_MS)


def after(passage: Passage, rules: PassageRules = RULES) -> Passage | None:
    """The passage that follows if this one is over; None while it goes on."""
    lasted = passage.end_ms - passage.start_ms
    if lasted < rules.limit_ms and passage.silent_ms < _needed_silence(lasted, rules):
        return None
    overlap = min(rules.overlap_ms, passage.silent_ms // 2) // WINDOW_MS * WINDOW_MS
    return Passage(passage.end_ms - overlap, passage.end_ms, voiced_ms=0, silent_ms=overlap)


def _needed_silence(lasted_ms: int, rules: PassageRules) -> float:
    if lasted_ms < rules.from_ms:
        return float("inf")
    left = (rules.limit_ms - lasted_ms) / (rules.limit_ms - rules.from_ms)
    return max(WINDOW_MS, rules.breath_ms * left)


class OpenUtterance(Value):
    """An utterance under way, as far as it is certain: all that another worker needs to go on with it.

    The audio of `passage` must be heard again, from its `start_ms` on.
    """

    turn: TurnNumber
    stream: Stream
    stream_ms: Milliseconds
    """The microphone's clock where the utterance began."""
    start_ms: Milliseconds
    """The same moment in the room's time."""
    passage: Passage
    words: tuple[Word, ...] = ()
    """Committed: the final text begins with these, whatever comes."""
    sound: Sound = Sound()
    """How it sounded up to the end of them."""
