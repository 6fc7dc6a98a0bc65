"""`python -m scripts.bench.scoring`: how well and how fast it is scored, by sections, with one table.

Decides what can be asked of it; the sections measure.
"""

import argparse
import os
import sys

from scripts.bench.scoring.given import Given
from scripts.bench.scoring.sections import SECTIONS
from scripts.bench.sections import run, stopwatch
from server.adapters.sentences import sentence_encoder


def main() -> int:
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(prog="scripts/bench_scoring", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, help="this section; may be given several times")
    only = parser.parse_args().only
    say = stopwatch()
    given = Given(sentence_encoder(os.environ.get("ENCODER_MODEL", "none")), say)
    return run("scoring", [section for section in SECTIONS if section.name in (only or names)], given, say)


if __name__ == "__main__":
    sys.exit(main())
