"""What is due in a room by itself, and when: `standing(room, limits)` gives the timers that a room has as it stands.

Decides when which command is due; never whether it is granted (`rooms.decide`), nor who watches the clock
(`server.timekeeper`). A timer is no state: it follows from the room, so that whoever reads the room knows its timers.
"""

from typing import Annotated, NamedTuple

from pydantic import Field

from rooms.commands import Abandon, CallTime, OpenOnTime, Remind, SystemCommand, WarnOfLimit
from rooms.phases import Phase
from rooms.state import Room
from rooms.values import Value

Duration = Annotated[int, Field(gt=0)]
"""Milliseconds."""


class Limits(Value):
    """How long things may last."""

    answer_ms: Duration
    """From when the candidate has the floor, without pauses and without the time that they were away."""
    warning_ms: Duration
    """So long before the end of an answer the candidate is told."""
    reminder_ms: Duration
    """So long before a planned interview begins those who are here are told."""
    abandoned_ms: Duration
    """An interview under way that nobody is in ends after this."""
    unbegun_ms: Duration
    """The same for one that has not begun, counted from when it was to begin, if that was said."""


class Timer(NamedTuple):
    name: str
    """Names what is due, and from when that was counted: a command goes by it, so that it is done once."""
    at_ms: int
    """Milliseconds since 1970, UTC."""
    command: SystemCommand


def standing(room: Room, limits: Limits) -> tuple[Timer, ...]:
    """The timers of a room, the next one first. A room that ends has none: it is brought to its end at once."""
    if room.phase is Phase.CLOSED or room.ending:
        return ()
    timers = (*_scheduled(room, limits), *_answering(room, limits), *_abandoned(room, limits))
    return tuple(sorted(timers, key=lambda timer: timer.at_ms))


def _scheduled(room: Room, limits: Limits) -> tuple[Timer, ...]:
    if not room.scheduled or room.starts_at is None:
        return ()
    opening = Timer(f"open.{room.starts_at}", room.starts_at, OpenOnTime())
    reminder_at = room.starts_at - limits.reminder_ms
    if room.reminded or reminder_at <= room.opened_at:
        return (opening,)
    return (Timer(f"remind.{room.starts_at}", reminder_at, Remind()), opening)


def _answering(room: Room, limits: Limits) -> tuple[Timer, ...]:
    turn = room.turn
    if turn is None or turn.finished or turn.counts_ms is None or room.stopped_ms is not None:
        return ()
    name = f"{turn.number}.{turn.counts_ms}"
    if turn.limit_ms is not None:
        return (Timer(f"limit.{name}", room.opened_at + turn.limit_ms, CallTime(turn=turn.number)),)
    ends_ms = turn.counts_ms + limits.answer_ms
    warn = WarnOfLimit(turn=turn.number, counts_ms=turn.counts_ms, ends_ms=ends_ms)
    return (Timer(f"warn.{name}", room.opened_at + max(turn.counts_ms, ends_ms - limits.warning_ms), warn),)


def _abandoned(room: Room, limits: Limits) -> tuple[Timer, ...]:
    if room.empty_ms is None:
        return ()
    begun = room.phase is not Phase.LOBBY
    since = room.opened_at + room.empty_ms
    if not begun and room.starts_at is not None:
        since = max(since, room.starts_at)
    at_ms = since + (limits.abandoned_ms if begun else limits.unbegun_ms)
    return (Timer(f"abandoned.{room.empty_ms}", at_ms, Abandon(empty_ms=room.empty_ms)),)
