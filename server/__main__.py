"""`python -m server VERB`: how `greenroom serve` starts its processes."""

import sys

from server.cli import run

sys.exit(run(sys.argv[1:]))
