"""What another worker needs to go on hearing a room, kept beside its audio; and which audio nobody needs any more.

Decides which place in the audio a checkpoint names and how often one is written; never what is still needed (`ear`).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from rooms.passages import OpenUtterance
from rooms.turns import TurnDetector
from server.hearing.checkpoint import Checkpoint, Place, written
from server.ports import Fenced, HearingNotes, Note, Unavailable

_EVERY_S: Final = 1.0
_APART_MS: Final = 500
"""Places closer together are not all remembered: whoever goes on hears so much more again."""
_AGAIN_S: Final = 0.5
"""The pause before a store that is away is asked again."""


class _Mark(NamedTuple):
    """A place that one may go on at."""

    number: int
    at_ms: float
    """Whoever must hear again from here on, or from later, may go on at it."""
    place: Place


class Keeping:
    """Of one room, under one lease. `first`: where hearing begins."""

    def __init__(self, notes: HearingNotes, room: str, fence: int, first: Place) -> None:
        self._notes, self._room, self._fence = notes, room, fence
        self._number = 0
        self._marks = deque([_Mark(0, float("-inf"), first)])
        """From the place to go on at to the latest. Never empty."""
        self._heard: deque[tuple[int, str, int]] = deque()
        """Numbers and positions that are not forgotten yet, and their time."""
        self._forgettable = ""
        self._kept: tuple[Place, OpenUtterance | None, str] | None = None
        self._kept_in = 0

    def heard(self, place: Place) -> None:
        """Audio up to this place was heard."""
        self._number += 1
        self._heard.append((self._number, place.position, place.at_ms))
        if len(self._marks) > 1 and self._marks[-1].at_ms - self._marks[-2].at_ms < _APART_MS:
            self._marks.pop()
        self._marks.append(_Mark(self._number, place.at_ms, place))

    def revise(self, change: Callable[[TurnDetector], TurnDetector]) -> None:
        """Something happened that is not in the audio: it holds for every place that one may go on at."""
        for _ in range(len(self._marks)):
            mark = self._marks.popleft()
            place = mark.place._replace(detector=change(mark.place.detector))
            self._marks.append(mark._replace(place=place))
        self._kept_in = 0  # whoever comes next cannot know it otherwise

    def begin_here(self, detector: TurnDetector) -> None:
        """What was heard so far is over, by something that is not in the audio: nobody shall hear it again."""
        latest = self._marks[-1]
        self._marks = deque([_Mark(latest.number, float("-inf"), latest.place._replace(detector=detector))])
        self._kept_in = 0

    async def keep(self, utterance: OpenUtterance | None, from_ms: int, cold_ms: int) -> None:
        """About once a second: whoever comes next must hear again from `from_ms` on, or from `cold_ms` without a note.

        Raises Fenced where the room is another's.
        """
        self._let_go(from_ms, cold_ms)
        now = asyncio.get_running_loop().time()
        if int(now / _EVERY_S) == self._kept_in:  # the rooms' notes are written in step, and travel together
            return
        self._kept_in = int(now / _EVERY_S)
        with contextlib.suppress(Unavailable):
            await self._write(utterance)

    async def commit(self, utterance: OpenUtterance, from_ms: int, cold_ms: int) -> None:
        """Keep committed words, however long the store is away: they may be told when this returns. Raises Fenced."""
        self._let_go(from_ms, cold_ms)
        while True:
            try:
                return await self._write(utterance)
            except Unavailable:
                await asyncio.sleep(_AGAIN_S)

    def _let_go(self, from_ms: int, cold_ms: int) -> None:
        while len(self._marks) > 1 and self._marks[1].at_ms <= from_ms:
            self._marks.popleft()
        needed = self._marks[0].number
        while self._heard and self._heard[0][0] <= needed and self._heard[0][2] <= cold_ms:
            _, self._forgettable, _ = self._heard.popleft()

    async def _write(self, utterance: OpenUtterance | None) -> None:
        place = self._marks[0].place
        what = (place, utterance, self._forgettable)
        if what == self._kept:
            return
        note = Note(self._room, self._fence, written(Checkpoint(place=place, utterance=utterance)), self._forgettable)
        if self._room not in await self._notes.keep([note]):
            raise Fenced
        self._kept = what
