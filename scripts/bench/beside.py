"""Measures a change beside what was before it: `scripts/bench_rooms --beside CHECKOUT [--rounds 3]`.

Decides that both take turns in one run, the order turned round each time, and that what each round took is compared by
pairs: this machine's speed changes by the minute. Only lines are measured (`fanout`), and only between our own.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scripts.bench.contestants import Greenroom, working
from scripts.bench.fanout import MEMBERS, WINDOW, Figures, Stage
from scripts.bench.machine import rest_costs
from tests.deployment import deployed
from tests.servers import Redis, find_redis

RATES: Final = (500, 1500)
PACED_S: Final = 4.0
FLAT_OUT_S: Final = 3.0
WINDOWS: Final = {"flat out, a line a room at a time": 1, "flat out": WINDOW}
"""With one at a time lines are alone like people's, but nobody rests in between."""
PARTS: Final = ("a", "b", "redis")

Rounds = dict[str, dict[str, list[float]]]


async def beside(checkout: Path, rounds: int, limits: dict[str, str]) -> str:
    """A table: each measure of this checkout and the other's, medians, and the median ratio of the pairs."""
    found: Rounds = defaultdict(lambda: defaultdict(list))
    redis = Redis(find_redis())
    redis.start()
    try:
        with deployed(redis.url, **limits) as deployment:
            pair = (Greenroom(deployment, "before", checkout), Greenroom(deployment, "now"))
            for number in range(rounds):
                for contestant in pair[:: -1 if number % 2 else 1]:
                    for measure, value in (await _measured(contestant, redis)).items():
                        found[contestant.name][measure].append(value)
                    redis.flush()
                print(f"round {number + 1} of {rounds}, {time.strftime('%H:%M:%S')}", flush=True)
    finally:
        redis.remove()
    rest = f"Work in Python that begins after a rest of 2 ms takes {rest_costs():.1f} times the processor time."
    return "\n".join([*_table(found), "", rest])


async def _measured(contestant: Greenroom, redis: Redis) -> Figures:
    assert redis.process is not None, "it was started"
    figures: Figures = {}
    with working(contestant) as (a, b):
        stage = Stage(contestant, a, b, redis.process.pid)
        await stage.fill()
        for rate in RATES:
            paced = await stage.paced(rate, PACED_S)
            figures |= {f"p50 at {rate}/s, ms": paced["p50_ms"], f"p99 at {rate}/s, ms": paced["p99_ms"]}
            figures |= _a_line(f"at {rate}/s", paced, rate / MEMBERS)
        for when, window in WINDOWS.items():
            flat = await stage.flat_out(FLAT_OUT_S, window)
            figures[f"deliveries/s {when}"] = flat["per_second"]
            figures |= _a_line(when, flat, flat["per_second"] / MEMBERS)
        stage.empty()
    return figures


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
