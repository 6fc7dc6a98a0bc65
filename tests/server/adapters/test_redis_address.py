"""What REDIS_URL may say, and what is said about one that is wrong."""

from pathlib import Path

import pytest
from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection

from server.adapters.redis_address import parsed
from server.ports import Misconfigured


def test_one_server() -> None:
    address = parsed("redis://user:p%40ss@redis.example.org:7000/3")
    assert address.kind == "one"
    assert address.hosts == (("redis.example.org", 7000),)
    assert (address.options["username"], address.options["password"], address.options["db"]) == ("user", "p@ss", 3)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("redis://", ("localhost", 6379)),
        ("redis://h", ("h", 6379)),
        ("redis://[::1]:7", ("::1", 7)),
        ("redis://:pw@h/0", ("h", 6379)),
    ],
)
def test_what_is_left_out_is_as_everywhere(url: str, host: tuple[str, int]) -> None:
    assert parsed(url).hosts == (host,)


def test_tls_takes_its_files_from_the_query(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).touch()
    address = parsed(
        f"rediss://h?ssl_ca_certs={tmp_path}/ca&ssl_certfile={tmp_path}/cert&ssl_keyfile={tmp_path}/key"
        "&ssl_check_hostname=false"
    )
    assert address.options["connection_class"] is SSLConnection
    assert address.options["ssl_keyfile"] == f"{tmp_path}/key"
    assert address.options["ssl_check_hostname"] is False


def test_a_unix_socket() -> None:
    address = parsed("unix://user:pw@/run/redis.sock?db=2")
    assert address.options["connection_class"] is UnixDomainSocketConnection
    assert (address.options["path"], address.options["db"], address.hosts) == ("/run/redis.sock", 2, ())


def test_sentinels() -> None:
    address = parsed("redis+sentinel://user:pw@a:1,b,[::1]:3/mymaster/4?sentinel_username=s&sentinel_password=t")
    assert (address.kind, address.primary) == ("sentinel", "mymaster")
    assert address.hosts == (("a", 1), ("b", 26379), ("::1", 3))
    assert (address.options["username"], address.options["db"]) == ("user", 4)
    assert address.sentinel_options == {"username": "s", "password": "t", "ssl": False}


def test_sentinels_are_spoken_to_by_tls_too() -> None:
    address = parsed("rediss+sentinel://a/mymaster?ssl_check_hostname=no")
    assert address.sentinel_options == {"ssl": True, "ssl_check_hostname": False}


def test_a_cluster() -> None:
    address = parsed("redis+cluster://:pw@a:1,b:2")
    assert (address.kind, address.hosts) == ("cluster", (("a", 1), ("b", 2)))
    assert address.options == {"password": "pw"}
    assert parsed("rediss+cluster://a").options["connection_class"] is SSLConnection
    assert Connection is parsed("redis+cluster://a").options.get("connection_class", Connection)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must begin with"),
        ("localhost:6379", "must begin with"),
        ("http://h", "must begin with"),
        ("redis://h:port", "host:port"),
        ("redis://h:70000", "70000 is no port"),
        ("redis://a:1,b:2", "redis\\+cluster"),
        ("redis://h/name", "number of a database"),
        ("redis://h?socket_timeout=1", "does not know socket_timeout"),
        ("redis://h?ssl_ca_certs=x", "belong to rediss"),
        ("rediss://h?ssl_ca_certs=/not/here", "names no file"),
        ("rediss://h?ssl_cert_reqs=perhaps", "SSL"),
        ("redis+sentinel://a:1", "the name"),
        ("redis+sentinel://a:1/name/x", "number of a database"),
        ("redis+sentinel:///name", "host:port"),
        ("redis+cluster://", "host:port"),
        ("redis+cluster://a/1", "database 0"),
        ("redis+cluster://a?db=1", "database 0"),
    ],
)
def test_a_wrong_one_is_said_to_be_wrong_without_being_repeated(url: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=f"REDIS_URL: .*{why}") as said:
        parsed(url.replace("://", "://:s3cret@", 1) if url.count("://") and url != "redis+cluster://" else url)
    assert "s3cret" not in str(said.value)


def test_an_address_does_not_show_its_password() -> None:
    assert "s3cret" not in repr(parsed("redis+sentinel://:s3cret@h/m?sentinel_password=s3cret"))
