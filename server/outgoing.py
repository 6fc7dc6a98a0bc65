"""What is said on WebSockets in one turn of the event loop, gathered into one write each.

Decides when is written: a write to a socket costs more than all that leads there. Never whether, or in which order.
"""

import asyncio
import logging
from typing import Final
from weakref import WeakKeyDictionary

BATCH_FRAMES: Final = 16
"""So many frames are written at once, without waiting for the end of the turn."""

_log = logging.getLogger(__name__)


class Turn:
    """The connections of an event loop on which something was said in this turn of it."""

    __slots__ = ("_spoken",)

    def __init__(self) -> None:
        self._spoken: list[Outgoing] = []

    def said(self, on: "Outgoing") -> None:
        """Let it write at the end of this turn."""
        if not self._spoken:
            asyncio.get_running_loop().call_soon(self._end)  # not kept: a loop that ended would never be let go of
        self._spoken.append(on)

    def _end(self) -> None:
        spoken, self._spoken = self._spoken, []
        for on in spoken:
            try:
                on.flush()
            except Exception:  # the others have something to say as well
                _log.exception("a connection could not be written to")


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turn] = WeakKeyDictionary()


def turn_of(loop: asyncio.AbstractEventLoop) -> Turn:
    """The one that all connections of a loop share."""
    turn = _turns.get(loop)
    if turn is None:
        turn = _turns[loop] = Turn()
    return turn


class Outgoing:
    """One connection's."""

    __slots__ = ("_batch", "_transport", "_turn")

    def __init__(self, transport: asyncio.Transport, turn: Turn) -> None:
        self._transport, self._turn = transport, turn
        self._batch: list[bytes] = []

    def say(self, frame: bytes) -> None:
        """Write it in this turn of the loop."""
        batch = self._batch
        if not batch:
            self._turn.said(self)
        batch.append(frame)
        if len(batch) >= BATCH_FRAMES:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered, if there is anything and somebody to write it to."""
        if batch := self._batch:
            self._batch = []
            if not self._transport.is_closing():
                self._transport.write(batch[0] if len(batch) == 1 else b"".join(batch))
