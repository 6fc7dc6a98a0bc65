"""A wall clock that can be set from outside while a process runs by it.

Only what Python reads as the time of day goes wrong; the clock that only counts on, and that of the machine, stay.
"""

import mmap
import struct
import time
from pathlib import Path


def follow(path: Path) -> None:
    """Read the wall clock so many nanoseconds ahead as stand in this file, at every look."""
    with path.open("r+b") as file:
        ahead = mmap.mmap(file.fileno(), 8)
    place, now, now_ns = struct.Struct("<q"), time.time, time.time_ns
    time.time = lambda: now() + place.unpack_from(ahead)[0] / 1e9
    time.time_ns = lambda: now_ns() + place.unpack_from(ahead)[0]
