"""How the candidate sounds: measured while an utterance is heard, kept with it, and told live when it is worth a word.

Decides when a room is told of it and how often; what is a flaw is `rooms.quality`'s. Never stops or changes hearing.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from rooms.protocol import SoundQuality
from rooms.quality import ADVICE, DEAD_MS, WINDOW_MS, Sound, listen, missed, quality
from rooms.transcript import AudioQuality, Flaw
from rooms.windows import Window
from server.ports import RoomLog, Unavailable

TELL_EVERY_S: Final = 5.0
"""What is wrong with a sound is told no more often: words that come and go would only disturb."""
SILENT: Final = Sound()
ENOUGH_MS: Final = 1_500
"""Less speech than this says nothing about a microphone..."""
_MORE_MS: Final = 480
"""...and less than this more of it says nothing new."""


class Sounding:
    """Of one room."""

    def __init__(self, log: RoomLog, room: str) -> None:
        self._log, self._room = log, room
        self._open: Sound | None = None
        self._reckoned_ms = 0
        """How much of the open utterance was there when its flaws were reckoned last."""
        self._turn: int | None = None
        self._zeros_ms: int | None = 0
        """How long the open turn has had nothing but zeros; None once it had something else."""
        self._flaws: tuple[Flaw, ...] = ()
        self._told: tuple[Flaw, ...] = ()
        self._told_at = float("-inf")

    @property
    def so_far(self) -> Sound:
        """Of the open utterance."""
        return self._open or Sound()

    def begin(self, windows: Iterable[Window], so_far: Sound = SILENT) -> None:
        """An utterance began with these; or it goes on, and another worker heard it `so_far`."""
        self._open, self._reckoned_ms = so_far, 0
        for window in windows:
            self._open = listen(self._open, window)

    def hear(self, window: Window, turn: int | None) -> None:
        """One more window, and the turn that it belongs to."""
        if turn != self._turn:
            self._turn, self._zeros_ms, self._flaws, self._told = turn, 0, (), ()
        if self._zeros_ms is not None:
            self._zeros_ms = None if any(window.samples) else self._zeros_ms + WINDOW_MS
        if self._open is not None:  # a window behind a gap belongs to what comes next
            self._open = missed(self._open, window.lost_ms) if window.lost_ms else listen(self._open, window)

    def over(self) -> AudioQuality | None:
        """The utterance is over: how it sounded."""
        sound, self._open = self._open, None
        if sound is None or not sound.windows:
            return None
        found = quality(sound)
        if found.measured_ms >= ENOUGH_MS:
            self._flaws = found.flaws
        return found

    async def tell(self) -> None:
        """Tell the room what is wrong now, if that is not what it was told last."""
        now = asyncio.get_running_loop().time()
        flaws = self._now()
        if self._turn is None or flaws == self._told or now - self._told_at < TELL_EVERY_S:
            return
        self._told, self._told_at = flaws, now
        advice = ADVICE[flaws[0]] if flaws else ("", "")
        told = SoundQuality(turn=self._turn, flaws=flaws, to_candidate=advice[0], to_others=advice[1])
        with contextlib.suppress(Unavailable):
            await self._log.tell(self._room, told.kind, told.model_dump_json().encode())

    def _now(self) -> tuple[Flaw, ...]:
        if self._zeros_ms is not None:
            return (Flaw.DEAD,) if self._zeros_ms >= DEAD_MS else ()
        measured_ms = self._open.measured_ms if self._open else 0
        if self._open and measured_ms >= max(ENOUGH_MS, self._reckoned_ms + _MORE_MS):
            self._reckoned_ms = measured_ms
            self._flaws = quality(self._open).flaws
        return self._flaws
