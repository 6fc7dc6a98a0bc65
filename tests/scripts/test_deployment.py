"""The many-worker deployment, read without Docker: its variables are settings we have, its commands exist."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.settings import Settings

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}")
SECRETS = {"SECRET_KEY", "SIGN_IN_TOKEN", "REDIS_PASSWORD", "POSTGRES_PASSWORD"}

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def filled(text: str, environment: dict[str, str]) -> str:
    """`text` as Compose would fill it in; a required variable that is not given fails."""

    def value(match: re.Match[str]) -> str:
        default = match["rest"] if match["how"] == ":-" else None
        found = environment.get(match["name"], default)
        assert found is not None, f"{match['name']} is not given"
        return found

    return VARIABLE.sub(value, text)


def test_the_deployment_has_the_parts_it_is_made_of() -> None:
    assert {"web", "worker", "redis", "postgres"} <= set(SERVICES)
    assert SERVICES["web"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_we_have(name: str) -> None:
    assert {variable.lower() for variable in OURS[name]["environment"]} <= set(Settings.model_fields)


@pytest.mark.parametrize("name", OURS)
def test_the_settings_load_from_what_the_owner_must_give_and_no_more(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = dict.fromkeys(SECRETS, "5f" * 24) | {"PUBLIC_URL": "https://rooms.example.org"}
    for variable, text in OURS[name]["environment"].items():
        monkeypatch.setenv(variable, filled(str(text), given))
    settings = Settings()
    assert settings.secure
    assert settings.redis_url.endswith("@redis:6379/0")
    assert settings.database_url.startswith("postgresql+asyncpg://greenroom:")


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    found = [match for match in VARIABLE.finditer(text) if match["name"] in SECRETS]
    assert {match["name"] for match in found} == SECRETS
    assert all(match["how"] == ":?" for match in found)


def test_every_service_says_how_it_is_found_healthy() -> None:
    for name, service in SERVICES.items():
        ends = service.get("restart") == "no"
        assert service["healthcheck"].get("disable", False) == ends, name
        assert ends or service["healthcheck"]["test"], name


def test_whoever_is_waited_for_can_be_found_healthy() -> None:
    for service in SERVICES.values():
        for name, wait in service.get("depends_on", {}).items():
            healthy = wait["condition"] == "service_healthy"
            assert SERVICES[name]["healthcheck"].get("disable", False) != healthy


def test_the_rooms_survive_redis_being_restarted() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "noeviction" in command
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_the_deployment_exists(name: str) -> None:
    program, *words = OURS[name]["command"]
    assert program == "greenroom"
    assert_accepted(words)


def test_the_worker_can_be_asked_whether_it_is_well() -> None:
    _, program, *words = SERVICES["worker"]["healthcheck"]["test"]
    assert program == "greenroom"
    assert_accepted(words)


def test_what_the_image_copies_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    paths = [path for line in copied for path in line.split()]
    assert paths
    assert [path for path in paths if not list(ROOT.glob(path.rstrip("/")))] == []


def test_the_image_holds_every_package_of_the_project() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    for package in declared["include"]:
        assert f" {package.rstrip('*')}/" in dockerfile


def test_the_image_does_not_run_as_root() -> None:
    assert re.search(r"^USER (?!root)\w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def assert_accepted(words: list[str]) -> None:
    """The command line knows these words: with --help behind them it explains itself instead of complaining."""
    command = [Path(sys.executable).with_name("greenroom"), *words, "--help"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    flags = [word for word in words if word.startswith("--")]
    assert [flag for flag in flags if flag not in ran.stdout] == []
