"""When the open turn is to be closed: finished (by its candidate, or by the clock) and heard out, or silent for long.

Decides when to ask for it; whether the turn then closes is the room's to decide (`rooms.decide`).
"""

import asyncio
import contextlib
from typing import Final, NamedTuple

from rooms.events import AnswerFinished, Finish
from rooms.state import Turn
from server.ports import AudioLog, Unavailable

_FRAMES_WAIT_S: Final = 5.0
"""How long a finished answer waits for the last frames that its candidate sent."""
_AGAIN_S: Final = 0.5


class Due(NamedTuple):
    """The turn is to be closed. `reason` None: it was finished already."""

    reason: Finish | None


class Reading(NamedTuple):
    """How far a room's audio was heard."""

    blanks: int
    """How often the audio log was read and had nothing new."""
    waiting: bool
    """Whether audio is here that was not heard yet."""
    through: int
    """The last frame heard of the stream that matters; -1 for none."""


class Ending:
    """Of one room's turns, one after the other."""

    def __init__(self, audio: AudioLog, room: str) -> None:
        self._audio, self._room = audio, room
        self._turn = 0
        self._not_before = 0.0
        self._deadline: float | None = None
        self._enough: int | None = None
        self.silent = False
        """Nobody has spoken for as long as patience lasts."""

    def follow(self, turn: Turn) -> None:
        """Notice the open turn."""
        if turn.number != self._turn:
            self._turn, self.silent, self._not_before = turn.number, False, 0.0
            self._deadline = self._enough = None

    def resumed(self) -> None:
        """The interview goes on after a pause: its silence did not count."""
        self.silent = False

    def refused(self) -> None:
        """The room said no. Ask again in a moment."""
        self._not_before = _now() + _AGAIN_S

    async def due(self, turn: Turn, reading: Reading) -> Due | None:
        if turn.number != self._turn or _now() < self._not_before:
            return None
        if turn.finished:
            return Due(None) if await self._heard_out(turn.finished, reading) else None
        if self.silent and not reading.waiting:  # who speaks again in audio that is already here is not cut off
            self.silent = False
            return Due(Finish.SILENCE) if turn.may_end_by_silence else None
        return None

    async def _heard_out(self, finished: AnswerFinished, reading: Reading) -> bool:
        """Whether all audio of the answer was heard, or what is missing will not come."""
        if finished.stream is not None and finished.through is not None and reading.through >= finished.through:
            return True
        if self._deadline is None:
            self._deadline = _now() + _FRAMES_WAIT_S
        if _now() >= self._deadline:
            return True
        if self._enough is None and await self._is_kept(finished):
            # Of the next two readings that bring nothing, one begins now or later: then nothing is left to bring.
            self._enough = reading.blanks + 2
        return self._enough is not None and reading.blanks >= self._enough and not reading.waiting

    async def _is_kept(self, finished: AnswerFinished) -> bool:
        if finished.stream is None or finished.through is None:
            return True
        with contextlib.suppress(Unavailable):
            kept = await self._audio.through(self._room, finished.stream)
            return kept is not None and kept >= finished.through
        return False


def _now() -> float:
    return asyncio.get_running_loop().time()
