"""One Greenroom for all tests of what is seen from outside: a web worker and a worker on a Redis of their own.

Every test opens rooms of its own. Limits and graces are short, so that tests of them are.
"""

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import httpx
import pytest

from client import Greenroom, connect
from tests.deployment import TOKEN, Deployment, Web, deployed
from tests.servers import Redis, ServerNotFoundError, find_redis

CONNECTIONS_PER_ROOM = 5
MESSAGES_PER_SECOND = 1_000
GRACE_S = 2.0
"""Long enough for who comes back at once, on a machine that stands still for a moment."""
METRICS_TOKEN = "the-metrics-token-of-this-run"


class Standing(NamedTuple):
    deployment: Deployment
    web: Web
    redis: Redis


@pytest.fixture(scope="package")
def standing() -> Iterator[Standing]:
    try:
        redis = Redis(find_redis())
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))
    redis.start()
    limits = {
        "CONNECTIONS_PER_ROOM": str(CONNECTIONS_PER_ROOM),
        "EMPTY_ROOM_S": "1",
        "MESSAGES_PER_SECOND": str(MESSAGES_PER_SECOND),
        "METRICS_TOKEN": METRICS_TOKEN,
        "SIGN_OUT_CHECK_MS": "200",
        "RECONNECT_GRACE_MS": str(round(GRACE_S * 1000)),
        "WRITE_TIMEOUT_S": "1",
    }
    try:
        with deployed(redis.url, **limits) as deployment:
            deployment.worker()
            yield Standing(deployment, deployment.web(), redis)
    finally:
        redis.remove()


@pytest.fixture
async def greenroom(standing: Standing) -> AsyncIterator[Greenroom]:
    """The owner, as a program."""
    async with connect(standing.web.url, token=TOKEN) as owner:
        yield owner


@pytest.fixture
async def stranger(standing: Standing) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody has signed in on."""
    async with httpx.AsyncClient(base_url=standing.web.url, trust_env=False, timeout=10) as http:
        yield http


@pytest.fixture
async def room(greenroom: Greenroom) -> str:
    """A new room."""
    return (await greenroom.open_room("behavioural")).room
