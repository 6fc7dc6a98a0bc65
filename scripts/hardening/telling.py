"""The shortest story of a break: what was put, answered and seen around it, and which fault was on.

Decides which entries of a history belong to a break, and their words; never what is broken (`invariants`).
"""

from collections.abc import Sequence

from scripts.hardening import history as h
from scripts.hardening.history import Recorded
from scripts.hardening.invariants import Break, text_of

LINES_LIMIT = 16
NOTED_MS = 10_000


def story(entries: Sequence[Recorded], broke: Break) -> list[str]:
    """Lines that say what happened, oldest first: the faults, and whatever names the break's commands or versions."""
    told = [entry for entry in entries if _belongs(entry, broke)]
    lines = [line for entry in told if (line := _line(entry)) is not None]
    if len(lines) > LINES_LIMIT:
        half = LINES_LIMIT // 2
        lines = [*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:]]
    return lines


def _belongs(entry: Recorded, broke: Break) -> bool:
    if isinstance(entry, h.Injected | h.Healed):
        return True
    if not isinstance(entry, h.InRoom) or entry.room != broke.room:
        return False
    match entry:
        case h.Put(id=id) | h.Answered(id=id):
            return id in broke.ids
        case h.Saw(version=version, who=who):
            return version in broke.versions and broke.who in ("", who)
        case h.Logged(version=version, command=command):
            return version in broke.versions or command.rpartition("/")[2] in broke.ids
        case (
            h.Whole(who=who)
            | h.Ended(who=who)
            | h.Lost(who=who)
            | h.Back(who=who)
            | h.Stuck(who=who)
            | h.Unread(who=who)
            | h.Waited(who=who)
        ):
            return who == broke.who
        case _:
            return False


def _line(entry: Recorded) -> str | None:
    at = f"{entry.at_ms / 1000:7.2f} s  "
    match entry:
        case h.Injected(fault=fault):
            return f"{at}-- {fault}"
        case h.Healed(fault=fault):
            return f"{at}-- healed: {fault}"
        case h.Put(who=who, id=id, command=command):
            return f"{at}{who} puts {command.kind} as {id}"
        case h.Answered(who=who, id=id, version=version, code=code):
            return f"{at}{who} is told: {id} {'accepted at ' + str(version) if code is None else 'refused, ' + code}"
        case h.Saw(who=who, version=version, event=event):
            return f"{at}{who} sees {version}: {event.kind} {(text_of(event) or '')[:40]!r}"
        case h.Whole(who=who, cursor=cursor):
            return f"{at}{who} is shown the room whole, at {cursor.version} of {cursor.epoch}"
        case h.Ended(who=who, cursor=cursor):
            return f"{at}{who} stands at {cursor.version} of {cursor.epoch} in the end"
        case h.Lost(who=who, code=code):
            return f"{at}{who} loses the connection ({code})"
        case h.Back(who=who, missed=missed):
            return f"{at}{who} is back and missed {missed}"
        case h.Stuck(who=who, sentence=sentence):
            return f"{at}{who} is stuck: {sentence}"
        case h.Waited(who=who, owed=owed, since_ms=since_ms, at_ms=at_ms) if at_ms - since_ms > NOTED_MS:
            return f"{at}{who} waited {(at_ms - since_ms) / 1000:.0f} s for {owed}"
        case h.Unread(who=who, cut=cut):
            return f"{at}{who} read nothing and was {'cut' if cut else 'not cut'}"
        case h.Logged(version=version, event=event, command=command):
            return f"     log  {version}: {event.kind} {(text_of(event) or '')[:40]!r} by {command}"
        case _:
            return None
