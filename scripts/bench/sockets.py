"""The load generator's own WebSocket and HTTP clients: as little work a message as Python allows.

Decides how bytes become messages; never what a message means. Frames are masked with zeros (allowed, and free), and a
message is handed over as the bytes it came in: a library that decodes them costs more than the servers do.
"""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Callable
from typing import Any, Final, cast

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONNECT_S: Final = 20.0
"""How long a handshake may take."""


class Socket(asyncio.Protocol):
    """One WebSocket. `heard` gets each text message; replace it whenever another listener takes over."""

    def __init__(self, path: str, heard: Callable[[bytes], None]) -> None:
        self.heard = heard
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ponged: Callable[[], None] = lambda: None
        """Called when a ping of ours was answered."""
        self.closed = asyncio.Event()
        self.code: int | None = None
        """The close code that the server gave, if it gave one."""
        self.transport: asyncio.Transport
        self._path = path
        self._rest = b""

    @classmethod
    async def connect(cls, port: int, path: str, heard: Callable[[bytes], None]) -> "Socket":
        """An open socket. OSError or TimeoutError if there is none to be had."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, socket = await loop.create_connection(lambda: cls(path, heard), "127.0.0.1", port)
            await socket.opened
        return socket

    def send(self, text: bytes) -> None:
        self.transport.write(frame(TEXT, text))

    def close(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed before it was open"))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at = 0 if self.opened.done() else self._handshake(data)
        size = len(data)
        while size - at >= 2:
            length, begin = data[at + 1], at + 2
            if length > 125:
                wide = 2 if length == 126 else 8
                if size - begin < wide:
                    break
                length, begin = int.from_bytes(data[begin : begin + wide], "big"), begin + wide
            if size - begin < length:
                break
            if data[at] & 15 == TEXT:
                self.heard(data[begin : begin + length])
            else:
                self._control(data[at] & 15, data[begin : begin + length])
            at = begin + length
        self._rest = data[at:]

    def _handshake(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        if data.startswith(b"HTTP/1.1 101"):
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(data[:80].decode(errors="replace")))
            self.transport.abort()
        return end + 4

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.transport.write(frame(PONG, payload))
        elif opcode == PONG:
            self.ponged()
        elif opcode == CLOSE:
            self.code = int.from_bytes(payload[:2], "big") if payload else None
            self.transport.close()


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole masked frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 128 | opcode, 128 | size)
    elif size < 65536:
        head = struct.pack(">BBH", 128 | opcode, 254, size)
    else:
        head = struct.pack(">BBQ", 128 | opcode, 255, size)
    return head + b"\0\0\0\0" + payload


class Api:
    """JSON over one kept-alive HTTP connection, one request at a time."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: object) -> dict[str, Any]:
        """The answer's JSON; RuntimeError for any status but 2xx."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        text = json.dumps(body).encode()
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode()
            + text
        )
        async with asyncio.timeout(CONNECT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            answer = await reader.readexactly(length)
        if head[9:10] != b"2":
            raise RuntimeError(f"{path}: {head[9:12].decode()} {answer[:300]!r}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
