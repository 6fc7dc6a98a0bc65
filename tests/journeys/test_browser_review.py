"""A coach who was invited reviews a finished interview: rates blind, sees the machine's marks, changes one of them."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from client import Greenroom, connect
from rooms.people import Role
from tests.deployment import TOKEN, deployed
from tests.journeys.browser import DIST, Person, browsing, looked_at, save_wav
from tests.journeys.people import type_interview
from tests.journeys.reach import strains, unreached
from tests.speech import silence

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

REASON = "Weighs both ways before choosing."


@pytest.mark.skipif(
    not DIST.exists(), reason="the pages are not built (scripts/setup): what a browser does was NOT tested"
)
async def test_a_coach_rates_blind_sees_the_marks_and_changes_one(
    chromium: str, redis_url: str, tmp_path: Path
) -> None:
    with deployed(redis_url) as deployment:
        url = deployment.web().url
        deployment.worker()
        async with connect(url, token=TOKEN) as greenroom:
            room, invitation = await finished(greenroom)
            async with browsing(chromium, save_wav(tmp_path / "nothing.wav", silence(1_000))) as browser:
                context = await browser.new_context()
                ben = Person("Ben", url, context, await context.new_page())
                async with looked_at(ben):
                    await ben.page.goto(invitation)
                    await ben.opens(f"/reports/{room}/review")
                    first = ben.page.get_by_role("article").first
                    await expect(first.get_by_role("combobox")).to_have_count(6)
                    await expect(ben.page.get_by_role("table")).to_have_count(0)
                    assert await ben.faults() == []
                    for side in await first.get_by_role("combobox").all():
                        await side.select_option(label="4.0")
                    await first.get_by_role("button", name="Save my rating").click()
                    table = first.get_by_role("table", name="Your rating and the machine’s")
                    await expect(table.get_by_role("row", name="Depth")).to_contain_text("4.0")
                    await ben.sees("Rated before the machine’s marks were shown.")
                    await expect(ben.page.get_by_role("table", name="Your rating")).to_have_count(
                        1
                    )  # of this answer only
                    await first.get_by_text("Change a score").click()
                    await first.get_by_label("Side", exact=True).select_option("Depth")
                    await first.get_by_label("New score").select_option("4.5")
                    await first.get_by_label("Reason").fill(REASON)
                    await first.get_by_role("button", name="Change it").click()
                    await ben.sees(REASON)
                    assert await ben.faults() == []
                    await ben.pictures("review", whole=True)
                    await ben.opens(f"/reports/{room}")
                    changed = ben.page.get_by_role("list", name="Changed by a person")
                    await expect(changed).to_contain_text("→ 4.5")
                    assert ben.broke == []
                ana = await Person.arrives(browser, "Ana", url)
                async with looked_at(ana):
                    assert await out_of_reach(ana, room, tmp_path / "groups.csv") == {}
                    await ana.opens("/docs")
                    await ana.sees("/api/rooms/{room_id}/tickets")
                    assert ana.broke == []


async def out_of_reach(ana: Person, room: str, groups: Path) -> dict[str, list[str]]:
    """By page, what its owner cannot use on a small screen, enlarged, or by keyboard."""
    groups.write_text(f"room,group\n{room},a\n")
    found: dict[str, list[str]] = {}

    async def looks(name: str) -> None:
        if faults := await strains(ana) + await unreached(ana):
            found[name] = faults

    await ana.sees("Open a room")
    await ana.presses("Open it to coach somebody else")
    await ana.sees("Next question")
    await ana.page.get_by_label("Write a question").fill("What did it cost?")
    await ana.presses("Add a point")
    await looks("coach")
    for name, path, sign in (
        ("home", "/", " of 5"),
        ("reviews", "/reviews", "Within half a point"),
        ("operations", "/operations", "The latest turns"),
        ("review", f"/reports/{room}/review", "Save my rating"),
        ("fairness", "/fairness", "Compare"),
    ):
        await ana.opens(path)
        await ana.sees(sign)
        if name == "fairness":
            await ana.page.get_by_label("Groups").set_input_files(groups)
            await ana.presses("Compare")
            await ana.sees("By group")
        await looks(name)
    return found


async def finished(greenroom: Greenroom) -> tuple[str, str]:
    """A room whose interview is over and reported, and a coach's way in."""
    opened = await greenroom.open_room("behavioural", 3)
    async with greenroom.join(opened.room, Role.CANDIDATE) as ana:
        await type_interview(ana)
    await greenroom.wait_for_report(opened.room)
    return opened.room, await greenroom.invite(opened.room, Role.COACH)
