"""What must be true of people's time: whatever broke, once it is mended nobody waits for long.

People of a round are more patient than that (`people.PATIENCE_S`), so that a history shows what came in the end.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scripts.hardening import history as h
from scripts.hardening.history import Recorded
from scripts.hardening.invariants.tale import Break, Found, Tale

LONG_MS = 60_000
"""A deadline, not a target: a cluster that was killed whole is up again on a busy machine by then. What people wait
for as a rule is in docs/PERFORMANCE.md."""


def nobody_waits_for_long(tale: Tale) -> Found:
    """Every wish is answered, everybody is let in and is back, and what comes by itself comes, within a minute.

    The minute counts from the wish, or from when the last fault was mended: what is waited while something is
    broken on purpose does not count.
    """
    for wait in _waits(tale):
        waited_ms = _in_peace(wait, tale.troubles)
        if waited_ms > LONG_MS:
            yield Break(sentence=f"waited {waited_ms / 1000:.0f} s for {wait.owed}", who=wait.who, ids=wait.ids)


class _Wait(NamedTuple):
    who: str
    owed: str
    since_ms: int
    until_ms: int
    ids: tuple[str, ...] = ()


def _in_peace(wait: _Wait, troubles: Iterable[tuple[int, int]]) -> int:
    """The longest stretch of this wait in which nothing was broken."""
    longest, at = 0, wait.since_ms
    for began, mended in troubles:
        longest = max(longest, min(began, wait.until_ms) - at)
        at = max(at, mended)
    return max(longest, wait.until_ms - at)


def _waits(tale: Tale) -> Iterator[_Wait]:
    last = {entry.who: entry.at_ms for entry in tale.entries if isinstance(entry, h.ByVisitor)}
    yield from (_Wait(each.who, each.owed, each.since_ms, each.at_ms) for each in tale.of(h.Waited))
    yield from _for_answers(tale, last)
    for who in tale.arrived:
        yield from _for_the_way_back(
            [e for e in tale.entries if isinstance(e, h.ByVisitor) and e.who == who], last[who]
        )


def _for_answers(tale: Tale, last: dict[str, int]) -> Iterator[_Wait]:
    """A wish's answer is its first yes, or else its last no: whoever insists puts it again."""
    answers: dict[tuple[str, str], h.Answered] = {}
    for answer in tale.answers:
        before = answers.get((answer.who, answer.id))
        if before is None or before.version is None:
            answers[answer.who, answer.id] = answer
    for (who, id), put in {(put.who, put.id): put for put in reversed(tale.puts)}.items():
        found = answers.get((who, id))
        until_ms = found.at_ms if found else last[who]
        yield _Wait(who, f"the answer to {put.command.kind}", put.at_ms, until_ms, (id,))


def _for_the_way_back(entries: Sequence[Recorded], last_ms: int) -> Iterator[_Wait]:
    lost: h.Lost | None = None
    for entry in entries:
        if isinstance(entry, h.Lost):
            lost = lost or entry
        elif lost and isinstance(entry, h.Back | h.Whole):
            yield _Wait(lost.who, "the way back", lost.at_ms, entry.at_ms)
            lost = None
    if lost:
        yield _Wait(lost.who, "the way back", lost.at_ms, last_ms)
