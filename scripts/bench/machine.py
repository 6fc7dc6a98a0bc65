"""The machine that a bench runs on: what it is called in a table, and what it lets us have."""

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


def machine() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    kernel = platform.release().partition("-")[0]
    return f"{os.cpu_count()} cores ({model}), Linux {kernel}, Python {platform.python_version()}"


def commit() -> str:
    """The short name of the commit that is measured, and whether the files differ from it."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return f"{name} with changes" if _git("status", "--porcelain", "--untracked-files=no") else name
    except (OSError, subprocess.CalledProcessError):
        return "an unknown commit"


def more_descriptors(needed: int) -> int:
    """As many as the system lets us have, for us and what we start; a crowd takes one a socket on either side."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < needed:
        print(f"*** ONLY {most} FILE DESCRIPTORS (ulimit -Hn): a crowd may not fit\n", file=sys.stderr, flush=True)
    return most


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
