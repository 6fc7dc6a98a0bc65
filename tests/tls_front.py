"""A front that speaks TLS for a server that does not, at the address by which the server is known.

Servers speak plainly among themselves (replication, Sentinels, the nodes of a cluster), those who come from outside
by TLS; as both go to the one address that Sentinels and nodes announce, the front tells them apart by their first byte.
"""

import asyncio
import contextlib
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable, Iterator

from tests.redis_servers import Sentinel
from tests.servers import Redis, free_port
from tests.waiting import DEADLINE_S

HANDSHAKE = b"\x16"
"""The first byte of TLS (RFC 8446, 5.1); no command of Redis begins with it."""


@contextlib.contextmanager
def fronted(servers: Iterable[Redis | Sentinel], tls: ssl.SSLContext) -> Iterator[None]:
    """These servers, not started yet, get fronts at their ports, and ports behind them of their own."""
    doors = [(server.port, _moved_behind(server)) for server in servers]
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        fronts = [server for port, behind in doors for server in await _opened(port, behind, tls)]
        ready.set()
        await over.wait()
        for front in fronts:
            front.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(DEADLINE_S), "the fronts did not open"
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(DEADLINE_S)
        assert not thread.is_alive(), "the fronts did not close"


def _moved_behind(server: Redis | Sentinel) -> int:
    """The port at which it is to listen instead; it goes on announcing its own."""
    behind = free_port()
    if isinstance(server, Sentinel):
        path = server.directory / "sentinel.conf"
        path.write_text(path.read_text().replace(f"port {server.port}\n", f"port {behind}\n", 1))
    elif "cluster-enabled" in server.options:
        server.options |= {"cluster-announce-port": server.port, "cluster-port": server.port + 10_000, "port": behind}
    else:
        server.options |= {"replica-announce-port": server.port, "port": behind}
    return behind


async def _opened(port: int, behind: int, tls: ssl.SSLContext) -> list[asyncio.Server]:
    """One front: plain words are passed on at once, others to a second server that speaks TLS for it."""

    async def spoken(reader: StreamReader, writer: StreamWriter) -> None:
        await _joined(reader, writer, behind, b"")

    by_tls = await asyncio.start_server(spoken, "127.0.0.1", 0, ssl=tls)
    tls_port = by_tls.sockets[0].getsockname()[1]

    async def told_apart(reader: StreamReader, writer: StreamWriter) -> None:
        first = await reader.read(65_536)
        await _joined(reader, writer, tls_port if first.startswith(HANDSHAKE) else behind, first)

    return [by_tls, await asyncio.start_server(told_apart, "127.0.0.1", port)]


async def _joined(reader: StreamReader, writer: StreamWriter, port: int, first: bytes) -> None:
    with contextlib.suppress(OSError):
        back, there = await asyncio.open_connection("127.0.0.1", port)
        there.write(first)
        await asyncio.gather(_passed(reader, there), _passed(back, writer))
    writer.transport.abort()


async def _passed(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.transport.abort()
