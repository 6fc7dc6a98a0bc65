"""Decides whether the worker beside us is well: its event loop marks the time in a file, and somebody else looks.

A worker has no port to ask at, and a process that hangs still exists. It says nothing of Redis or the database: a
worker that waits for them is well.
"""

import asyncio
import contextlib
import time
from pathlib import Path


async def beat(var: Path, every_ms: int) -> None:
    """Mark the time in `var` until cancelled."""
    path = _path(var)
    while True:
        with contextlib.suppress(OSError):  # a full disk shows as a failed check; interviews go on
            _mark(path)
        await asyncio.sleep(every_ms / 1000)


def is_well(var: Path, within_ms: int) -> bool:
    """Whether the last mark is younger than `within_ms`."""
    try:
        return time.time() - _path(var).stat().st_mtime < within_ms / 1000
    except FileNotFoundError:
        return False


def _path(var: Path) -> Path:
    return var / "worker.pulse"


def _mark(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
