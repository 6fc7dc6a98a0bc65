"""Measures rooms against what people use today: `scripts/bench_rooms [--rounds 3] [--quick]`.

Decides the order of rounds (turned round each time) and what is kept: medians, as ratios to the peers, in a table and
as JSON under var/bench.
"""

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from scripts.bench import strain
from scripts.bench.beside import beside
from scripts.bench.contestants import (
    Contestant,
    Greenroom,
    PeerMissingError,
    Worker,
    bare_relay,
    node_peer,
    python_peer,
    working,
)
from scripts.bench.crowd import crowd
from scripts.bench.fanout import Figures, Stage
from scripts.bench.fuzz import QUICK, WHOLE, Share, fuzz
from scripts.bench.machine import ROOT, machine, more_descriptors
from scripts.bench.table import table
from tests.deployment import Deployment, deployed
from tests.servers import Redis, find_redis

KEPT: Final = ROOT / "var" / "bench"
LIMITS: Final = {
    "MESSAGES_PER_SECOND": "1000000",  # one speaker stands for many
    "ENTRIES_PER_HALF_MINUTE": "1000000",  # and one owner for everybody who comes in
    "TICKET_TTL_S": "600",
    "RECONNECT_GRACE_MS": "1000",
    "ARCHIVE_BEHIND_LIMIT": "1000000000",  # no worker runs here, so nothing is archived
}

NEEDED_DESCRIPTORS: Final = 6_000


class Plan(NamedTuple):
    """How much of everything, and how often."""

    rounds: int
    paced_s: float
    flat_out_s: float
    idle: int
    resumes: int
    stuck_s: float
    stuck_pairs: int
    clients: int
    crowd: int
    """Idle sockets on one process, while some speak."""
    speaking: int
    crowd_s: float
    fuzz: Share


class Bench:
    """One run."""

    def __init__(self, plan: Plan, only: str) -> None:
        self._plan, self._only = plan, only
        self._rounds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._began = time.monotonic()
        self.missing: list[str] = []
        self.wrong: list[str] = []
        """What the fuzzing found, in sentences."""
        self.codes: dict[str, int] = {}
        """How often each code was an answer to it."""
        self.redis = ""

    @property
    def medians(self) -> dict[str, dict[str, float]]:
        """Contestant -> measure -> the median of its rounds."""
        return {
            name: {measure: round(statistics.median(values), 3) for measure, values in measures.items()}
            for name, measures in self._rounds.items()
        }

    @property
    def all_rounds(self) -> dict[str, dict[str, list[float]]]:
        return {name: dict(measures) for name, measures in self._rounds.items()}

    async def run(self) -> None:
        redis = Redis(find_redis())
        redis.start()
        assert redis.process is not None, "it was started"
        self.redis = redis.binary.name
        try:
            with deployed(redis.url, **LIMITS) as deployment, tempfile.TemporaryDirectory() as directory:
                ours = Greenroom(deployment)
                if self._only != "fuzz":
                    contestants = self._contestants(ours, redis.url, Path(directory))
                    await self._rounds_of(contestants, redis)
                if self._only in ("", "fuzz"):
                    await self._fuzz(ours, deployment)
        finally:
            redis.remove()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def _contestants(self, ours: Greenroom, redis_url: str, directory: Path) -> list[Contestant]:
        found: list[Contestant] = [ours]
        if self._only == "greenroom":
            return found
        for name, peer in (("Socket.IO on Node", node_peer), ("python-socketio", python_peer)):
            self.say(f"making {name} ready")
            try:
                found.append(peer(redis_url, directory, KEPT / "peers"))
            except PeerMissingError as why:
                self.missing.append(f"{name}: {why}")
                print(f"\n*** WITHOUT {name.upper()}: {why}\n", file=sys.stderr, flush=True)
        return [*found, bare_relay(redis_url, directory)]

    async def _rounds_of(self, contestants: list[Contestant], redis: Redis) -> None:
        assert redis.process is not None, "it was started"
        for number in range(self._plan.rounds):
            for contestant in contestants[:: -1 if number % 2 else 1]:
                await self._round(number, contestant, redis.process.pid)
                redis.flush()

    async def _fuzz(self, ours: Greenroom, deployment: Deployment) -> None:
        """Once: what it finds does not get truer by medians."""
        self.say("everything that can be wrong")
        figures, self.wrong, codes = await fuzz(ours, deployment, self._plan.fuzz, self.say)
        self._keep(ours, "fuzz", figures)
        self.codes = dict(codes.most_common())
        self.say("    answers: " + ", ".join(f"{code} {count:,}" for code, count in self.codes.items()))
        for sentence in self.wrong:
            self.say(f"    WRONG: {sentence}")

    async def _round(self, number: int, contestant: Contestant, redis_pid: int) -> None:
        self.say(f"round {number + 1} of {self._plan.rounds}: {contestant.name}")
        with working(contestant) as (a, b):
            self._keep(contestant, "idle", await strain.idle(contestant, a, b, self._plan.idle))
        if isinstance(contestant, Greenroom):
            with working(contestant) as (a, b):
                size = (self._plan.crowd, self._plan.speaking, self._plan.crowd_s)
                self._keep(contestant, "crowd", await crowd(contestant, a, b, redis_pid, *size))
        with working(contestant) as (a, b):
            await self._fan_out(contestant, a, b, redis_pid)
            if isinstance(contestant, Greenroom):
                await self._strain(contestant, a, b)
        gc.collect()

    async def _fan_out(self, contestant: Contestant, a: Worker, b: Worker, redis_pid: int) -> None:
        stage = Stage(contestant, a, b, redis_pid)
        await stage.fill()
        for rate in (500, 1500):
            self._keep(contestant, f"at_{rate}", await stage.paced(rate, self._plan.paced_s))
        self._keep(contestant, "flat_out", await stage.flat_out(self._plan.flat_out_s))
        self._keep(contestant, "order", {"broken": stage.out_of_order})
        stage.empty()

    async def _strain(self, ours: Greenroom, a: Worker, b: Worker) -> None:
        await asyncio.sleep(1.5)  # those who left are gone by then
        self._keep(ours, "resume", await strain.resume(ours, a, b, 1000, self._plan.resumes))
        self._keep(ours, "stuck", await strain.stuck(ours, a, b, self._plan.stuck_s, self._plan.stuck_pairs))
        await asyncio.sleep(1.5)
        self._keep(ours, "killed", await strain.killed(ours, a, b, self._plan.clients))

    def _keep(self, contestant: Contestant, measure: str, figures: Figures) -> None:
        for name, value in figures.items():
            self._rounds[contestant.name][f"{measure}.{name}"].append(value)
        self.say(f"    {measure}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench_rooms", description=__doc__)
    parser.add_argument("--rounds", type=int, default=None, help="how often everything is measured (default 3)")
    parser.add_argument("--quick", action="store_true", help="one short round: for a look, not for a table")
    parser.add_argument("--only", choices=["greenroom", "fuzz"], default="", help="without the peers; bad input only")
    parser.add_argument("--beside", type=Path, help="only lines, and beside those of this other checkout")
    arguments = parser.parse_args()
    if arguments.beside:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(runner.run(beside(arguments.beside.resolve(), arguments.rounds or 3, LIMITS)))
        return 0
    if arguments.quick:
        plan = Plan(arguments.rounds or 1, 2, 2, 600, 20, 2, 1, 400, 600, 20, 3, QUICK)
    else:
        plan = Plan(arguments.rounds or 3, 6, 5, 2000, 30, 4, 3, 2000, 5000, 200, 8, WHOLE)
    descriptors = more_descriptors(NEEDED_DESCRIPTORS)
    bench = Bench(plan, arguments.only)
    began = datetime.now(UTC)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(bench.run())
    about = {"at": began.isoformat(timespec="seconds"), "machine": machine(), "redis": bench.redis, **plan._asdict()}
    about |= {"descriptors": descriptors}
    result = {"about": about, "missing": bench.missing, "medians": bench.medians, "rounds": bench.all_rounds}
    result |= {"answers to bad input": bench.codes, "wrong": bench.wrong}
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"rooms-{began:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(result, indent=1))
    print(f"\n{table(bench.medians, bench.missing)}\n\n{about['machine']}, {bench.redis}; all figures: {path}")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
