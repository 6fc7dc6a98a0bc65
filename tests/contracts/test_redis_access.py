"""By which roads and with which rights Greenroom reaches one Redis, and what it says about a careless one."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis as Client
from redis.exceptions import NoPermissionError

from server.adapters.redis_connection import RedisConnection
from tests.contracts.test_subscriber import listening
from tests.redis_parts import PASSWORD, ROOM, append, least_rights, open_room, room_log
from tests.servers import Redis, ServerNotFoundError, find_redis
from tests.waiting import PATIENT_MS, until

Start = Callable[[], Redis]

# --- rights -----------------------------------------------------------------------------------------------------------


async def test_a_user_with_the_documented_rights_can_do_all_and_no_more(any_redis_url: str) -> None:
    """On the cluster every contract runs as this user; here it is one server, and Redis 6.2 too."""
    with Client.from_url(any_redis_url) as admin:
        admin.execute_command("ACL", "SETUSER", *least_rights())
    url = any_redis_url.replace("redis://", f"redis://greenroom:{PASSWORD}@")
    async with listening(url) as ear:
        await ear.subscriber.subscribe(ROOM)
        await append(ear.log, "c", await open_room(ear.log))
        await until(lambda: ear.versions == [1, 2])
        assert ear.redis.generation == 1
    async with RedisConnection(url, PATIENT_MS) as redis:
        for command in (
            ("GET", "somebody:elses"),
            ("SET", "somebody:elses", "1"),
            ("PUBLISH", "somebody:elses", "x"),
            ("FLUSHALL",),
            ("KEYS", "*"),
            ("CONFIG", "GET", "*"),
            ("ACL", "LIST"),
            ("SCRIPT", "FLUSH"),
            ("SHUTDOWN",),
            ("EVAL", "return redis.call('GET', 'somebody:elses')", "0"),
        ):
            with pytest.raises(Exception, match="(?i)no permission|NOPERM|can't access|ACL failure"):
                await redis.call(*command)


async def test_a_user_who_may_not_ask_is_served_and_told_what_could_not_be_seen(
    killable_redis: Start, caplog: pytest.LogCaptureFixture
) -> None:
    server = killable_redis()
    rule = [word for word in least_rights() if word != "+info"]
    with Client.from_url(server.url) as admin:
        admin.execute_command("ACL", "SETUSER", *rule)
    url = server.url.replace("redis://", f"redis://greenroom:{PASSWORD}@")
    async with RedisConnection(url, PATIENT_MS) as redis:
        with pytest.raises(NoPermissionError):
            await redis.call("INFO")
        first = redis.generation
        with Client.from_url(server.url) as admin:
            admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await redis.call("PING") == b"PONG"
        assert redis.generation > first  # it cannot be told apart from another server: better look twice
    assert "does not say whether it keeps" in caplog.text


# --- what would lose rooms --------------------------------------------------------------------------------------------


async def test_a_redis_that_may_lose_rooms_is_said_aloud_once(caplog: pytest.LogCaptureFixture) -> None:
    server = _started(appendonly="no", maxmemory_policy="allkeys-lru")
    try:
        async with listening(server.url) as ear:
            await ear.redis.call("PING")
    finally:
        server.remove()
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len([text for text in warnings if "no append-only file" in text]) == 1
    assert len([text for text in warnings if "throw rooms away" in text]) == 1


async def test_a_redis_that_keeps_rooms_is_not_warned_about(
    any_redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with RedisConnection(any_redis_url, PATIENT_MS) as redis:
        await redis.call("PING")
        assert redis.generation == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_restart_is_another_generation_and_a_cut_is_not(killable_redis: Start) -> None:
    server = killable_redis()
    async with RedisConnection(server.url, PATIENT_MS) as redis:
        assert redis.generation == 0
        await redis.call("PING")
        with Client.from_url(server.url) as admin:
            admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await redis.call("PING")
        assert redis.generation == 1
        server.kill()
        server.start()
        await redis.call("PING")
        assert redis.generation == 2


# --- roads ------------------------------------------------------------------------------------------------------------


async def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    server = _started(unixsocket=f"{tmp_path}/redis")
    try:
        async with room_log(f"unix://{tmp_path}/redis") as log:
            assert (await append(log, "c", await open_room(log))).version == 2
    finally:
        server.remove()


def _started(**options: str) -> Redis:
    try:
        server = Redis(find_redis(), **options)
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    server.start()
    return server
