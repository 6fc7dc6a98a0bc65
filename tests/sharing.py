"""How tests share a machine when `scripts/test` runs several processes of them (pytest-xdist, --dist loadgroup).

Decides which tests stay together in one process, in which order the groups begin, who has the processor first, and who
compiles which file; never what a test does. Browsers and voices go by the clock: each kind is one group, so one
Chromium runs at a time; they begin first, and all the others give way to them.
"""

import contextlib
import importlib
import os
from pathlib import Path
from typing import Final

import pytest

BY_THE_CLOCK: Final = ("browser", "voice")
"""Groups, by their marks, whose tests speak or listen in real time."""
LONGEST_FIRST: Final = ("tests/journeys/", "tests/scripts/", "tests/server/", "tests/laws/", "tests/contracts/")
GIVES_WAY: Final = 5
"""By so much all the others are nicer."""


def arrange(items: list[pytest.Item]) -> None:
    """Name each test's group; the groups that take longest come first."""
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    # All processes must count the same order, also of cases that come from a set.
    items.sort(key=lambda item: (_turn(item), item.location[0], item.location[1] or 0, item.nodeid))


def begin_apart(config: pytest.Config, number: int, of: int) -> None:
    """Read the files of tests before they are collected, each process from another one on.

    All would else compile the same file at the same moment; so each finds most of them compiled by the others.
    """
    root = config.rootpath
    names = [word.partition("::")[0] for word in config.args]
    files = sorted({file for name in names for file in (root / name).rglob("test_*.py")})
    first = len(files) * number // of
    for file in (*files[first:], *files[:first]):
        with contextlib.suppress(Exception, pytest.skip.Exception):  # what is wrong with it, collecting it says
            importlib.import_module(".".join(Path(file).relative_to(root).with_suffix("").parts))


def give_way(item: pytest.Item) -> None:
    """From the first test on that does not go by the clock, this process and what it starts are nicer."""
    if _group(item) not in BY_THE_CLOCK and os.nice(0) < GIVES_WAY:
        os.nice(GIVES_WAY)


def _group(item: pytest.Item) -> str:
    """The group of a test; "" if any process may run it."""
    for name in BY_THE_CLOCK:
        if item.get_closest_marker(name):
            return name
    if item.get_closest_marker("alone"):
        return ""
    path = item.nodeid.partition("::")[0]
    shares = path.startswith("tests/server/") and "standing" in getattr(item, "fixturenames", ())
    return "standing" if shares else path  # one deployment for all that ask for it


def _turn(item: pytest.Item) -> int:
    group = _group(item)
    if group in BY_THE_CLOCK:
        return BY_THE_CLOCK.index(group)
    folders = (number for number, folder in enumerate(LONGEST_FIRST) if item.nodeid.startswith(folder))
    return len(BY_THE_CLOCK) + next(folders, len(LONGEST_FIRST))
