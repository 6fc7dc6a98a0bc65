"""The command line of the checker: which faults, how long, from which seed; and what is printed of it."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from scripts.hardening.cluster import Cluster, running
from scripts.hardening.faults import FAULTS, QUICK
from scripts.hardening.history import History
from scripts.hardening.invariants import INVARIANTS, Break, broken
from scripts.hardening.rounds import play
from scripts.hardening.telling import story

KEPT = Path(__file__).parents[2] / "var" / "hardening"
"""Histories of broken rounds, for a second look."""
BREAKS_TOLD = 3


class Plan(NamedTuple):
    """What to run."""

    seed: int
    faults: tuple[str, ...]
    minutes: float | None
    quick: bool
    rooms: int
    webs: int
    workers: int


class Result(NamedTuple):
    """One round's."""

    faults: tuple[str, ...]
    seed: int
    seconds: float
    entries: int
    breaks: list[Break]


def main(words: Sequence[str] | None = None) -> int:
    """Run as told; 1 if an invariant broke."""
    told = _parser().parse_args(words)
    if told.list:
        for name, fault in FAULTS.items():
            print(f"{name:16} {(fault.__doc__ or '').splitlines()[0]}")
        return 0
    faults = tuple(told.fault) or (QUICK if told.quick else tuple(FAULTS))
    plan = Plan(told.seed, faults, told.minutes, told.quick, told.rooms, told.webs, told.workers)
    try:
        results = asyncio.run(run(plan))
    except KeyboardInterrupt:
        print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        return 130
    return _summary(results)


async def run(plan: Plan) -> list[Result]:
    """Round after round on one cluster: each fault once, or again and again with the next seeds until time is up."""
    began, results = monotonic(), list[Result]()
    async with running(webs=plan.webs, workers=plan.workers, postgres=not plan.quick) as cluster:
        if unfit := [name for name in plan.faults if not FAULTS[name].fits(cluster)]:
            raise SystemExit(f"A quick run has no Postgres, so it cannot do {', '.join(unfit)}.")
        print(f"cluster up in {monotonic() - began:.1f} s", flush=True)
        began, seed = monotonic(), plan.seed
        while True:
            for faults in [plan.faults] if plan.quick else [(name,) for name in plan.faults]:
                results.append(await _round(cluster, seed, faults, plan.rooms))
                if plan.minutes is not None and monotonic() - began > 60 * plan.minutes:
                    return results
            if plan.minutes is None:
                return results
            seed += 1


async def _round(cluster: Cluster, seed: int, faults: tuple[str, ...], rooms: int) -> Result:
    began = monotonic()
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{seed}-{faults[0]}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        history = History(file)
        await play(cluster, history, seed, faults, rooms)
    breaks = broken(history.entries)
    result = Result(faults, seed, monotonic() - began, len(history.entries), breaks)
    verdict = "BROKEN" if breaks else "held"
    print(f"{verdict:6}  seed {seed:<4} {' + '.join(faults):20} {result.seconds:5.1f} s  {result.entries:6} entries")
    if breaks:
        _tell(history, result, path)
    else:
        path.unlink()
    sys.stdout.flush()
    return result


def _tell(history: History, result: Result, kept: Path) -> None:
    for broke in result.breaks[:BREAKS_TOLD]:
        where = " ".join(filter(None, (broke.room, broke.who)))
        print(f"  {broke.invariant}: {broke.sentence}  [{where}]")
        for line in story(history.entries, broke):
            print(f"      {line}")
    if len(result.breaks) > BREAKS_TOLD:
        counts = Counter(broke.invariant for broke in result.breaks)
        print(f"  in all: {', '.join(f'{times} x {name}' for name, times in counts.items())}")
    again = " ".join(f"--fault {name}" for name in result.faults)
    print(f"  again: scripts/room_hardening --seed {result.seed} {again}   history: {kept}")


def _summary(results: Sequence[Result]) -> int:
    bad = sum(bool(result.breaks) for result in results)
    kinds, entries = len({name for result in results for name in result.faults}), sum(r.entries for r in results)
    print(f"{len(results)} rounds, {kinds} kinds of fault, {len(INVARIANTS) + 1} invariants, {entries} entries: "
          f"{bad} rounds broken")  # fmt: skip
    return 1 if bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/room_hardening", description="Breaks a real cluster in every way listed and checks its rooms."
    )
    parser.add_argument("--seed", type=int, default=1, help="chance begins here; a round prints its own (1)")
    parser.add_argument("--fault", action="append", default=[], choices=FAULTS, help="only this one; may be repeated")
    parser.add_argument("--minutes", type=float, help="go on with the next seeds for so long")
    parser.add_argument("--quick", action="store_true", help="a few faults in one round, on SQLite, in under a minute")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    parser.add_argument("--rooms", type=int, default=4, help="interviews in a round (4)")
    parser.add_argument("--webs", type=int, default=3, help="web workers (3)")
    parser.add_argument("--workers", type=int, default=2, help="workers (2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
