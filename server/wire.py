"""Uvicorn's WebSocket protocol, with an end for those who never read and a limit for those who never finish.

Decides when a connection is cut without being asked: what an application cannot do over ASGI. Never what is said on it.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Final

from starlette.types import Scope
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import OPEN

FLUSH_S: Final = 5.0
"""How long the last words of a connection may take to be read."""
FRAGMENTS: Final = 64
"""Pieces that one message may come in. Each costs memory, however small it is."""


BATCH_BYTES: Final = 16 * 1024
"""What may be gathered before it is written, within one turn of the event loop."""
AT_ONCE: Final = "greenroom.at_once"
"""The ASGI extension under which an application finds `Wire.at_once`."""


def straight_way(scope: Scope) -> Callable[[str], bool] | None:
    """`Wire.at_once` of the connection that an application serves; None on another server."""
    found: Callable[[str], bool] | None = scope.get("extensions", {}).get(AT_ONCE, {}).get("send")
    return found


class Wire(WebSocketsSansIOProtocol):
    """One connection."""

    _last_words: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batch: list[bytes] = []
        self._batch_bytes = 0

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            # Closing waits for the reader, for ever if need be, and holds what was not read in memory.
            self._last_words = self.loop.call_later(FLUSH_S, self.transport.abort)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][AT_ONCE] = {"send": self.at_once}

    def at_once(self, text: str) -> bool:
        """Send a text message without waiting. False: the socket takes nothing just now, or nothing any more.

        Past the application's layers and straight to the transport, together with what else is said in this turn of
        the event loop: one write to a socket costs more than all that leads there.
        """
        if not self.writable.is_set() or self.conn.state is not OPEN or self.transport.is_closing():
            return False
        frame = _text_frame(text.encode())
        if not self._batch:
            self.loop.call_soon(self._flush)
        self._batch.append(frame)
        self._batch_bytes += len(frame)
        if self._batch_bytes > BATCH_BYTES:
            self._flush()
        return True

    async def send(self, message: ASGISendEvent) -> None:
        self._flush()  # what was said before goes before
        await super().send(message)

    def shutdown(self) -> None:
        self._flush()
        super().shutdown()

    def _flush(self) -> None:
        if self._batch and not self.transport.is_closing():
            self.transport.write(b"".join(self._batch))
        self._batch.clear()
        self._batch_bytes = 0

    def connection_lost(self, exc: Exception | None) -> None:
        if self._last_words:
            self._last_words.cancel()
        super().connection_lost(exc)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()


def _text_frame(payload: bytes) -> bytes:
    """A whole, unmasked text frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return struct.pack(">BBH", 0x81, 126, size) + payload
    return struct.pack(">BBQ", 0x81, 127, size) + payload
