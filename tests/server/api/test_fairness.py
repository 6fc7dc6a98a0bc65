"""Fairness over HTTP: one's own interviews, by groups that come with the request and are kept nowhere."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from rooms.evidence import Dimension
from rooms.people import Role
from scoring.report import Report
from scoring.review import Rating
from server.api.fairness import Declared, cases_of
from server.identity import Person
from tests.kept_rooms import interview
from tests.server.api.reading import NOBODY, Greenroom, opened, refused

GUEST = Person(id="guest-1", name="Ben", invited={"r-1": Role.COACH})
ROOMS = [f"r-{n}" for n in range(1, 7)]


@pytest.fixture
async def greenroom(tmp_path: Path) -> AsyncIterator[Greenroom]:
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/greenroom.db") as app:
        for room in ROOMS:
            await app.keep_whole(room, interview(room))
        yield app


def rows(group: str = "a secret group", **more: object) -> list[dict[str, Any]]:
    return [{"room": room, "group": group, **more} for room in ROOMS]


async def test_my_interviews_are_put_together_by_group(greenroom: Greenroom) -> None:
    asked = {"rows": [*rows(word_error=0.1), {"room": "r-99", "group": "b"}], "cut": 2.5}
    found = (await greenroom.put("/api/fairness", None, asked)).json()
    (group,) = found["fairness"]["groups"]
    assert (group["people"], group["scored"], group["mean"], group["rate"]) == (6, 6, 3.0, 1.0)
    assert (group["word_error"], group["small"], group["withheld"]) == (0.1, True, False)
    assert found["unknown"] == ["r-99"]


async def test_interviews_of_one_candidate_are_one_person(greenroom: Greenroom) -> None:
    found = (await greenroom.put("/api/fairness", None, {"rows": rows(candidate="c-1")})).json()
    assert found["fairness"]["groups"][0]["people"] == 1
    assert found["fairness"]["groups"][0]["withheld"]


async def test_only_blind_ratings_stand_beside_the_machine(greenroom: Greenroom) -> None:
    for by, blind, points in (("guest-1", True, 2.0), ("guest-2", True, 4.0), ("guest-3", False, 5.0)):
        scores = dict.fromkeys(Dimension, points)
        await greenroom.reviews.rate(Rating(room="r-1", turn=1, by=by, scores=scores, blind=blind, own=False, at=1))
    kept = await greenroom.store.report("r-1")
    assert kept is not None
    declared = [Declared(room="r-1", group="a")]
    reports = {"r-1": Report.model_validate_json(kept[1])}
    (case,) = cases_of(declared, reports, await greenroom.reviews.ratings(["r-1"]))
    assert sorted(pair.one for pair in case.pairs) == [2.0, 4.0]
    assert len({pair.other for pair in case.pairs}) == 1


async def test_others_interviews_are_as_if_they_were_not(greenroom: Greenroom) -> None:
    another = Person(id="another", name="Eve", owner=True)
    found = (await greenroom.put("/api/fairness", another, {"rows": rows()})).json()
    assert found == {
        "fairness": {"cut": 3.0, "reference": None, "groups": [], "notes": []},
        "unknown": ROOMS,
    }


async def test_who_is_no_owner_compares_nobody_and_has_no_report_read(
    greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(type(greenroom.store), "report")
    found = await greenroom.put("/api/fairness", GUEST, {"rows": rows()})
    assert refused(found) == (403, "fairness_owner_only", False)
    assert refused(await greenroom.put("/api/fairness", NOBODY, {"rows": rows()}))[0] == 401


@pytest.mark.parametrize(
    "asked",
    [{"rows": []}, {"rows": [{"room": "r-1"}]}, {"rows": [{"room": "r-1", "group": ""}]}, {"rows": rows(), "cut": 9}],
    ids=["no rows", "no group", "empty group", "cut"],
)
async def test_what_makes_no_sense_is_refused(greenroom: Greenroom, asked: dict[str, Any]) -> None:
    assert (await greenroom.put("/api/fairness", None, asked)).status_code == 422


async def test_no_group_is_kept(greenroom: Greenroom, tmp_path: Path) -> None:
    await greenroom.put("/api/fairness", None, {"rows": rows()})
    engine = create_engine(f"sqlite:///{tmp_path}/greenroom.db")
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            kept = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            assert "a secret group" not in str(kept)
    engine.dispose()
