"""`python -m scripts.bench.hearing`: how well and how fast it is heard, by sections, with one table.

Decides what can be asked of it; the sections measure.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from scripts.bench.hearing.given import Given
from scripts.bench.hearing.sections import SECTIONS
from scripts.bench.machine import ROOT, more_descriptors
from scripts.bench.sections import run, stopwatch

AUDIO: Final = ROOT.parent / "shared" / "audio"
NEEDED_DESCRIPTORS: Final = 1_000


def main() -> int:
    arguments = _arguments()
    more_descriptors(NEEDED_DESCRIPTORS)
    say = stopwatch()
    given = Given(arguments.quick, arguments.model, arguments.soak_minutes, arguments.audio.resolve(), say)
    wanted = [section for section in SECTIONS if section.name in (arguments.only or [section.name])]
    return run("hearing", wanted, given, say)


def _arguments() -> argparse.Namespace:
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(prog="scripts/bench_hearing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything: for a look, not for a table")
    parser.add_argument("--only", action="append", choices=names, help="this section; may be given several times")
    parser.add_argument("--model", type=Path, default=None, help="a directory with real weights (CTranslate2)")
    parser.add_argument("--soak-minutes", type=float, default=0.0, help="how long streams soak; default not at all")
    parser.add_argument("--audio", type=Path, default=AUDIO, help="a folder of recordings (default ../shared/audio)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
