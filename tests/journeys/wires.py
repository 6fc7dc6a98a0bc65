"""What lies between a browser and the web workers, for journeys: a network that can be cut, and what went over it.

The network carries each connection to the first of its workers that answers, as a balancer does whose others stand by.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, WebSocket


class Network:
    """A network between a browser and the web workers on these ports, that can be cut and mended."""

    def __init__(self, port: int, to_ports: tuple[int, ...]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port, self._to_ports = port, to_ports
        self._cables: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for cable in self._cables:
            cable.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in self._to_ports:
            try:
                from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                continue
            self._cables |= {writer, to_server}
            await asyncio.gather(self._carry(reader, to_server), self._carry(from_server, writer))
            self._cables -= {writer, to_server}
            return
        writer.close()

    @staticmethod
    async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@asynccontextmanager
async def network(port: int, *to_ports: int) -> AsyncIterator[Network]:
    made = Network(port, to_ports)
    await made.mend()
    try:
        yield made
    finally:
        made.cut()


class Wire:
    """What went over the sockets of a page: a list a connection."""

    def __init__(self, page: Page) -> None:
        self.frames: list[list[int]] = []
        self.said: list[list[dict[str, Any]]] = []
        self.heard: list[list[dict[str, Any]]] = []
        page.on("websocket", self._opened)

    def assert_voice_is_whole(self) -> None:
        """The second connection begins right behind what was safe, and has no gap up to the end of the answer."""
        # Whoever was away for longer than a connection is held for comes with a ticket that is none any more, once.
        first, second = [n for n, heard in enumerate(self.heard) if heard and heard[0]["type"] == "welcome"]
        welcome = self.heard[second][0]
        (finished,) = [m["command"] for m in self.said[second] if m.get("command", {}).get("kind") == "finish_answer"]
        assert welcome["resumed"] is not None
        assert self.frames[first] == list(range(len(self.frames[first])))
        assert self.frames[second] == list(range(welcome["audio_through"] + 1, self.frames[second][-1] + 1))
        assert self.frames[second][-1] == finished["through"]

    def _opened(self, socket: WebSocket) -> None:
        number = len(self.said)
        for kept in (self.frames, self.said, self.heard):
            kept.append([])
        socket.on("framesent", lambda data: self._sent(number, data))
        socket.on("framereceived", lambda data: self.heard[number].append(json.loads(data)))

    def _sent(self, number: int, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self.frames[number].append(int.from_bytes(data[4:8], "big"))  # of a frame, or of a piece of a recording
        else:
            self.said[number].append(json.loads(data))
