"""A long run's outcome in a page of the docs, between two marks: when, on which commit, by which command.

Decides how a run is told there; never what it came to (`verdicts`).
"""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from scripts.hardening.verdicts import Verdict, summary, table

BEGINS, ENDS = "<!-- the long run begins -->\n", "<!-- the long run ends -->\n"


def write(page: Path, verdicts: Sequence[Verdict], command: str) -> None:
    """Put this run in the place of the one that the page tells of. The page must have both marks, once."""
    before, after = around(page)
    told = "\n".join(lines(verdicts, command))
    page.write_text(f"{before}{BEGINS}{told}\n{ENDS}{after}", encoding="utf-8")


def around(page: Path) -> tuple[str, str]:
    """What stands before and behind the run's place. OSError or ValueError if there is none: ask before a long run."""
    before, begins, rest = page.read_text(encoding="utf-8").partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"{page} has no place for a run: {BEGINS.strip()} and {ENDS.strip()}")
    return before, after


def lines(verdicts: Sequence[Verdict], command: str) -> list[str]:
    """The run in markdown."""
    times = sorted(verdict.at for verdict in verdicts)
    commits = ", ".join(dict.fromkeys(verdict.commit for verdict in verdicts))
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return [
        f"**{times[0]} to {times[-1]} UTC, `{command}`** (commit {commits}; {machine}): {summary(verdicts)}.",
        "",
        *table(verdicts),
    ]
