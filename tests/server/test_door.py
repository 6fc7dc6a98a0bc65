"""A request that never comes to its end is not waited for; one that does is served."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from scripts.fuzz.rawline import raw_line
from server import door
from server.door import HEAD_BYTES, Door
from tests.waiting import until, within

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
SHORT_S = 0.2


async def says_hello(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(door, "REQUEST_S", SHORT_S)
    config = uvicorn.Config(
        says_hello, port=0, http=Door, log_config=None, lifespan="off", timeout_graceful_shutdown=0, access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answer(port: int, *pieces: bytes) -> bytes:
    """All that comes back until the connection ends, the pieces being said one after the other."""
    async with raw_line(port) as line:
        heard = b""
        for piece in pieces:
            await line.say(piece)
            await asyncio.sleep(0)
        with contextlib.suppress(ConnectionError):
            heard = await line.reader.read(-1)
        return heard


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"G",
        b"\r\n" * 1_000,
        b"GET / HTTP/1.1\r\nHost: he",
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhell",
        b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
    ],
    ids=["nothing", "a-letter", "line-ends", "half-a-head", "half-a-body", "half-a-chunk"],
)
async def test_a_request_that_does_not_end_is_cut_off(port: int, said: bytes) -> None:
    assert await answer(port, said) == b""


async def test_saying_a_little_now_and_then_gains_no_time(port: int) -> None:
    loop = asyncio.get_running_loop()
    async with raw_line(port) as line, within(20 * SHORT_S):
        began = loop.time()
        await line.say(b"GET / HTTP/1.1\r\n")
        ended = asyncio.create_task(line.reader.read(-1))
        while not ended.done():
            await line.say(b"X-More: 1\r\n")
            await asyncio.wait([ended], timeout=SHORT_S / 10)
        with contextlib.suppress(ConnectionError):
            assert await ended == b""
    assert loop.time() - began + 0.01 >= SHORT_S


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, port: int) -> int:
    """The same, in no hurry."""
    monkeypatch.setattr(door, "REQUEST_S", 60.0)
    return port


async def test_requests_one_after_the_other_are_served_and_one_that_does_not_end_is_cut_off(
    patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_line(patient) as line:
        for _ in range(3):
            await line.say(GET)
            assert b"200 OK" in await line.reader.readuntil(b"hello")
        monkeypatch.setattr(door, "REQUEST_S", SHORT_S)
        await line.say(b"GET / HT")
        with contextlib.suppress(ConnectionError):
            assert await line.reader.read(-1) == b""


async def test_a_head_that_is_too_long_is_refused(patient: int) -> None:
    long = b"X: %b\r\n\r\n" % (b"x" * HEAD_BYTES)
    assert b"400 Bad Request" in (await answer(patient, GET[:-2] + long))[:40]


@pytest.mark.parametrize("piece", [b"x" * 1_000, b"X-More: %b\r\n" % (b"x" * 990)], ids=["header", "headers"])
async def test_a_head_without_an_end_is_cut_off(patient: int, piece: bytes) -> None:
    """Whoever still speaks when they are cut off may not hear why."""
    heard = await answer(patient, GET[:-2] + b"X: ", *(piece,) * 40)
    assert heard == b"" or b"400 Bad Request" in heard[:40]
