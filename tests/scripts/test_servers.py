"""The servers that other tests rely on: clean for each test, and theirs to kill."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from redis import Redis as Client
from redis.exceptions import ConnectionError, TimeoutError

from tests.servers import FIRST_PORT, PORTS, Postgres, Redis, free_port

ROOT = Path(__file__).parents[2]


async def dsn(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)


def test_two_processes_that_start_servers_do_not_take_each_others_ports() -> None:
    """Of this run, of another one beside it, or lanes of the checker."""
    ours = [free_port(), free_port()]
    ask = "from tests.servers import free_port; print(free_port(), free_port())"
    asked = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, check=True, timeout=60)
    theirs = list(map(int, asked.stdout.split()))
    assert len({(port - FIRST_PORT) // PORTS for port in ours}) == 1
    assert len({(port - FIRST_PORT) // PORTS for port in (*ours, *theirs)}) == 2


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_finds_redis_empty(redis_url: str, time: str) -> None:
    with Client.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left behind", time)


def test_a_test_may_ask_for_both_servers(any_redis_url: str) -> None:
    with Client.from_url(any_redis_url) as client:
        assert client.xadd("log", {"event": "1"})


def test_a_killed_redis_comes_back_with_its_data_at_the_same_address(killable_redis: Callable[[], Redis]) -> None:
    server = killable_redis()
    with Client.from_url(server.url) as client:
        client.set("kept", "yes")
        server.kill()
        with pytest.raises(ConnectionError):
            Client.from_url(server.url, retry=None).ping()
        server.start()
        assert Client.from_url(server.url).get("kept") == b"yes"


def test_a_paused_redis_hangs_until_it_is_resumed(killable_redis: Callable[[], Redis]) -> None:
    server = killable_redis()
    with Client.from_url(server.url, socket_timeout=0.2, retry=None) as client:
        server.pause()
        with pytest.raises(TimeoutError):
            client.ping()
    with Client.from_url(server.url) as client:
        server.resume()
        assert client.ping()


@pytest.mark.parametrize("time", ["first", "second"])
async def test_every_test_has_a_database_of_its_own(postgres_url: str, time: str) -> None:
    connection = await dsn(postgres_url)
    await connection.execute("CREATE TABLE left_behind (id int)")
    await connection.close()


async def test_a_database_can_be_copied_from_a_template(postgres_server: Postgres) -> None:
    template = postgres_server.create_database("with_a_table")
    connection = await dsn(template)
    await connection.execute("CREATE TABLE room (id int)")
    await connection.close()
    connection = await dsn(postgres_server.create_database("copied", "with_a_table"))
    assert await connection.fetchval("SELECT count(*) FROM room") == 0
    await connection.close()
    postgres_server.drop_database("copied")
    postgres_server.drop_database("with_a_table")


async def test_a_killed_postgres_comes_back_with_its_data(killable_postgres: Callable[[], Postgres]) -> None:
    server = killable_postgres()
    connection = await dsn(server.url)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    server.kill()
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await dsn(server.url)
    server.start()
    connection = await dsn(server.url)
    assert await connection.fetchval("SELECT id FROM kept") == 1
    await connection.close()
