"""The ledger and the backlog as text that Prometheus reads.

Decides names, units and help. The counts are those of all processes together, so any web worker may be asked, and one
is enough: asking several and adding up would count everything several times.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from rooms.ledger import DELAYS
from server.equipment import MUST_AGREE
from server.ledger import BUCKETS_MS
from server.operations import Operations

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_DELAY: Final = "greenroom_turn_delay_seconds"
_IMPOSSIBLE: Final = "greenroom_turn_delays_impossible_total"
_DIFFER: Final = "greenroom_processes_differ"


def written(counts: Mapping[str, int], now: Operations) -> str:
    """The whole page. `counts` as `server.ledger.counted` names them."""
    return (
        "\n".join([*_turns(counts), *_delays(counts), *_impossible(counts), *_archive(now), *_differences(now)]) + "\n"
    )


def _turns(counts: Mapping[str, int]) -> Iterator[str]:
    yield from _head("greenroom_turns_total", "counter", "Answers that are over and scored, by why they ended.")
    for field, count in sorted(counts.items()):
        if field.startswith("turns:"):
            yield f'greenroom_turns_total{{reason="{field.removeprefix("turns:")}"}} {count}'


def _delays(counts: Mapping[str, int]) -> Iterator[str]:
    meaning = "; ".join(f"{name}: {what}" for name, what in DELAYS.items())
    yield from _head(_DELAY, "histogram", f"How long things of a turn took. {meaning}.")
    for name in DELAYS:
        total = 0
        for bound in BUCKETS_MS:
            total += counts.get(f"{name}:le:{bound}", 0)
            yield f'{_DELAY}_bucket{{delay="{name}",le="{bound / 1000:g}"}} {total}'
        total += counts.get(f"{name}:le:inf", 0)
        yield f'{_DELAY}_bucket{{delay="{name}",le="+Inf"}} {total}'
        yield f'{_DELAY}_sum{{delay="{name}"}} {counts.get(f"{name}:sum", 0) / 1000:g}'
        yield f'{_DELAY}_count{{delay="{name}"}} {total}'


def _impossible(counts: Mapping[str, int]) -> Iterator[str]:
    yield from _head(_IMPOSSIBLE, "counter", "Delays below nothing or above an hour: left out, as a clock was wrong.")
    for name in DELAYS:
        yield f'{_IMPOSSIBLE}{{delay="{name}"}} {counts.get(f"{name}:impossible", 0)}'


def _archive(now: Operations) -> Iterator[str]:
    gauges = {
        "greenroom_rooms_served": ("Rooms that are served or cannot be archived.", now.archive.rooms),
        "greenroom_facts_not_durable": ("Facts that are not in the database yet.", now.archive.behind),
        "greenroom_dead_letters": ("Rooms that cannot be archived.", len(now.dead_letters)),
        "greenroom_database_up": ("Whether the database answers.", int(now.archive.database)),
    }
    for name, (what, value) in gauges.items():
        yield from _head(name, "gauge", what)
        yield f"{name} {value}"


def _differences(now: Operations) -> Iterator[str]:
    yield from _head(_DIFFER, "gauge", "Whether processes mark with different things of this kind.")
    differ = {difference.what for difference in now.differences}
    for what in MUST_AGREE:
        yield f'{_DIFFER}{{what="{what}"}} {int(what in differ)}'


def _head(name: str, kind: str, what: str) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"
