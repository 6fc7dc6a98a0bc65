"""Small matrices are multiplied by one thread: several only wait for each other, while others want the core."""

import subprocess
import sys

import pytest

PRODUCT = "import os, numpy; numpy.ones((400, 400)) @ numpy.ones((400, 400)); print(len(os.listdir('/proc/self/task')))"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("package", ["server", "scoring.evaluate"])
def test_a_process_multiplies_by_one_thread(package: str) -> None:
    program = [sys.executable, "-c", f"import {package}; {PRODUCT}"]
    assert subprocess.run(program, capture_output=True, check=True, text=True).stdout.strip() == "1"
