"""A child process ends when its owner does, however that comes about."""

import os
import select
import subprocess
import sys

import pytest

from server.lifeline import dying_with_us

OWNER = """
import subprocess, sys
from server.lifeline import dying_with_us
with subprocess.Popen(dying_with_us("sh", "-c", "echo running; exec sleep 60"), close_fds=False):
    sys.stdin.read()
"""


def test_the_child_is_the_command_itself() -> None:
    with subprocess.Popen(dying_with_us("sh", "-c", "echo $$"), stdout=subprocess.PIPE, text=True) as child:
        assert child.communicate(timeout=10)[0].strip() == str(child.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only an orderly exit ends the child")
def test_the_child_ends_when_its_owner_is_killed() -> None:
    reading, writing = os.pipe()  # the child inherits it: its end is the end of the file
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(writing,),
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as owner:
        os.close(writing)
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"running\n"
        owner.kill()
    readable, _, _ = select.select([reading], [], [], 10)
    os.close(reading)
    assert readable, "the child still runs"
