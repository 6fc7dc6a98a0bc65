"""The composition root: the only place that knows which adapter fulfils which port, and what runs in which process.

Decides what is built, in which order, and what ends first. Every connection is opened and closed here.
"""

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import uvicorn

from rooms.interview.bank import Bank, load_bank
from server import pulse, web
from server.adapters.activation_store import SqlActivations
from server.adapters.database import Database
from server.adapters.migrations import migrate
from server.adapters.redis_audio import RedisAudioLog
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.adapters.redis_directory import RedisDirectory
from server.adapters.redis_leases import RedisLeases
from server.adapters.redis_ledger import RedisLedger
from server.adapters.redis_loads import RedisLoads
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.adapters.redis_notes import RedisHearingNotes
from server.adapters.redis_presence import RedisPresence
from server.adapters.redis_purses import RedisPurses
from server.adapters.redis_tickets import RedisTickets
from server.adapters.redis_timers import RedisTimers
from server.adapters.report_store import SqlReportStore
from server.adapters.review_store import SqlReviews
from server.adapters.silero import Silero
from server.adapters.smart_turn import SmartTurn
from server.adapters.transcribers import choose, found
from server.api import calibrating, erasing, fairness, history, operations, reports, reviews, rooms, sessions, weights
from server.archiver import Archiver, Snapshots
from server.clock import SystemClock
from server.departures import Departures
from server.door import Door
from server.edges.routes import Edges
from server.erasing import Eraser
from server.fanout import Fanout
from server.feed import Feeds
from server.gate import Gate
from server.hearing import Hearing
from server.identity import Identity
from server.interviewer import Interviewer
from server.judge_settings import JudgeSettings
from server.judging import marker, notice_for
from server.ledger import Bookkeeper
from server.loads import Admission, Reporter
from server.logs import configure
from server.operations import Backlog, line_of, replay, told
from server.ports import Decoder, Judge, Unavailable
from server.reporting import written
from server.restoring import Restorer
from server.scorer import Scorer
from server.settings import Settings
from server.shelf import Shelf
from server.socket import Sockets
from server.timekeeper import Timekeeper, limits_of
from server.wire import Wire
from server.worker import Worker, later, without_pen
from server.writer import Writer

ARCHIVE_AFTER_S = 1.0
"""How long a room that is taken waits for its archiver."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What a web worker and a worker have in common."""

    settings: Settings
    name: str
    clock: SystemClock
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
        subscriber = RedisSubscriber(redis)
        feeds = Feeds(log, subscriber, source)
        loads = RedisLoads(redis)
        leases, letters = RedisLeases(redis), RedisDeadLetters(redis)
        yield Parts(
            settings=settings,
            name=f"{kind}-{secrets.token_hex(4)}",
            clock=clock,
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
            backlog=Backlog(log, leases, letters, store, loads, settings.archive_behind_limit),
        )


# --- a web worker ---------------------------------------------------------------------------------------------


class Server(uvicorn.Server):
    """Uvicorn, but members are led to another worker before their sockets are closed."""

    def __init__(self, config: uvicorn.Config, sockets: Sockets, drain_ms: int) -> None:
        super().__init__(config)
        self._room_sockets, self._drain_ms = sockets, drain_ms

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn's own raises the signal anew when it is done, and the process dies before its departures are said."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._room_sockets.drain(self._drain_ms)
        await super().shutdown(sockets)


async def serve_web(settings: Settings, host: str, port: int, fd: int | None) -> None:
    """One web worker: HTTP, pages and sockets, until SIGTERM."""
    notice = notice_for(settings)
    async with parts(settings, "web") as p:
        identity = Identity(settings)
        gate = Gate(settings, identity, RedisTickets(p.redis))
        directory = RedisDirectory(p.redis, p.clock)
        fanout = Fanout(p.feeds, p.log)
        async with Departures(p.writer, settings.reconnect_grace_ms) as departures:
            sockets = Sockets(
                settings,
                p.name,
                gate,
                p.writer,
                fanout,
                departures,
                p.log,
                p.audio,
                p.leases,
                p.bank,
                _new_decoder,
                Admission(p.loads),
            )
            routers = (
                sessions.routes(identity, gate, notice),
                rooms.routes(
                    settings,
                    identity,
                    gate,
                    p.writer,
                    directory,
                    p.leases,
                    p.bank,
                    partial(_has_report, p),
                    p.backlog.admit,
                    notice.version,
                    p.activations,
                ),
                operations.routes(settings, gate, p.backlog, RedisLedger(p.redis)),
                history.routes(gate, p.writer.look, p.log, p.store, p.reviews, p.clock),
                erasing.routes(gate, p.writer.look, p.store, _eraser(p)),
                reports.routes(gate, p.writer.look, p.store, p.reviews, p.clock, p.shelf),
                weights.routes(settings, gate, p.writer.look, p.bank, p.shelf, p.activations, p.clock),
                reviews.routes(gate, p.writer.look, p.store, p.reviews, p.clock),
                fairness.routes(gate, p.store, p.reviews),
                calibrating.routes(gate, p.writer.look, p.bank, p.shelf, p.reviews),
            )
            edges = Edges(settings, sockets, gate, identity, p.writer)
            app = web.build(routers, sockets, partial(_ready, p), edges.routes())
            config = uvicorn.Config(
                app,
                host=host,
                port=port,
                fd=fd,
                http=Door,
                ws=Wire,
                ws_ping_interval=20,
                timeout_graceful_shutdown=settings.stop_timeout_s,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
            server = Server(config, sockets, settings.drain_ms)
            async with asyncio.TaskGroup() as tasks:
                behind = [tasks.create_task(p.feeds.run()), tasks.create_task(_beat(p))]
                _log.info("web worker up", extra={"worker": p.name})
                _spare_the_collector()
                await server.serve()
                for task in behind:
                    task.cancel()


def _spare_the_collector() -> None:
    """What is there before the first member is there for good: looking through all of it again and again made
    everybody wait, a tenth of a second at a time (docs/PERFORMANCE.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _new_decoder(state: bytes) -> Decoder:
    from server.adapters.opus import OpusDecoder  # FFmpeg's libraries are loaded where a browser cannot send samples

    return OpusDecoder(state)


def _eraser(p: Parts) -> Eraser:
    directory, timers = RedisDirectory(p.redis, p.clock), RedisTimers(p.redis)
    return Eraser(
        p.log,
        p.audio,
        p.store,
        directory,
        timers,
        RedisDeadLetters(p.redis),
        RedisLedger(p.redis),
        p.clock,
        p.settings.retention_days,
    )


async def _has_report(p: Parts, room: str) -> bool:
    with contextlib.suppress(Unavailable):
        return await p.store.report(room) is not None
    return False


async def _ready(p: Parts) -> bool:
    return p.feeds.healthy


async def _beat(p: Parts) -> None:
    """Say three times within its time to live that this worker lives."""
    while True:
        with contextlib.suppress(Exception):
            await p.leases.beat(p.name, p.settings.worker_ttl_ms)
        await asyncio.sleep(p.settings.beat_s)


# --- a worker -------------------------------------------------------------------------------------------------


async def serve_worker(settings: Settings) -> None:
    """One worker: hearing, interviewing, scoring, archiving, until SIGTERM."""
    transcriber = await choose(settings)
    turn_model = SmartTurn(settings.smart_turn_model) if settings.smart_turn_model else None
    async with (
        parts(settings, "worker") as p,
        marker(settings, p.bank, p.shelf, RedisPurses(p.redis), p.clock, _judge) as marking,
    ):
        hearing = Hearing(
            settings, p.log, p.audio, RedisHearingNotes(p.redis), transcriber, p.clock, Silero, turn_model
        )
        timekeeper = Timekeeper(limits_of(settings), RedisTimers(p.redis), p.leases, p.writer)
        readers = (
            hearing.serve,
            Interviewer(p.bank, p.clock, settings.interviewer_patience_ms, marking.early).serve,
            Scorer(marking).serve,
            without_pen(timekeeper.serve),
            without_pen(Bookkeeper(p.log, RedisLedger(p.redis)).serve),
            later(without_pen(_archiver(p).serve), ARCHIVE_AFTER_S),
        )
        with contextlib.suppress(Unavailable):
            await p.store.ping()  # the first connection takes long, and a room that is taken over must not wait for it
        reporter = Reporter(p.name, settings, p.loads, transcriber)

        def full() -> bool:
            return reporter.load(worker.rooms, hearing.behind_ms).full

        worker = Worker(p.name, settings, p.leases, p.presence, p.feeds, p.writer, readers, full)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, worker.stop)
        async with asyncio.TaskGroup() as tasks:
            running = (
                p.feeds.run(),
                hearing.run(),
                timekeeper.run(),
                p.restorer.watch(p.leases, RedisDirectory(p.redis, p.clock)),
                reporter.run(lambda: worker.rooms, lambda: hearing.behind_ms),
                pulse.beat(settings.var_dir, settings.worker_ttl_ms // 3),
            )
            behind = [tasks.create_task(task) for task in running]
            _log.info("worker up", extra={"worker": p.name, "transcriber": transcriber.label if transcriber else None})
            await worker.run()
            for task in behind:
                task.cancel()


def _judge(settings: JudgeSettings, key: str) -> Judge:
    from server.adapters.openai_judge import (
        OpenAIJudge,  # a second and 40 MB that a server without a judge need not spend
    )

    return OpenAIJudge(settings, key)


def _archiver(p: Parts) -> Archiver:
    snapshots = Snapshots(p.settings.snapshot_every_records, p.settings.log_tail_records)
    tries = p.settings.dead_letter_after_tries
    return Archiver(p.log, p.store, p.leases, written, snapshots=snapshots, letters=p.letters, tries=tries)


# --- processes ------------------------------------------------------------------------------------------------


def run_web(settings: Settings, host: str, port: int, fd: int | None) -> None:
    _run(settings, serve_web(settings, host, port, fd))


def run_worker(settings: Settings) -> None:
    _run(settings, serve_worker(settings))


def run_migrations(settings: Settings) -> None:
    _run(settings, migrate(settings.database_url))


def run_status(settings: Settings) -> str:
    """How far the archive is behind, and which rooms cannot be archived."""
    return _run(settings, _status(settings))


async def _status(settings: Settings) -> str:
    async with parts(settings, "status") as p:
        return told(await p.backlog.look())


def run_dead_letters(settings: Settings, again: bool, room: str | None) -> str:
    """The rooms that cannot be archived; or, `again`, those that are tried again: this one, or all (None)."""
    return _run(settings, _dead_letters(settings, again, room))


async def _dead_letters(settings: Settings, again: bool, room: str | None) -> str:
    async with parts(settings, "dead-letters") as p:
        if again:
            rooms = await replay(p.letters, p.leases, room)
            return "\n".join(f"tried again: {each}" for each in rooms) or "There is no such dead letter."
        letters = (await p.backlog.look()).dead_letters
        return "\n".join(map(line_of, letters)) or "There are no dead letters."


def run_fetch(settings: Settings) -> str:
    """Get the speech model that the settings want, with its progress on standard error. Gives what was found, as
    settings for those who shall not look again."""
    return _run(settings, _fetch(settings))


async def _fetch(settings: Settings) -> str:
    transcriber = await choose(settings)
    if transcriber:
        await transcriber.close()
    return "\n".join(f"{name}={value}" for name, value in found(transcriber).items())


def _run(settings: Settings, main: Coroutine[Any, Any, T]) -> T:
    configure(settings.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
