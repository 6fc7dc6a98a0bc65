"""How tests share a machine: what stays together, what comes first, and the same order everywhere."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests import sharing


class Test:
    """As much of a collected test as the sharing looks at."""

    __test__ = False

    def __init__(self, path: str, name: str = "test", line: int = 1, fixtures: tuple[str, ...] = (), mark: str = ""):
        self.nodeid, self.location = f"{path}::{name}", (path, line, name)
        self.fixturenames, self._mark = fixtures, mark
        self.group = ""

    def get_closest_marker(self, name: str) -> Any:
        return name if name == self._mark else None

    def add_marker(self, mark: Any) -> None:
        self.group = mark.args[0]


def arranged(*tests: Test) -> list[Test]:
    items = list(tests)
    sharing.arrange(cast("list[pytest.Item]", items))
    return items


def test_browsers_stay_together_and_come_first() -> None:
    one, other = Test("tests/journeys/test_a.py", mark="browser"), Test("tests/journeys/test_b.py", mark="browser")
    pure = Test("tests/rooms/test_c.py")
    assert arranged(pure, other, one) == [one, other, pure]
    assert one.group == other.group == "browser"


def test_voices_are_a_group_of_their_own() -> None:
    voice, browser = Test("tests/client/test_a.py", mark="voice"), Test("tests/journeys/test_b.py", mark="browser")
    arranged(voice, browser)
    assert (voice.group, browser.group) == ("voice", "browser")


def test_all_that_ask_for_the_one_deployment_share_it() -> None:
    one = Test("tests/server/test_a.py", fixtures=("standing",))
    other = Test("tests/server/api/test_b.py", fixtures=("standing", "room"))
    own = Test("tests/journeys/test_c.py", fixtures=("standing",))
    arranged(one, other, own)
    assert one.group == other.group == "standing"
    assert own.group == "tests/journeys/test_c.py"


def test_a_file_stays_together_and_what_stands_alone_does_not() -> None:
    first, second = Test("tests/rooms/test_a.py", "one"), Test("tests/rooms/test_a.py", "two", 9)
    alone = Test("tests/journeys/test_b.py", mark="alone")
    arranged(first, second, alone)
    assert first.group == second.group == "tests/rooms/test_a.py"
    assert alone.group == ""


def test_every_process_counts_the_same_order() -> None:
    tests = [Test("tests/rooms/test_a.py", f"test[{case}]", line) for line in (3, 9) for case in "dbca"]
    orders = {tuple(arranged(*random.sample(tests, len(tests)))) for _ in range(20)}
    assert [test.nodeid for test in orders.pop()] == [
        f"tests/rooms/test_a.py::test[{case}]" for _ in (3, 9) for case in "abcd"
    ]
    assert not orders


def test_each_process_reads_all_files_and_begins_with_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(sharing.importlib, "import_module", lambda name: read.append(name) or 1 / (name[-1] != "c"))
    for name in ("b/test_c.py", "a/test_a.py", "a/b/test_b.py", "a/helper.py", "b/test_d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    config = cast("pytest.Config", SimpleNamespace(rootpath=tmp_path, args=["a", "b/test_d.py::test", "b"]))
    sharing.begin_apart(config, 0, 2)
    assert read == ["a.b.test_b", "a.test_a", "b.test_c", "b.test_d"]
    read.clear()
    sharing.begin_apart(config, 1, 2)
    assert read == ["b.test_c", "b.test_d", "a.b.test_b", "a.test_a"]
