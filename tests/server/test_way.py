"""A socket's two ways are the same on our own ASGI server, which carries them on, and on one that is not ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import uvicorn
from starlette.routing import Router, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rooms.protocol import MAX_MESSAGE_BYTES
from server.framing import framed, unframed
from server.way import AsgiWay, Closed, Gone, Serve, Way, carried_on
from server.wire import Wire
from tests.servers import free_port
from tests.waiting import until

Served = Callable[[Serve], Awaitable[str]]


@pytest.fixture(params=[Wire, "websockets-sansio"], ids=["ours", "another"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """Serve every connection like this; gives its address. Ends with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def serve(serve: Serve) -> str:
            async def endpoint(websocket: WebSocket) -> None:
                await websocket.accept()
                if not carried_on(websocket.scope, serve):
                    async with AsgiWay(websocket) as way:
                        await serve(way)

            url, _ = await stack.enter_async_context(_serving(endpoint, request.param))
            return url

        yield serve


@contextlib.asynccontextmanager
async def ours(serve: Serve, ping_every_s: float) -> AsyncIterator[tuple[str, set[Wire]]]:
    """Our own server on its own, with its connections."""

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        assert carried_on(websocket.scope, serve)

    async with _serving(endpoint, Wire, ping_every_s) as (url, server):
        yield url, cast(set[Wire], server.server_state.connections)


@contextlib.asynccontextmanager
async def _serving(
    endpoint: Callable[[WebSocket], Awaitable[None]], ws: Any, ping_every_s: float = 3_600.0
) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    port = free_port()
    app = Router([WebSocketRoute("/here", endpoint)])
    config = uvicorn.Config(app, port=port, ws=ws, ws_ping_interval=ping_every_s, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield f"ws://127.0.0.1:{port}/here", server
    finally:
        server.should_exit = True
        await task


async def echo(way: Way) -> None:
    """Say what is heard, in order, however slowly it is taken."""
    flow = asyncio.Event()
    way.on_flow = flow.set
    with contextlib.suppress(Gone, Closed):
        while True:
            message = await way.receive()
            text = message if isinstance(message, str) else f"{len(message)} bytes"
            while not way.at_once(framed(text.encode())):
                flow.clear()
                await flow.wait()


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 70_000])
def test_frames_are_taken_apart_again(size: int) -> None:
    assert list(unframed(framed(b"a" * size) + framed(b"b"))) == ["a" * size, "b"]


async def test_what_is_said_is_heard_in_order(served: Served) -> None:
    async with connect(await served(echo), proxy=None) as client:
        for number in range(200):
            await client.send(f"{number} é")
        await client.send(b"\0" * 640)
        assert [await client.recv() for _ in range(200)] == [f"{number} é" for number in range(200)]
        assert await client.recv() == "640 bytes"


async def test_the_other_side_learns_why_it_is_closed(served: Served) -> None:
    async def refuse(way: Way) -> None:
        way.at_once(framed(b"no"))
        way.close(4502, "ticket_invalid")

    async with connect(await served(refuse), proxy=None) as client:
        assert await client.recv() == "no"
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4502, "ticket_invalid")


async def test_we_learn_that_the_other_side_left(served: Served) -> None:
    left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def listen(way: Way) -> None:
        try:
            while True:
                await way.receive()
        except Gone as gone:
            left.set_result(gone.code)

    async with connect(await served(listen), proxy=None) as client:
        await client.close(4000)
    async with asyncio.timeout(10):
        assert await left == 4000


async def test_who_closes_hears_nothing_more(served: Served) -> None:
    over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def shut(way: Way) -> None:
        await way.receive()
        way.close(4505, "refused")
        try:
            await way.receive()
        except Closed:
            over.set_result(way.at_once(framed(b"too late")))

    async with connect(await served(shut), proxy=None) as client:
        await client.send("one")
        await client.send("two")
        async with asyncio.timeout(10):
            assert await over is False
            with pytest.raises(ConnectionClosed):
                await client.recv()


async def test_a_connection_is_cut(served: Served) -> None:
    async def cut(way: Way) -> None:
        await way.receive()
        way.abort()

    async with connect(await served(cut), proxy=None) as client:
        await client.send("hello")
        async with asyncio.timeout(10):
            with pytest.raises(ConnectionClosed):
                await client.recv()


async def test_who_reads_nothing_is_let_go_of_though_nothing_is_said_to_them() -> None:
    """A ping that nobody answers finds them."""
    left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def listen(way: Way) -> None:
        await way.receive()
        with pytest.raises(Gone) as gone:
            await way.receive()
        left.set_result(gone.value.code)

    async with ours(listen, ping_every_s=0.1) as (url, _), connect(url, proxy=None, close_timeout=0.1) as deaf:
        deaf.transport.pause_reading()
        await deaf.send("reads nothing")
        async with asyncio.timeout(10):
            assert await left == 1011


async def test_who_reads_answers_each_ping_and_stays() -> None:
    async with ours(echo, ping_every_s=3_600.0) as (url, connections), connect(url, proxy=None) as reader:
        (wire,) = connections
        for number in range(3):
            wire._ping_now()
            assert wire._pinged
            await until(lambda: wire._pinged is None)
            await reader.send(f"still here {number}")
            assert await reader.recv() == f"still here {number}"


async def test_who_still_sends_learns_all_the_same_why_it_is_closed() -> None:
    """Cut off at once, TCP would throw away what was said last to who goes on sending."""
    async with ours(echo, ping_every_s=3_600.0) as (url, connections), connect(url, proxy=None) as client:
        loop, wire = asyncio.get_running_loop(), client.transport.get_extra_info("socket").dup()
        client.transport.pause_reading()  # it looks at nothing while it sends
        try:
            too_long = MAX_MESSAGE_BYTES + 1
            await loop.sock_sendall(wire, b"\x81\xff" + too_long.to_bytes(8, "big") + b"mask")
            await until(lambda: all(gone._over for gone in connections))
            for _ in range(100):
                await loop.sock_sendall(wire, bytes(1_000))
        finally:
            wire.close()
        client.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        await until(lambda: not connections)


async def test_where_nobody_serves_the_handshake_is_refused(served: Served) -> None:
    url = await served(echo)
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url + "/not", proxy=None):
            pass
    assert refused.value.response.status_code == 403
