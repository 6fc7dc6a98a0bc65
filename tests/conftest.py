"""The servers that tests ask for by name. One of each runs for the whole session; every test finds it empty.

redis_url          a real Redis-compatible server, emptied for this test
any_redis_url      the same test twice: on Valkey and on a Redis (6.2 where it comes from a wheel)
cluster_url        a real cluster of three, for a user with no more rights than docs/REDIS.md gives; emptied
every_redis_url    the same test three times: on each of any_redis_url, and on the cluster
postgres_url       a real Postgres, a new database for this test
killable_redis     a function that starts a Redis of this test's own, to kill, pause and start again
killable_postgres  likewise for Postgres
chromium           the path of a real browser
"""

import os
import shutil
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests import sharing
from tests.redis_parts import PASSWORD, least_rights
from tests.redis_servers import RedisCluster, running
from tests.servers import WRITES_BEFORE_IT_ANSWERS, Postgres, Redis, ServerNotFoundError, find_postgres, find_redis

# How long an example takes says how busy the machine is, not whether it holds. And what a run says is about what was
# changed: its examples are those of the run before, unless more of them are asked for.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=not {"LAW_EXAMPLES", "MODEL_EXAMPLES"} & os.environ.keys(),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


def pytest_collection(session: pytest.Session) -> None:
    if this := getattr(session.config, "workerinput", None):
        sharing.begin_apart(session.config, int(this["workerid"].removeprefix("gw")), this["workercount"])


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        sharing.arrange(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if hasattr(item.config, "workerinput"):
        sharing.give_way(item)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    yield from _running_redis("")


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session", params=["valkey-server", "redis-server"])
def any_redis_server(request: pytest.FixtureRequest) -> Iterator[Redis]:
    yield from _running_redis(request.param)


@pytest.fixture
def any_redis_url(any_redis_server: Redis) -> str:
    any_redis_server.flush()
    return any_redis_server.url


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    try:
        cluster = RedisCluster()
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    with running(cluster):
        cluster.be_patient()
        cluster.let_in("greenroom", PASSWORD, least_rights())
        yield cluster


@pytest.fixture
def cluster_url(redis_cluster: RedisCluster) -> str:
    redis_cluster.flush()
    return redis_cluster.url


@pytest.fixture(scope="session", params=["valkey-server", "redis-server", "cluster"])
def every_redis_server(request: pytest.FixtureRequest) -> Iterator[Redis | RedisCluster]:
    if request.param == "cluster":
        yield request.getfixturevalue("redis_cluster")
    else:
        yield from _running_redis(request.param)


@pytest.fixture
def every_redis_url(every_redis_server: Redis | RedisCluster) -> str:
    every_redis_server.flush()
    return every_redis_server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    server = _postgres()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def killable_redis() -> Iterator[Callable[[], Redis]]:
    started: list[Redis] = []

    def start_one() -> Redis:
        started.append(_redis(""))
        started[-1].start()
        return started[-1]

    yield start_one
    for server in started:
        server.remove()


@pytest.fixture
def killable_postgres() -> Iterator[Callable[[], Postgres]]:
    started: list[Postgres] = []

    def start_one() -> Postgres:
        started.append(_postgres())
        started[-1].start()
        return started[-1]

    yield start_one
    for server in started:
        server.remove()


@pytest.fixture(scope="session")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on PATH (Debian: apt install chromium): what a browser does was NOT tested")


def _running_redis(program: str) -> Iterator[Redis]:
    server = _redis(program)
    server.start()
    yield server
    server.remove()


def _redis(program: str) -> Redis:
    try:
        return Redis(find_redis(program), **WRITES_BEFORE_IT_ANSWERS)
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))


def _postgres() -> Postgres:
    try:
        return Postgres(find_postgres())
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
