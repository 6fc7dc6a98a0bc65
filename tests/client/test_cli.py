"""The command line: arguments, tokens, sentences and exit codes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client import cli
from client.errors import PublishError
from tests.client.audio_files import write_wav
from tests.client.autopilot import AutopilotRoom
from tests.client.test_api import dead_address
from tests.client.toy_server import ToyServer
from tests.waiting import DEADLINE_S, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Greenroom is known from the environment or the directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("GREENROOM_URL", "GREENROOM_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("argv", [[], ["--help"], ["play", "--help"], ["watch", "--help"], ["open", "--help"]])
def test_help_lists_what_can_be_done(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    shown = capsys.readouterr()
    assert (ended.value.code, bool(shown.out)) == ((0, True) if argv else (2, False))


def test_help_names_the_servers_verbs_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in ("play", "watch", "open", "serve", "web", "worker", "migrate"))


@pytest.mark.parametrize(
    "argv",
    [
        ["play"],
        ["sing"],
        ["play", "a.wav", "--pace", "99"],
        ["play", "a.wav", "--pace", "fast"],
        ["play", "a.wav", "--mode", "karaoke"],
        ["play", "a.wav", "--length", "2"],
        ["open", "--length", "11"],
        ["rescore", "r-1", "--weights", "newest"],
        ["weights", "show", "1.0"],
        ["weights", "activate", "1.0.0", "--reason", "x"],
    ],
)
def test_wrong_arguments_end_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert "usage: greenroom" in capsys.readouterr().err


def test_a_missing_file_is_one_sentence_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["play", "missing.wav", "--url", dead_address()]) == 1
    assert capsys.readouterr().err == "greenroom: There is no file missing.wav.\n"


def test_nobody_at_the_address_is_one_sentence_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    address = dead_address()
    assert cli.main(["open", "--url", address]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert address in said
    assert "greenroom serve" in said


def test_the_servers_verbs_are_passed_on_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr("server.cli.run", lambda argv: given.append(list(argv)) or 7)
    assert cli.main(["serve", "--port", "9000", "--help"]) == 7
    assert given == [["serve", "--port", "9000", "--help"]]


def test_the_client_alone_loads_nothing_of_the_server() -> None:
    program = "import sys, client.cli, client.play; print([m for m in sys.modules if m.split('.')[0] == 'server'])"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert shown.stdout == "[]\n"


# --- tokens ---


def token_at(*urls: str) -> str | None:
    return cli._laptop_token(urls)


def test_the_laptops_token_is_found_here_and_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "sign-in-token").write_text("secret\n")
    (tmp_path / "deep" / "down").mkdir(parents=True)
    for place in (".", "deep/down"):
        monkeypatch.chdir(tmp_path / place)
        assert token_at("http://127.0.0.1:8000") == "secret"
        assert token_at("http://localhost:8000", "http://[::1]:9000") == "secret"


def test_the_laptops_token_never_leaves_this_machine(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "sign-in-token").write_text("secret\n")
    assert token_at("https://greenroom.example.org") is None
    assert token_at("http://127.0.0.1:8000", "http://10.0.0.7:8000") is None


async def test_a_laptop_that_serves_at_another_port_is_found(server: ToyServer, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    for name, text in (("sign-in-token", "secret"), ("address", server.url)):
        (tmp_path / "var" / name).write_text(f"{text}\n")
    code, out, err = await greenroom("open")
    assert (code, err) == (0, "")
    assert f"Candidate: {server.url}" in out


# --- whole runs ---


@pytest.fixture
async def server() -> AsyncIterator[ToyServer]:
    async with ToyServer(AutopilotRoom()).running() as server:
        server.report = [(200, {"turns": []})]
        yield server


async def greenroom(*argv: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run the command in a process of its own, beside the server in this one."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "client.cli", *argv),
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(2 * DEADLINE_S):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_opening_a_room_prints_its_links(server: ToyServer) -> None:
    code, out, _ = await greenroom("open", "--url", server.url, "--token", "secret")
    assert code == 0
    assert f"Candidate: {server.url}/rooms/r-1\n" in out
    assert f"Coach:     {server.url}/rooms/r-1/coach\n" in out
    assert f"Invite:    {server.url}/invited/code\n" in out


async def test_address_and_token_may_come_from_the_environment(server: ToyServer) -> None:
    code, out, _ = await greenroom("open", "--json", env={"GREENROOM_URL": server.url, "GREENROOM_TOKEN": "secret"})
    assert (code, '"room": "r-1"' in out) == (0, True)


async def test_a_wrong_token_is_one_sentence_and_1(server: ToyServer) -> None:
    code, out, err = await greenroom("open", "--url", server.url, "--token", "wrong")
    assert (code, out, err) == (1, "", "greenroom: Sign in first.\n")


async def test_playing_ends_with_the_reports_address(server: ToyServer, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "a.wav", 500)
    code, out, err = await greenroom("play", str(file), "--url", server.url, "--token", "secret", "--pace", "0")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"Report: {server.url}/reports/r-1"


async def test_ctrl_c_leaves_the_room_cleanly(server: ToyServer) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "client.cli", "watch", "r-1", "--url", server.url, "--token", "secret"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        while b"Watching" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"\ngreenroom: left.\n")
    await until(lambda: server.left == [1000])


async def test_a_reader_who_goes_away_ends_the_command_quietly(server: ToyServer, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "a.wav", 500)
    command = f"{sys.executable} -m client.cli play {file} --url {server.url} --token secret --pace 0 | head -1"
    process = await asyncio.create_subprocess_shell(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(DEADLINE_S):
        out, err = await process.communicate()
    assert (out.count(b"\n"), err) == (1, b"")


class Ratings:
    """A server's answer to what ratings say."""

    def __init__(self, file: str | None) -> None:
        self._file = file

    async def calibration(self) -> dict[str, object]:
        depth = {"dimension": "depth", "answers": 30, "before": 1.4, "after": 1.1}
        figures = {"base": "1.0.0", "answers": 30, "rooms": 6, "dimensions": [depth], "before": 1.4, "after": 1.1}
        figures["covered"] = 0.91 if self._file else None
        before, after = {"overall": 1.05, "dimension": 1.25}, {"overall": 0.8, "dimension": 1.0}
        learnt = {"family": "technical", "answers": 30, "before": before, "after": after}
        figures["widths"] = [learnt] if self._file else []
        better = {"file": self._file, "version": "1.1.0" if self._file else None, "why_not": "They are no better."}
        return figures | better


@pytest.mark.parametrize("file", ['version = "1.1.0"\n', None])
async def test_calibrating_shows_the_gain_and_publishes_only_better_weights(
    file: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = cli.Screen(sys.stdout, as_json=False)
    ask = cli._calibrate(Ratings(file), tmp_path / "weights", screen)  # type: ignore[arg-type]
    if file:
        await ask
        assert (tmp_path / "weights" / "local-1.1.0.toml").read_text() == file
    else:
        with pytest.raises(PublishError, match="They are no better"):
            await ask
        assert not (tmp_path / "weights").exists()
    told = capsys.readouterr().out
    assert "depth                       30    1.40    1.10" in told
    assert ("91% are within 90% intervals" in told) is (file is not None)
    assert ("technical: a dimension 1.25 -> 1.00 points to each side, the whole 1.05 -> 0.80" in told) is bool(file)
