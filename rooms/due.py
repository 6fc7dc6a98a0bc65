"""The rules of what comes due by itself: a reminder, the planned beginning, the end of an answer's time.

Decides whether a timer that fires is still right (`rooms.decide` asks it); never when one fires (`rooms.timers`).
"""

from rooms import commands as c
from rooms import events as e
from rooms.events import Event
from rooms.people import Participant
from rooms.refusals import Code, Refusal, refuse
from rooms.state import Room, Turn

LEAST_NOTICE_MS = 5_000
"""Between the warning that an answer's time is up, and its end. Nobody's time runs out in the moment they come back."""

Due = tuple[Event, ...] | Refusal


def has_come(room: Room, now_ms: int) -> bool:
    """Whether the time for which the interview was planned has come."""
    return room.starts_at is None or now_ms >= room.starts_at


def remind(room: Room) -> Due:
    """Tell those who are here that the planned time has nearly come."""
    if not room.scheduled or room.starts_at is None:
        return refuse(Code.NOT_DUE)
    return () if room.reminded else (e.StartingSoon(starts_at=room.starts_at),)


def open_on_time(room: Room, who: Participant, now_ms: int) -> Due:
    """The planned time has come."""
    if not room.scheduled:
        return ()
    return (e.LobbyOpened(by=who.id),) if has_come(room, now_ms) else refuse(Code.NOT_DUE)


def _runs(room: Room, number: int) -> Turn | None:
    """The open turn, if it has this number and its time runs."""
    turn = room.turn
    if turn is None or turn.number != number or turn.finished or room.stopped_ms is not None:
        return None
    return turn


def warn(room: Room, command: c.WarnOfLimit, at: int) -> Due:
    """Announce when the answer ends. `at`: the room's time."""
    turn = _runs(room, command.turn)
    if turn is None or turn.counts_ms != command.counts_ms:
        return refuse(Code.NOT_DUE)
    if turn.limit_ms is not None:
        return ()
    ends_ms = max(command.ends_ms, at + LEAST_NOTICE_MS)
    return (e.TurnLimitNear(turn=turn.number, at_ms=at, ends_ms=ends_ms),)


def call_time(room: Room, number: int, at: int) -> Due:
    """An answer is ended when its end was announced. What was said up to here is still heard out."""
    turn = _runs(room, number)
    if turn is None or turn.limit_ms is None or at < turn.limit_ms:
        return refuse(Code.NOT_DUE)
    return (e.AnswerFinished(turn=turn.number, reason=e.Finish.LIMIT),)
