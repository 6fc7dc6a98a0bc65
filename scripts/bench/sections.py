"""Runs a bench's sections one after the other, and keeps what they gave.

Decides what a missing input or an error of one section means for the others (nothing), and what is kept: a table as
markdown on standard output and beside it, with all figures as JSON, under var/bench.
"""

import json
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from scripts.bench.machine import ROOT, commit, machine
from scripts.bench.rows import InputMissingError, Outcome, Row, Section, table

KEPT: Final = ROOT / "var" / "bench"


def stopwatch() -> Callable[[str], None]:
    """Tells whoever waits how it goes, with the seconds since now."""
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    return say


def run(name: str, sections: Sequence[Section], given: Any, say: Callable[[str], None]) -> int:
    """Measure, print and keep; the process's exit code. `name`: of the bench, as in `scripts/bench_<name>`."""
    at = datetime.now(UTC)
    outcomes = [_measured(section, given, say) for section in sections]
    command = shlex.join([f"scripts/bench_{name}", *sys.argv[1:]])
    heading = f"`{command}`, {at:%Y-%m-%d %H:%M} UTC, at {commit()}: {machine()}."
    text = f"{heading}\n\n{table(outcomes)}\n"
    figures = [
        {"section": o.section.name, "missing": o.missing, "broken": o.broken, "rows": [row._asdict() for row in o.rows]}
        for o in outcomes
    ]
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{name}-{at:%Y%m%d-%H%M%S}"
    path.with_suffix(".md").write_text(text)
    path.with_suffix(".json").write_text(json.dumps({"about": heading, "sections": figures}, indent=1))
    print(text)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _measured(section: Section, given: Any, say: Callable[[str], None]) -> Outcome:
    """What a section gives, also where it gives it only in part."""
    say(section.title)
    rows: list[Row] = []
    try:
        for row in section.measure(given):
            rows.append(row)
            say(f"    {row.what}: {row.ours if isinstance(row.ours, str) else round(row.ours, row.digits)}")
    except InputMissingError as missing:
        print(f"\n*** {section.title.upper()}: NOT MEASURED: {missing}\n", file=sys.stderr, flush=True)
        return Outcome(section, rows, missing=str(missing))
    except Exception as failure:
        traceback.print_exc()
        return Outcome(section, rows, broken=f"{type(failure).__name__}: {failure}")
    return Outcome(section, rows)
