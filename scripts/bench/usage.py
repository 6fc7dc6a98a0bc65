"""What processes use: processor time and resident memory, read from /proc. Linux only, like the bench."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024


def resident_kb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KB


def processor_s(pid: int) -> float:
    """Processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


class Meter(NamedTuple):
    """Shares of one core since it was started: of each named process, and of the whole machine."""

    began: float
    used: Mapping[str, float]
    pids: Mapping[str, int]
    idle: float

    @classmethod
    def start(cls, **pids: int) -> "Meter":
        return cls(time.monotonic(), {name: processor_s(pid) for name, pid in pids.items()}, pids, _idle_s())

    def shares(self) -> dict[str, float]:
        """1.0 is one core, all the time. `idle` is what the machine had left, `others` what was not ours."""
        passed = time.monotonic() - self.began
        ours = {name: (processor_s(pid) - self.used[name]) / passed for name, pid in self.pids.items()}
        idle = (_idle_s() - self.idle) / passed
        others = max(0.0, (os.cpu_count() or 1) - idle - sum(ours.values()))
        return {name: round(share, 3) for name, share in {**ours, "idle": idle, "others": others}.items()}


def _idle_s() -> float:
    return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[4]) * _TICK_S


def at_share(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lies; they must be sorted."""
    return values[min(len(values) - 1, int(len(values) * share))]
