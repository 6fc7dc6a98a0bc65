"""A process of Greenroom that counts, when asked to, what Python has allocated: `python -m scripts.bench.counted VERB`.

Resident memory grows and shrinks with what malloc keeps of peaks; what is kept for good shows here, and only here.
"""

import gc
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

_DEADLINE_S: Final = 20.0


def blocks(pid: int, directory: Path) -> int:
    """How many blocks the process has allocated, behind a collection of its garbage."""
    told = _place(pid, directory)
    told.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    end = time.monotonic() + _DEADLINE_S
    while not told.exists():
        if time.monotonic() > end:
            raise TimeoutError("the worker did not count")
        time.sleep(0.01)
    return int(told.read_text())


def _place(pid: int, directory: Path) -> Path:
    return directory / f"{pid}.blocks"


def _count(*_: object) -> None:
    gc.collect()
    told = _place(os.getpid(), Path(os.environ["VAR_DIR"]))
    written = told.with_suffix(".new")
    written.write_text(str(sys.getallocatedblocks()))
    written.rename(told)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _count)
    from server.cli import run

    sys.exit(run(sys.argv[1:]))
