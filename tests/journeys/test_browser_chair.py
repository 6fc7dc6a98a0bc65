"""A coach sits down in the interviewer's chair, asks a question of their own, and hands the chair back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.deployment import Deployment, deployed
from tests.journeys.browser import DIST, Person, browsing, looked_at, save_wav
from tests.journeys.people import ANSWERS
from tests.speech import silence

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

OWN = "What would you do if the release was due tomorrow?"


@pytest.fixture
def deployment(redis_url: str) -> Iterator[Deployment]:
    if not DIST.exists():
        pytest.skip("the pages are not built (scripts/setup): what a browser does was NOT tested")
    with deployed(redis_url) as deployment:
        yield deployment


async def test_a_coach_takes_the_chair_asks_a_question_and_hands_back(
    chromium: str, deployment: Deployment, tmp_path: Path
) -> None:
    url = deployment.web().url
    deployment.worker()
    async with browsing(chromium, save_wav(tmp_path / "nothing.wav", silence(1_000))) as browser:
        ana, ben = await Person.arrives(browser, "Ana", url), await Person.arrives(browser, "Ben", url)
        async with looked_at(ana, ben):
            room = await starts_to_type(ana)
            await takes_the_chair(ben, room)
            await answers(ana, ANSWERS[0])
            await ana.sees("The next question is being prepared…")
            await ben.page.get_by_label("Ask your own question").fill(OWN)
            await ben.page.get_by_role("button", name="Ask", exact=True).click()
            await ana.sees(OWN)
            await ana.sees("Ben, a person")
            await answers(ana, ANSWERS[1])
            await expect(ben.page.locator(".turn__score")).to_have_count(2)
            await ben.presses("Hand back to the AI interviewer")
            await ana.sees("Question 3 of 3")
            await ana.sees("AI interviewer")
            await answers(ana, ANSWERS[2])
            await ana.page.get_by_role("link", name="Read the report").click()
            await ana.sees("Question 2, a coach’s own")
            assert ana.broke == ben.broke == []


async def starts_to_type(ana: Person) -> str:
    await ana.page.get_by_label("How long?").fill("3")
    await ana.presses("Open the room")
    await ana.presses("I understand and agree")
    await ana.presses("Start and type my answers")
    await ana.sees("Question 1 of 3")
    return ana.page.url.rsplit("/", 1)[-1]


async def takes_the_chair(ben: Person, room: str) -> None:
    await ben.opens(f"/rooms/{room}/coach")
    await ben.page.get_by_label("What shall others call you?").fill(ben.name)
    await ben.presses("Call me that")
    await ben.presses("Take over as interviewer")
    await ben.sees("You sit in the interviewer’s chair.")
    await expect(ben.page.get_by_label("Ask your own question")).to_be_disabled()


async def answers(ana: Person, text: str) -> None:
    await ana.page.get_by_label("Type your answer").fill(text)
    await ana.presses("I’m done")
