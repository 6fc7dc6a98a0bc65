"""The command line of the checker: which faults, how long, from which seed, and how many clusters side by side."""

import argparse
import asyncio
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from itertools import count
from pathlib import Path
from time import monotonic

import uvloop

from scripts.hardening.cluster import running
from scripts.hardening.disk import own_mounts
from scripts.hardening.faults import FAULTS, OF_CLUSTER, OF_ONE_REDIS, OF_SENTINEL, QUICK, fault_of
from scripts.hardening.history import AT_ONCE, read
from scripts.hardening.invariants import broken
from scripts.hardening.lanes import given, played
from scripts.hardening.network import Network
from scripts.hardening.page import around, write
from scripts.hardening.rounds import judged
from scripts.hardening.verdicts import ROOT, Ledger, Round, Verdict, line, not_done, summary, table, told

HISTORIES = ROOT / "var" / "hardening"
KINDS = ("voice", "sentinel", "cluster")
"""What a run may be, beside the usual."""


def main(words: Sequence[str] | None = None, network: Network | None = None) -> int:
    """Run as told; 1 if an invariant broke, 2 if nothing that was asked for could be done on this machine.

    `network`: where this process is, if that is one of its own.
    """
    asked = _parser().parse_args(words)
    asked.rooms = asked.rooms or (2 if asked.quick else 4)
    asked.webs = asked.webs or (2 if asked.quick else 3)
    if asked.seeds is None and asked.minutes is None:
        asked.seeds = 1
    if asked.list:
        for name, fault in FAULTS.items():
            print(f"{name:24} {(fault.__doc__ or '').splitlines()[0]}")
        return 0
    if asked.judge:
        return _judge(asked.judge)
    if asked.write:
        around(asked.write, _kind(asked))
    own_mounts()
    asked.histories.mkdir(parents=True, exist_ok=True)
    try:
        verdicts = uvloop.run(_run(asked, network))
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not asked.lane:
            print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        return 130
    if asked.lane:
        return 0
    done = [verdict for verdict in verdicts if not verdict.left_out]
    if asked.write and done:
        write(asked.write, verdicts, shlex.join(("scripts/room_hardening", *(words or sys.argv[1:]))), _kind(asked))
    if len(done) > 1:
        print("\n".join(table(done)))
    print(summary(verdicts))
    if verdicts and not done:
        return 2
    return 1 if any(verdict.broken for verdict in done) else 0


async def _run(asked: argparse.Namespace, network: Network | None) -> list[Verdict]:
    _end_on_sigterm()
    if asked.lane:
        await _one_cluster(asked, given(), network)
        return []
    if asked.lanes == 1 and not asked.write:
        return await _one_cluster(asked, _each(_rounds(asked)), network)
    return await _side_by_side(asked)


def _end_on_sigterm() -> None:
    """As on Ctrl-C: what was started is stopped first."""
    running_now = asyncio.current_task()
    assert running_now is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running_now.cancel)


def _rounds(asked: argparse.Namespace) -> Iterator[Round]:
    """Each fault with each of so many seeds, as long as there is time."""
    faults = tuple(asked.fault) or (QUICK if asked.quick else tuple(_default(asked)))
    until = None if asked.minutes is None else monotonic() + 60 * asked.minutes
    seeds = count(asked.seed) if asked.seeds is None else range(asked.seed, asked.seed + asked.seeds)
    for seed in seeds:
        for of_round in [faults] if asked.quick else [(name,) for name in faults]:
            if until and monotonic() > until:
                return
            yield Round(seed=seed, faults=of_round)


def _default(asked: argparse.Namespace) -> Collection[str]:
    return OF_SENTINEL if asked.sentinel else OF_CLUSTER if asked.cluster else OF_ONE_REDIS


def _kind(asked: argparse.Namespace) -> str:
    """What this run is, beside the usual; "" where it is that."""
    return next((name for name in KINDS if getattr(asked, name)), "")


async def _each(rounds: Iterator[Round]) -> AsyncIterator[Round]:
    for one in rounds:
        yield one


async def _one_cluster(
    asked: argparse.Namespace, rounds: AsyncIterator[Round], network: Network | None
) -> list[Verdict]:
    """Round after round on one cluster, in this process."""
    began, verdicts = monotonic(), list[Verdict]()
    async with running(
        webs=asked.webs,
        workers=asked.workers,
        postgres=not asked.quick,
        voice=asked.voice,
        kind="sentinel" if asked.sentinel else "cluster" if asked.cluster else "one",
        network=network,
    ) as cluster:
        if unfit := [name for name in asked.fault if not fault_of(name).fits(cluster)]:
            lacks = "another kind of Redis, a Postgres, or a disk or network of its own"
            raise SystemExit(f"This cluster cannot do {', '.join(unfit)}: for that it would need {lacks}.")
        print(f"cluster up in {monotonic() - began:.1f} s", flush=True)
        async for one in rounds:
            if unfit := [name for name in one.faults if not fault_of(name).fits(cluster)]:
                print(not_done(unfit), flush=True)
                left_out = Verdict(seed=one.seed, faults=one.faults, seconds=0, entries=0, left_out=True)
                verdicts.append(left_out)
                if asked.lane:
                    print(left_out.model_dump_json(), flush=True)
                continue
            verdict, lines = await judged(cluster, one, asked.rooms, asked.histories)
            how = (f"--{name}" for name in ("quick", *KINDS) if getattr(asked, name))
            again = " ".join([*how, *(f"--fault {name}" for name in one.faults)])
            if verdict.broken:
                lines.append(f"  again: scripts/room_hardening --seed {one.seed} {again}")
            for text in [*lines, verdict.model_dump_json()] if asked.lane else [line(verdict), *lines]:
                print(text, flush=True)
            verdicts.append(verdict)
    return verdicts


async def _side_by_side(asked: argparse.Namespace) -> list[Verdict]:
    """Several clusters, each in a process of its own; what was played already on this code is not played again."""
    ledger = Ledger.of_this_code(asked.histories / "verdicts.jsonl")
    wanted = None if asked.seeds is None else asked.seeds * len(asked.fault or _default(asked))
    verdicts = [] if asked.afresh else [kept for kept in ledger.kept() if _is_asked(kept, asked)]
    done = {(kept.seed, kept.faults) for kept in verdicts}
    if done:
        print(f"{len(done)} rounds were played on this code already; --afresh plays them again", flush=True)
    left = (one for one in _rounds(asked) if (one.seed, one.faults) not in done)
    began, before = monotonic(), len(verdicts)
    words = [f"--{name}={getattr(asked, name)}" for name in ("rooms", "webs", "workers", "histories")]
    words += [f"--{name}" for name in KINDS if getattr(asked, name)]
    lane = (sys.executable, "-m", "scripts.hardening", "--lane", *words)
    async for verdict in played(left, asked.lanes, lane, print):
        if verdict.left_out:  # the lane said so
            verdicts.append(verdict)
            continue
        verdicts.append(ledger.keep(verdict.model_copy(update={"voice": asked.voice})))
        pace_s = (monotonic() - began) / (len(verdicts) - before)
        ahead = f" of {wanted}, {(wanted - len(verdicts)) * pace_s / 60:.0f} minutes left" if wanted else ""
        broken = sum(bool(each.broken) for each in verdicts)
        print(f"{line(verdict)}   {len(verdicts)} played{ahead}, {broken} broken, {pace_s:.1f} s each", flush=True)
    return verdicts


def _is_asked(kept: Verdict, asked: argparse.Namespace) -> bool:
    """Whether this run would play that round."""
    seeds = asked.seed <= kept.seed and (asked.seeds is None or kept.seed < asked.seed + asked.seeds)
    return seeds and kept.voice == asked.voice and set(kept.faults) <= set(asked.fault or _default(asked))


def _judge(path: Path) -> int:
    """Look through a kept history once more."""
    entries = read(path)
    breaks = broken(entries)
    print("\n".join([*told(entries, breaks), f"{len(entries)} entries, {len(breaks)} breaks"]))
    return 1 if breaks else 0


def _known(name: str) -> str:
    try:
        fault_of(name)
    except KeyError:
        raise argparse.ArgumentTypeError(f"there is no fault {name}; --list names them all") from None
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/room_hardening", description="Breaks a real cluster in every way listed and checks its rooms."
    )
    parser.add_argument("--seed", type=int, default=1, help="chance begins here; a round prints its own (1)")
    parser.add_argument("--seeds", type=int, help="so many seeds, each fault with each (1, or no end with --minutes)")
    parser.add_argument("--fault", action="append", default=[], type=_known, metavar="FAULT",
                        help=f"only this one, or these at once (one{AT_ONCE}other); may be repeated")  # fmt: skip
    parser.add_argument("--minutes", type=float, help="begin no round after so long")
    parser.add_argument("--lanes", type=int, default=1, help="clusters side by side (1)")
    parser.add_argument("--afresh", action="store_true", help="play again what lanes have played on this code")
    parser.add_argument("--quick", action="store_true", help="a few faults in one round, on SQLite, in half a minute")
    parser.add_argument("--voice", action="store_true", help="one candidate a round answers aloud (slower starts)")
    store = parser.add_mutually_exclusive_group()
    store.add_argument("--sentinel", action="store_true", help="on a primary, a replica and a Sentinel; its own faults")
    store.add_argument(
        "--cluster", action="store_true", help="on a Redis Cluster of three with replicas; its own faults"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the run's table into this page of the docs")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    parser.add_argument("--judge", type=Path, metavar="FILE", help="look through a kept history again, and run nothing")
    parser.add_argument("--rooms", type=int, help="interviews in a round (4; 2 in a quick run)")
    parser.add_argument("--histories", type=Path, default=HISTORIES, help="where those of broken rounds are kept")
    parser.add_argument("--webs", type=int, help="web workers (3; 2 in a quick run)")
    parser.add_argument("--workers", type=int, default=2, help="workers (2)")
    parser.add_argument("--lane", action="store_true", help=argparse.SUPPRESS)
    return parser
