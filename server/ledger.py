"""Reader: a room's facts and their times into the ledger of turns, and one canonical log line a turn.

Decides when a turn is complete (scored, and left for the next) and that it is entered once, whoever serves the room.
What a delay is, is decided in `rooms.ledger`; never holds a word that was spoken.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from statistics import quantiles
from typing import Final

from pydantic import BaseModel

from rooms.evidence import Score
from rooms.ledger import DELAYS, Delays, Milestones, Turns, after, delays
from rooms.phases import Phase
from rooms.protocol import ResetReason
from server.live import Feed
from server.ports import Ledger, Record, RoomLog, Unavailable

BUCKETS_MS: Final = (50, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 30_000, 60_000)
"""Upper bounds of the histograms."""
TRIES: Final = 5
AGAIN_S: Final = 1.0
"""A ledger that cannot be written to is tried so often, so far apart. The interview does not wait for it."""
LATER_S: Final = 2.0
"""A worker that takes over an interview under way has better things to read first."""
_PAGE: Final = 500
_KINDS: Final = frozenset(
    {
        "question_asked",
        "utterance_heard",
        "answer_finished",
        "turn_closed",
        "turn_scored",
        "interview_paused",
        "room_closed",
    }
)

_log = logging.getLogger(__name__)


class Entry(BaseModel):
    """What one turn took."""

    room: str
    turn: int
    at: int
    """When it was closed, in milliseconds since 1970, UTC."""
    reason: str | None
    """Why the answer ended."""
    delays: dict[str, int]
    """Milliseconds, by name; what the names mean is in `Ledgers.names`. What did not happen is not there."""
    impossible: list[str]
    """Delays that came out impossible: some clock was wrong. They count nowhere."""


class Spread(BaseModel):
    """Of one delay, over the latest turns."""

    turns: int
    p50_ms: int
    p95_ms: int


class Ledgers(BaseModel):
    names: dict[str, str]
    spreads: dict[str, Spread]
    turns: list[Entry]
    """The latest, newest first."""


class Bookkeeper:
    """`serve` for each room."""

    def __init__(self, log: RoomLog, ledger: Ledger) -> None:
        self._log, self._ledger = log, ledger

    async def serve(self, feed: Feed) -> None:
        """Enter each turn once it is complete, until the room is closed."""
        if feed.room.turns:
            await asyncio.sleep(LATER_S)
        room = _Room(feed)
        entered: set[int] = set()
        try:
            while True:
                await room.read(self._log)
                closed = feed.room.phase is Phase.CLOSED  # looked at first: entering takes a while
                for turn in room.turns:
                    if turn.complete and turn.turn not in entered:
                        entered.add(turn.turn)
                        await self._enter(feed, turn)
                if closed:
                    return
                await room.moved()
        finally:
            feed.detach(room)

    async def _enter(self, feed: Feed, turn: Milestones) -> None:
        room, score = feed.room, feed.room.turns[turn.turn - 1].score
        took = delays(turn)
        entry = Entry(
            room=feed.room_id,
            turn=turn.turn,
            at=room.opened_at + (turn.closed_ms or 0),
            reason=turn.reason.value if turn.reason else None,
            delays=dict(took.ms),
            impossible=list(took.impossible),
        )
        for _ in range(TRIES):
            try:
                text, counts = entry.model_dump_json(), counted(entry)
                if await self._ledger.enter(entry.room, entry.turn, entry.at, text, counts):
                    _log.info("turn", extra=_line(turn, took, entry, score))
                return
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
        _log.warning("a turn is missing in the ledger", extra={"room": entry.room, "turn": entry.turn})


class _Room:
    """One room's milestones, as far as its log was read or came in."""

    def __init__(self, feed: Feed) -> None:
        self.turns: Turns = ()
        self._feed = feed
        self._stir = asyncio.Event()
        self._whole = False
        self._through = 0
        """The last version that was folded: a log is read further than its feed has come."""

    async def read(self, log: RoomLog) -> None:
        """Read what was written before, unless that is known. What a log was trimmed of is not entered."""
        while not self._whole:
            self._feed.detach(self)
            self.turns, self._whole, self._through = (), True, 0
            while self._through < self._feed.cursor.version:
                page = await log.read(self._feed.room_id, self._through, _PAGE)
                for record in page:
                    self._fold(record)
                if not page:
                    break
            self._feed.attach(self)  # nothing was awaited since the last look at the cursor

    async def moved(self) -> None:
        await self._stir.wait()
        self._stir.clear()

    def happened(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.version > self._through and self._fold(record):
                self._stir.set()

    def told(self, tell: bytes) -> None:
        """What is not kept is not counted."""

    def durable(self, version: int) -> None:
        """No matter here."""

    def reset(self, reason: ResetReason) -> None:
        self._whole = False
        self._stir.set()

    def _fold(self, record: Record) -> bool:
        """Take one more record; whether it is of a kind that counts."""
        self._through = record.version
        if record.kind not in _KINDS:
            return False
        self.turns = after(self.turns, record.event, record.at - self._feed.room.opened_at)
        return True


def counted(entry: Entry) -> dict[str, int]:
    """By how much the counts grow with this entry: a histogram a delay, in milliseconds; each bucket alone."""
    counts = {f"turns:{entry.reason}": 1}
    for name, ms in entry.delays.items():
        bound = next((str(bound) for bound in BUCKETS_MS if ms <= bound), "inf")
        counts |= {f"{name}:le:{bound}": 1, f"{name}:sum": ms}
    return counts | {f"{name}:impossible": 1 for name in entry.impossible}


async def look(ledger: Ledger) -> Ledgers:
    """For whoever runs this Greenroom."""
    entries = [Entry.model_validate_json(text) for text in await ledger.latest()]
    return Ledgers(names=dict(DELAYS), spreads=_spreads(entries), turns=entries)


def _spreads(entries: Sequence[Entry]) -> dict[str, Spread]:
    found: dict[str, list[int]] = {}
    for entry in entries:
        for name, ms in entry.delays.items():
            found.setdefault(name, []).append(ms)
    return {name: _spread(found[name]) for name in DELAYS if name in found}


def _spread(values: Sequence[int]) -> Spread:
    parts = quantiles(values, n=20, method="inclusive") if len(values) > 1 else [values[0]] * 19
    return Spread(turns=len(values), p50_ms=round(parts[9]), p95_ms=round(parts[18]))


def _line(turn: Milestones, took: Delays, entry: Entry, score: Score | None) -> dict[str, object]:
    """The one canonical line of a turn. Counts and times, never words."""
    scored: Mapping[str, object] = (
        {
            "overall": score.overall,
            "abstained": score.abstained is not None,
            "scorer": score.scorer,
            "weights": score.weights,
        }
        if score
        else {}
    )
    waits = {f"{name}_ms": ms for name, ms in took.ms.items()}
    line = {"room": entry.room, "turn": entry.turn, "reason": entry.reason, "utterances": turn.utterances}
    return {**line, **scored, **waits, "impossible": entry.impossible}
