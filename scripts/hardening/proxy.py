"""A network that fails on demand: a TCP proxy on loopback before one server.

Decides what happens to bytes on their way; never looks into them. What is read and not passed on is bounded by what
one read takes: while a lane stands still nothing more is read, so the sender's own limits count.
"""

import asyncio
import contextlib
import socket
import struct
from asyncio import StreamReader, StreamWriter

READ_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Passes connections on to `port`, as long as it is told nothing else."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: dict[asyncio.Task[None], list[StreamWriter]] = {}
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._is_shut = False
        self._server: asyncio.Server | None = None
        self.delay_s = 0.0
        """How long each piece is held up."""
        self.host, self.port = "127.0.0.1", 0

    async def start(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self._server = await asyncio.start_server(self._passed_on, host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.heal()
        while self._open:
            self.shut()
            await asyncio.wait(self._open)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def cut(self) -> None:
        """Reset every connection, as a router does that was switched off and on."""
        for ends in self._open.values():
            for end in ends:
                _reset(end)

    def hang(self) -> None:
        """Pass nothing on, either way, while every connection stays open: a half-open network."""
        self._flowing.clear()

    def shut(self) -> None:
        """Reset every connection, and each new one too."""
        self._is_shut = True
        self.cut()

    def heal(self) -> None:
        """Pass on again at once, beginning with what was held up."""
        self.delay_s = 0.0
        self._is_shut = False
        self._flowing.set()

    def lead_to(self, port: int) -> None:
        """Another server stands behind it from now on."""
        self._to = port
        self.cut()

    async def _passed_on(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ends = self._open[task] = [writer]
        try:
            await self._flowing.wait()
            if self._is_shut:
                return
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._to)
            ends.append(there)
            async with asyncio.TaskGroup() as lanes:
                lanes.create_task(self._lane(reader, there))
                lanes.create_task(self._lane(there_reader, writer))
        except (OSError, ExceptionGroup):  # nobody listens there, or one end is gone: so is the other
            pass
        finally:
            for end in ends:
                _reset(end)
            del self._open[task]

    async def _lane(self, reader: StreamReader, writer: StreamWriter) -> None:
        while piece := await reader.read(READ_BYTES):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            await self._flowing.wait()
            writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


def _reset(end: StreamWriter) -> None:
    """Close with a reset where something was left unsaid."""
    if (raw := end.get_extra_info("socket")) and raw.fileno() >= 0 and not end.transport.is_closing():
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    end.transport.abort()
