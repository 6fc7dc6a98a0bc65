"""A connection to Redis, carried on without the library's layers."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from server.adapters.redis_address import parsed
from server.adapters.redis_roads import connected
from server.adapters.redis_socket import REPLIES_PER_STEP, Command, RedisSocket, packed
from tests.waiting import until


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    address = parsed(redis_url)
    link = await connected(address, address.hosts[0], 3)
    yield link.connection
    await link.connection.disconnect(nowait=True)


def send(socket: RedisSocket, *commands: Command) -> None:
    socket.send(map(packed, commands))


async def test_replies_come_in_order_and_errors_are_values(connection: Connection) -> None:
    heard: list[Any] = []
    socket = RedisSocket(connection, heard.append)
    send(socket, ("ECHO", "one"), ("NONSENSE",), ("ECHO", b"two"), ("ECHO", 3))
    await until(lambda: len(heard) == 4)
    assert [heard[0], *heard[2:]] == [b"one", b"two", b"3"]
    assert isinstance(heard[1], ResponseError)


async def test_others_have_their_turns_while_many_replies_come(connection: Connection) -> None:
    heard: list[Any] = []
    turns: list[int] = []
    socket = RedisSocket(connection, heard.append)
    send(socket, *[("PING",)] * 10 * REPLIES_PER_STEP)
    while len(heard) < 10 * REPLIES_PER_STEP:
        turns.append(len(heard))
        await asyncio.sleep(0)
    steps = [after - before for before, after in itertools.pairwise(turns)]
    assert max(steps) <= 2 * REPLIES_PER_STEP  # one for what came in, one for what was left


async def test_what_its_listener_raises_ends_it_and_nothing_is_heard_or_sent_any_more(connection: Connection) -> None:
    heard: list[Any] = []

    def once(reply: Any) -> None:
        heard.append(reply)
        raise LookupError

    socket = RedisSocket(connection, once)
    send(socket, ("PING",), ("PING",))
    with pytest.raises(LookupError):
        await socket.lost()
    send(socket, ("PING",))
    assert heard == [b"PONG"]


async def test_a_command_that_cannot_be_written_ends_it(connection: Connection) -> None:
    heard: list[Any] = []
    socket = RedisSocket(connection, heard.append)
    socket.send([packed(("PING",)), "no bytes"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        await socket.lost()
    assert heard == []


async def test_a_connection_that_the_server_ends_is_lost_and_takes_nothing(connection: Connection) -> None:
    socket = RedisSocket(connection, lambda _: None)
    send(socket, ("QUIT",))
    with pytest.raises(RedisConnectionError):
        await socket.lost()
    for _ in range(3):
        send(socket, ("PING",))
        await asyncio.sleep(0)


async def test_a_connection_that_was_lost_before_is_not_carried_on(connection: Connection) -> None:
    await connection.send_command("QUIT", check_health=False)
    await connection.read_response()
    assert connection._reader is not None
    assert await connection._reader.read() == b""
    with pytest.raises(RedisConnectionError):
        RedisSocket(connection, lambda _: None)
