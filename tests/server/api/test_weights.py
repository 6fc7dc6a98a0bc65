"""Weights as their owner sees them: on the shelf, in use, and side by side on a room that is over."""

import asyncio

import pytest

from client import Greenroom, RefusedError
from client.cli import main
from client.tables import shelf
from rooms.people import Role
from scoring.weights import NEWEST, load_weights
from tests.deployment import TOKEN


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


async def test_the_terminal_shows_the_shelf_and_a_room_side_by_side(
    greenroom: Greenroom, room: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def printed(*argv: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, [*argv, "--url", greenroom.base, "--token", TOKEN])
        return code, capsys.readouterr().out

    code, out = await printed("weights")
    assert (code, NEWEST in out, load_weights().sha256[:8] in out) == (0, True, True)
    code, out = await printed("weights", "show", NEWEST)
    assert (code, "off_topic" in out) == (0, True)
    code, out = await printed("weights", "activate", NEWEST, "--mode", "technical", "--reason", "As before.")
    assert (code, "As before." in out, "stay where they are" in out) == (0, True, True)
    code, out = await printed("rescore", room, "--weights", NEWEST)
    assert (code, "Nothing was changed" in out) == (0, True)
    assert (await printed("rescore", room, "--weights", "9.9.9"))[0] == 1
