"""Uvicorn's WebSocket protocol, with an end for those who never read and a limit for those who never finish.

Decides when a connection is cut without being asked: what an application cannot do over ASGI. Never what is said on it.
"""

import asyncio
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

FLUSH_S: Final = 5.0
"""How long the last words of a connection may take to be read."""
FRAGMENTS: Final = 64
"""Pieces that one message may come in. Each costs memory, however small it is."""


class Wire(WebSocketsSansIOProtocol):
    """One connection."""

    _last_words: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            # Closing waits for the reader, for ever if need be, and holds what was not read in memory.
            self._last_words = self.loop.call_later(FLUSH_S, self.transport.abort)

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
