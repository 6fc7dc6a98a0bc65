"""The verbs of a second terminal find the laptop's Greenroom with nothing set, whether it runs or not."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server import cli, embedded
from server.adapters.migrations import migrate
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_dead_letters import RedisDeadLetters
from server.app import verbs
from server.laptop import kept
from server.ports import DeadLetter


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "DATABASE_URL", "SECRET_KEY", "SIGN_IN_TOKEN", "VAR_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(verbs, "configure", lambda level: None)


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """The data of one that is stopped, with a dead letter in its Redis."""
    var = tmp_path / "var"
    var.mkdir()
    asyncio.run(migrate(kept(var)["database_url"]))
    with running(var) as url:
        asyncio.run(put(url))
    return var


@contextmanager
def running(var: Path) -> Iterator[str]:
    with asyncio.Runner() as runner:
        redis = runner.run(embedded.start(var / "redis"))
        yield redis.url
        runner.run(redis.stop())


async def put(url: str) -> None:
    async with RedisConnection(url, 3_000) as redis:
        await RedisDeadLetters(redis).put(DeadLetter("r-1", "report", 41, "KeyError", 8, 1_795_000_000_000))


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cli.run(argv) == 0
    return capsys.readouterr().out


def test_status_is_that_of_the_laptop_which_runs(laptop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(laptop):
        out = said(capsys, "status", "--var", str(laptop))
    assert "dead letters: 1" in out
    assert "database: answers" in out


def test_a_laptop_that_is_stopped_is_looked_at_and_left_as_it_was(
    laptop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (laptop.parent / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(laptop.parent / "deep" / "down")
    assert said(capsys, "dead-letters", "replay", "--all") == "tried again: r-1\n"
    assert said(capsys, "dead-letters") == "There are no dead letters.\n"
    assert embedded.running(laptop / "redis") is None


def test_what_is_set_stays(
    laptop: Path, redis_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert "dead letters: 0" in said(capsys, "status", "--var", str(laptop))


def test_verbs_that_need_no_redis_start_none(laptop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(embedded, "start")
    assert cli.run(["migrate", "--var", str(laptop)]) == 0
    monkeypatch.chdir(laptop.parent)
    assert cli.run(["worker", "--check"]) == 1


@pytest.mark.parametrize("argv", [["status"], ["dead-letters"], ["migrate"]])
def test_where_no_laptop_is_the_sentence_says_what_to_do_and_nothing_is_made(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*argv, "--var", str(tmp_path / "var")]) == 2
    err = capsys.readouterr().err
    assert "REDIS_URL, DATABASE_URL, SECRET_KEY must be set" in err
    assert "greenroom serve" in err
    assert not (tmp_path / "var").exists()


def test_a_process_of_its_own_must_be_told_where_things_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["worker"]) == 2
    err = capsys.readouterr().err
    assert "REDIS_URL is not set" in err
    assert "greenroom serve" in err
