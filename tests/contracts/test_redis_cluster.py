"""Greenroom on a cluster: slots move, primaries die, and rooms go on where they are by then."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from server.adapters.redis_connection import RedisConnection, room_key
from server.adapters.redis_slots import slot_of
from server.adapters.redis_subscriber import channel
from server.ports import Unavailable
from tests.contracts.test_subscriber import listening
from tests.redis_parts import ROOM, append, cut_all_connections, nothing_is_had, open_room, room_log, told
from tests.redis_servers import RedisCluster, client, running
from tests.servers import Redis, ServerNotFoundError, find_redis
from tests.waiting import PATIENT_MS, until, until_it_works, within

ROOMS = [f"r-{number}" for number in range(60)]
OTHER_ROOMS = [f"other-{number}" for number in range(60)]


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[RedisCluster]:
    """One with a replica for each primary. Each test that breaks a primary has one of its own to break."""
    with running(RedisCluster(replicas=1)) as cluster:
        cluster.wait_for_answers()
        yield cluster


@pytest.fixture
def cluster(redis_cluster: RedisCluster) -> RedisCluster:
    redis_cluster.flush()
    return redis_cluster


async def test_rooms_lie_on_all_nodes_and_each_with_all_its_keys_on_one(cluster: RedisCluster) -> None:
    async with room_log(cluster.url) as log:
        for room in ROOMS:
            await append(log, "c", await open_room(log, room), room=room)
            await log.tell(room, "partial", b"{}")
    kept = {server.port: keys(server) for server in cluster.primaries}
    assert all(kept.values())
    assert sum(len(rooms) for rooms in kept.values()) == len(ROOMS)


async def test_many_commands_come_back_in_order_from_all_nodes(cluster: RedisCluster) -> None:
    async with RedisConnection(cluster.url, PATIENT_MS) as redis:
        await redis.calls([("SET", f"greenroom:{number}", number) for number in range(500)])
        said = await redis.calls([("GET", f"greenroom:{number}") for number in range(500)])
    assert said == [str(number).encode() for number in range(500)]


async def test_a_room_whose_slot_moves_goes_on_and_is_heard_at_its_new_home(cluster: RedisCluster) -> None:
    async with listening(cluster.url) as ear:
        await ear.subscriber.subscribe(ROOM)
        cursor = await open_room(ear.log)
        cursor = await append(ear.log, "c-1", cursor)
        await until(lambda: ear.versions == [1, 2])
        key = room_key(ROOM, "log")
        other = next(server for server in cluster.primaries if server is not cluster.home(key))
        await asyncio.to_thread(cluster.move, key, other)
        cursor = await append(ear.log, "c-2", cursor)
        await until(lambda: ear.reconnected >= 1)
        await append(ear.log, "c-3", cursor)
        await until(lambda: ear.versions[-1] == 4)
        assert [record.version for record in await ear.log.read(ROOM, 0, 10)] == [1, 2, 3, 4]


async def test_appends_while_a_slot_is_on_the_move_lose_and_double_nothing(cluster: RedisCluster) -> None:
    """One key after the other goes: a script finds all of them here, then some (TRYAGAIN), then none (ASK, MOVED)."""
    async with room_log(cluster.url) as log:
        cursor = await append(log, "c", await open_room(log))
        key = room_key(ROOM, "log")
        other = next(server for server in cluster.primaries if server is not cluster.home(key))
        trying = threading.Event()

        def between() -> None:
            trying.clear()
            trying.wait(0.03)  # an append, unless one waits already

        moving = asyncio.create_task(asyncio.to_thread(cluster.move, key, other, between))
        number = 0
        while not moving.done() or number < 5:
            number += 1
            trying.set()
            cursor = await append(log, f"c-{number}", cursor)
        await moving
        assert cluster.home(key) is other
        records = await log.read(ROOM, 2, 10_000)
        assert [record.command for record in records] == [f"c-{at}" for at in range(1, number + 1)]


async def test_cut_connections_lose_and_double_nothing_in_a_cluster(cluster: RedisCluster) -> None:
    async with room_log(cluster.url) as log:
        cursors = {room: await open_room(log, room) for room in ROOMS[:6]}
        for number in range(30):
            if number % 10 == 5:
                cut_all_connections(cluster.url)
            for room in cursors:
                cursors[room] = await append(log, f"c-{number}", cursors[room], room=room)
        for room in cursors:
            records = await log.read(room, 1, 100)
            assert [record.command for record in records] == [f"c-{number}" for number in range(30)]


async def test_when_a_primary_dies_its_rooms_go_on_at_its_replica_and_the_others_never_stop(
    own_cluster: RedisCluster,
) -> None:
    async with listening(own_cluster.url) as ear:
        async with room_log(own_cluster.url, wait_replicas=1) as careful:
            cursors = {room: await open_room(careful, room) for room in ROOMS}
        await asyncio.gather(*(ear.subscriber.subscribe(room) for room in ROOMS))
        dying = own_cluster.primaries[0]
        orphans = [room for room in ROOMS if own_cluster.home(room_key(room, "log")) is dying]
        assert 0 < len(orphans) < len(ROOMS)
        generation = ear.redis.generation
        replica = own_cluster.replica_of(dying)
        replica.pause()
        dying.kill()
        waiting = [asyncio.create_task(append(ear.log, "c", cursors[room], room=room)) for room in orphans]
        try:
            for room in set(ROOMS) - set(orphans):
                cursors[room] = await append(ear.log, "c", cursors[room], room=room)
            assert not any(orphan.done() for orphan in waiting)
        finally:
            replica.resume()
        cursors |= dict(zip(orphans, await asyncio.gather(*waiting), strict=True))
        assert ear.redis.generation > generation
        await until(lambda: ear.reconnected >= 1)
        before = len(ear.heard)

        def heard() -> set[str]:
            return {message.room for message in ear.heard[before:]}

        for number in range(10):  # what is said before the last channel is listened to at its new node is not heard
            for room in ROOMS:
                cursors[room] = await append(ear.log, f"d-{number}", cursors[room], room=room)
            with contextlib.suppress(TimeoutError):
                await until(lambda: heard() == set(ROOMS), 1)
                break
        assert heard() == set(ROOMS)


async def test_when_a_replica_takes_over_in_good_order_its_rooms_are_heard_there(own_cluster: RedisCluster) -> None:
    before = own_cluster.primaries[1]
    async with listening(own_cluster.url) as ear:
        room = next(room for room in OTHER_ROOMS if own_cluster.home(room_key(room, "log")) is before)
        await ear.subscriber.subscribe(room)
        cursor = await open_room(ear.log, room)
        generation = ear.redis.generation
        await asyncio.to_thread(own_cluster.fail_over, before)
        cursor = await append(ear.log, "c", cursor, room=room)
        assert ear.redis.generation > generation
        await until(lambda: ear.reconnected >= 1)
        await append(ear.log, "d", cursor, room=room)
        await until(lambda: ear.versions[-1] == 3)


async def test_a_frozen_primary_is_left_for_its_replica(own_cluster: RedisCluster) -> None:
    """Its connections stay open and nothing answers, neither commands nor listeners."""
    frozen = own_cluster.primaries[2]
    async with listening(own_cluster.url, timeout_ms=2_000) as ear:
        room = next(room for room in OTHER_ROOMS if own_cluster.home(room_key(room, "log")) is frozen)
        await until_it_works(lambda: ear.subscriber.subscribe(room))
        async with room_log(own_cluster.url, wait_replicas=1) as careful:
            cursor = await open_room(careful, room)
        await until(lambda: ear.versions == [1])
        frozen.pause()
        try:
            await until_it_works(lambda: append(ear.log, "c", cursor, room=room))
            await until(lambda: ear.reconnected >= 1)
            head = await until_it_works(lambda: ear.log.head(room))
            assert head is not None
            await until_it_works(lambda: append(ear.log, "d", head, room=room))
            await until(lambda: ear.versions[-1] == 3)
        finally:
            frozen.resume()


async def test_a_room_is_listened_to_on_a_sharded_channel_at_the_node_that_keeps_it(cluster: RedisCluster) -> None:
    async with listening(cluster.url) as ear:
        assert await ear.redis.sharded()
        await ear.subscriber.subscribe(ROOM)
        heard = {server.port: listeners(server, channel(ROOM)) for server in cluster.primaries}
        assert heard == {port: (port == cluster.home(channel(ROOM)).port, 0) for port in heard}


async def test_a_cluster_of_before_sharded_channels_is_listened_to_at_any_node() -> None:
    try:
        old = find_redis("redis-server")
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    with running(RedisCluster(primaries=2, binary=old)) as cluster:
        async with listening(cluster.url) as ear:
            if await ear.redis.sharded():
                pytest.skip("this redis-server has sharded channels: the older kind was NOT tested")
            await asyncio.gather(*(ear.subscriber.subscribe(room) for room in ROOMS))
            for room in ROOMS:
                await open_room(ear.log, room)
            await until(lambda: {message.room for message in ear.heard} == set(ROOMS))


async def test_a_cluster_that_is_not_there_ends_calls_at_their_deadline() -> None:
    async with room_log("redis+cluster://127.0.0.1:1,127.0.0.1:2", timeout_ms=200) as log, within(2):
        with pytest.raises(Unavailable):
            await log.head(ROOM)


@pytest.mark.parametrize("form", ["node of a cluster as one server", "one server as a cluster"])
async def test_the_wrong_form_is_an_outage_and_says_the_right_one(
    form: str, redis_url: str, cluster: RedisCluster, caplog: pytest.LogCaptureFixture
) -> None:
    node = f"redis://127.0.0.1:{cluster.primaries[0].port}"
    url, right = (node, "redis+cluster://") if "node" in form else (redis_url.replace("/0", ""), "write redis://")
    wrong = url if "node" in form else url.replace("redis:", "redis+cluster:")
    await nothing_is_had(wrong, lambda: right in told(caplog))


@pytest.mark.parametrize(
    ("command", "same_as"),
    [
        (("GET", "greenroom:{r}:a"), ("SET", "{r}", "x")),
        (("EVALSHA", "sha", 1, "greenroom:{r}:a", "arg"), ("GET", "r")),
        (("EVAL", "return 1", 2, b"{r}1", "{r}2"), ("GET", b"r")),
    ],
)
def test_a_command_belongs_to_the_slot_of_its_first_key(
    command: tuple[str | bytes | int, ...], same_as: tuple[str | bytes | int, ...]
) -> None:
    assert slot_of(command) == slot_of(same_as)
    assert slot_of(command) is not None


@pytest.mark.parametrize("command", [("PING",), ("EVAL", "return 1", 0), ("ECHO", "x"), ("SCRIPT", "LOAD", "x")])
def test_a_command_without_keys_may_go_anywhere(command: tuple[str | int, ...]) -> None:
    assert slot_of(command) is None


def listeners(server: Redis, name: str) -> tuple[int, int]:
    """How many listen to a sharded channel at a node, and to one of this name that all nodes pass on."""
    with client(server.port) as redis:
        counts = [redis.execute_command("PUBSUB", kind, name) for kind in ("SHARDNUMSUB", "NUMSUB")]
    return int(counts[0][1]), int(counts[1][1])


def keys(server: Redis) -> set[str]:
    """The rooms that lie on a node."""
    with client(server.port) as redis:
        names = [name.decode() for name in redis.keys("greenroom:*")]
    return {name.partition("{")[2].partition("}")[0] for name in names}
