"""`python -m scoring.weights FILE`: print the hash that belongs into the file's `sha256` line."""

import sys
import tomllib
from pathlib import Path

from scoring.weights import digest

if __name__ == "__main__":
    sys.stdout.write(digest(tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))) + "\n")
