"""What is said on a WebSocket in one turn of the event loop, gathered into one write.

Decides when is written: a write to a socket costs more than all that leads there. Never whether, or in which order.
"""

import asyncio
from typing import Final

BATCH_FRAMES: Final = 16
"""So many frames are written at once, without waiting for the end of the turn."""


class Outgoing:
    """One connection's."""

    __slots__ = ("_batch", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._batch: list[bytes] = []

    def say(self, frame: bytes) -> None:
        """Write it in this turn of the loop."""
        if not self._batch:
            self._loop.call_soon(self.flush)
        self._batch.append(frame)
        if len(self._batch) >= BATCH_FRAMES:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered, if there is anything and somebody to write it to."""
        if self._batch and not self._transport.is_closing():
            self._transport.write(self._batch[0] if len(self._batch) == 1 else b"".join(self._batch))
        self._batch.clear()
