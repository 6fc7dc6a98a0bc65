"""The opening of a WebSocket as ASGI has it: the application is asked, and accepts, refuses, or carries on.

Decides what the application is told about a connection, and what its answer means; never whether it is let in. When it
hands the connection back (`server.way.CARRY_ON`), nothing of the opening is kept.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.types import Message, Scope
from websockets.http11 import Request

from server.way import CARRY_ON, Serve


class Handshake:
    """One opening. `answer(accepted)` is called once, when the application has made up its mind."""

    def __init__(self, request: Request, answer: Callable[[bool], None]) -> None:
        self.serve: Serve | None = None
        """Who carries the connection on, once the application said so."""
        self._request, self._answer = request, answer
        self._asked = False
        self._answered = False

    def scope(self, transport: asyncio.Transport) -> Scope:
        """What ASGI (spec version 2.4) says of a WebSocket before it is open."""
        path, _, query = self._request.path.partition("?")
        secure = transport.get_extra_info("sslcontext") is not None
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if secure else "ws",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "root_path": "",
            "query_string": query.encode("ascii"),
            "headers": [
                (name.lower().encode("ascii"), value.encode("ascii", "surrogateescape"))
                for name, value in self._request.headers.raw_items()
            ],
            "client": _address(transport, "peername"),
            "server": _address(transport, "sockname"),
            "subprotocols": [],
            "extensions": {CARRY_ON: {"with": self._carry_on}},
        }

    async def receive(self) -> Message:
        """The one thing to hear in an opening, and then that there is nothing more."""
        if self._asked:
            return {"type": "websocket.disconnect", "code": 1006}
        self._asked = True
        return {"type": "websocket.connect"}

    async def send(self, message: Message) -> None:
        if self._answered or message["type"] not in ("websocket.accept", "websocket.close"):
            raise RuntimeError(f"a connection is carried on by its server; {message['type']} came too late")
        self.settle(accepted=message["type"] == "websocket.accept")

    def settle(self, *, accepted: bool) -> None:
        """Answer, if that has not been done."""
        if not self._answered:
            self._answered = True
            self._answer(accepted)

    def _carry_on(self, serve: Serve) -> None:
        self.serve = serve


def _address(transport: asyncio.Transport, which: str) -> Any:
    address = transport.get_extra_info(which)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) and len(address) >= 2 else None
