"""When a dropped connection counts as gone: after a grace, so that a reload or a moved worker does not flap.

Decides when to say Leave. A worker that dies cannot say it: `server.worker` says it for the connections of dead ones.
"""

import asyncio
import contextlib
import logging
from typing import Final

from rooms.commands import Leave
from rooms.people import SYSTEM
from rooms.releases import NewerFact
from server.ports import Holds, Unavailable
from server.writer import Writer

AGAIN_S: Final = 1.0
"""The pause before a log that was away is asked again."""
LAST_S: Final = 2.0
"""How long the last departures of a worker may take."""

_log = logging.getLogger(__name__)


class Departures:
    """Owns the tasks that wait out the grace; use as an async context."""

    def __init__(self, writer: Writer, holds: Holds, grace_ms: int) -> None:
        self._writer, self._holds, self._grace_s = writer, holds, grace_ms / 1000
        self._waiting: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def __aenter__(self) -> "Departures":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=LAST_S)
        for task in self._waiting:
            task.cancel()

    def left(self, room: str, participant: str, connection: str, holder: str, before: str | None = None) -> None:
        """The socket that held this connection dropped. If another one holds it by then, nobody is told anything; if
        its person has another connection, nobody notices. `before`: from whom this socket took it (`Holds.let_go`)."""
        leave = Leave(participant=participant, connection=connection)
        task = asyncio.create_task(self._later(room, leave, holder, before))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _later(self, room: str, leave: Leave, holder: str, before: str | None) -> None:
        """Say it, however long the log is away: as long as this worker lives, nobody else says it."""
        await self._wait(self._grace_s)
        while True:
            try:
                if await self._holds.let_go(room, leave.connection, holder, before):
                    await self._writer.do(room, leave, SYSTEM, f"leave.{leave.connection}")
                return
            except (Unavailable, NewerFact) as why:
                if self._closing.is_set() or isinstance(why, NewerFact):  # nobody holds it: who serves the room sees it
                    _log.warning("a departure is left to others", extra={"room": room, "connection": leave.connection})
                    return
            except Exception:
                _log.exception("a departure failed", extra={"room": room, "connection": leave.connection})
                return
            await self._wait(AGAIN_S)

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
