"""Going on where another worker left off: from which place, and how its open passage comes back together.

Decides which windows that were heard once are heard again and for what; never which place that is (`keeping`).
"""

from rooms.passages import OpenUtterance
from rooms.state import Room
from rooms.transcript import Source
from rooms.turns import WINDOW_MS, TurnDetector, TurnRules
from server.hearing.checkpoint import Place
from server.hearing.scribe import Scribe
from server.settings import Settings


class Resuming:
    """An utterance that a worker before us was in, until we have heard its open passage again."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._left: OpenUtterance | None = None
        self._again: list[bytes] = []

    @property
    def pending(self) -> bool:
        return self._left is not None

    @property
    def until_ms(self) -> int | None:
        """How far its words are certain, while it is pending."""
        return self._left.passage.end_ms if self._left else None

    def is_behind(self, end_ms: int) -> bool:
        """Whether it begins behind this end of an utterance: of one that is written down, and only heard on the way.

        Where one follows right upon the other, the window of that end is also its first.
        """
        return self._left is not None and end_ms < self._left.start_ms + WINDOW_MS

    def take_up(self, left: OpenUtterance) -> None:
        self._left = left

    def drop(self) -> None:
        self._left = None
        self._again.clear()

    async def hear(self, samples: bytes, at_ms: int) -> None:
        """A window. What the open passage began with is counted already; what was before it has its words."""
        if self._left and at_ms >= self._left.passage.end_ms:
            await self.go_on()
        elif self._left and at_ms >= self._left.passage.start_ms:
            self._again.append(samples)

    async def go_on(self) -> None:
        """Its open passage was heard as far as it is there."""
        left, again, self._left, self._again = self._left, self._again, None, []
        if left:
            await self._scribe.go_on(left, again)


def beginning(room: Room, settings: Settings) -> Place:
    """The place for who finds none: the oldest audio that is there."""
    rules = TurnRules(
        utterance_silence_ms=settings.utterance_silence_ms, utterance_limit_ms=settings.utterance_limit_ms
    )
    return Place("", 0, room.turn.number if room.turn else None, TurnDetector(rules), {})


def written_until(room: Room) -> int:
    """Speech before this is in the log."""
    spoken = (u.end_ms for turn in room.turns for u in turn.utterances if u.source is Source.VOICE)
    return max(spoken, default=0)
