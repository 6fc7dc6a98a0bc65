"""The machine that a bench runs on: what it is called in a table, and what it lets us have."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
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


def rest_costs(rest_s: float = 0.002, times: int = 400) -> float:
    """How many times the processor time the same work takes that begins after a rest: code and memory have left the
    caches by then, and the core may have slept. Work is what servers do: JSON read and written."""
    said = json.dumps([{"kind": "note_taken", "text": "x" * 20, "at_ms": number} for number in range(60)])
    spent = {0.0: 0, rest_s: 0}
    for _ in range(times):
        for rest in spent:
            time.sleep(rest)
            if not rest:
                json.dumps(json.loads(said))
            began = time.thread_time_ns()
            json.dumps(json.loads(said))
            spent[rest] += time.thread_time_ns() - began
    return spent[rest_s] / spent[0.0]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
