"""What the Redis adapters do when Redis is full, frozen, gone, back again, or not what it was."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from redis import Redis as Client
from redis.asyncio import Connection
from redis.exceptions import ResponseError

from rooms.lineage import Place
from rooms.protocol import Cursor
from server.adapters import redis_pipe
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_pipe import Link, Server, keep_up
from server.ports import Anew, Appended, Record, Unavailable
from tests.kept_rooms import OPENED_AT
from tests.redis_parts import ROOM, append, cut_all_connections, open_room, room_log, whisper
from tests.servers import Redis, free_port
from tests.waiting import PATIENT_MS, Clock, until, until_it_works, within

Start = Callable[[], Redis]


async def test_a_full_redis_says_so_and_keeps_what_it_has(any_redis_url: str) -> None:
    with Client.from_url(any_redis_url) as admin:
        async with room_log(any_redis_url) as log:
            first = await open_room(log)
            admin.config_set("maxmemory", "1")
            try:
                with pytest.raises(Unavailable) as refused:
                    await log.append(ROOM, "c", first, OPENED_AT, [whisper("a"), whisper("b")])
                assert refused.value.full
                assert await log.head(ROOM) == first
                assert len(await log.read(ROOM, 0, 10)) == 1
            finally:
                admin.config_set("maxmemory", "0")
            assert (await append(log, "c", first, whisper("a"), whisper("b"))).version == 3


async def test_a_demoted_redis_is_away_and_back_when_it_is_promoted(any_redis_url: str) -> None:
    with Client.from_url(any_redis_url) as admin:
        async with room_log(any_redis_url) as log:
            first = await open_room(log)
            admin.replicaof("127.0.0.1", free_port())
            try:
                with pytest.raises(Unavailable) as refused:
                    await append(log, "c", first)
                assert not refused.value.full
            finally:
                admin.replicaof("NO", "ONE")
            await append(log, "c", first)


async def test_a_redis_that_somebody_elses_script_holds_up_is_away_until_it_is_done(any_redis_url: str) -> None:
    with Client.from_url(any_redis_url) as admin, Client.from_url(any_redis_url) as other:
        async with room_log(any_redis_url) as log:
            first = await open_room(log)
            admin.config_set("lua-time-limit", "1")
            busy = asyncio.create_task(asyncio.to_thread(other.eval, "while true do end", 0))
            await until(lambda: _is_busy(admin))
            try:
                with pytest.raises(Unavailable) as refused:
                    await append(log, "c", first)
                assert not refused.value.full
            finally:
                admin.script_kill()
                await asyncio.wait([busy])
            with pytest.raises(ResponseError, match="killed"):
                await busy
            await append(log, "c", first)


def _is_busy(admin: Client) -> bool:
    try:
        return not admin.ping()
    except ResponseError as busy:
        return str(busy).startswith("BUSY")


async def test_a_fault_of_ours_is_not_called_an_outage(any_redis_url: str) -> None:
    with Client.from_url(any_redis_url) as admin:
        admin.set("greenroom:{r-1}:head", "not a hash")
    async with room_log(any_redis_url) as log:
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await log.head(ROOM)


async def test_what_cannot_be_written_is_its_callers_fault_alone(any_redis_url: str) -> None:
    async with RedisConnection(any_redis_url, PATIENT_MS) as redis:
        assert await redis.call("ECHO", "first") == b"first"
        others = asyncio.create_task(redis.call("ECHO", "others"))
        with pytest.raises(TypeError):
            await redis.calls([("SET", "greenroom:half", "done"), ("ECHO", object())])  # type: ignore[list-item]
        assert await others == b"others"
        assert await redis.call("GET", "greenroom:half") is None
        assert redis.generation == 1


async def test_what_was_acknowledged_is_there_after_kill_and_restart(killable_redis: Start) -> None:
    server = killable_redis()
    async with room_log(server.url) as log:
        cursor = await open_room(log)
        for number in range(200):
            cursor = await append(log, f"c-{number}", cursor)
        server.kill()
        server.start()
        assert await log.head(ROOM) == cursor
        assert [record.version for record in await log.read(ROOM, 0, 300)] == list(range(1, 202))
        assert await log.append(ROOM, "c-7", cursor, OPENED_AT, [whisper("again")]) == Appended(
            cursor.model_copy(update={"version": 9, "tag": (await log.read(ROOM, 8, 1))[0].tag}), fresh=False
        )


async def test_a_call_waits_for_redis_to_come_back(killable_redis: Start) -> None:
    server = killable_redis()
    async with room_log(server.url, timeout_ms=PATIENT_MS) as log:
        cursor = await open_room(log)
        server.kill()
        late = asyncio.create_task(append(log, "c", cursor))
        await asyncio.sleep(0)
        server.start()
        assert (await late).version == 2


async def test_without_redis_a_call_ends_at_its_deadline() -> None:
    async with room_log(f"redis://127.0.0.1:{free_port()}", timeout_ms=200) as log, within(2):
        with pytest.raises(Unavailable):
            await log.head(ROOM)


async def test_a_frozen_redis_ends_calls_at_their_deadline_and_is_used_again(killable_redis: Start) -> None:
    server = killable_redis()
    async with room_log(server.url, timeout_ms=400) as log:
        cursor = await until_it_works(lambda: open_room(log))
        server.pause()
        async with within(2):
            with pytest.raises(Unavailable):
                await append(log, "c-1", cursor)
        server.resume()
        # Whether the first try arrived is unknown; the same command again is done once.
        await until_it_works(lambda: append(log, "c-1", cursor))
        assert len(await until_it_works(lambda: log.read(ROOM, 0, 10))) == 2


async def test_a_connection_that_hangs_is_replaced_within_a_calls_deadline(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-open: everything looks connected and nothing arrives."""
    async with hanging_proxy(redis_url) as proxy, room_log(proxy.url) as log:
        clock = Clock(proxy.is_all_silent)
        clock.rule(redis_pipe, monkeypatch)
        cursor = await open_room(log)
        proxy.hang_current()
        assert (await append(log, "c", cursor)).version == 2
        assert 0 < clock.now < PATIENT_MS / 1000


async def test_cut_connections_lose_and_double_nothing(redis_url: str) -> None:
    async with room_log(redis_url) as log:
        cursor = await open_room(log)
        for number in range(60):
            if number % 10 == 5:
                cut_all_connections(redis_url)
            cursor = await append(log, f"c-{number}", cursor)
        records = await log.read(ROOM, 1, 100)
        assert [record.command for record in records] == [f"c-{number}" for number in range(60)]


async def test_an_append_sent_twice_by_the_connection_is_still_fresh(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer was lost on the way: the second one must not look like somebody else's append."""
    async with hanging_proxy(redis_url) as proxy, room_log(proxy.url) as log:
        Clock(proxy.is_all_silent).rule(redis_pipe, monkeypatch)
        cursor = await open_room(log)
        proxy.swallow_answers()
        done = await log.append(ROOM, "c", cursor, OPENED_AT, [whisper("a")])
        assert isinstance(done, Appended)
        assert done.fresh
        assert await log.head(ROOM) == done.cursor
        assert done.cursor.version == 2


async def test_a_redis_that_forgot_its_scripts_learns_them_again(any_redis_url: str) -> None:
    async with room_log(any_redis_url) as log:
        cursor = await open_room(log)
        with Client.from_url(any_redis_url) as admin:
            admin.script_flush()
        assert (await append(log, "c", cursor)).version == 2


async def test_thousands_of_calls_at_once_share_one_connection(any_redis_url: str) -> None:
    async with RedisConnection(any_redis_url, PATIENT_MS) as redis:
        answers = await asyncio.gather(*(redis.call("ECHO", str(number)) for number in range(3_000)))
        assert answers == [str(number).encode() for number in range(3_000)]
        with Client.from_url(any_redis_url) as admin:
            assert len([one for one in admin.client_list() if one["name"] == "greenroom"]) == 1


async def test_more_calls_than_may_wait_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_pipe, "MAX_WAITING", 10)
    async with RedisConnection(f"redis://127.0.0.1:{free_port()}", 300) as redis:
        calls = [asyncio.create_task(redis.call("PING")) for _ in range(11)]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert done == {calls[10]}
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)


async def test_a_call_that_was_given_up_does_not_mix_up_the_answers(redis_url: str) -> None:
    async with RedisConnection(redis_url, PATIENT_MS) as redis:
        for number in range(50):
            given_up = asyncio.create_task(redis.call("ECHO", f"given up {number}"))
            await asyncio.sleep(0)
            given_up.cancel()
            assert await redis.call("ECHO", str(number)) == str(number).encode()


async def test_who_leaves_while_the_connection_is_being_lost_is_not_held_up() -> None:
    """The loss used to hide the wish to leave: a process that was told to go went on connecting, for ever. And nobody
    complains later of a loss that nobody looked at."""
    used, lost, complaints = asyncio.Event(), asyncio.Event(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))

    async def make() -> Link:
        return Link(Connection(), Server())

    async def breaks() -> None:
        used.set()
        await lost.wait()
        raise OSError("as the network goes")

    async def use(_: Link) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(breaks())

    keeping = asyncio.create_task(keep_up(make, use))
    await used.wait()
    lost.set()
    keeping.cancel()
    used.clear()
    await asyncio.wait([keeping, again := asyncio.create_task(used.wait())], return_when=asyncio.FIRST_COMPLETED)
    went = keeping.cancelled()
    keeping.cancel()
    again.cancel()
    await asyncio.wait([keeping])
    assert went
    del keeping  # with what it holds of the task that failed
    gc.collect()
    assert complaints == []


async def test_a_wrong_password_is_an_outage_until_it_is_right(killable_redis: Start) -> None:
    server = killable_redis()
    with Client.from_url(server.url) as admin:
        admin.config_set("requirepass", "secret")
    async with RedisConnection(server.url, 200) as redis:
        with pytest.raises(Unavailable):
            await redis.call("PING")
    async with RedisConnection(server.url.replace("redis://", "redis://:secret@"), PATIENT_MS) as redis:
        assert await redis.call("PING") == b"PONG"


async def test_a_closed_rooms_keys_expire(any_redis_url: str) -> None:
    async with room_log(any_redis_url) as log:
        await append(log, "c", await open_room(log))
        await log.tell(ROOM, "partial", b"{}")
        await log.expire(ROOM, 60)
        with Client.from_url(any_redis_url) as admin:
            lives = {key: admin.ttl(key) for key in admin.scan_iter()}
        assert len(lives) == 4
        assert all(50 < life <= 60 for life in lives.values())


async def test_a_closed_rooms_keys_expire_also_where_it_is_put_back_or_kept_once_more(any_redis_url: str) -> None:
    async with room_log(any_redis_url) as log:
        first = await open_room(log)
        await log.keep_snapshot(ROOM, first, b"as it was", 10)
        await log.expire(ROOM, 60)
        lost = Record(2, "t2", first.tag, OPENED_AT, "c-2", whisper("lost"))
        end = Cursor(epoch="anew", version=2, tag="t2")
        assert await log.restore(ROOM, first, Anew(end, 1, b"as it was", {"c-2": Place(2, "t2")}, [lost]))
        assert await log.keep_snapshot(ROOM, end, b"as it is", 10)
        with Client.from_url(any_redis_url) as admin:
            lives = {key: admin.ttl(key) for key in admin.scan_iter()}
        assert len(lives) == 4
        assert all(50 < life <= 60 for life in lives.values())


async def test_all_keys_of_a_room_lie_in_one_slot(any_redis_url: str) -> None:
    async with room_log(any_redis_url) as log:
        await append(log, "c", await open_room(log))
        with Client.from_url(any_redis_url) as admin:
            assert all(b"{r-1}" in key and key.startswith(b"greenroom:") for key in admin.scan_iter())


class HangingProxy:
    """Forwards bytes to Redis until told to hang or to swallow the answers of the connections it has."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.hanging: set[int] = set()
        self.swallowing: set[int] = set()
        self.connections = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"redis://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/0"

    def hang_current(self) -> None:
        self.hanging = set(range(1, self.connections + 1))

    def swallow_answers(self) -> None:
        self.swallowing = set(range(1, self.connections + 1))

    def is_all_silent(self) -> bool:
        """Whether no connection passes answers on, though there are some."""
        return 0 < self.connections == len(self.hanging | self.swallowing)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        to_redis, from_redis = await asyncio.open_connection(self.host, self.port)
        there = asyncio.create_task(self.copy(reader, from_redis, number, self.hanging_now))
        back = asyncio.create_task(self.copy(to_redis, writer, number, self.silent_now))
        self.tasks |= {there, back}

    def hanging_now(self, number: int) -> bool:
        return number in self.hanging

    def silent_now(self, number: int) -> bool:
        return number in self.hanging | self.swallowing

    async def copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int, drop: Callable[[int], bool]
    ) -> None:
        try:
            while data := await source.read(65_536):
                if not drop(number):
                    sink.write(data)
                    await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.transport.abort()

    async def stop(self) -> None:
        assert self.server is not None
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the sockets close in the loop's next turn


@asynccontextmanager
async def hanging_proxy(url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[HangingProxy]:
    """One before the server at `url`; it speaks TLS where it is told how."""
    to = urlsplit(url)
    proxy = HangingProxy(str(to.hostname), int(to.port or 0))
    proxy.server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield proxy
    finally:
        await proxy.stop()
