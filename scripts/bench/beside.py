"""Measures a change beside what was before it: `scripts/bench_rooms --beside CHECKOUT [--rounds 3]`.

Decides that both stand side by side and take turns of a second or two, the order turned round each time, and that what
each took is compared by pairs: a machine's speed changes by the minute. Only lines are
measured (`fanout`), and only between our own.
"""

import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from scripts.bench.contestants import Greenroom, working
from scripts.bench.fanout import MEMBERS, WINDOW, Figures, Stage
from scripts.bench.machine import rest_costs
from tests.deployment import deployed
from tests.servers import Redis, find_redis

PACED_S: Final = 2.0
FLAT_OUT_S: Final = 1.5
PARTS: Final = ("a", "b", "redis")

Rounds = dict[str, dict[str, list[float]]]


async def beside(checkout: Path, rounds: int, limits: dict[str, str]) -> str:
    """A table: each measure of the other checkout and of this one, medians, and the median ratio of the pairs."""
    found: Rounds = defaultdict(lambda: defaultdict(list))
    redis = Redis(find_redis())
    redis.start()
    assert redis.process is not None, "it was started"
    try:
        with deployed(redis.url, **limits) as deployment, contextlib.ExitStack() as stack:
            stages: list[tuple[str, Stage]] = []
            for name, whose in (("before", checkout), ("now", None)):
                contestant = Greenroom(deployment, name, whose)
                a, b = stack.enter_context(working(contestant))
                stages.append((name, Stage(contestant, a, b, redis.process.pid)))
                await stages[-1][1].fill()
            for number in range(rounds):
                for measure in MEASURES:
                    for name, stage in stages[:: -1 if number % 2 else 1]:
                        for row, value in (await measure(stage)).items():
                            found[name][row].append(value)
                print(f"round {number + 1} of {rounds}, {time.strftime('%H:%M:%S')}", flush=True)
            for _, stage in stages:
                stage.empty()
    finally:
        redis.remove()
    rest = f"Work in Python that begins after a rest of 2 ms takes {rest_costs():.1f} times the processor time."
    return "\n".join([*_table(found), "", rest])


async def _paced(stage: Stage, rate: int) -> Figures:
    paced = await stage.paced(rate, PACED_S)
    figures = {f"p50 at {rate}/s, ms": paced["p50_ms"], f"p99 at {rate}/s, ms": paced["p99_ms"]}
    return figures | _a_line(f"at {rate}/s", paced, rate / MEMBERS)


async def _flat_out(stage: Stage, when: str, window: int) -> Figures:
    flat = await stage.flat_out(FLAT_OUT_S, window)
    return {f"deliveries/s {when}": flat["per_second"], **_a_line(when, flat, flat["per_second"] / MEMBERS)}


MEASURES: Final = (
    partial(_paced, rate=500),
    partial(_paced, rate=1500),
    partial(_flat_out, when="flat out, a line a room at a time", window=1),
    partial(_flat_out, when="flat out", window=WINDOW),
)
"""With a line a room at a time lines are alone like people's, but nobody rests in between."""


def _a_line(when: str, figures: Figures, lines_per_second: float) -> Figures:
    """Microseconds of processor time that each process takes for a line."""
    spent = {part: figures[f"cpu_{part}"] / lines_per_second * 1e6 for part in PARTS}
    return {f"{part} {when}, us a line": took for part, took in (*spent.items(), ("all", sum(spent.values())))}


def _table(found: Rounds) -> Sequence[str]:
    lines = ["| | before | now | now / before, by pairs |", "|---|---|---|---|"]
    for measure, before in found["before"].items():
        now = found["now"][measure]
        ratios = [new / old for new, old in zip(now, before, strict=True)]
        figures = f"{statistics.median(before):,.2f} | {statistics.median(now):,.2f}"
        lines.append(
            f"| {measure} | {figures} | {statistics.median(ratios):.3f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )
    return lines
