"""`greenroom status` and `greenroom dead-letters`: on the same settings as the servers, and in plain words."""

import asyncio
from pathlib import Path

import pytest

from server import cli
from server.adapters.migrations import migrate
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.app import verbs
from server.ports import DeadLetter


@pytest.fixture
def settings(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    database = f"sqlite+aiosqlite:///{tmp_path}/greenroom.db"
    asyncio.run(migrate(database))
    for name, value in (("REDIS_URL", redis_url), ("DATABASE_URL", database), ("SECRET_KEY", "s" * 40)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(verbs, "configure", lambda level: None)
    asyncio.run(put(redis_url, DeadLetter("r-1", "report", 41, "KeyError", 8, 1_795_000_000_000)))
    return redis_url


async def put(url: str, letter: DeadLetter) -> None:
    async with RedisConnection(url, 3_000) as redis:
        await RedisDeadLetters(redis).put(letter)


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cli.run(argv) == 0
    return capsys.readouterr().out


def test_dead_letters_are_listed_and_tried_again(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = "  r-1: report failed 8 times with KeyError; kept up to 41\n"
    assert said(capsys, "dead-letters") == said(capsys, "dead-letters", "list") == listed
    assert said(capsys, "dead-letters", "replay", "r-2") == "There is no such dead letter.\n"
    assert said(capsys, "dead-letters", "replay", "--all") == "tried again: r-1\n"
    assert said(capsys, "dead-letters", "list") == "There are no dead letters.\n"


def test_status_says_how_far_the_database_is_behind(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "status")
    assert "facts not in the database yet: 0" in out
    assert "database: answers" in out
    assert "dead letters: 1" in out


@pytest.mark.parametrize("argv", [("dead-letters", "replay"), ("dead-letters", "replay", "r-1", "--all")])
def test_which_letters_to_try_again_must_be_said(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.run(argv)
    assert left.value.code == 2


def test_an_encoder_that_cannot_be_had_keeps_nobody_from_looking(
    settings: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENCODER_MODEL", "/nowhere/at/all")
    assert "dead letters: 1" in said(capsys, "status")
