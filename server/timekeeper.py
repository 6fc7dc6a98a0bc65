"""Lets happen what comes due by itself: keeps each room's next timer in Redis, and fires it when its time has come.

Decides who fires a timer (whichever worker claims it, whether or not it serves the room) and what becomes of one that
was claimed by a worker that died (it comes due again); what is due is `rooms.timers`', and whether it may happen is
`rooms.decide`'s. A timer's command has an id that says what it is for, so that it is done once whoever fires it.
"""

import asyncio
import contextlib
import logging
from typing import Final

from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.refusals import Refusal
from rooms.releases import NewerFact
from rooms.state import Room
from rooms.timers import Limits, standing
from server.feed import Feed
from server.ports import Claim, Leases, Timers, Unavailable
from server.settings import Settings
from server.writer import Writer

LOOK_S: Final = 0.25
"""How often due timers are looked for: the most that one is late on a good day."""
PUT_AGAIN_S: Final = 15.0
"""How often a room's timer is put again though nothing happened: Redis may have lost it in a failover."""
CLAIM_MS: Final = 10_000
"""How long a timer that was claimed is left alone: longer than its command can take."""
AT_ONCE: Final = 50
"""Timers claimed in one look."""
AGAIN_MS: Final = 1_000
"""After which a timer that was due and refused is looked at again."""
AGAIN_S: Final = 0.5

_log = logging.getLogger(__name__)


def limits_of(settings: Settings) -> Limits:
    """How long things may last here."""
    return Limits(
        answer_ms=settings.turn_limit_s * 1000,
        warning_ms=settings.turn_warning_s * 1000,
        reminder_ms=settings.start_reminder_s * 1000,
        abandoned_ms=settings.abandoned_room_s * 1000,
        unbegun_ms=settings.unbegun_room_s * 1000,
    )


class Timekeeper:
    """`serve` for each room that is served here; `run` once."""

    def __init__(self, limits: Limits, timers: Timers, leases: Leases, writer: Writer) -> None:
        self._limits, self._timers, self._leases, self._writer = limits, timers, leases, writer

    async def serve(self, feed: Feed) -> None:
        """Keep the room's next timer in step with the room until it is closed. Left behind, a timer still fires."""
        put, put_at = -1, float("-inf")
        while feed.room.phase is not Phase.CLOSED:
            version, next_ms, now = feed.cursor.version, self._next_ms(feed.room), _now()
            if (next_ms or 0) != put or now - put_at >= PUT_AGAIN_S:
                try:
                    await self._timers.put(feed.room_id, next_ms)
                    put, put_at = next_ms or 0, now
                except Unavailable:
                    await asyncio.sleep(AGAIN_S)
                    continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PUT_AGAIN_S):
                    await feed.moved(version)
        with contextlib.suppress(Unavailable):  # one that stays comes due once more, and is dropped
            await self._timers.put(feed.room_id, None)

    async def run(self) -> None:
        """Fire timers as they come due, until cancelled."""
        while True:
            try:
                claim = await self._timers.claim(CLAIM_MS, AT_ONCE)
                await asyncio.gather(*(self._due(room, claim) for room in claim.rooms))
                more = len(claim.rooms) == AT_ONCE
            except Unavailable:
                more = False  # they come due again
            if not more:
                await asyncio.sleep(LOOK_S)

    async def _due(self, room_id: str, claim: Claim) -> None:
        try:
            try:
                next_ms = await self._fire(room_id, claim.now_ms)
            except NewerFact:
                next_ms = claim.now_ms + AGAIN_MS  # by then a worker of a newer release may be the first
            await self._timers.settle(room_id, claim.until_ms, next_ms)
        except Unavailable:
            return  # what was done is done once; the claim runs out
        except Exception:
            _log.exception("a timer cannot fire", extra={"room": room_id})  # looked at again when the claim runs out

    async def _fire(self, room_id: str, now_ms: int) -> int | None:
        """Put to the room what is due by now. Gives when something is due next."""
        room = await self._writer.look(room_id)
        if room is None or room.phase is Phase.CLOSED:
            return None
        due = [timer for timer in standing(room, self._limits) if timer.at_ms <= now_ms]
        if due or room.ending:
            # First, so that whoever dies right after the command leaves a room that somebody serves.
            await self._leases.announce(room_id)
        for timer in due:
            # Due by the store's clock, and granted by it: this process's own may be behind.
            outcome = await self._writer.do(room_id, timer.command, SYSTEM, f"timer.{timer.name}", now_ms=now_ms)
            refused = outcome.code.value if isinstance(outcome, Refusal) else None
            line = {"room": room_id, "timer": timer.name, "late_ms": now_ms - timer.at_ms, "refused": refused}
            _log.info("timer", extra=line)
        after = await self._writer.look(room_id) if due else room
        next_ms = self._next_ms(after) if after else None
        return None if next_ms is None else max(next_ms, now_ms + AGAIN_MS if due else 0)

    def _next_ms(self, room: Room) -> int | None:
        return next((timer.at_ms for timer in standing(room, self._limits)), None)


def _now() -> float:
    return asyncio.get_running_loop().time()
