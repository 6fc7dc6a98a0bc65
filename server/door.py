"""The first moments of a connection: whoever does not come to the point is shown out.

Decides how long a request may take to come in and how much may stand before its body, which uvicorn leaves open: a
connection that says a letter a minute would be kept for ever. Never who may enter (`gate`) or what is answered.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_S: Final = 10.0
"""How long a request may take from its first byte, and the first one from when the connection was made, to its end."""
HEAD_BYTES: Final = 32 * 1024
"""Of a request's line and headers together."""


class Door(HttpToolsProtocol):
    """One HTTP connection, up to where it becomes a socket."""

    _due: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._request_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Too many headers.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._await_request()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise ValueError("too many headers")  # which the parser's caller answers with 400
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._request_came()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._request_came()
        hosts: list[Any] = [value for name, value in self.headers if name == b"host"]
        if self.parser.get_http_version() != "1.1" or len(hosts) != 1:  # RFC 6455, 4.2.1
            self.send_400_response("A socket is asked for over HTTP/1.1, with one Host.")
        else:
            super().handle_websocket_upgrade()

    def _await_request(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _request_came(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None
