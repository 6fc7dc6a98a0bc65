"""A web worker: HTTP, pages and sockets, until SIGTERM.

Decides what a web worker is made of, and what ends first.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from functools import partial
from typing import Final

import uvicorn

from rooms.people import Participant
from server import web
from server.adapters.redis_directory import RedisDirectory
from server.adapters.redis_holds import RedisHolds
from server.adapters.redis_ledger import RedisLedger
from server.adapters.redis_purses import RedisPurses
from server.adapters.redis_tickets import RedisTickets
from server.adapters.revocation_store import SqlRevocations
from server.api import calibrating, erasing, fairness, history, operations, reports, reviews, rooms, sessions, weights
from server.app.parts import Parts, encoder, eraser, parts, say_equipment
from server.app.promptness import spare_the_collector
from server.departures import Departures
from server.door import Door
from server.edges.routes import Edges
from server.fanout import Fanout
from server.gate import Gate, person_of
from server.identity import Identity
from server.judging import notice_for, policy_of
from server.loads import Admission
from server.marker import encoder_of
from server.ports import Decoder, Unavailable
from server.returning import Returns
from server.reviewing import shows_marks
from server.revoked import Revoked
from server.settings import Settings
from server.socket import Sockets
from server.wire import Wire

PING_EVERY_S: Final = 20
"""A socket whose other side has not answered a ping by the time of the next one is closed."""
KEEP_ALIVE_S: Final = 75
"""An unused connection is kept longer than balancers and clients keep theirs (60 s as a rule), so that no request of
theirs meets one that is just being closed."""

_log = logging.getLogger(__name__)


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
    notice, reader = notice_for(settings), await asyncio.to_thread(encoder, settings)
    async with parts(settings, "web") as p:
        revoked = Revoked(settings, SqlRevocations(p.database), p.clock)
        identity = Identity(settings, revoked.why_not, p.clock)
        purses = RedisPurses(p.redis)
        gate = Gate(settings, identity, RedisTickets(p.redis), purses)
        directory = RedisDirectory(p.redis, p.clock)
        fanout = Fanout(p.feeds, p.log)
        revoked.changed = partial(fanout.send_off, revoked.why_not)
        holds = RedisHolds(p.redis)
        async with Departures(p.writer, holds, settings.reconnect_grace_ms) as departures:
            sockets = Sockets(
                settings,
                p.name,
                gate,
                Returns(settings, p.clock, holds),
                p.writer,
                fanout,
                departures,
                p.log,
                p.audio,
                p.leases,
                p.bank,
                _new_decoder,
                Admission(p.loads),
                partial(_came_late, p),
            )
            routers = (
                sessions.routes(settings, identity, gate, revoked, purses, notice, p.writer.look),
                rooms.routes(
                    settings,
                    identity,
                    gate,
                    revoked,
                    p.writer,
                    directory,
                    p.leases,
                    p.bank,
                    partial(_has_report, p),
                    p.backlog.admit,
                    notice.version,
                    policy_of(settings),
                    p.activations,
                    lambda version: encoder_of(p.shelf.of_room(version), reader),
                ),
                operations.routes(settings, gate, p.backlog, RedisLedger(p.redis)),
                history.routes(gate, p.writer.look, p.log, p.store, p.reviews, p.clock),
                erasing.routes(gate, p.writer.look, p.store, eraser(p)),
                reports.routes(gate, p.writer.look, p.store, p.reviews, p.clock, p.shelf),
                weights.routes(
                    settings, gate, p.writer.look, p.bank, p.shelf, p.activations, p.reviews, p.clock, reader
                ),
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
                ws_ping_interval=PING_EVERY_S,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=settings.stop_timeout_s,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
            server = Server(config, sockets, settings.drain_ms)
            await revoked.look()  # before anybody is let in
            running = p.feeds.run(), _beat(p), revoked.run(), say_equipment(p, reader)
            async with asyncio.TaskGroup() as tasks:
                behind = [tasks.create_task(task) for task in running]
                _log.info("web worker up", extra={"worker": p.name})
                spare_the_collector()
                await server.serve()
                for task in behind:
                    task.cancel()


def _new_decoder(state: bytes) -> Decoder:
    from server.adapters.opus import OpusDecoder  # FFmpeg's libraries are loaded where a browser cannot send samples

    return OpusDecoder(state)


async def _has_report(p: Parts, room: str) -> bool:
    with contextlib.suppress(Unavailable):
        return await p.store.report(room) is not None
    return False


async def _came_late(p: Parts, room: str, who: Participant) -> None:
    """Whoever sees the marks of a room that is over rates them blind no more. Unavailable while that cannot be kept:
    then they are not shown, here as in reports."""
    if shows_marks(who.role):
        await p.reviews.show(room, person_of(who), p.clock.now_ms())


async def _ready(p: Parts) -> bool:
    return p.feeds.healthy


async def _beat(p: Parts) -> None:
    """Say three times within its time to live that this worker lives."""
    while True:
        with contextlib.suppress(Exception):
            await p.leases.beat(p.name, p.settings.worker_ttl_ms)
        await asyncio.sleep(p.settings.beat_s)
