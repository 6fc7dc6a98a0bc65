"""The locks hold what pyproject.toml asks for, by hash, and no address of an index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [*DECLARED["project"]["dependencies"], *DECLARED["dependency-groups"]["build"]]
DEVELOPMENT = [*RUNTIME, *DECLARED["dependency-groups"]["dev"]]
LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-node.txt", "requirements-speech.txt"]


def pins(lock: str) -> dict[str, list[Requirement]]:
    """Each package of the lock with its pins; one that needs an older version on an old Python has two."""
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^[a-zA-Z0-9][^\\\n]*", (ROOT / lock).read_text(), re.MULTILINE):
        pin = Requirement(line.strip())
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def version(pin: Requirement) -> Version:
    (only,) = pin.specifier
    assert only.operator == "=="
    return Version(only.version)


@pytest.mark.parametrize(("lock", "wanted"), [("requirements.txt", RUNTIME), ("requirements-dev.txt", DEVELOPMENT)])
def test_what_is_asked_for_is_locked(lock: str, wanted: list[str]) -> None:
    locked = pins(lock)
    for requirement in map(Requirement, wanted):
        versions = [version(pin) for pin in locked[canonicalize_name(requirement.name)]]
        assert any(requirement.specifier.contains(found, prereleases=True) for found in versions), requirement


def test_tests_run_on_the_versions_that_people_get() -> None:
    development = pins("requirements-dev.txt")
    for name, locked in pins("requirements.txt").items():
        assert {version(pin) for pin in development[name]} == {version(pin) for pin in locked}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    blocks = re.split(r"^(?=[a-zA-Z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", [*LOCKS, "client/web/package-lock.json"])
def test_no_lock_names_where_packages_come_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r'--(extra-)?index-url|--find-links|"resolved": "http', text)


def test_redis_is_not_dragged_back() -> None:
    (redis,) = pins("requirements.txt")["redis"]
    assert version(redis).major >= 8
