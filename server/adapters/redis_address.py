"""What REDIS_URL means.

Decides its forms and says in a sentence what is wrong with one; docs/REDIS.md lists them. Never connects, and never
repeats an address in an error: it holds a password.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from redis.asyncio.connection import Connection, parse_url

from server.ports import Misconfigured

Host = tuple[str, int]
Kind = Literal["one", "sentinel", "cluster"]

_SCHEMES: Mapping[str, tuple[Kind, str]] = {
    "redis": ("one", "redis"),
    "rediss": ("one", "rediss"),
    "unix": ("one", "unix"),
    "redis+sentinel": ("sentinel", "redis"),
    "rediss+sentinel": ("sentinel", "rediss"),
    "redis+cluster": ("cluster", "redis"),
    "rediss+cluster": ("cluster", "rediss"),
}
_PORTS: Mapping[Kind, int] = {"one": 6379, "sentinel": 26379, "cluster": 6379}
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS = (*_FILES, "ssl_ca_path", "ssl_password", "ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version")
_SENTINELS_OWN = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True)
class Address:
    """Where Redis is, and how to speak to it."""

    kind: Kind
    hosts: tuple[Host, ...]
    """The server; the Sentinels; some nodes of the cluster. Empty for a unix socket."""
    primary: str = ""
    """What the Sentinels call it."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """For redis-py's connection, with `connection_class`, without host and port unless it is a unix socket."""
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)


def parsed(url: str) -> Address:
    """The address in a URL. Misconfigured if there is none in it."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise _wrong(f"it must begin with one of {', '.join(f'{known}://' for known in _SCHEMES)}")
    kind, plain = _SCHEMES[scheme]
    try:
        parts = urlsplit(url)
    except ValueError:  # whose words may hold the password
        raise _wrong("it cannot be read; what is not a letter or digit in a password is written as %..") from None
    login, _, netloc = parts.netloc.rpartition("@")
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    _check_query(query, kind, tls=plain == "rediss")
    own = {name.removeprefix("sentinel_"): query.pop(name) for name in _SENTINELS_OWN if name in query}
    primary, path = _named(parts.path) if kind == "sentinel" else ("", parts.path)
    if kind == "one":
        if plain != "unix":
            hosts = _hosts(netloc or "localhost", _PORTS[kind])
            if len(hosts) > 1:
                raise _wrong("several servers: say redis+sentinel:// or redis+cluster://")
            _database(path)
        else:
            hosts = ()
    else:
        hosts = _hosts(netloc, _PORTS[kind])
        if kind == "cluster" and _database(path):
            raise _wrong("a cluster has database 0 only")
    middle = f"{login}@" if login else ""
    host = "" if plain == "unix" else "host"
    options = _options(f"{plain}://{middle}{host}{path}?{urlencode(query)}")
    tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
    return Address(kind, hosts, primary, options, {**own, **tls, "ssl": plain == "rediss"})


def _check_query(query: Mapping[str, str], kind: Kind, *, tls: bool) -> None:
    known = {"db", *(_TLS if tls else ()), *(_SENTINELS_OWN if kind == "sentinel" else ())}
    if unknown := sorted(set(query) - known):
        only = " (ssl_... belong to rediss://)" if any(name.startswith("ssl_") for name in unknown) else ""
        raise _wrong(f"it does not know {', '.join(unknown)}{only}; it knows {', '.join(sorted(known))}")
    for name in _FILES:
        if name in query and not Path(query[name]).is_file():
            raise _wrong(f"{name} names no file that is here: {query[name]}")
    if not re.fullmatch(r"\d*", query.get("db", "")):
        raise _wrong("db must be a number")
    if kind == "cluster" and query.get("db", "0") != "0":
        raise _wrong("a cluster has database 0 only")


def _hosts(netloc: str, port: int) -> tuple[Host, ...]:
    hosts = []
    for part in netloc.split(","):
        match = re.fullmatch(r"\[([0-9A-Fa-f:.%]+)\](?::(\d+))?|([^:\[\]\s]+)(?::(\d+))?", part)
        if not match:
            raise _wrong("after the password come host:port, or several of them with commas between")
        six, six_port, name, name_port = match.groups()
        number = int(six_port or name_port or port)
        if not 0 < number < 65_536:
            raise _wrong(f"{number} is no port")
        hosts.append((unquote(six or name), number))
    return tuple(hosts)


def _named(path: str) -> tuple[str, str]:
    name, _, database = path.removeprefix("/").partition("/")
    if not name:
        raise _wrong("behind the Sentinels comes the name they know the primary by, as in ...:26379/mymaster")
    _database(database)
    return unquote(name), f"/{database}" if database else ""


def _database(path: str) -> int:
    number = path.strip("/")
    if not re.fullmatch(r"\d*", number):
        raise _wrong("behind the last / comes the number of a database")
    return int(number or 0)


def _options(url: str) -> dict[str, Any]:
    try:
        options: dict[str, Any] = dict(parse_url(url))
        options.pop("host", None)
        kind: type[Connection] = options.get("connection_class", Connection)
        kind(**{name: value for name, value in options.items() if name != "connection_class"})
    except Exception as why:  # whatever redis-py makes of a wrong value
        raise _wrong(str(why)) from None
    return options


def _wrong(why: str) -> Misconfigured:
    return Misconfigured(f"REDIS_URL: {why}.")
