"""A process starts by reading the code that it runs and no other, and without its collector until it is up."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.app.promptness import spare_the_collector, start_without_the_collector
from tests.server.conftest import Standing


@pytest.fixture
def _collector() -> Iterator[None]:
    """As it was, afterwards: this process has more tests to run."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("_collector")
def test_the_collector_waits_until_all_is_there_and_then_comes_again() -> None:
    start_without_the_collector()
    assert not gc.isenabled()
    spare_the_collector()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which libraries a process has loaded")
def test_a_web_worker_does_not_load_what_only_workers_need(standing: Standing) -> None:
    """The libraries that judge voices are the dearest of them."""
    loaded = Path(f"/proc/{standing.web.popen.pid}/maps").read_text()
    assert "numpy" in loaded, "these are the libraries"
    assert "onnxruntime" not in loaded
