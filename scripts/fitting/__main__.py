"""`python -m scripts.fitting disfluency|delivery [--write VERSION]`."""

import argparse
import sys

from scripts.fitting import delivery, disfluency
from scripts.fitting.examples import RATINGS

FITS = {"delivery": delivery.fit, "disfluency": disfluency.fit}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fit_speech")
    parser.add_argument("what", choices=sorted(FITS))
    parser.add_argument("--write", metavar="VERSION", help="write the figures as this version")
    arguments = parser.parse_args()
    if not RATINGS.is_dir():
        print(f"There are no rated examples at {RATINGS}: nothing can be learnt here.", file=sys.stderr)
        return 2
    FITS[arguments.what](arguments.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
