"""One whole interview in real browsers: a candidate who speaks, types and skips; a coach who watches and whispers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests import canned_whisper
from tests.deployment import Deployment, deployed
from tests.journeys.browser import DIST, Person, browsing, looked_at, save_wav
from tests.speech import silence, speech

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SPOKEN = (
    "we promised the release by Friday so I told my manager early that it was late "
    "and we cut scope and delivered the first part on time"
)
CHOSEN = "Tell me about a time you saw that you would not keep a promise at work."
TYPED = (
    "I asked why the report was slow, found 900 queries a page, and put them into one. "
    "It took 40 milliseconds instead of 3 seconds, and I learned to measure first."
)


@pytest.fixture
def deployment(redis_url: str, tmp_path: Path) -> Iterator[Deployment]:
    if not DIST.exists():
        pytest.skip("the pages are not built (scripts/setup): what a browser does was NOT tested")
    model = canned_whisper.write(tmp_path / "whisper", canned_whisper.evenly(SPOKEN, 0.0, 7.0))
    with deployed(redis_url, TRANSCRIBER="whisper", WHISPER_MODEL=str(model)) as deployment:
        yield deployment


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    return save_wav(tmp_path / "quiet.wav", silence(1_000))


async def test_an_interview_is_spoken_typed_skipped_watched_and_read(
    chromium: str, deployment: Deployment, quiet: Path
) -> None:
    url = deployment.web().url
    deployment.worker()
    async with browsing(chromium, quiet) as browser:
        ana = await Person.arrives(browser, "Ana", url)
        room = await opens_a_room(ana)
        ben = await Person.arrives(browser, "Ben", url)
        await ben.opens(f"/rooms/{room}/coach")
        async with looked_at(ana, ben):
            await chooses_the_first_question(ben)
            await prepares(ana)
            await speaks_an_answer(ana, ben)
            await types_an_answer(ana, ben)
            await has_all_at_hand_on_a_phone(ben)
            await skips_a_question(ana)
            await reads_the_report(ana)
            await ben.sees("The interview is over.")
            assert ana.broke == ben.broke == []


async def opens_a_room(ana: Person) -> str:
    await ana.sees("Open a room")
    assert await ana.faults() == []
    await ana.pictures("1-home", whole=True)
    await ana.page.get_by_label("How long?").fill("3")
    await ana.page.get_by_label("What shall others call you?").fill(ana.name)
    await ana.presses("Open the room")
    await ana.sees("I understand and agree")
    return ana.page.url.rsplit("/", 1)[-1]


async def chooses_the_first_question(ben: Person) -> None:
    await ben.sees("The candidate has not come in yet")
    await ben.page.get_by_label("What shall others call you?").fill(ben.name)
    await ben.presses("Call me that")
    await ben.page.get_by_label("Search the questions").fill("keep promise")
    await ben.presses(CHOSEN)
    await ben.sees(f"Next: {CHOSEN}")


async def prepares(ana: Person) -> None:
    await ana.sees("An AI interviews you")
    assert await ana.faults() == []
    await ana.pictures("2-notice", whole=True)
    await ana.presses("I understand and agree")
    await ana.presses("Turn on the microphone")
    await ana.sees("Say a few words.")
    await ana.is_read_to()
    await ana.presses("Start the interview")


async def speaks_an_answer(ana: Person, ben: Person) -> None:
    await ana.sees("Question 1 of 3")
    await ana.sees("AI interviewer")
    await ana.sees(CHOSEN)
    await agrees_while_it_is_read(ana)
    await ben.page.get_by_label("Whisper to the candidate").fill("Say what came of it.")
    await ben.presses("Whisper")
    await ana.sees("Ben whispers")
    await ana.sees("Say what came of it.")
    paused_ms = await ana.interrupts(speech(SPOKEN), "pause", "cancel")
    print(f"the voice that read paused {paused_ms:.0f} ms after somebody began to speak")
    await expect(ana.button("Stop reading, answer now")).to_be_hidden()
    await ana.sees("Hearing you")
    await ana.page.locator(".tentative").wait_for()
    await ana.pictures("3-speaking")
    await ana.presses("Got it")
    await expect(ana.page.get_by_text(SPOKEN)).to_be_visible()
    await expect(ben.page.get_by_text(SPOKEN)).to_be_visible()
    assert await ana.faults() == []
    # Nobody presses anything: silence ends the answer, and the next question comes.
    await ana.sees("Question 2 of 3")


async def agrees_while_it_is_read(ana: Person) -> None:
    """A hum stops the voice for a moment, and it goes on: nobody has answered yet."""
    await ana.sees("Reading the question to you. Speak up to begin at once.")
    await ana.hears(1_000)
    paused_ms = await ana.interrupts(speech("hmm"), "pause", "resume")
    print(f"the voice that read paused {paused_ms:.0f} ms after a hum began")
    await expect(ana.button("Stop reading, answer now")).to_be_visible()
    await ana.sees("Reading the question to you. Speak up to begin at once.")


async def types_an_answer(ana: Person, ben: Person) -> None:
    await ben.page.get_by_text("probably between").first.wait_for()
    await ben.page.get_by_label("Private note").fill("Calm, to the point.")
    await ben.button("Note").click()
    box = ana.page.get_by_label("Type your answer")
    await box.press_sequentially("I asked", delay=20)
    await ana.sees("Silence will not end this answer")
    await ana.page.reload()  # nothing typed is lost
    await expect(box).to_have_value("I asked")
    await ana.presses("Mute the microphone")
    await box.fill(TYPED)
    await ana.pictures("4-typing")
    await ana.presses("I’m done")
    await ana.sees("Question 3 of 3")
    await expect(ben.page.get_by_text(TYPED)).to_be_visible()
    await ben.page.locator(".turn__score").nth(1).wait_for()
    await points_at(ben, ben.page.locator(".mark .quote").first)
    await opens_a_side(ben)
    assert await ben.faults() == []
    await ben.pictures("5-coach")


async def points_at(ben: Person, quote: Locator) -> None:
    """A quote is an exact piece of the answer, and is shown there."""
    await quote.hover()
    words = (await quote.locator("q").inner_text()).strip('“”"')
    await expect(ben.page.locator("mark").first).to_have_text(words)
    assert words in SPOKEN or words in TYPED


async def opens_a_side(ben: Person) -> None:
    """By keyboard: how relevance came about, with the words it rests on."""
    side = ben.page.get_by_role("list", name="Six sides of this answer").first.locator("details").first
    await side.locator("summary").press("Enter")
    await expect(side.get_by_role("table")).to_contain_text("Score")
    await side.locator(".quote").first.focus()
    words = (await side.locator(".quote q").first.inner_text()).strip('“”"')
    await expect(ben.page.locator("mark").first).to_have_text(words)


async def has_all_at_hand_on_a_phone(ben: Person) -> None:
    """What a coach can do is one touch away, wherever on the page they are."""
    await ben.page.set_viewport_size({"width": 390, "height": 844})
    take_over = ben.button("Take over as interviewer")
    await expect(take_over).to_be_hidden()
    await ben.page.get_by_role("article").last.scroll_into_view_if_needed()
    await ben.presses("Chair")
    await expect(take_over).to_be_in_viewport()
    await ben.page.get_by_role("button", name="Whisper", exact=True).click()
    await expect(take_over).to_be_hidden()
    await expect(ben.page.get_by_label("Whisper to the candidate")).to_be_in_viewport()
    assert await ben.faults() == []
    await ben.page.set_viewport_size({"width": 1280, "height": 860})
    await ben.pictures("7-coach-at-hand")


async def skips_a_question(ana: Person) -> None:
    await ana.presses("Skip")
    await ana.presses("Yes, skip it")
    await ana.sees("Take a breath.")


async def reads_the_report(ana: Person) -> None:
    await ana.page.get_by_role("link", name="Read the report").click()
    await ana.sees("Six sides of your answers")
    quotes = [text.strip('“”"') for text in await ana.page.locator(".quote q").all_inner_texts()]
    sides = await ana.page.locator(".side").count()
    assert sides == 12, "two answers with six sides"
    assert await ana.page.locator(".side:has(.quote)").count() == sides
    assert all(quote in SPOKEN or quote in TYPED for quote in quotes)
    assert await ana.page.locator(".quote__time").first.inner_text() != ""
    timeline = ana.page.get_by_role("slider")
    await timeline.focus()
    await timeline.press("End")
    await timeline.press("ArrowLeft")
    await timeline.press("PageUp")  # who interrupts a question has not thought about it first
    await expect(timeline).to_have_attribute(
        "aria-valuetext", re.compile("Question 1. Speaking.*we promised the release")
    )
    assert await ana.faults() == []
    await ana.pictures("6-report", whole=True)
