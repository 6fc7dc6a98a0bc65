"""Who may put which weights into use: the owner, for what they were made for, and not by accident."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from scoring.weights import NEWEST, Weights, dumps
from server.shelf import Shelf
from tests.policy.test_policy import RAW, nudged
from tests.server.api.reading import Greenroom, opened
from tests.server.test_shelf import own


def greenroom_with(app: Greenroom, folder: Path, activated_by: str = "owner") -> Greenroom:
    app.with_weights(Shelf(folder), activated_by)
    return app


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Greenroom]:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/greenroom.db") as made:
        yield made


def moving_far(folder: Path, version: str) -> None:
    """Weights with which next to nothing counts."""
    raw = nudged([])
    for family in raw["families"].values():
        for features in family["features"].values():
            features.update({name: points / 10 for name, points in features.items()})
    made = Weights.model_validate({**raw, "version": version})
    (folder / f"local-{version}.toml").write_text(dumps(made))


async def wish(app: Greenroom, version: str, **more: object) -> httpx.Response:
    return await app.ask("/api/weights/activations", None, {"version": version, "reason": "To try it.", **more})


async def test_a_change_is_audited_and_shown_where_it_counts(app: Greenroom, tmp_path: Path) -> None:
    own(tmp_path, "9.0.0")
    green = greenroom_with(app, tmp_path)
    done = await wish(green, "9.0.0", mode="technical", seniority="senior")
    assert done.status_code == 201, done.text
    shown = (await green.ask("/api/weights")).json()
    uses = {one["version"]: one["in_use_for"] for one in shown["versions"]}
    assert uses["9.0.0"] == ["technical/senior"]
    assert "technical" in uses[NEWEST]
    (row,) = shown["activations"]
    assert (row["version"], row["before"], row["reason"]) == ("9.0.0", None, "To try it.")
    assert len(row["sha256"]) == 64


async def test_scores_that_would_move_far_take_a_second_word(app: Greenroom, tmp_path: Path) -> None:
    moving_far(tmp_path, "9.0.0")
    green = greenroom_with(app, tmp_path)
    refused = await wish(green, "9.0.0")
    assert (refused.status_code, refused.json()["code"]) == (409, "weights_drift")
    assert (await green.ask("/api/weights")).json()["activations"] == []
    meant = await wish(green, "9.0.0", despite_drift=True)
    assert (meant.status_code, meant.json()["shift"]) == (201, "stop")
    back = await wish(green, NEWEST)
    assert back.json()["code"] == "weights_drift"


async def test_a_server_may_be_set_so_that_nobody_changes_it(app: Greenroom, tmp_path: Path) -> None:
    refused = await wish(greenroom_with(app, tmp_path, "nobody"), NEWEST)
    assert (refused.status_code, refused.json()["code"]) == (403, "activation_forbidden")


async def test_weights_are_put_into_use_only_for_what_they_were_made_for(app: Greenroom, tmp_path: Path) -> None:
    raw = {**RAW, "version": "9.0.0", "modes": ["technical"], "seniority": ["senior"]}
    (tmp_path / "local-9.0.0.toml").write_text(dumps(Weights.model_validate(raw)))
    green = greenroom_with(app, tmp_path)
    for more in ({}, {"mode": "technical"}, {"mode": "behavioural", "seniority": "senior"}, {"seniority": "senior"}):
        assert (await wish(green, "9.0.0", **more)).json()["code"] == "weights_do_not_fit", more
    assert (await wish(green, "9.0.0", mode="technical", seniority="senior")).status_code == 201


async def test_a_file_that_was_changed_is_listed_with_what_is_wrong_and_cannot_be_used(
    app: Greenroom, tmp_path: Path
) -> None:
    file = own(tmp_path, "9.0.0")
    file.write_text(file.read_text().replace('version = "9.0.0"', 'version = "9.0.0" # mine\nextra = 1'))
    green = greenroom_with(app, tmp_path)
    listed = {one["version"]: one for one in (await green.ask("/api/weights")).json()["versions"]}
    assert "the hash does not fit" in listed["9.0.0"]["problem"]
    assert (await wish(green, "9.0.0")).json()["code"] == "unknown_weights"
