"""What must be true of every history, whatever broke meanwhile: a list of pure functions, history in, breaks out.

Decides what counts as broken; never how a history came about. Each function looks at one room.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from types import MappingProxyType

from scripts.hardening import history as h
from scripts.hardening.history import Recorded
from scripts.hardening.invariants.of_ends import (
    nobody_is_left_behind,
    one_end_each,
    one_score_each,
    the_archive_is_the_log,
    the_report_says_what_was_said,
    what_is_said_is_heard_once,
    who_never_reads_is_cut,
)
from scripts.hardening.invariants.of_log import (
    an_answer_stays,
    no_wish_is_forgotten,
    nothing_acknowledged_is_lost,
    nothing_happens_twice,
    nothing_happens_unwished,
    order_is_kept,
    the_log_is_one_chain,
)
from scripts.hardening.invariants.of_sight import (
    as_if_never_left,
    every_loss_is_said,
    everybody_saw_the_log,
    views_never_leak,
    what_is_durable_stays,
)
from scripts.hardening.invariants.of_waiting import nobody_waits_for_long, waits
from scripts.hardening.invariants.of_workers import (
    leases_are_fenced,
    timers_fire_once,
)
from scripts.hardening.invariants.tale import FOR_EVER, Break, Found, Tale, text_of

INVARIANTS: MappingProxyType[str, Callable[[Tale], Found]] = MappingProxyType(
    {
        check.__name__: check
        for check in (
            the_log_is_one_chain,
            nothing_acknowledged_is_lost,
            no_wish_is_forgotten,
            what_is_durable_stays,
            nothing_happens_twice,
            nothing_happens_unwished,
            an_answer_stays,
            order_is_kept,
            everybody_saw_the_log,
            as_if_never_left,
            every_loss_is_said,
            views_never_leak,
            one_end_each,
            one_score_each,
            what_is_said_is_heard_once,
            the_report_says_what_was_said,
            the_archive_is_the_log,
            nobody_is_left_behind,
            nobody_waits_for_long,
            who_never_reads_is_cut,
            timers_fire_once,
            leases_are_fenced,
        )
    }
)


LOSING = frozenset(
    {
        "redis-flushed", "redis-fails-over-behind", "primary-killed", "primary-frozen", "failed-over",
        "node-killed", "node-frozen", "node-alone", "nodes-killed", "nodes-apart",
    }
)  # fmt: skip
"""Faults in which Redis loses what it had taken: that has to come back from the database and from clients."""


def broken(entries: Sequence[Recorded]) -> list[Break]:
    """Every break in a history, in the order of the invariants, room by room."""
    found = [
        Break(invariant="no_process_breaks", sentence=f"{entry.process}: {entry.sentence}")
        for entry in entries
        if isinstance(entry, h.Died)
    ]
    for tale in _tales(entries):
        for name, check in INVARIANTS.items():
            found += [broke.model_copy(update={"invariant": name, "room": tale.room}) for broke in check(tale)]
    return found


def longest_wait_s(entries: Sequence[Recorded]) -> float:
    """How long anybody waited for anything at most, while nothing was broken on purpose."""
    return max((wait.in_peace_ms / 1000 for tale in _tales(entries) for wait in waits(tale)), default=0.0)


def _tales(entries: Sequence[Recorded]) -> Iterator[Tale]:
    injected = {name for entry in entries if isinstance(entry, h.Injected) for name in entry.fault.split(h.AT_ONCE)}
    lossy = not LOSING.isdisjoint(injected)
    troubles = _troubles(entries)
    rooms: dict[str, list[Recorded]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry, h.InRoom):
            rooms[entry.room].append(entry)
    for room, of_room in rooms.items():
        yield Tale(room, of_room, lossy=lossy, troubles=troubles)


def _troubles(entries: Sequence[Recorded]) -> list[tuple[int, int]]:
    """From when until when something was broken: faults come one after the other."""
    began = [entry.at_ms for entry in entries if isinstance(entry, h.Injected)]
    mended = [entry.at_ms for entry in entries if isinstance(entry, h.Healed)]
    return list(zip_longest(began, mended, fillvalue=FOR_EVER))


__all__ = ["INVARIANTS", "Break", "Tale", "broken", "longest_wait_s", "text_of"]
