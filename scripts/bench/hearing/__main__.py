"""`python -m scripts.bench.hearing`: runs the sections one after the other and writes their table.

Decides the order, what a missing input or an error of one section means for the others (nothing), and what is kept:
a table as markdown on standard output and beside it, with all figures as JSON, under var/bench.
"""

import argparse
import json
import shlex
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from scripts.bench.hearing.rows import Given, InputMissingError, Outcome, Row, Section, table
from scripts.bench.hearing.sections import SECTIONS
from scripts.bench.machine import ROOT, commit, machine, more_descriptors

KEPT: Final = ROOT / "var" / "bench"
AUDIO: Final = ROOT.parent / "shared" / "audio"
NEEDED_DESCRIPTORS: Final = 1_000


def main() -> int:
    arguments = _arguments()
    more_descriptors(NEEDED_DESCRIPTORS)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    given = Given(arguments.quick, arguments.model, arguments.soak_minutes, arguments.audio.resolve(), say)
    at = datetime.now(UTC)
    wanted = [section for section in SECTIONS if section.name in (arguments.only or [section.name])]
    outcomes = [_measured(section, given) for section in wanted]
    text = f"{_heading(at)}\n\n{table(outcomes)}\n"
    _keep(at, text, outcomes)
    print(text)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _arguments() -> argparse.Namespace:
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(prog="scripts/bench_hearing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything: for a look, not for a table")
    parser.add_argument("--only", action="append", choices=names, help="this section; may be given several times")
    parser.add_argument("--model", type=Path, default=None, help="a directory with real weights (CTranslate2)")
    parser.add_argument("--soak-minutes", type=float, default=0.0, help="how long streams soak; default not at all")
    parser.add_argument("--audio", type=Path, default=AUDIO, help="a folder of recordings (default ../shared/audio)")
    return parser.parse_args()


def _measured(section: Section, given: Given) -> Outcome:
    """What a section gives, also where it gives it only in part."""
    given.say(section.title)
    rows: list[Row] = []
    try:
        for row in section.measure(given):
            rows.append(row)
            given.say(f"    {row.what}: {row.ours if isinstance(row.ours, str) else round(row.ours, row.digits)}")
    except InputMissingError as missing:
        print(f"\n*** {section.title.upper()}: NOT MEASURED: {missing}\n", file=sys.stderr, flush=True)
        return Outcome(section, rows, missing=str(missing))
    except Exception as failure:
        traceback.print_exc()
        return Outcome(section, rows, broken=f"{type(failure).__name__}: {failure}")
    return Outcome(section, rows)


def _heading(at: datetime) -> str:
    command = shlex.join(["scripts/bench_hearing", *sys.argv[1:]])
    return f"`{command}`, {at:%Y-%m-%d %H:%M} UTC, at {commit()}: {machine()}."


def _keep(at: datetime, text: str, outcomes: list[Outcome]) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"hearing-{at:%Y%m%d-%H%M%S}"
    figures = [
        {"section": o.section.name, "missing": o.missing, "broken": o.broken, "rows": [row._asdict() for row in o.rows]}
        for o in outcomes
    ]
    path.with_suffix(".md").write_text(text)
    path.with_suffix(".json").write_text(json.dumps({"about": _heading(at), "sections": figures}, indent=1))


if __name__ == "__main__":
    sys.exit(main())
