"""Forgets a room: out of the database, out of Redis, its audio too. At once on its owner's wish, or by its age.

Decides when a closed room has been kept for long enough, and the order in which it is forgotten: the database first,
from which Redis could be filled again. Never forgets a room whose interview goes on.
"""

import asyncio
import logging
from typing import Final

from rooms.state import Room
from server.ports import AudioLog, Clock, DeadLetters, Directory, Ledger, ReportStore, RoomLog, Timers, Unavailable

DAY_MS: Final = 24 * 3_600_000
SWEEP_MS: Final = 3_600_000
"""How often rooms that are too old are looked for, by one worker of all."""
SETTLING_MS: Final = 600_000
"""A closed room without a report for longer than this has none to wait for: it could not be archived."""
LOOK_S: Final = 60.0
AT_ONCE: Final = 100

_log = logging.getLogger(__name__)


class Eraser:
    """`erase` one room, or `run` once in a worker to forget rooms by their age."""

    def __init__(
        self,
        log: RoomLog,
        audio: AudioLog,
        store: ReportStore,
        directory: Directory,
        timers: Timers,
        letters: DeadLetters,
        ledger: Ledger,
        clock: Clock,
        retention_days: int,
    ) -> None:
        """`retention_days` 0: rooms are kept for ever."""
        self._log, self._audio, self._store = log, audio, store
        self._directory, self._timers, self._letters, self._clock = directory, timers, letters, clock
        self._ledger = ledger
        self._kept_ms = retention_days * DAY_MS

    async def erase(self, room: str, owner: str) -> None:
        """Forget a closed room. Done twice is done once; where it fails half-way, it may be asked for again."""
        await self._store.erase(room)
        await self._log.erase(room)
        await self._audio.erase(room)
        await self._timers.put(room, None)
        await self._letters.take(room)
        await self._ledger.forget(room)
        await self._directory.remove(owner, room)
        _log.info("room erased", extra={"room": room})

    def is_settling(self, room: Room) -> bool:
        """Whether a room was closed so lately that its archive and its report may still be being written."""
        closed_at = room.opened_at + (room.closed_ms or 0)
        return self._clock.now_ms() - closed_at < SETTLING_MS

    async def sweep(self) -> int:
        """Forget all rooms that were closed too long ago; gives how many."""
        # The earlier of two clocks: what is forgotten too soon, because one of them jumped, never comes back.
        now_ms = min(self._clock.now_ms(), (await self._timers.claim(for_ms=0, limit=0)).now_ms)
        forgotten = 0
        while old := await self._store.closed_before(now_ms - self._kept_ms, AT_ONCE):
            for row in old:
                await self.erase(row.room, row.owner)
            forgotten += len(old)
        return forgotten

    async def run(self) -> None:
        """Sweep now and then, until cancelled. With nothing to forget by age, only wait."""
        while True:
            try:
                if self._kept_ms and await self._timers.take_chore("retention", SWEEP_MS):
                    _log.info("old rooms forgotten", extra={"rooms": await self.sweep()})
            except Unavailable as away:
                _log.warning("old rooms cannot be forgotten now", extra={"part": away.part})
            except Exception:
                _log.exception("old rooms cannot be forgotten")
            await asyncio.sleep(LOOK_S)
