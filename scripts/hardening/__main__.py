"""The command line of the checker: which faults, how long, from which seed; and what is printed of it."""

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from scripts.hardening.cluster import Cluster, running
from scripts.hardening.faults import FAULTS, QUICK
from scripts.hardening.history import Died, History, Recorded, read
from scripts.hardening.invariants import INVARIANTS, Break, broken
from scripts.hardening.rounds import play
from scripts.hardening.telling import story

HISTORIES = Path(__file__).parents[2] / "var" / "hardening"
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
    histories: Path


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
    if told.judge:
        return _judge(told.judge)
    faults = tuple(told.fault) or (QUICK if told.quick else tuple(FAULTS))
    plan = Plan(told.seed, faults, told.minutes, told.quick, told.rooms, told.webs, told.workers, told.histories)
    try:
        results = asyncio.run(run(plan))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        return 130
    return _summary(results)


async def run(plan: Plan) -> list[Result]:
    """Round after round on one cluster: each fault once, or again and again with the next seeds until time is up."""
    began, results = monotonic(), list[Result]()
    _end_on_sigterm()
    async with running(webs=plan.webs, workers=plan.workers, postgres=not plan.quick) as cluster:
        if unfit := [name for name in plan.faults if not FAULTS[name].fits(cluster)]:
            raise SystemExit(f"A quick run has no Postgres, so it cannot do {', '.join(unfit)}.")
        print(f"cluster up in {monotonic() - began:.1f} s", flush=True)
        began, seed = monotonic(), plan.seed
        while True:
            for faults in [plan.faults] if plan.quick else [(name,) for name in plan.faults]:
                results.append(await _round(cluster, plan, seed, faults))
                if plan.minutes is not None and monotonic() - began > 60 * plan.minutes:
                    return results
            if plan.minutes is None:
                return results
            seed += 1


def _end_on_sigterm() -> None:
    """As on Ctrl-C: what was started is stopped first."""
    running_now = asyncio.current_task()
    assert running_now is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running_now.cancel)


async def _round(cluster: Cluster, plan: Plan, seed: int, faults: tuple[str, ...]) -> Result:
    began = monotonic()
    plan.histories.mkdir(parents=True, exist_ok=True)
    path = plan.histories / f"{seed}-{faults[0]}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        history = History(file)
        try:
            await play(cluster, history, seed, faults, plan.rooms)
        except (
            Exception
        ) as error:  # a cluster that does not come back is a finding, and other rounds may still tell more
            history.note(Died(process="the round", sentence=f"{type(error).__name__}: {error}"))
    breaks = broken(history.entries)
    result = Result(faults, seed, monotonic() - began, len(history.entries), breaks)
    verdict = "BROKEN" if breaks else "held"
    print(f"{verdict:6}  seed {seed:<4} {' + '.join(faults):20} {result.seconds:5.1f} s  {result.entries:6} entries")
    if breaks:
        _tell(history.entries, result.breaks)
        again = " ".join([*(["--quick"] if plan.quick else []), *(f"--fault {name}" for name in faults)])
        print(f"  again: scripts/room_hardening --seed {seed} {again}   history: {path}")
    else:
        path.unlink()
    sys.stdout.flush()
    return result


def _judge(path: Path) -> int:
    """Look through a kept history once more."""
    entries = read(path)
    breaks = broken(entries)
    _tell(entries, breaks)
    print(f"{len(entries)} entries, {len(breaks)} breaks")
    return 1 if breaks else 0


def _tell(entries: Sequence[Recorded], breaks: Sequence[Break]) -> None:
    for broke in breaks[:BREAKS_TOLD]:
        where = " ".join(filter(None, (broke.room, broke.who)))
        print(f"  {broke.invariant}: {broke.sentence}  [{where}]")
        for line in story(entries, broke):
            print(f"      {line}")
    if len(breaks) > BREAKS_TOLD:
        counts = Counter(broke.invariant for broke in breaks)
        print(f"  in all: {', '.join(f'{times} x {name}' for name, times in counts.items())}")


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
    parser.add_argument("--judge", type=Path, metavar="FILE", help="look through a kept history again, and run nothing")
    parser.add_argument("--rooms", type=int, default=4, help="interviews in a round (4)")
    parser.add_argument("--histories", type=Path, default=HISTORIES, help="where those of broken rounds are kept")
    parser.add_argument("--webs", type=int, default=3, help="web workers (3)")
    parser.add_argument("--workers", type=int, default=2, help="workers (2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
