"""What every process of ours has: connections, adapters, the writer.

Decides which adapter fulfils which port, and what is opened and closed in which order.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

from rooms.interview.bank import Bank, load_bank
from scoring.meaning import Encoder
from server.adapters.activation_store import SqlActivations
from server.adapters.database import Database
from server.adapters.redis_audio import RedisAudioLog
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.adapters.redis_directory import RedisDirectory
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_ledger import RedisLedger
from server.adapters.redis_loads import RedisEquipments, RedisLoads
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.adapters.redis_presence import RedisPresence
from server.adapters.redis_timers import RedisTimers
from server.adapters.report_store import SqlReportStore
from server.adapters.review_store import SqlReviews
from server.clock import SystemClock
from server.equipment import NONE, Equipment, facts, judges_in_words, keep_saying
from server.erasing import Eraser
from server.feed import Feeds
from server.judging import endpoints_of, policy_of
from server.operations import Backlog
from server.restoring import Restorer
from server.settings import Settings
from server.shelf import Shelf
from server.writer import Writer


@dataclass(frozen=True)
class Parts:
    """What a web worker and a worker have in common."""

    settings: Settings
    name: str
    clock: SystemClock
    database: Database
    redis: RedisConnection
    log: RedisRoomLog
    audio: RedisAudioLog
    leases: RedisLeases
    presence: RedisPresence
    restorer: Restorer
    feeds: Feeds
    writer: Writer
    store: SqlReportStore
    reviews: SqlReviews
    activations: SqlActivations
    shelf: Shelf
    bank: Bank
    letters: RedisDeadLetters
    loads: RedisLoads
    equipments: RedisEquipments
    backlog: Backlog


@contextlib.asynccontextmanager
async def parts(settings: Settings, kind: str) -> AsyncIterator[Parts]:
    """Everything that is the same in each process, with its connections open."""
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        connection = RedisConnection(
            settings.redis_url,
            settings.redis_timeout_ms,
            wait_replicas=settings.redis_wait_replicas,
            wait_timeout_ms=settings.redis_wait_timeout_ms,
        )
        redis = await stack.enter_async_context(connection)
        database = Database(settings.database_url, settings.database_timeout_ms)
        stack.push_async_callback(database.close)
        log = RedisRoomLog(redis)
        store = SqlReportStore(database, clock)
        source = Restorer(log, store, clock)
        subscriber = RedisSubscriber(redis, log.own)
        feeds = Feeds(log, subscriber, source)
        loads, equipments = RedisLoads(redis), RedisEquipments(redis)
        leases, letters = RedisLeases(redis), RedisDeadLetters(redis)
        yield Parts(
            settings=settings,
            name=f"{kind}-{secrets.token_hex(4)}",
            clock=clock,
            database=database,
            redis=redis,
            log=log,
            audio=RedisAudioLog(redis, settings.audio_backlog_s),
            leases=leases,
            presence=RedisPresence(redis, subscriber),
            restorer=source,
            feeds=feeds,
            writer=Writer(log, feeds, clock, source),
            store=store,
            reviews=SqlReviews(database),
            activations=SqlActivations(database),
            shelf=Shelf(settings.weights_dir),
            bank=load_bank(),
            letters=letters,
            loads=loads,
            equipments=equipments,
            backlog=Backlog(log, leases, letters, store, loads, equipments, settings.archive_behind_limit),
        )


def encoder(settings: Settings) -> Encoder | None:
    """The sentence encoder of those who open rooms, mark or score again; other verbs need none. Takes seconds."""
    name = settings.encoder_model
    if name.strip().lower() in ("", "none"):
        return None
    from server.adapters.sentences import sentence_encoder  # half a second and 60 MB for who wants none

    return sentence_encoder(name)


def eraser(p: Parts) -> Eraser:
    """Who forgets rooms: for their owners in a web worker, by their age in a worker."""
    directory, timers, ledger = RedisDirectory(p.redis, p.clock), RedisTimers(p.redis), RedisLedger(p.redis)
    return Eraser(p.log, p.audio, p.store, directory, timers, p.letters, ledger, p.clock, p.settings.retention_days)


async def say_equipment(p: Parts, reader: Encoder | None) -> None:
    """Say what this process marks with, until cancelled. `reader`: its sentence encoder."""
    judges = judges_in_words(policy_of(p.settings), endpoints_of(p.settings))
    encoder_name = reader.sha256[:12] if reader else NONE

    def now() -> Equipment:
        return Equipment(worker=p.name, encoder=encoder_name, weights=p.shelf.contents, judges=judges, facts=facts())

    await keep_saying(p.equipments, now)
