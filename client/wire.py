"""One WebSocket with deadlines, which knows when it last heard anything, and notices that nobody is there any more.

Decides when a silent line is asked for a sign of life and when it is given up; never what is said on it.
"""

import asyncio
import contextlib
from time import monotonic
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

CONNECT_DEADLINE_S = 10.0
CLOSE_DEADLINE_S = 2.0
PING_AFTER_S = 2.0
"""A line on which nothing came for so long is pinged."""
SILENT_AFTER_S = 4.5
"""A line on which nothing came for so long, not even the answer to a ping, is given up: whoever was there is gone, or
stands still."""
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
"""A whole room is the largest message."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Wire(ClientConnection):
    """A socket that notes when bytes came in: half of a long message is a sign of life too."""

    heard_at = 0.0
    given_up = False
    """It was this side that ended it: nobody seemed to be there."""

    def data_received(self, data: bytes) -> None:
        self.heard_at = monotonic()
        super().data_received(data)

    async def watch(self) -> None:
        """Ping where it is silent; abort the socket when that stays without an answer."""
        self.heard_at, asked_at = monotonic(), 0.0
        while (silent_s := monotonic() - self.heard_at) < SILENT_AFTER_S:
            if silent_s >= PING_AFTER_S and asked_at < self.heard_at:
                asked_at = monotonic()
                with contextlib.suppress(ConnectionClosed, TimeoutError):
                    async with asyncio.timeout(SILENT_AFTER_S - silent_s):  # one that takes nothing is not waited for
                        await self.ping()
            await asyncio.sleep((SILENT_AFTER_S if silent_s >= PING_AFTER_S else PING_AFTER_S) - silent_s)
        self.given_up = True
        self.transport.abort()


async def dial(address: str) -> Wire:
    """An open socket. Compression off: it costs the server more memory a socket than it saves.

    Raises OSError, TimeoutError, InvalidHandshake, InvalidMessage or InvalidURI.
    """
    wire = await open_socket(
        address,
        create_connection=Wire,
        compression=None,
        open_timeout=CONNECT_DEADLINE_S,
        close_timeout=CLOSE_DEADLINE_S,
        ping_interval=None,
        max_size=MESSAGE_LIMIT_BYTES,
        proxy=None if urlsplit(address).hostname in LOOPBACK else True,
    )
    assert isinstance(wire, Wire)
    return wire
