"""What the tests of the Redis adapters share: connections, a second client that makes trouble, waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as Client
from redis.cluster import RedisCluster

from rooms import events as e
from rooms.protocol import Cursor
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_log import RedisRoomLog
from server.ports import Appended, RoomLog, Unavailable
from tests.kept_rooms import OPENED_AT, opening
from tests.waiting import PATIENT_MS, until

ROOM = "r-1"
PASSWORD = "the-password-of-this-test-run"
OPENED = opening(ROOM)[0]


def whisper(text: str) -> e.Whispered:
    return e.Whispered(by="p-1", text=text, at_ms=1)


@asynccontextmanager
async def room_log(
    url: str, timeout_ms: int = PATIENT_MS, wait_replicas: int = 0, wait_timeout_ms: int = PATIENT_MS // 3
) -> AsyncIterator[RedisRoomLog]:
    async with RedisConnection(url, timeout_ms, wait_replicas=wait_replicas, wait_timeout_ms=wait_timeout_ms) as redis:
        yield RedisRoomLog(redis)


async def open_room(log: RoomLog, room: str = ROOM) -> Cursor:
    done = await log.append(room, "open", None, OPENED_AT, [OPENED.model_copy(update={"room": room})])
    assert isinstance(done, Appended)
    return done.cursor


async def append(log: RoomLog, command: str, at: Cursor, *events: e.Event, room: str = ROOM) -> Cursor:
    done = await log.append(room, command, at, OPENED_AT, events or [whisper(command)])
    assert isinstance(done, Appended)
    return done.cursor


async def nothing_is_had(url: str, why_is_said: Callable[[], bool] = lambda: True) -> None:
    """A call ends at its deadline with Unavailable, and there is time for whatever is to be said about it."""
    async with room_log(url, timeout_ms=300) as log:
        with pytest.raises(Unavailable):
            await log.head(ROOM)
    async with room_log(url) as log:
        asking = asyncio.create_task(log.head(ROOM))
        await until(why_is_said)
        assert not asking.done()
        asking.cancel()


def told(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged, with all that stands beside it."""
    return " ".join(str(vars(record)) for record in caplog.records)


def cut_all_connections(url: str) -> None:
    """As a proxy or an administrator does; the server lives on."""
    with admin_of(url) as client:
        everywhere = {"target_nodes": "primaries"} if url.startswith("redis+cluster") else {}
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", **everywhere)
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub", **everywhere)


def least_rights() -> list[str]:
    """The rule for a user of Greenroom's, out of docs/REDIS.md: the documented one is the one that is tested."""
    page = (Path(__file__).parents[1] / "docs" / "REDIS.md").read_text()
    rule = next(line for line in page.splitlines() if line.strip().startswith("ACL SETUSER greenroom"))
    return rule.replace(">PASSWORD", f">{PASSWORD}").split()[2:]


def admin_of(url: str) -> "AbstractContextManager[Any]":
    """A client that may do anything, on the server or the cluster at `url`."""
    if not url.startswith("redis+cluster"):
        return closing(Client.from_url(url))
    host, _, port = url.rpartition("@")[2].partition(",")[0].rpartition(":")
    return closing(RedisCluster(host=host, port=int(port)))
