"""Which weights there are, and which of them a room gets."""

from pathlib import Path

import pytest

from scoring.weights import NEWEST, Weights, WeightsError, dumps, load_weights
from server.ports import Activation, Unavailable
from server.shelf import Shelf, in_use, pinned
from tests.policy.test_policy import nudged


def activation(number: int, version: str, mode: str = "", seniority: str = "") -> Activation:
    return Activation(number, mode, seniority, None, version, "0" * 64, "ada", "Ada", "Because.", number)


def own(folder: Path, version: str) -> Path:
    """A file of weights of one's own: the newest, a little nudged, under another version."""
    raw = {**nudged([("spread", "overall")]), "version": version}
    file = folder / f"local-{version}.toml"
    file.write_text(dumps(Weights.model_validate(raw)))
    return file


def test_what_ships_and_what_lies_in_the_folder_is_on_the_shelf_in_order(tmp_path: Path) -> None:
    for version in ("9.10.0", "9.2.0"):
        own(tmp_path, version)
    shelf = Shelf(tmp_path)
    assert shelf.versions()[-2:] == ("9.2.0", "9.10.0")
    assert shelf.get("9.2.0").spread.overall > load_weights().spread.overall
    assert shelf.get(NEWEST) == load_weights()


def test_a_file_with_a_version_that_ships_is_not_used_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own(tmp_path, NEWEST)
    assert Shelf(tmp_path).get(NEWEST) == load_weights()
    assert "has the version of weights that ship" in caplog.text


def test_a_changed_file_or_one_of_another_version_is_not_taken_and_the_error_names_it(tmp_path: Path) -> None:
    changed, renamed = own(tmp_path, "9.0.0"), own(tmp_path, "9.1.0")
    changed.write_text(changed.read_text().replace("doubt = 1", "doubt = 2"))
    renamed.rename(tmp_path / "local-9.3.0.toml")
    shelf = Shelf(tmp_path)
    with pytest.raises(WeightsError, match=r"local-9\.0\.0\.toml, line \d+: the hash does not fit"):
        shelf.get("9.0.0")
    with pytest.raises(WeightsError, match=r"local-9\.3\.0\.toml: these are the weights 9\.1\.0"):
        shelf.get("9.3.0")
    (tmp_path / "local-9.5.0.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "local-9.6.².toml").mkdir()
    for strange in ("9.4.0", "9.5.0", "9.6.²", "../secrets", ""):
        with pytest.raises(WeightsError):
            shelf.get(strange)


def test_a_room_whose_weights_are_not_here_gets_the_newest() -> None:
    assert Shelf().of_room("9.9.9").version == NEWEST
    assert Shelf().of_room(None).version == NEWEST


def test_what_is_nearest_to_a_room_is_in_use_and_of_the_same_the_last() -> None:
    rows = [
        activation(1, "1.1.0"),
        activation(2, "1.2.0", "technical"),
        activation(3, "1.3.0", "", "senior"),
        activation(4, "1.4.0", "technical", "senior"),
        activation(5, "1.5.0", "technical"),
    ]
    wanted = {
        ("behavioural", None): "1.1.0",
        ("behavioural", "senior"): "1.3.0",
        ("technical", None): "1.5.0",
        ("technical", "junior"): "1.5.0",
        ("technical", "senior"): "1.4.0",
    }
    for (mode, seniority), version in wanted.items():
        found = in_use(rows, mode, seniority)
        assert found is not None
        assert found.version == version, (mode, seniority)
    assert in_use([], "technical", None) is None


async def test_a_room_opens_also_while_nobody_can_say_what_is_in_use() -> None:
    class Away:
        async def add(self, activation: Activation) -> Activation:
            raise Unavailable("database")

        async def all(self) -> list[Activation]:
            raise Unavailable("database")

    assert await pinned(Away(), "technical", None) == NEWEST
