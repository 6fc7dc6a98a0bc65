"""The checker of rooms on a small cluster of its own: a fault, a verdict, and nothing left running."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.hardening.command import main
from scripts.hardening.faults import FAULTS, QUICK
from scripts.hardening.history import Recorded, written
from scripts.hardening.invariants import INVARIANTS
from tests.scripts.test_hardening_invariants import sound
from tests.servers import ServerNotFoundError, find_redis
from tests.waiting import DEADLINE_S

ROOT = Path(__file__).parents[2]
SMALL = ("--quick", "--rooms", "1", "--webs", "1", "--workers", "1")
RUN_DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
def needs_redis() -> None:
    try:
        find_redis()
    except ServerNotFoundError as absent:
        pytest.skip(str(absent))


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "scripts.hardening", *words]


@pytest.mark.alone
@pytest.mark.slow
def test_a_quick_run_holds_within_a_minute(tmp_path: Path) -> None:
    """Sockets, subscribers, processes and Redis break under two interviews; nothing is lost, doubled or leaked."""
    words = command("--quick", "--seed", "3", "--histories", str(tmp_path))
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=2 * RUN_DEADLINE_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "held    seed 3    sockets-cut + commands-muddled + " in ran.stdout
    assert f"1 rounds, {len(QUICK)} kinds of fault" in ran.stdout
    assert list(tmp_path.iterdir()) == []  # only broken rounds leave their history


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    running = subprocess.Popen(
        command(*SMALL, "--fault", "sockets-cut", "--histories", str(tmp_path)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    try:
        assert running.stdout is not None
        assert "cluster up" in running.stdout.readline()
        assert list(tmp_path.glob("greenroom-*"))
        assert descendants(running.pid)
        started = descendants(running.pid)
        running.send_signal(number)
        _, complaint = running.communicate(timeout=RUN_DEADLINE_S)
    finally:
        running.kill()
        running.wait()
    assert "everything that was started is stopped" in complaint
    assert running.returncode == 130
    until = time.monotonic() + DEADLINE_S
    while (left := [pid for pid in started if Path(f"/proc/{pid}").exists()]) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []
    assert list(tmp_path.glob("greenroom-*")) == []


def test_every_fault_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(FAULTS)
    assert all(len(line.split()) > 4 for line in listed)


@pytest.mark.parametrize(("history", "verdict"), [(sound(), 0), (sound()[:-1], 1)])
def test_a_kept_history_is_judged_again(tmp_path: Path, history: list[Recorded], verdict: int) -> None:
    (tmp_path / "kept.jsonl").write_text(written(history), encoding="utf-8")
    assert main(["--judge", str(tmp_path / "kept.jsonl")]) == verdict


def test_what_a_quick_run_does_fits_a_cluster_without_postgres() -> None:
    assert set(QUICK) <= set(FAULTS)
    assert not [name for name in QUICK if name.startswith("postgres")]


def test_the_docs_list_every_fault_and_every_invariant() -> None:
    text = (ROOT / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")
    assert [name for name in (*FAULTS, *INVARIANTS) if f"`{name}`" not in text] == []


def descendants(pid: int) -> list[int]:
    """Every process below this one."""
    children: list[int] = []
    unless_it_ended = contextlib.suppress(FileNotFoundError, ProcessLookupError)
    with unless_it_ended:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with unless_it_ended:
                children += map(int, (thread / "children").read_text().split())
    return [below for child in children for below in (child, *descendants(child))]
