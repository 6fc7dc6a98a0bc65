"""A connection without a WebSocket library: what it sends need not be a WebSocket, nor HTTP.

Decides how far it follows the rules (to the welcome) and how it reads what comes back; what it then sends comes from
`wires`.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from rooms.protocol import VERSION
from scripts.fuzz import wires
from scripts.fuzz.wires import FIN, TEXT

END_S: Final = 15.0
FENCE: Final = json.dumps({"type": "do", "id": "fence", "command": {"kind": "start_interview"}}).encode()
"""Refused to coaches and observers, always: its answer says that the socket goes on."""


class Ended(NamedTuple):
    """How a connection ended: the close code and its goodbye, if they came."""

    code: int | None
    goodbye: str


class RawLine:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> None:
        """Bytes as they are. What the other side does not take is let go."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def enter(self, room: str, ticket: str) -> None:
        """Come in properly, as one who speaks by hand."""
        await self.say(wires.handshake(f"/rooms/{room}/socket"))
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head[:20]:
            raise RuntimeError(head[:80].decode(errors="replace"))
        if b"extensions" in head.lower():
            raise RuntimeError("an extension was agreed that nobody asked for")
        hello = json.dumps({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await self.say(wires.frame(FIN | TEXT, hello.encode()))
        opcode, payload = await self.frame()
        if opcode != TEXT or b'"type":"welcome"' not in payload:
            raise RuntimeError(f"not let in: {payload[:200]!r}")

    async def frame(self) -> tuple[int, bytes]:
        """The next frame; EOFError or ConnectionError when there is none any more."""
        head = await self.reader.readexactly(2)
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return head[0] & 15, await self.reader.readexactly(size)

    async def ended(self) -> Ended:
        """Read until the connection ends."""
        code, goodbye = None, ""
        with contextlib.suppress(EOFError, ConnectionError):
            while code is None:
                opcode, payload = await self.frame()
                if opcode == wires.CLOSE:
                    code = int.from_bytes(payload[:2], "big") if payload else 1005
                elif b'"type":"goodbye"' in payload:
                    goodbye = json.loads(payload)["code"]
        return Ended(code, goodbye)

    async def goes_on(self) -> bool:
        """Whether a command is still answered."""
        await self.say(wires.frame(FIN | TEXT, FENCE))
        with contextlib.suppress(EOFError, ConnectionError):
            while b'"id":"fence"' not in (await self.frame())[1]:
                pass
            return True
        return False


@contextlib.asynccontextmanager
async def raw_line(port: int) -> AsyncIterator[RawLine]:
    """A connection on which nothing has been said; everything on it has a deadline."""
    async with asyncio.timeout(END_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield RawLine(reader, writer)
        finally:
            writer.transport.abort()


async def commit(port: int, room: str, ticket: str, breach: wires.Breach) -> str:
    """Break the protocol inside a room, as a coach. "" if it ends as it must, else what is wrong."""
    async with raw_line(port) as line:
        await line.enter(room, ticket)
        await line.say(breach.sent)
        if not breach.codes:
            return "" if await line.goes_on() else f"{breach.name}: the socket ended"
        ended = await line.ended()
    # What was not read when the socket closed makes the system drop what was said last.
    if ended.code in breach.codes or (ended.code is None and len(breach.sent) > 4_096):
        return ""
    return f"{breach.name}: ended with {ended}, not {sorted(breach.codes)}"


async def knock(port: int, knock: wires.Knock) -> str:
    """Begin a connection wrongly. "" if that leads nowhere, else what is wrong."""
    async with raw_line(port) as line:
        await line.say(knock.sent)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = await line.reader.read(4_096)
    status = answer[9:12]
    fine = not answer or (answer.startswith(b"HTTP/1.1 4") and status != b"408")
    return "" if fine else f"{knock.name}: {answer[:60]!r}"
