"""A worker process for tests that stop it in mid-work: it serves rooms and says on its standard output what it does.

`python -m tests.frozen_worker NAME REDIS_URL`. Its one reader writes a fact every few milliseconds, and once more when
it is told to let the room go: the last word of a worker that does not know yet that it was replaced.
"""

import asyncio
import itertools
import sys

from rooms.commands import NameTranscriber
from rooms.people import SYSTEM
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_holds import RedisHolds
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.adapters.redis_presence import RedisPresence
from server.clock import SystemClock
from server.feed import Feed, Feeds
from server.pen import Pen
from server.ports import Fenced
from server.settings import Settings
from server.worker import Worker
from server.writer import Writer

TTL_MS = 600


def say(*words: object) -> None:
    print(*words, flush=True)


async def scribble(name: str, feed: Feed, pen: Pen) -> None:
    say("taken", pen.fence)
    numbers = itertools.count()

    async def write() -> None:
        try:
            number = next(numbers)
            await pen.do(NameTranscriber(label=f"{name} {number}"), SYSTEM, f"{name}.{pen.fence}.{number}")
            say("wrote")
        except Fenced:
            say("fenced")
            raise

    try:
        while True:
            await write()
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        await write()
        raise


async def main(name: str, url: str) -> None:
    settings = Settings(redis_url=url, database_url="sqlite+aiosqlite://", secret_key="x" * 32, worker_ttl_ms=TTL_MS)  # type: ignore[arg-type]
    async with RedisConnection(url, 3_000) as redis:
        log = RedisRoomLog(redis)
        subscriber = RedisSubscriber(redis)
        feeds = Feeds(log, subscriber)

        async def reader(feed: Feed, pen: Pen) -> None:
            await scribble(name, feed, pen)

        presence, writer = RedisPresence(redis, subscriber), Writer(log, feeds, SystemClock())
        worker = Worker(name, settings, RedisLeases(redis), RedisHolds(redis), presence, feeds, writer, [reader])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feeds.run())
            tasks.create_task(worker.run())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
