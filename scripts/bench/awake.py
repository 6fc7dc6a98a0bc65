"""Keeps a machine's cores from going to sleep, for figures of tenths of a millisecond.

Most of such a figure may be waiting for cores to wake, four times for each line on its way, which takes far longer on a
virtual machine and less where there is anything else to do. Whatever wants a core gets it at once (SCHED_IDLE).
"""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator


@contextlib.contextmanager
def kept_awake() -> Iterator[None]:
    """A process a core that computes whenever nobody else would."""
    spawn = multiprocessing.get_context("spawn")
    idlers = [spawn.Process(target=_idle, daemon=True) for _ in range(os.cpu_count() or 1)]
    for idler in idlers:
        idler.start()
    try:
        yield
    finally:
        for idler in idlers:
            idler.kill()
            idler.join()


def _idle() -> None:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True:
        pass
