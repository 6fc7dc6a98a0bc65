"""What must be true of people's time: whatever broke, once it is mended nobody waits for long.

People of a round are more patient than that (`people.PATIENCE_S`), so that a history shows what came in the end.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scripts.hardening import history as h
from scripts.hardening.invariants.tale import Break, Found, Tale

LONG_MS = 60_000
"""A deadline, not a target: a cluster that was killed whole is up again on a busy machine by then. What people wait
for as a rule is in docs/PERFORMANCE.md."""


class Wait(NamedTuple):
    """Somebody's, for something."""

    who: str
    owed: str
    in_peace_ms: int
    """Its longest stretch in which nothing was broken."""
    ids: tuple[str, ...] = ()


def nobody_waits_for_long(tale: Tale) -> Found:
    """Every wish is answered, everybody is let in and is back, and what comes by itself comes, within a minute.

    The minute counts from the wish, or from when the last fault was mended: what is waited while something is
    broken on purpose does not count.
    """
    for wait in waits(tale):
        if wait.in_peace_ms > LONG_MS:
            yield Break(sentence=f"waited {wait.in_peace_ms / 1000:.0f} s for {wait.owed}", who=wait.who, ids=wait.ids)


def waits(tale: Tale) -> Iterator[Wait]:
    """Everybody's in a room, for all that Greenroom owes them."""
    last = {entry.who: entry.at_ms for entry in tale.entries if isinstance(entry, h.ByVisitor)}
    for each in tale.of(h.Waited):
        yield Wait(each.who, each.owed, _in_peace(each.since_ms, each.at_ms, tale.troubles))
    yield from _for_answers(tale, last)
    for who in tale.arrived:
        yield from _for_the_way_back(tale, who, last[who])


def _in_peace(since_ms: int, until_ms: int, troubles: Iterable[tuple[int, int]]) -> int:
    longest, at = 0, since_ms
    for began, mended in troubles:
        longest = max(longest, min(began, until_ms) - at)
        at = max(at, mended)
    return max(longest, until_ms - at)


def _for_answers(tale: Tale, last: dict[str, int]) -> Iterator[Wait]:
    """A wish's answer is its first yes, or else its last no: whoever insists puts it again."""
    answers: dict[tuple[str, str], h.Answered] = {}
    for answer in tale.answers:
        before = answers.get((answer.who, answer.id))
        if before is None or before.version is None:
            answers[answer.who, answer.id] = answer
    for (who, id), put in {(put.who, put.id): put for put in reversed(tale.puts)}.items():
        found = answers.get((who, id))
        until_ms = found.at_ms if found else last[who]
        waited = _in_peace(put.at_ms, until_ms, tale.troubles)
        yield Wait(who, f"the answer to {put.command.kind}", waited, (id,))


def _for_the_way_back(tale: Tale, who: str, last_ms: int) -> Iterator[Wait]:
    lost_ms: int | None = None
    for entry in tale.entries:
        match entry:
            case h.Lost(who=whose) if whose == who and lost_ms is None:
                lost_ms = entry.at_ms
            case h.Back(who=whose) | h.Whole(who=whose) if whose == who and lost_ms is not None:
                yield Wait(who, "the way back", _in_peace(lost_ms, entry.at_ms, tale.troubles))
                lost_ms = None
    if lost_ms is not None:
        yield Wait(who, "the way back", _in_peace(lost_ms, last_ms, tale.troubles))
