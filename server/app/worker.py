"""A worker: hearing, interviewing, scoring, archiving, until SIGTERM.

Decides which readers a room gets, and what ends first.
"""

import asyncio
import contextlib
import logging
import signal

from server import pulse
from server.adapters.redis_directory import RedisDirectory
from server.adapters.redis_holds import RedisHolds
from server.adapters.redis_ledger import RedisLedger
from server.adapters.redis_notes import RedisHearingNotes
from server.adapters.redis_purses import RedisPurses
from server.adapters.redis_timers import RedisTimers
from server.adapters.silero import Silero
from server.adapters.smart_turn import SmartTurn
from server.adapters.transcribers import choose
from server.app.parts import Parts, encoder, eraser, parts, say_equipment
from server.app.promptness import share_with_threads, spare_the_collector
from server.archiver import Archiver, Snapshots
from server.hearing import Hearing
from server.interviewer import Interviewer
from server.judge_settings import JudgeSettings
from server.judging import marker
from server.ledger import Bookkeeper
from server.loads import Reporter
from server.ports import Judge, Unavailable
from server.reporting import written
from server.scorer import Scorer
from server.settings import Settings
from server.timekeeper import Timekeeper, limits_of
from server.worker import Worker, later, without_pen

ARCHIVE_AFTER_S = 1.0
"""How long a room that is taken waits for its archiver."""

_log = logging.getLogger(__name__)


async def serve_worker(settings: Settings) -> None:
    """One worker: hearing, interviewing, scoring, archiving, until SIGTERM."""
    transcriber = await choose(settings)
    turn_model = SmartTurn(settings.smart_turn_model) if settings.smart_turn_model else None
    reader = await asyncio.to_thread(encoder, settings)
    async with (
        parts(settings, "worker") as p,
        marker(settings, p.bank, p.shelf, reader, RedisPurses(p.redis), p.clock, _judge) as marking,
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

        worker = Worker(p.name, settings, p.leases, RedisHolds(p.redis), p.presence, p.feeds, p.writer, readers, full)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, worker.stop)
        async with asyncio.TaskGroup() as tasks:
            running = (
                p.feeds.run(),
                hearing.run(),
                timekeeper.run(),
                p.restorer.watch(p.leases, RedisDirectory(p.redis, p.clock)),
                eraser(p).run(),
                reporter.run(lambda: worker.rooms, lambda: hearing.behind_ms),
                say_equipment(p, reader),
                pulse.beat(settings.var_dir, settings.worker_ttl_ms // 3),
            )
            behind = [tasks.create_task(task) for task in running]
            _log.info("worker up", extra={"worker": p.name, "transcriber": transcriber.label if transcriber else None})
            spare_the_collector()
            share_with_threads()
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
