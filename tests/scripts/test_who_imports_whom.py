"""The contracts in pyproject.toml, tried on a house of a few lines: kept as it stands, broken by each wrong import."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = {
    "rooms/__init__.py": "",
    "rooms/values.py": "",
    "rooms/transcript.py": "from rooms import values",
    "rooms/evidence.py": "from rooms import transcript",
    "rooms/decide.py": "from rooms import values",
    "rooms/views.py": "",
    "rooms/interview/__init__.py": "",
    "rooms/protocol.py": "import struct",
    "scoring/__init__.py": "",
    "scoring/local.py": "import re\nfrom rooms import evidence, transcript, values",
    "scoring/evaluate/__init__.py": "",
    "scoring/evaluate/content.py": "from server.adapters import connection",
    "scoring/evaluate/table.py": "import os\nfrom scoring import fluency, local",
    "scoring/fluency.py": "from scoring import rhythm",
    "scoring/rhythm.py": "",
    "server/__init__.py": "",
    "server/app/__init__.py": "",
    "server/app/parts.py": "from server.adapters import redis_log",
    "server/writer.py": "import asyncio, time\nfrom rooms import decide",
    "server/adapters/__init__.py": "",
    "server/adapters/redis_log.py": "from server.adapters import connection",
    "server/adapters/connection.py": "import redis",
    "client/__init__.py": "",
    "client/mirror.py": "from rooms import protocol",
    "client/cli.py": "def main():\n    from server import app",
}
RULES = {
    "rooms decides": [
        ("rooms/decide.py", "import time"),
        ("rooms/interview/plan.py", "import random"),
        ("rooms/values.py", "import asyncio"),
        ("rooms/protocol.py", "from starlette import websockets"),
        ("rooms/views.py", "import scoring"),
        ("rooms/decide.py", "def late():\n    import os"),
    ],
    "scoring decides": [
        ("scoring/local.py", "import logging"),
        ("scoring/local.py", "from server import writer"),
        ("scoring/local.py", "import openai"),
    ],
    "nothing imports the programs": [
        ("scoring/local.py", "from scoring.evaluate import table"),
        ("server/writer.py", "from scoring.evaluate import table"),
    ],
    "how fluent somebody sounds": [
        ("scoring/local.py", "from scoring import fluency"),
        ("server/writer.py", "from scoring import rhythm"),
    ],
    "of rooms, scoring knows": [("scoring/local.py", "from rooms import decide")],
    "the client knows": [
        ("client/mirror.py", "from server import writer"),
        ("client/mirror.py", "import scoring"),
        ("client/cli.py", "from rooms import decide"),
    ],
    "only server.app names an adapter": [
        ("server/writer.py", "from server.adapters import redis_log"),
        ("client/cli.py", "from server.adapters import connection"),
    ],
}
BREACHES = [(rule, path, line) for rule, breaches in RULES.items() for path, line in breaches]


def verdicts(house: Path) -> dict[str, bool]:
    """Each contract by its name: whether it is kept."""
    (house / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for path, text in HOUSE.items():
        (house / path).parent.mkdir(parents=True, exist_ok=True)
        with (house / path).open("a") as module:
            module.write(f"\n{text}\n")
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=house,
        env={"PYTHONPATH": str(house), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.findall(r"^(\S.*) (KEPT|BROKEN)", ran.stdout, re.MULTILINE)
    assert len(found) == len(RULES), ran.stdout + ran.stderr
    return {name: word == "KEPT" for name, word in found}


def test_the_house_as_it_should_be_is_kept(tmp_path: Path) -> None:
    assert all(verdicts(tmp_path).values())


@pytest.mark.parametrize(("rule", "path", "line"), BREACHES)
def test_a_wrong_import_is_named(tmp_path: Path, rule: str, path: str, line: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(line)
    (broken,) = [kept for name, kept in verdicts(tmp_path).items() if name.startswith(rule)]
    assert broken is False
