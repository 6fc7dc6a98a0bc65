"""docs/PROTOCOL.md says what the code says, and its examples are real messages."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import TypeAdapter

from rooms.commands import PERSON_COMMAND, PersonCommand
from rooms.events import EVENT, Event
from rooms.protocol import (
    CLIENT_MESSAGE,
    SERVER_MESSAGE,
    TELL,
    ClientMessage,
    Close,
    ServerMessage,
    Tell,
    pack_frame,
    unpack_frame,
)
from scripts import protocol_examples as examples

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "PROTOCOL.md").read_text()


def section(name: str) -> str:
    found = re.search(rf"<!-- made: {name} -->(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert found, f"the page has no part {name}"
    return found[1]


def shown(name: str) -> list[dict]:
    """Every JSON object in a part's code blocks."""
    objects, decoder = [], json.JSONDecoder()
    for block in re.findall(r"```json\n(.*?)```", section(name), re.DOTALL):
        rest = block.strip()
        while rest:
            value, end = decoder.raw_decode(rest)
            objects.append(value)
            rest = rest[end:].strip()
    return objects


def test_the_page_is_current() -> None:
    check = subprocess.run(
        [sys.executable, "scripts/protocol_docs", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize(
    ("given", "union"),
    [
        (examples.CLIENT, ClientMessage),
        (examples.SERVER, ServerMessage),
        (examples.COMMANDS, PersonCommand),
        (examples.EVENTS, Event),
        (examples.TELLS, Tell),
    ],
)
def test_there_is_one_example_of_every_kind(given: tuple, union: object) -> None:
    assert [type(value) for value in given] == list(get_args(union))


@pytest.mark.parametrize(
    ("name", "adapter", "union"),
    [
        ("client-messages", CLIENT_MESSAGE, ClientMessage),
        ("server-messages", SERVER_MESSAGE, ServerMessage),
        ("commands", PERSON_COMMAND, PersonCommand),
        ("events", EVENT, Event),
        ("tellings", TELL, Tell),
    ],
)
def test_every_example_on_the_page_is_taken_by_the_wire(name: str, adapter: TypeAdapter, union: object) -> None:
    values = [adapter.validate_python(value) for value in shown(name)]
    assert {type(value) for value in values} == set(get_args(union))


@pytest.mark.parametrize("name", ["commands", "events", "tellings"])
def test_every_kind_has_a_meaning(name: str) -> None:
    rows = [row for row in section(name).splitlines() if row.startswith("| `")]
    assert rows
    assert all(row.split("|")[3].strip() for row in rows)


@pytest.mark.parametrize("code", Close)
def test_every_close_code_is_explained(code: Close) -> None:
    (row,) = [row for row in section("closing").splitlines() if row.startswith(f"| {int(code)} |")]
    _, _, name, meaning, what_to_do, _ = row.split("|")
    assert name.strip() == code.name.lower()
    assert what_to_do.strip()
    assert meaning.strip()


def test_the_frame_on_the_page_is_one() -> None:
    packed = bytes.fromhex(re.search(r"`((?:[0-9a-f]{2} ?)+)`", section("frame"))[1])
    assert unpack_frame(packed) == examples.FRAME
    assert pack_frame(examples.FRAME) == packed


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    program = (ROOT / "scripts" / "protocol_docs").read_text()
    (tmp_path / "PROTOCOL.md").write_text(PAGE.replace("| 4506 |", "| 4599 |"))
    program = program.replace('PAGE = ROOT / "docs" / "PROTOCOL.md"', f"PAGE = Path({str(tmp_path / 'PROTOCOL.md')!r})")
    program = program.replace("Path(__file__).resolve().parent.parent", f"Path({str(ROOT)!r})")
    check = subprocess.run(
        [sys.executable, "-c", program, "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (check.returncode, "stale" in check.stderr) == (1, True)
