"""What must be true of the work that workers share: timers fire once, and no two hold a room under one number."""

from collections import Counter, defaultdict

from rooms import events as e
from scripts.hardening import history as h
from scripts.hardening.invariants.tale import Break, Found, Tale


def timers_fire_once(tale: Tale) -> Found:
    """A planned room is opened once and its people reminded once; a limit is said and called once, and does come."""
    opened = next((r.event for r in tale.log if isinstance(r.event, e.RoomOpened)), None)
    fired = Counter(timer for record in tale.log if (timer := _timer(record.event)))
    for timer, times in fired.items():
        if times > 1:
            yield Break(sentence=f"{timer} came {times} times", versions=_versions(tale, timer))
    planned = opened is not None and (opened.starts_at or 0) > opened.opened_at
    if planned and tale.closed_at is not None and not fired["the planned time"]:
        yield Break(sentence="the planned time never came")
    for silent in tale.of(h.Silent):
        if tale.closed_at is not None and not fired[f"the limit of turn {silent.turn}"]:
            yield Break(sentence=f"turn {silent.turn} had no answer, and its limit never came", who=silent.who)


def _timer(event: e.Event) -> str:
    """Which timer this fact came from, if from one."""
    match event:
        case e.LobbyOpened():
            return "the planned time"
        case e.StartingSoon():
            return "the reminder"
        case e.TurnLimitNear():
            return f"the warning of turn {event.turn} before {event.ends_ms}"
        case e.AnswerFinished(reason=e.Finish.LIMIT):
            return f"the limit of turn {event.turn}"
        case _:
            return ""


def _versions(tale: Tale, timer: str) -> tuple[int, ...]:
    return tuple(record.version for record in tale.log if _timer(record.event) == timer)


def leases_are_fenced(tale: Tale) -> Found:
    """Nobody holds a room under a number that another one had; whoever takes it again takes it under a higher one."""
    holders: dict[int, set[str]] = defaultdict(set)
    last: dict[str, int] = {}
    for taken in tale.of(h.Taken):
        holders[taken.fence].add(taken.worker)
        if taken.fence <= last.get(taken.worker, 0):
            yield Break(sentence=f"{taken.worker} took the room under {taken.fence} after {last[taken.worker]}")
        last[taken.worker] = taken.fence
    for fence, workers in holders.items():
        if len(workers) > 1:
            yield Break(sentence=f"{' and '.join(sorted(workers))} held the room under one number, {fence}")
