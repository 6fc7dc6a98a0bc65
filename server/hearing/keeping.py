"""Which audio of a room may be forgotten: what a new worker would not need to go on.

Decides how rarely the audio log is bothered; never what is still needed (`ear`).
"""

import asyncio
import contextlib
from collections import deque
from typing import Final

from server.ports import AudioLog, Unavailable

_EVERY_S: Final = 1.0


class Keeping:
    """The positions of one room's audio log that were heard and are not forgotten yet."""

    def __init__(self, audio: AudioLog, room: str) -> None:
        self._audio, self._room = audio, room
        self._heard: deque[tuple[str, int]] = deque()
        self._forgettable = ""
        self._forgot_at = float("-inf")

    def heard(self, position: str, end_ms: int) -> None:
        """Audio up to `position` was heard; it ended at `end_ms` in the room's time."""
        self._heard.append((position, end_ms))

    async def forget_before(self, needed_ms: float) -> None:
        """Audio before `needed_ms` is not needed any more."""
        while self._heard and self._heard[0][1] <= needed_ms:
            self._forgettable, _ = self._heard.popleft()
        now = asyncio.get_running_loop().time()
        if self._forgettable and now - self._forgot_at >= _EVERY_S:
            self._forgot_at = now
            with contextlib.suppress(Unavailable):
                await self._audio.forget(self._room, self._forgettable)
                self._forgettable = ""
