"""Redis by TLS: whose certificate is believed, for which name, and what is said about one that is not.

The server speaks TLS itself where it was built to (those in wheels are not); else a real TLS terminator stands in
front of it. On our side of the connection there is no difference.
"""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis as Client

from server.embedded import candidates
from tests.contracts.test_redis_in_trouble import hanging_proxy
from tests.contracts.test_subscriber import listening
from tests.redis_parts import PASSWORD, ROOM, append, least_rights, nothing_is_had, open_room, room_log, told
from tests.servers import Redis, ServerNotFoundError, find_redis, free_port
from tests.waiting import until

NAMES = "DNS:localhost,IP:127.0.0.1"


class Certificates:
    """An authority's, and one by it for these names, which serves both sides."""

    def __init__(self, directory: Path, names: str = NAMES) -> None:
        self.authority, self.certificate, self.key = (directory / name for name in ("ca", "certificate", "key"))
        self._request, self._authority_key = directory / "request", directory / "ca-key"
        self._new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._run(*self._new, "-x509", "-keyout", self._authority_key, "-out", self.authority, "-subj", "/CN=authority")
        self.sign(names)

    def sign(self, names: str) -> None:
        """Another certificate by the same authority, instead of the one before."""
        extensions = self._request.with_name("names")
        extensions.write_text(f"subjectAltName={names}")
        self._run(*self._new, "-keyout", self.key, "-out", self._request, "-subj", "/CN=a server")
        by = ("-CA", self.authority, "-CAkey", self._authority_key, "-CAcreateserial", "-extfile", extensions)
        self._run("openssl", "x509", "-req", "-in", self._request, "-out", self.certificate, *by)

    def server_side(self, *, asks_for_one: bool) -> ssl.SSLContext:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority))
        tls.load_cert_chain(self.certificate, self.key)
        tls.verify_mode = ssl.CERT_REQUIRED if asks_for_one else ssl.CERT_NONE
        return tls

    def options(self, port: int, *, asks_for_one: bool) -> dict[str, str | int]:
        """The same as settings of a Redis."""
        files = {"cert": self.certificate, "key": self.key, "ca_cert": self.authority}
        return {
            "tls_port": port,
            "tls_auth_clients": "yes" if asks_for_one else "no",
            **{f"tls_{name}_file": str(path) for name, path in files.items()},
        }

    @property
    def query(self) -> str:
        return f"ssl_ca_certs={self.authority}"

    @property
    def whole_query(self) -> str:
        return f"{self.query}&ssl_certfile={self.certificate}&ssl_keyfile={self.key}"

    def _run(self, *command: str | Path) -> None:
        subprocess.run(command, check=True, capture_output=True)


Make = Callable[[], Certificates]
Secured = Callable[..., AbstractAsyncContextManager[tuple[Redis, int]]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make certificates: TLS was NOT tested")
    return lambda: Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def certificates(make: Make) -> Certificates:
    return make()


@pytest.fixture(scope="module")
def with_tls(certificates: Certificates) -> Path | None:
    """The first server here that speaks TLS itself."""
    for binary in candidates():
        server = Redis(binary, **certificates.options(free_port(), asks_for_one=False))
        try:
            server.start()
        except (RuntimeError, OSError):
            continue  # built without it
        else:
            return binary
        finally:
            server.remove()
    return None


@pytest.fixture(scope="module")
def secured(with_tls: Path | None) -> Secured:
    """A Redis of one's own, and the port at which it speaks TLS."""

    @asynccontextmanager
    async def one(certificates: Certificates, *, asks_for_one: bool = False) -> AsyncIterator[tuple[Redis, int]]:
        port = free_port()
        own = certificates.options(port, asks_for_one=asks_for_one) if with_tls else {}
        try:
            server = Redis(with_tls or find_redis(), **own)
        except ServerNotFoundError as absent:
            pytest.skip(str(absent))
        try:
            await asyncio.to_thread(server.start)
            if with_tls:
                yield server, port
                return
            async with hanging_proxy(server.url, certificates.server_side(asks_for_one=asks_for_one)) as proxy:
                yield server, int(urlsplit(proxy.url).port or 0)
        finally:
            server.remove()

    return one


async def test_a_user_with_the_least_rights_appends_and_hears_by_tls(
    secured: Secured, certificates: Certificates
) -> None:
    async with secured(certificates) as (server, port):
        with Client.from_url(server.url) as admin:
            admin.execute_command("ACL", "SETUSER", *least_rights())
        url = f"rediss://greenroom:{PASSWORD}@localhost:{port}/0?{certificates.query}"
        async with listening(url) as ear:
            await ear.subscriber.subscribe(ROOM)
            await append(ear.log, "c", await open_room(ear.log))
            await until(lambda: ear.versions == [1, 2])
        await nothing_is_had(url.replace(PASSWORD, "another"))


async def test_a_server_that_asks_for_a_certificate_gets_ours(secured: Secured, certificates: Certificates) -> None:
    async with secured(certificates, asks_for_one=True) as (_, port):
        server = f"rediss://localhost:{port}/0"
        async with room_log(f"{server}?{certificates.whole_query}") as log:
            assert (await append(log, "c", await open_room(log))).version == 2
        await nothing_is_had(f"{server}?{certificates.query}")


async def test_a_server_by_another_authority_is_not_spoken_to_and_why_is_said(
    secured: Secured, certificates: Certificates, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async with secured(certificates) as (_, port):
        for query in (f"?{make().query}", ""):
            caplog.clear()
            await nothing_is_had(
                f"rediss://localhost:{port}/0{query}",
                lambda: "the certificate of localhost is not trusted" in told(caplog),
            )
            assert "ssl_ca_certs" in told(caplog)


async def test_a_server_of_another_name_is_not_spoken_to_unless_told_to(
    secured: Secured, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = make()
    elsewhere.sign("DNS:elsewhere.example")
    async with secured(elsewhere) as (_, port):
        url = f"rediss://localhost:{port}/0?{elsewhere.query}"
        await nothing_is_had(url, lambda: "the certificate of localhost is not trusted" in told(caplog))
        assert "Hostname mismatch" in told(caplog)
        async with room_log(f"{url}&ssl_check_hostname=false") as log:
            assert (await append(log, "c", await open_room(log))).version == 2
