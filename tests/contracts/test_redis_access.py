"""By which roads and with which rights Greenroom reaches one Redis, and what it says about a careless one."""

import asyncio
import logging
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis as Client
from redis.exceptions import NoPermissionError

from server.adapters.redis_connection import RedisConnection
from server.ports import Unavailable
from tests.contracts.test_redis_in_trouble import HangingProxy
from tests.contracts.test_subscriber import listening
from tests.redis_parts import PASSWORD, ROOM, append, least_rights, open_room, room_log, until
from tests.redis_servers import RedisCluster, client, running
from tests.servers import Redis, ServerNotFoundError, find_redis, free_port

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
    async with RedisConnection(url, 3_000) as redis:
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
    async with RedisConnection(url, 3_000) as redis:
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
    async with RedisConnection(any_redis_url, 3_000) as redis:
        await redis.call("PING")
        assert redis.generation == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_restart_is_another_generation_and_a_cut_is_not(killable_redis: Start) -> None:
    server = killable_redis()
    async with RedisConnection(server.url, 5_000) as redis:
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


class Certificates:
    """An authority's, and one by it for 127.0.0.1, which serves both sides."""

    def __init__(self, directory: Path) -> None:
        self.authority, self.certificate, self.key = (directory / name for name in ("ca", "certificate", "key"))
        request, authority_key = directory / "request", directory / "ca-key"
        names = directory / "names"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
        new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
        self._run(*new, "-x509", "-keyout", authority_key, "-out", self.authority, "-subj", "/CN=authority")
        self._run(*new, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        by = ("-CA", self.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", names)
        self._run("openssl", "x509", "-req", "-in", request, "-out", self.certificate, *by)

    def server_side(self, *, asks_for_one: bool = False) -> ssl.SSLContext:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority))
        tls.load_cert_chain(self.certificate, self.key)
        tls.verify_mode = ssl.CERT_REQUIRED if asks_for_one else ssl.CERT_NONE
        return tls

    @property
    def query(self) -> str:
        return f"ssl_ca_certs={self.authority}"

    @property
    def whole_query(self) -> str:
        return f"{self.query}&ssl_certfile={self.certificate}&ssl_keyfile={self.key}"

    def _run(self, *command: str | Path) -> None:
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make certificates: TLS was NOT tested")
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def test_tls_will_do(redis_url: str, certificates: Certificates) -> None:
    """No server in a wheel speaks TLS, so a proxy does for it."""
    proxy = await HangingProxy.start(redis_url, certificates.server_side())
    server = f"rediss://localhost:{urlsplit(proxy.url).port}/0"
    async with room_log(f"{server}?{certificates.query}") as log:
        assert (await append(log, "c", await open_room(log))).version == 2
    async with room_log(server, timeout_ms=300) as unknown_issuer:
        with pytest.raises(Unavailable):
            await unknown_issuer.head(ROOM)
    await proxy.stop()


async def test_a_server_that_asks_for_a_certificate_gets_ours(redis_url: str, certificates: Certificates) -> None:
    proxy = await HangingProxy.start(redis_url, certificates.server_side(asks_for_one=True))
    server = f"rediss://localhost:{urlsplit(proxy.url).port}/0"
    async with room_log(f"{server}?{certificates.whole_query}") as log:
        assert (await append(log, "c", await open_room(log))).version == 2
    async with room_log(f"{server}?{certificates.query}", timeout_ms=300) as without:
        with pytest.raises(Unavailable):
            await without.head(ROOM)
    await proxy.stop()


async def test_a_cluster_by_tls_will_do(certificates: Certificates) -> None:
    with running(RedisCluster(primaries=1)) as cluster:
        node = cluster.primaries[0]
        proxy = await HangingProxy.start(node.url, certificates.server_side())
        port = urlsplit(proxy.url).port
        with client(node.port) as admin:
            admin.config_set("cluster-announce-port", str(port))
        async with room_log(f"rediss+cluster://localhost:{port}?{certificates.query}") as log:
            assert (await append(log, "c", await open_room(log))).version == 2
        await proxy.stop()


async def test_a_redis_that_speaks_tls_itself_will_do(certificates: Certificates) -> None:
    port = free_port()
    server = Redis(
        find_redis(),
        tls_port=port,
        tls_cert_file=str(certificates.certificate),
        tls_key_file=str(certificates.key),
        tls_ca_cert_file=str(certificates.authority),
    )
    try:
        await asyncio.to_thread(server.start)
    except RuntimeError:
        server.remove()
        pytest.skip("the Redis here was built without TLS: only a proxy was tested with it")
    try:
        async with room_log(f"rediss://localhost:{port}/0?{certificates.whole_query}") as log:
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
