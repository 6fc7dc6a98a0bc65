"""What keeps a process's event loop from being late, set before its first room.

Decides how Python itself takes its turns: its collector and its threads. Changes nothing that is said or kept.
"""

import gc
import sys
from typing import Final

_SWITCH_S: Final = 0.001
_LOOKS: Final = (2_000, 10, 200)
"""After so many new objects it looks through these, after so many such looks through what outlived them, and after so
many of those through everything: where thousands come back at once, looks are the pauses that the others notice."""


def start_without_the_collector() -> None:
    """Until `spare_the_collector`. A start makes much and drops little: looking through it while it grows took a
    fifth of its time."""
    gc.disable()


def spare_the_collector() -> None:
    """What is there before the first room is there for good: looking through all of it again and again made
    everybody wait, a tenth of a second at a time (docs/PERFORMANCE.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOKS)
    gc.enable()


def share_with_threads() -> None:
    """Who waits for the interpreter gets it after a millisecond, not after Python's usual five: the thread that judges
    voices asks for it before and after each run, and waited for the loop each time, and the loop for it."""
    sys.setswitchinterval(_SWITCH_S)
