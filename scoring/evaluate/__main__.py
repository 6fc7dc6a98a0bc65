"""`python -m scoring.evaluate content IN.csv OUT.csv`, and one program more for each module in `PROGRAMS`."""

import argparse
import sys
from collections.abc import Sequence

from scoring.evaluate import content, delivery, disfluency
from scoring.evaluate.table import TableError

PROGRAMS = (content, delivery, disfluency)
"""Each has `NAME`, `add_arguments(parser)` and `run(arguments) -> str`, whose result is the line told at the end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one program. 0 when it is done, 2 when what it was given does not hold."""
    parser = argparse.ArgumentParser(prog="python -m scoring.evaluate", description=__doc__)
    programs = parser.add_subparsers(dest="program", required=True, metavar="PROGRAM")
    for program in PROGRAMS:
        own = programs.add_parser(program.NAME, help=program.__doc__, description=program.__doc__)
        program.add_arguments(own)
        own.set_defaults(run=program.run)
    arguments = parser.parse_args(argv)
    try:
        told = arguments.run(arguments)
    except (TableError, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    sys.stderr.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
