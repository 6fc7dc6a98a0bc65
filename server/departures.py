"""When a dropped connection counts as gone: after a grace, so that a reload or a moved worker does not flap.

Decides when to say Leave. A worker that dies cannot say it: `server.worker` says it for the connections of dead ones.
"""

import asyncio
import contextlib
import logging

from rooms.commands import Leave
from rooms.people import SYSTEM
from server.ports import Unavailable
from server.writer import Writer

_log = logging.getLogger(__name__)


class Departures:
    """Owns the tasks that wait out the grace; use as an async context."""

    def __init__(self, writer: Writer, grace_ms: int) -> None:
        self._writer, self._grace_s = writer, grace_ms / 1000
        self._waiting: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def __aenter__(self) -> "Departures":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=2)

    def left(self, room: str, participant: str, connection: str) -> None:
        """The connection dropped. If its person has another one by then, nobody notices."""
        task = asyncio.create_task(self._later(room, Leave(participant=participant, connection=connection)))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _later(self, room: str, leave: Leave) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._grace_s):
                await self._closing.wait()
        try:
            await self._writer.do(room, leave, SYSTEM, f"leave.{leave.connection}")
        except Unavailable:
            _log.warning("a departure could not be written", extra={"room": room, "connection": leave.connection})
