"""A socket's two ways, in and out, as those who use it see them; and what an ASGI server other than ours makes of them.

Decides the contract, and how it is kept over plain ASGI; never what is said. Our own server (`server.wire`) carries a
connection on by itself once the application has accepted it (CARRY_ON): under plain ASGI nothing can be cut off, and
each message passes through a task and a handful of layers (docs/decisions/0010).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, Self

from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.framing import unframed

CARRY_ON: Final = "greenroom.carry_on"
"""The ASGI extension with which an accepted connection is handed back to the server, and the application returns."""
UNHEARD_MESSAGES: Final = 64
"""What may have come in over plain ASGI and wait to be looked at."""
LAST_WORDS_S: Final = 5.0
"""How long the last words of a connection may take to be read."""


class Gone(Exception):
    """The other side left; `code` is its close code, or 1005 where it gave none, or 1006 where it just vanished."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Closed(Exception):
    """This side closed the connection."""


class Way(Protocol):
    """One accepted WebSocket. Frames are whole WebSocket text frames (`server.framing`), any number in one piece."""

    on_flow: Callable[[], None] | None
    """Called when the socket takes something again, after `at_once` said no."""

    async def receive(self) -> str | bytes:
        """The next message. Gone when the other side left, behind all that it said; Closed when this side closed."""

    async def receive_some(self, most: int) -> list[str | bytes]:
        """The same, with what came in behind it: at least one message, at most so many."""

    def at_once(self, frames: bytes) -> bool:
        """Send without waiting. False: the socket takes nothing just now (`on_flow`), or nothing any more."""

    def close(self, code: int, reason: str) -> None:
        """Say that this is the end. Who does not hear it within some seconds is cut off."""

    def abort(self) -> None:
        """Cut the connection: what was not read is let go of at once."""


Serve = Callable[[Way], Awaitable[None]]


def carried_on(scope: Scope, serve: Serve) -> bool:
    """Hand an accepted connection back to the server, if that is ours; False: the application serves it itself."""
    extension = scope.get("extensions", {}).get(CARRY_ON)
    if extension is None:
        return False
    extension["with"](serve)
    return True


class AsgiWay:
    """An accepted WebSocket of any ASGI server: `async with AsgiWay(websocket) as way`. Sends one message at a time."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._unheard: deque[str | bytes] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._over: Gone | Closed | None = None
        self._last: tuple[int, str] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self.on_flow: Callable[[], None] | None = None

    async def __aenter__(self) -> Self:
        self._hearing = asyncio.create_task(self._hear())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say the last words, as far as somebody hears them."""
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(LAST_WORDS_S):
                if self._sending:
                    await self._sending
                if self._last and not isinstance(self._over, Gone):
                    await self._websocket.close(*self._last)
        for task in (self._hearing, self._sending):
            if task:
                task.cancel()

    async def receive(self) -> str | bytes:
        return (await self.receive_some(1))[0]

    async def receive_some(self, most: int) -> list[str | bytes]:
        while not self._unheard:
            if self._over:
                raise self._over
            self._changed.clear()
            await self._changed.wait()
        if isinstance(self._over, Closed):
            raise self._over
        self._room.set()
        return [self._unheard.popleft() for _ in range(min(most, len(self._unheard)))]

    def at_once(self, frames: bytes) -> bool:
        if self._over or self._sending:
            return False
        self._sending = asyncio.create_task(self._send(frames))
        return True

    def close(self, code: int, reason: str) -> None:
        self._last = self._last or (code, reason)
        self._end(Closed())

    def abort(self) -> None:
        """Closed without a word; how soon the connection itself goes is the server's affair."""
        if self._sending:
            self._sending.cancel()
        self._end(Closed())

    async def _send(self, frames: bytes) -> None:
        try:
            for text in unframed(frames):
                await self._websocket.send_text(text)
        except (RuntimeError, WebSocketDisconnect, OSError):
            self._end(Gone(1006))
        self._sending = None
        if self.on_flow:
            self.on_flow()

    async def _hear(self) -> None:
        while self._over is None:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return self._end(Gone(message.get("code", 1005)))
            text = message.get("text")
            self._unheard.append(message["bytes"] if text is None else text)
            self._changed.set()
            while len(self._unheard) >= UNHEARD_MESSAGES:
                self._room.clear()
                await self._room.wait()
        return None

    def _end(self, over: Gone | Closed) -> None:
        self._over = self._over or over
        self._changed.set()
