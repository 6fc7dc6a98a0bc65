"""The bench's figures as a table: ours, the peers', the ratio, and whether that is what we aim for.

Decides the targets (issue and docs/PERFORMANCE.md say the same) and how figures are written; measures nothing.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

Medians = Mapping[str, Mapping[str, float]]


class Row(NamedTuple):
    title: str
    measure: str
    digits: int
    at_most: float | None = None


class Versus(NamedTuple):
    """How many times a peer's figure ours is to be."""

    peer: str
    at_least: float


ROWS: Final = (
    Row("p50 at 500 deliveries/s, ms", "at_500.p50_ms", 2),
    Row("p99 at 500 deliveries/s, ms", "at_500.p99_ms", 2),
    Row("p50 at 1,500 deliveries/s, ms", "at_1500.p50_ms", 2, 0.4),
    Row("p99 at 1,500 deliveries/s, ms", "at_1500.p99_ms", 2, 1.0),
    Row("deliveries/s at most", "flat_out.per_second", 0),
    Row("processor time a delivery, A + B + Redis, us", "flat_out.us_per_delivery", 0),
    Row("KB per idle socket", "idle.kb_per_socket", 1, 22),
    Row("joins/s", "idle.joins_per_second", 0),
    Row("resume with 1,000 missed, p95 ms", "resume.p95_ms", 1, 20),
    Row("one never reads: others' p99 changes by, ms", "stuck.others_p99_change_ms", 2, 1),
    Row("one never reads: memory grows by, MB", "stuck.memory_mb", 1, 2),
    Row("one never reads: cut after, s (-1: not yet)", "stuck.cut_after_s", 1),
    Row("worker killed: clients", "killed.clients", 0),
    Row("worker killed: back, p95 s from first try", "killed.back_p95_s", 2, 1),
    Row("worker killed: all back after, s", "killed.all_back_after_s", 2),
    Row("worker killed: processor time a return, the worker that takes them in, ms", "killed.worker_ms", 2),
    Row("worker killed: processor time a return, all clients, ms", "killed.clients_ms", 2),
    Row("worker killed: lines lost", "killed.lost", 0, 0),
    Row("worker killed: lines doubled", "killed.doubled", 0, 0),
    Row("lines out of order", "order.broken", 0, 0),
    Row("crowd: sockets on one process", "crowd.sockets", 0),
    Row("crowd: KB per idle socket", "crowd.kb_per_socket", 1, 22),
    Row("crowd: loop lag p99 while nobody speaks, ms", "crowd.still_lag_p99_ms", 2),
    Row("crowd: loop lag p50 while some speak, ms", "crowd.lag_p50_ms", 2),
    Row("crowd: loop lag p99 while some speak, ms", "crowd.lag_p99_ms", 2, 10),
    Row("crowd: share of a core, the process", "crowd.cpu_b", 2),
    Row("crowd: share of a core, load generator", "crowd.cpu_load", 2),
    Row("crowd: audio frames not safe 1 s later", "crowd.frames_not_safe", 0, 0),
    Row("bad input: frames", "fuzz.frames", 0),
    Row("bad input: pings on top", "fuzz.pings", 0),
    Row("bad input: frames/s", "fuzz.frames_per_second", 0),
    Row("bad input: answers and log lines that must not be", "fuzz.wrong", 0, 0),
    Row("bad input: memory grows by, MB", "fuzz.memory_mb", 1),
    Row("bad input: blocks of memory kept a frame, in a later quarter", "fuzz.kept_blocks", 2, 0.5),
    Row("bad input: share of a core, the worker", "fuzz.cpu_worker", 2),
    Row("bad input: share of a core, load generator", "fuzz.cpu_load", 2),
    Row("bad input: neighbours' p99 before, ms", "fuzz.quiet_p99_ms", 2),
    Row("bad input: neighbours' p99 under the worst kind, ms", "fuzz.neighbour_p99_ms", 2),
    Row("bad input: neighbours' lines lost", "fuzz.neighbour_lost", 0, 0),
    Row("bad input: neighbours' lines doubled", "fuzz.neighbour_doubled", 0, 0),
    Row("bad input: neighbours cut off", "fuzz.neighbour_cut", 0, 0),
    Row("load generator, share of a core flat out", "flat_out.cpu_load", 2),
    Row("cores left idle flat out", "flat_out.cpu_idle", 2),
    Row("cores taken by programs that are not measured, at 1,500/s", "at_1500.cpu_others", 2),
    Row("the same, flat out", "flat_out.cpu_others", 2),
)
COMPARED: Final = frozenset(
    {
        "at_500.p50_ms",
        "at_500.p99_ms",
        "at_1500.p50_ms",
        "at_1500.p99_ms",
        "flat_out.per_second",
        "flat_out.us_per_delivery",
        "idle.kb_per_socket",
        "idle.joins_per_second",
    }
)
"""Measures of which the ratio to each peer is shown."""
QUIET_CORES: Final = 0.2
"""What other programs may take before figures of time are not to be trusted."""
AGAINST: Final = (Versus("Socket.IO", 1.25), Versus("python-socketio", 6.0))


def table(medians: Medians, missing: list[str]) -> str:
    """Markdown: a row a measure, a column a contestant with its ratio to ours, and the target."""
    names = sorted(medians, key=lambda name: name != "greenroom")
    lines = ["| | " + " | ".join(names) + " | target |", "|---" * (len(names) + 2) + "|"]
    for row in ROWS:
        if not any(row.measure in figures for figures in medians.values()):
            continue
        cells = [_cell(row, medians[name], medians["greenroom"]) for name in names]
        lines.append(f"| {row.title} | {' | '.join(cells)} | {_target(row, medians)} |")
    return "\n".join([*lines, *(f"\nNot measured: {why}" for why in missing), *_warnings(medians)])


def _warnings(medians: Medians) -> list[str]:
    parts = ("at_1500", "flat_out", "crowd")
    taken = max((figures.get(f"{part}.cpu_others", 0.0) for figures in medians.values() for part in parts), default=0.0)
    if taken <= QUIET_CORES:
        return []
    noise = f"other programs took up to {taken:.1f} cores"
    return [f"\n**The machine was not quiet: {noise}. Times and rates are worse than true.**"]


def _cell(row: Row, theirs: Mapping[str, float], ours: Mapping[str, float]) -> str:
    if row.measure not in theirs:
        return ""
    figure = f"{theirs[row.measure]:,.{row.digits}f}"
    if theirs is ours or not theirs[row.measure] or row.measure not in COMPARED:
        return figure
    return f"{figure} (ours {ours[row.measure] / theirs[row.measure]:.2f}x)"


def _target(row: Row, medians: Medians) -> str:
    ours = medians["greenroom"]
    if row.measure == "flat_out.per_second":
        return ", ".join(
            f"{versus.at_least}x {versus.peer}: {verdict(ours[row.measure] >= versus.at_least * peer[row.measure])}"
            for versus in AGAINST
            for name, peer in medians.items()
            if name.startswith(versus.peer)
        )
    if row.at_most is None or row.measure not in ours:
        return ""
    return f"at most {row.at_most:g}: {verdict(ours[row.measure] <= row.at_most)}"


def verdict(met: bool) -> str:
    return "met" if met else "**not met**"
