"""A disk of our own that can be full: a tmpfs that only this run sees, and that is gone when its last process is.

Decides how it is had and filled; never when (`faults`). Needs root on Linux; elsewhere there is none.
"""

import ctypes
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

ROOMY = "1g"
"""Only what is written takes memory."""
_CLONE_NEWNS = 0x20000


def own_mounts() -> bool:
    """Let this process and what it starts mount disks that nobody else sees. Call it before there are threads."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("mount"):
        return False
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        return False
    return _ran("mount", "--make-rprivate", "/")


class Disk:
    """One disk, mounted; `close` takes it away."""

    def __init__(self, place: Path) -> None:
        self.place = place

    @classmethod
    def mounted(cls, place: Path, owner: pwd.struct_passwd | None) -> "Disk | None":
        """A new disk that belongs to `owner`, if this machine lets us."""
        place.mkdir()
        if not _ran("mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "none", str(place)):
            return None
        if owner:
            os.chown(place, owner.pw_uid, owner.pw_gid)
        return cls(place)

    def fill(self) -> None:
        """Not one page more: its size becomes what is in use."""
        there = os.statvfs(self.place)
        used = (there.f_blocks - there.f_bfree) * there.f_frsize
        self._resize(str(used))

    def free(self) -> None:
        self._resize(ROOMY)

    def close(self) -> None:
        _ran("umount", "-l", str(self.place))

    def _resize(self, size: str) -> None:
        if not _ran("mount", "-o", f"remount,size={size}", str(self.place)):
            raise RuntimeError(f"{self.place} could not be given the size {size}")


def _ran(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30).returncode == 0
