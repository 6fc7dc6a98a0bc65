"""The browser is held to the same room and the same wire as the server: what it was made from is current."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

from rooms.events import Event
from tests.laws import conversation_traces, mirror_fixture

ROOT = Path(__file__).parents[2]


def test_the_mirrors_fixture_is_what_the_fold_gives_today() -> None:
    assert mirror_fixture.FIXTURE.read_text() == mirror_fixture.fixture(), (
        "the fold or the events changed: run `python -m tests.laws.mirror_fixture`, then the web client's tests"
    )


def test_the_mirrors_story_has_every_kind_of_event() -> None:
    kinds = {event.model_fields["kind"].default for event in get_args(Event)}
    told = {step["event"]["kind"] for step in json.loads(mirror_fixture.fixture())["coach"]}
    assert told == kinds


def test_the_browsers_message_types_are_made_from_todays_protocol() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "protocol_types", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_the_conversations_that_the_browser_is_held_to_are_todays() -> None:
    assert conversation_traces.FIXTURE.read_text() == conversation_traces.fixture(), (
        "the fold or a client's rules changed: run `python -m tests.laws.conversation_traces`, then the web's tests"
    )


def test_those_conversations_meet_every_kind_of_trouble() -> None:
    steps = [step for story in json.loads(conversation_traces.fixture()) for step in story["steps"]]
    assert {step["in"] for step in steps} >= {"wish", "opened", "message", "closed", "killed", "left", "tick"}
    resets = {step["message"].get("reset") for step in steps if step["in"] == "message"}
    assert {"first", "epoch"} <= resets
    assert any(step.get("second") and step["in"] == "message" for step in steps)
    refusals = {step["message"].get("code") for step in steps if step["in"] == "message"}
    assert {"paused", "redis_away"} <= refusals
