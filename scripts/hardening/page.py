"""A long run's outcome in a page of the docs, between two marks: when, on which commit, by which command.

Decides how a run is told there; never what it came to (`verdicts`).
"""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from scripts.hardening.verdicts import Verdict, summary, table


def write(page: Path, verdicts: Sequence[Verdict], command: str, of: str = "") -> None:
    """Put this run in the place of the one `of` the same kind that the page tells of."""
    before, after = around(page, of)
    told = "\n".join(lines(verdicts, command))
    page.write_text(f"{before}{told}\n{after}", encoding="utf-8")


def around(page: Path, of: str = "") -> tuple[str, str]:
    """What stands before and behind the run's place, with the marks there. `of`: a kind of run, "cluster".

    OSError or ValueError if there is no place: ask before a long run.
    """
    begins, ends = (f"<!-- the long run{f' of --{of}' if of else ''} {word} -->\n" for word in ("begins", "ends"))
    before, has_begun, rest = page.read_text(encoding="utf-8").partition(begins)
    _, has_ended, after = rest.partition(ends)
    if not has_begun or not has_ended:
        raise ValueError(f"{page} has no place for a run: {begins.strip()} and {ends.strip()}")
    return before + begins, ends + after


def lines(verdicts: Sequence[Verdict], command: str) -> list[str]:
    """The run in markdown."""
    done = [verdict for verdict in verdicts if not verdict.left_out]
    times = sorted(verdict.at for verdict in done)
    commits = ", ".join(dict.fromkeys(verdict.commit for verdict in done))
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return [
        f"**{times[0]} to {times[-1]} UTC, `{command}`** (commit {commits}; {machine}): {summary(verdicts)}.",
        "",
        *table(done),
    ]
