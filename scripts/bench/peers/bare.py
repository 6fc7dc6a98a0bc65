"""What this machine allows: a relay that knows nobody, checks nothing and keeps nothing, over Redis pub/sub.

It is no product and no target: who measures tenths of a millisecond has to know how many of them are the machine's.
Says the few words of Socket.IO that the bench needs, each frame encoded once. Run as: python bare.py PORT REDIS_URL
"""

import asyncio
import json
import sys
from collections import defaultdict
from typing import cast
from urllib.parse import urlsplit

import uvloop
from hiredis import Reader, pack_command
from websockets.speedups import apply_mask
from websockets.utils import accept_key


class Redis(asyncio.Protocol):
    """One connection, for commands or for messages."""

    def __init__(self, halls: "Halls | None" = None) -> None:
        self._halls, self._replies = halls, Reader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def say(self, *command: str | bytes) -> None:
        self._transport.write(pack_command(command))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not False:
            if self._halls is not None and reply[0] == b"message":
                said = framed(b'42["said",' + reply[2] + b"]")
                for member in self._halls[reply[1].decode()]:
                    member.write(said)


Halls = dict[str, set[asyncio.Transport]]


class Member(asyncio.Protocol):
    """One WebSocket."""

    def __init__(self, halls: Halls, tells: Redis, hears: Redis) -> None:
        self._halls, self._tells, self._hears = halls, tells, hears
        self._open, self._rest, self._room = False, b"", ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._halls[self._room].discard(self._transport)

    def data_received(self, data: bytes) -> None:
        data, self._rest = self._rest + data, b""
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            key = next(
                line[19:].strip().decode() for line in head.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key:")
            )
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept_key(key).encode() + framed(b"0{}")
            )
            self._open = True
        while len(data) >= 6:  # nobody here says more than 65,535 bytes
            size, begin = data[1] & 127, 2
            if size == 126:
                size, begin = int.from_bytes(data[2:4], "big"), 4
            if len(data) < begin + 4 + size:
                break
            if data[0] & 15 == 1:
                self._heard(apply_mask(data[begin + 4 : begin + 4 + size], data[begin : begin + 4]))
            data = data[begin + 4 + size :]
        self._rest = data

    def _heard(self, text: bytes) -> None:
        if text == b"40":
            self._transport.write(framed(b"40{}"))
        elif text.startswith(b'42["join"'):
            self._room = json.loads(text[2:])[1]
            self._halls[self._room].add(self._transport)
            self._hears.say("SUBSCRIBE", self._room)
            self._transport.write(framed(b'42["joined","%s"]' % self._room.encode()))
        elif text.startswith(b'42["say"'):
            line = text[9:-1]
            self._tells.say("PUBLISH", json.loads(line)["room"], line)


def framed(text: bytes) -> bytes:
    size = len(text)
    return (b"\x81%c" % size if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")) + text


async def serve(port: int, redis_url: str) -> None:
    loop, redis = asyncio.get_running_loop(), urlsplit(redis_url)
    host, at = redis.hostname or "127.0.0.1", redis.port or 6379
    halls: Halls = defaultdict(set)
    _, tells = await loop.create_connection(Redis, host, at)
    _, hears = await loop.create_connection(lambda: Redis(halls), host, at)
    server = await loop.create_server(lambda: Member(halls, tells, hears), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
