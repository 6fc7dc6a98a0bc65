"""The contract of `ports.Subscriber`, on Valkey, on Redis 6.2 and on a cluster."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from redis import Redis as Client

from rooms.protocol import Cursor
from server.adapters import redis_receiver, redis_subscriber
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.adapters.redis_receiver import channel
from server.adapters.redis_records import as_message, packed
from server.ports import Anew, Message, Record, Unavailable
from tests.redis_parts import ROOM, append, cut_all_connections, open_room, whisper
from tests.redis_servers import RedisCluster
from tests.servers import Redis, free_port
from tests.waiting import PATIENT_MS, Clock, until

Start = Callable[[], Redis]


class Ear:
    """A running subscriber and what it heard."""

    def __init__(self, redis: RedisConnection, own: dict[bytes, list[Record]] | None = None) -> None:
        self.redis = redis
        self.log = RedisRoomLog(redis)
        self.subscriber = RedisSubscriber(redis, own)
        self.heard: list[Message] = []
        self.reconnected = 0

    async def run(self) -> None:
        await self.subscriber.run(self.heard.append, self.note)

    def note(self) -> None:
        self.reconnected += 1

    @property
    def versions(self) -> list[int]:
        return [record.version for message in self.heard for record in message.records]


@asynccontextmanager
async def listening(url: str, timeout_ms: int = PATIENT_MS) -> AsyncIterator[Ear]:
    async with RedisConnection(url, timeout_ms) as redis:
        ear = Ear(redis)
        task = asyncio.create_task(ear.run())
        try:
            yield ear
            assert not task.done(), "it listens until it is cancelled"
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_an_append_is_heard_as_the_records_of_the_log(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        cursor = await open_room(ear.log)
        await append(ear.log, "c", cursor, whisper("a"), whisper("b"))
        await until(lambda: len(ear.heard) == 2)  # one for each append
        assert [record for message in ear.heard for record in message.records] == list(await ear.log.read(ROOM, 0, 10))
        assert {message.room for message in ear.heard} == {ROOM}


async def test_records_that_this_process_appends_are_taken_by_the_very_message_that_brings_them(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(redis_subscriber, "unpacked_all", lambda text: read.append(text) or ())
    async with listening(redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        cursor = await open_room(ear.log)
        await append(ear.log, "c", cursor, whisper("a\n"), whisper("🙂"))
        await until(lambda: len(ear.heard) == 2)
        records = list(await ear.log.read(ROOM, cursor.version, 10))
        assert read[1] == as_message(map(packed, records))
        assert ear.log.own[read[1]] == records
        knowing = Ear(ear.redis, ear.log.own)
        task = asyncio.create_task(knowing.run())
        await knowing.subscriber.subscribe(ROOM)
        await ear.redis.call("PUBLISH", channel(ROOM), read[1])
        await until(lambda: bool(knowing.heard) and len(ear.heard) == 3)
        assert knowing.heard == [Message(ROOM, records)]
        assert read[1] not in ear.log.own
        assert len(read) == 3, "one ear read it, the other knew it"
        task.cancel()


async def test_what_is_told_is_heard_and_not_logged(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        await ear.log.tell(ROOM, "partial", b'{"kind":"partial"}')
        await until(lambda: bool(ear.heard))
        assert ear.heard == [Message(ROOM, told=b'{"kind":"partial"}')]


async def test_how_far_a_room_is_durable_is_heard_once_for_each_move(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        first = await open_room(ear.log)
        await ear.subscriber.subscribe(ROOM)
        for _ in range(2):
            await ear.log.mark_durable(ROOM, first)
        await ear.log.tell(ROOM, "partial", b"{}")
        await until(lambda: len(ear.heard) == 2)
        assert ear.heard == [Message(ROOM, durable=first), Message(ROOM, told=b"{}")]


async def test_a_mark_in_another_releases_words_is_left_unheard_and_ends_nothing(redis_url: str) -> None:
    async with listening(redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        await ear.redis.call("PUBLISH", channel(ROOM), "7")
        await ear.log.tell(ROOM, "partial", b"{}")
        await until(lambda: bool(ear.heard))
        assert (ear.heard, ear.reconnected) == ([Message(ROOM, told=b"{}")], 0)


async def test_a_room_that_is_written_anew_is_heard_of(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        await ear.log.restore(ROOM, None, Anew(Cursor(epoch="anew", version=8, tag="t8"), 8, b"s", {}, []))
        await until(lambda: bool(ear.heard))
        assert ear.heard == [Message(ROOM, epoch="anew")]


async def test_a_clash_and_a_repeated_command_are_not_heard(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        first = await open_room(ear.log)
        second = await append(ear.log, "c-1", first)
        await ear.log.append(ROOM, "c-1", first, 0, [whisper("again")])
        await ear.log.append(ROOM, "c-2", first, 0, [whisper("clash")])
        await append(ear.log, "c-3", second)
        await until(lambda: len(ear.heard) == 3)
        assert ear.versions == [1, 2, 3]


async def test_only_subscribed_rooms_are_heard(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        await ear.subscriber.subscribe("r-2")
        await ear.subscriber.subscribe("r-3")
        await ear.subscriber.unsubscribe("r-3")
        for room in ("r-1", "r-3", "r-2"):
            await open_room(ear.log, room)
        await until(lambda: bool(ear.heard))
        assert [message.room for message in ear.heard] == ["r-2"]


async def test_many_first_subscriptions_at_once_all_hear(every_redis_url: str) -> None:
    async with listening(every_redis_url) as ear:
        rooms = [f"r-{number}" for number in range(300)]
        await asyncio.gather(*(ear.subscriber.subscribe(room) for room in rooms))
        await asyncio.gather(*(open_room(ear.log, room) for room in rooms))
        await until(lambda: len(ear.heard) == 300)
        assert {message.room for message in ear.heard} == set(rooms)


async def test_a_listener_that_hears_nothing_for_long_is_not_cut(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(redis_url) as ear:

        def what_it_asks_is_answered() -> bool:
            receivers = ear.subscriber._receivers.values()
            return all(clock.now - receiver._heard_at <= redis_receiver.QUIET_S for receiver in receivers)

        clock = Clock(what_it_asks_is_answered)
        clock.rule(redis_receiver, monkeypatch)
        await ear.subscriber.subscribe(ROOM)
        deadline_s = max(redis_receiver.QUIET_S, ear.redis.timeout_s)
        await until(lambda: clock.now > 10 * deadline_s)
        await open_room(ear.log)
        await until(lambda: bool(ear.heard))
        assert ear.reconnected == 0


async def test_after_a_cut_all_rooms_are_subscribed_before_it_says_reconnected(any_redis_url: str) -> None:
    async with listening(any_redis_url) as ear:
        rooms = [f"r-{number}" for number in range(450)]
        await asyncio.gather(*(ear.subscriber.subscribe(room) for room in rooms))
        cut_all_connections(any_redis_url)
        await until(lambda: ear.reconnected >= 1)
        with Client.from_url(any_redis_url) as admin:
            subscribed = dict(admin.pubsub_numsub(*(f"greenroom:{{{room}}}:live" for room in rooms)))
        assert set(subscribed.values()) == {1}


async def test_it_listens_again_at_a_server_whose_first_replica_came_since(
    every_redis_server: Redis | RedisCluster, every_redis_url: str, killable_redis: Start
) -> None:
    """With that it calls itself another one: the commands' connection is from before, and the listener's is not."""
    server = every_redis_server
    home = server if isinstance(server, Redis) else server.home(channel(ROOM))
    async with listening(every_redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        cursor = await open_room(ear.log)
        await until(lambda: ear.versions == [1])
        with Client.from_url(killable_redis().url) as replica, Client.from_url(home.url) as admin:
            before = admin.info("replication")["master_replid"]
            replica.replicaof("127.0.0.1", str(home.port))
            await until(lambda: admin.info("replication")["master_replid"] != before)
            admin.client_kill_filter(_type="pubsub")
            await until(lambda: ear.reconnected >= 1)
            await append(ear.log, "c", cursor)
            await until(lambda: ear.versions == [1, 2])


async def test_it_listens_again_after_redis_was_killed(killable_redis: Start) -> None:
    server = killable_redis()
    async with listening(server.url) as ear:
        await ear.subscriber.subscribe(ROOM)
        server.kill()
        server.start()
        await until(lambda: ear.reconnected >= 1)
        await open_room(ear.log)
        await until(lambda: ear.versions == [1])


async def test_a_frozen_redis_is_noticed_by_its_silence(
    killable_redis: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = killable_redis()
    frozen: list[Redis] = []
    clock = Clock(lambda: frozen)
    clock.rule(redis_receiver, monkeypatch)
    async with listening(server.url) as ear:
        await ear.subscriber.subscribe(ROOM)
        server.pause()
        frozen.append(server)
        await until(lambda: "redis connection lost" in caplog.text)
        assert clock.now < 3 * redis_receiver.QUIET_S
        frozen.clear()
        server.resume()
        await until(lambda: ear.reconnected >= 1)
        await open_room(ear.log)
        await until(lambda: ear.versions == [1])


async def test_a_subscription_without_redis_ends_at_its_deadline_and_leaves_nothing() -> None:
    async with listening(f"redis://127.0.0.1:{free_port()}", timeout_ms=100) as ear:
        with pytest.raises(Unavailable):
            await ear.subscriber.subscribe(ROOM)
        with pytest.raises(Unavailable):
            await ear.subscriber.subscribe(ROOM)


async def test_a_message_that_this_release_cannot_read_is_skipped(redis_url: str) -> None:
    async with listening(redis_url) as ear:
        await ear.subscriber.subscribe(ROOM)
        with Client.from_url(redis_url) as admin:
            admin.publish(f"greenroom:{{{ROOM}}}:live", '[[1,"t","",1,"c",{"kind":"of the future"}]]')
            admin.publish(f"greenroom:{{{ROOM}}}:live", "[[[[")
        await open_room(ear.log)
        await until(lambda: ear.versions == [1])
        assert len(ear.heard) == 1
