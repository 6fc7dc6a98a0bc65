"""Decides how a child process is tied to our life, so that none is left behind when we are killed."""

import os
import sys

# PR_SET_PDEATHSIG (prctl(2)), set by a process that then becomes the child: it gets SIGTERM when we die, even by
# SIGKILL. preexec_fn would do it too, but runs Python between fork and exec of a threaded process.
# The check of the parent covers our dying before the call.
LAUNCHER = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the owner died")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def dying_with_us(*command: str) -> tuple[str, ...]:
    """The command, made to get SIGTERM when the thread that starts it dies, however it dies.

    The process keeps its id through this. Linux only: elsewhere the command comes back as it was, and only an orderly
    exit ends the child.
    """
    if sys.platform != "linux":
        return command
    return (sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *command)
