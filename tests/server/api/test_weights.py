"""Weights as their owner sees them: on the shelf, in use, and side by side on a room that is over."""

import pytest

from client import Greenroom, RefusedError
from client.tables import shelf
from rooms.people import Role
from scoring.weights import NEWEST, load_weights


async def test_the_shelf_shows_versions_their_hashes_and_where_they_are_in_use(greenroom: Greenroom) -> None:
    found = await greenroom.weights()
    (newest,) = [one for one in found["versions"] if one["version"] == NEWEST]
    assert newest["sha256"] == load_weights().sha256
    assert "behavioural" in newest["in_use_for"]
    assert any(NEWEST in line for line in shelf(found))
    assert (await greenroom.weights(NEWEST))["families"].keys() == {"behavioural", "technical", "system_design"}


async def test_a_change_is_kept_with_who_and_why_and_counts_for_rooms_opened_since(greenroom: Greenroom) -> None:
    before = await greenroom.open_room("system_design", seniority="senior")
    done = await greenroom.activate_weights(NEWEST, "As agreed in June.", mode="system_design", seniority="senior")
    assert (done["activation"]["before"], done["activation"]["version"]) == (None, NEWEST)
    assert (done["drift"], done["shift"]) == (0.0, "steady")
    again = await greenroom.activate_weights(NEWEST, "Once more.", mode="system_design", seniority="senior")
    assert again["activation"]["before"] == NEWEST
    kept = (await greenroom.weights())["activations"]
    assert [one["reason"] for one in kept][-2:] == ["As agreed in June.", "Once more."]
    assert kept[-1]["name"]
    for opened in (before, await greenroom.open_room("system_design", seniority="senior")):
        async with greenroom.join(opened, Role.COACH) as coach:
            assert (coach.room.weights, coach.room.seniority) == (NEWEST, "senior")


async def test_weights_that_are_not_there_are_not_put_into_use(greenroom: Greenroom) -> None:
    with pytest.raises(RefusedError) as refused:
        await greenroom.activate_weights("9.9.9", "Why not?")
    assert refused.value.code == "unknown_weights"
