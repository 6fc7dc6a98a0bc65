"""What rounds came to: one line each while they are played, one JSON line each in a file, and a table at the end.

Decides what is said of a run and what counts as done already; never what is true of a room (`invariants`).
"""

import hashlib
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rooms.values import Value
from scripts.hardening.history import Recorded
from scripts.hardening.invariants import INVARIANTS, Break
from scripts.hardening.telling import story

BREAKS_TOLD = 3
ROOT = Path(__file__).parents[2]
PLAYED = ("rooms", "scoring", "server", "client", "scripts/hardening",
          "tests/servers.py", "tests/redis_servers.py", "tests/deployment.py")  # fmt: skip
"""What a round's outcome hangs on. A change of anything else, the docs say, leaves what was played as it was."""


class Round(Value):
    """One to be played."""

    seed: int
    faults: tuple[str, ...]


class Verdict(Value):
    """One round's. `broken` names the invariants that broke; empty: all held."""

    faults: tuple[str, ...]
    seed: int
    seconds: float
    entries: int
    waited_s: float = 0.0
    """How long anybody waited for anything at most, while nothing was broken."""
    broken: tuple[str, ...] = ()
    failed: bool = False
    """The round could not be played to its end: its cluster is not to be trusted with another."""
    left_out: bool = False
    """This machine does not let us break that."""
    voice: bool = False
    """One candidate answered aloud."""
    commit: str = ""
    code: str = ""
    """Names the content of what was played."""
    at: str = ""


class Ledger(NamedTuple):
    """A file of verdicts: a run that was interrupted goes on where it was."""

    path: Path
    commit: str
    code: str

    @classmethod
    def of_this_code(cls, path: Path) -> "Ledger":
        return cls(path, _git("describe", "--always", "--dirty=+", "--exclude=*"), _code())

    def keep(self, verdict: Verdict) -> Verdict:
        """Write it down with when it was and on what; gives it so."""
        about = {"commit": self.commit, "code": self.code, "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}"}
        dated = verdict.model_copy(update=about)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(dated.model_dump_json() + "\n")
        return dated

    def kept(self) -> list[Verdict]:
        """Each round's last verdict on the code as it is now. Of code that is in no commit none are kept in mind."""
        if not self.path.exists() or not self.code:
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        verdicts = [verdict for verdict in map(Verdict.model_validate_json, lines) if verdict.code == self.code]
        return list({(verdict.seed, verdict.faults, verdict.voice): verdict for verdict in verdicts}.values())


def line(verdict: Verdict) -> str:
    """A round in one line."""
    word = "BROKEN" if verdict.broken else "held"
    names = " + ".join(verdict.faults)
    figures = f"{verdict.seconds:5.1f} s  {verdict.entries:6} entries  waits {verdict.waited_s:4.1f} s"
    return f"{word:6}  seed {verdict.seed:<4} {names:24} {figures}"


def told(entries: Sequence[Recorded], breaks: Sequence[Break]) -> list[str]:
    """The first breaks of a round, each with its shortest story."""
    lines: list[str] = []
    for broke in breaks[:BREAKS_TOLD]:
        where = " ".join(filter(None, (broke.room, broke.who)))
        lines += [f"  {broke.invariant}: {broke.sentence}  [{where}]", *(f"      {x}" for x in story(entries, broke))]
    if len(breaks) > BREAKS_TOLD:
        counts = Counter(broke.invariant for broke in breaks)
        lines.append(f"  in all: {', '.join(f'{times} x {name}' for name, times in counts.items())}")
    return lines


def table(verdicts: Iterable[Verdict]) -> list[str]:
    """A line of markdown for each fault."""
    by_fault: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_fault[" + ".join(verdict.faults)].append(verdict)
    heads = ("fault", "seeds", "held", "seconds a round", "longest wait, s", "entries", "broken")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, of_fault in by_fault.items():
        seeds = sorted({verdict.seed for verdict in of_fault})
        seconds = sorted(verdict.seconds for verdict in of_fault)
        broken = Counter(name for verdict in of_fault for name in verdict.broken)
        lines.append(
            f"| `{name}` | {_spans(seeds)} | {sum(not v.broken for v in of_fault)} of {len(of_fault)} | "
            f"{seconds[0]:.0f} to {seconds[-1]:.0f} | {max(v.waited_s for v in of_fault):.0f} | "
            f"{sum(v.entries for v in of_fault):,} | "
            f"{', '.join(f'{times} x `{broke}`' for broke, times in broken.items())} |"
        )
    return lines


def summary(verdicts: Sequence[Verdict]) -> str:
    """What all came to, and what was not done: its line is far above by then."""
    done = [verdict for verdict in verdicts if not verdict.left_out]
    left_out = dict.fromkeys(name for verdict in verdicts if verdict.left_out for name in verdict.faults)
    bad = sum(bool(verdict.broken) for verdict in done)
    kinds = len({name for verdict in done for name in verdict.faults})
    entries = sum(verdict.entries for verdict in done)
    return (
        f"{len(done)} rounds, {kinds} kinds of fault, {len(INVARIANTS) + 1} invariants, {entries} entries: "
        f"{bad} rounds broken" + (f". {not_done(left_out)}" if left_out else "")
    )


def not_done(faults: Iterable[str]) -> str:
    return f"NOT DONE, as this machine does not let us: {', '.join(faults)}"


def _spans(seeds: Sequence[int]) -> str:
    """1, 2, 3, 5 as "1-3, 5"."""
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][-1] + 1:
            spans[-1][1:] = [seed]
        else:
            spans.append([seed])
    return ", ".join("-".join(map(str, span)) for span in spans)


def _code() -> str:
    """A name for the content of what is played; empty where it was changed since its commit, or there is none."""
    listed = _git("ls-files", "--stage", "--", *PLAYED)
    if not listed or _git("status", "--porcelain", "--", *PLAYED):
        return ""
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


def _git(*words: str) -> str:
    """What git says of this tree; nothing where it is none."""
    try:
        said = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()
