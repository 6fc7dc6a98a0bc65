"""The pictures of the README: one good interview in real browsers, photographed at three moments.

Run by scripts/pictures. Decides what is said in it; the pages, the rooms and the marks are the real ones.
"""

import asyncio
import json
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from tests.deployment import Deployment, deployed
from tests.journeys.browser import ROOT, Person, browsing, looked_at, save_wav
from tests.servers import Redis, find_redis
from tests.speech import silence, speech

KEPT = ROOT / "docs" / "pictures"
HELPED = "Tell me about a time you helped a colleague who was stuck."
UNASKED = "Tell me about something at work you made better"
PROMISE = "Tell me about a time you saw that you would not keep a promise"
FIRST = (
    "In March a new colleague was stuck on our billing tests for two days, and I noticed because she got quiet.",
    "I asked what she had tried, um, before giving any answer, and then we paired for an hour and I let her type.",
    "In the end she fixed it on her own, and the tests went from 40 minutes to 6.",
    "So we we wrote a checklist, and since then nobody got stuck there again.",
)
TYPED = (
    "Every Monday three of us copied sales figures by hand, which took 90 minutes and went wrong twice a month. "
    "I wrote a script, showed it to the team and asked for feedback before I switched anything. Now it takes "
    "4 minutes and no figure was wrong since then. I learned to measure first, because nobody had known the cost."
)
LAST = (
    "We had promised a customer the new export by Friday, and on Tuesday I saw that it would take ten days.",
    "So I called the customer right away instead of waiting, and offered two options: a smaller version on time, "
    "or everything a week later.",
    "They took the smaller version, we delivered it on time, and since then I check my estimates after two days.",
)
BEFORE_SPEAKING_MS = 8_000
BETWEEN_LINES_MS = 1_500
WHILE_TYPING_MS = 20_000


def recording(directory: Path) -> Path:
    def spoken(lines: tuple[str, ...]) -> bytes:
        return silence(BETWEEN_LINES_MS).join(speech(line) for line in lines)

    pcm = silence(BEFORE_SPEAKING_MS) + spoken(FIRST) + silence(WHILE_TYPING_MS) + spoken(LAST) + silence(60_000)
    return save_wav(directory / "candidate.wav", pcm)


async def take(chromium: str, deployment: Deployment, directory: Path) -> None:
    url = deployment.web().url
    async with browsing(chromium, recording(directory)) as browser:
        ana, ben = await arrive(browser, "Ana", url), await arrive(browser, "Ben", url)
        async with looked_at(ana, ben):
            await answer_two_questions(ana, ben)
            await ben.page.get_by_label("Whisper to the candidate").fill("Say what came of it for them.")
            await ben.presses("Whisper")
            await ana.sees("Ben whispers")
            await ben.page.get_by_text("the new export by").first.wait_for()
            await photograph(ben, "coach", 1040)
            await ana.sees(LAST[0])
            await ana.page.get_by_text("right away instead").wait_for()
            await photograph(ana, "candidate", 860)
            await ana.sees(LAST[2])
            await ana.presses("I’m done")
            await ana.page.get_by_role("link", name="Read the report").click()
            await ana.sees("Six sides of your answers")
            await photograph(ana, "report", 1000)


async def arrive(browser: Browser, name: str, url: str) -> Person:
    person = await Person.arrives(browser, name, url)
    person.page.set_default_timeout(90_000)
    return person


async def answer_two_questions(ana: Person, ben: Person) -> None:
    await ana.page.get_by_label("How long?").fill("3")
    await ana.page.get_by_label("What shall others call you?").fill(ana.name)
    await ana.presses("Open the room")
    await ana.sees("I understand and agree")
    await ben.opens(f"/rooms/{ana.page.url.rsplit('/', 1)[-1]}/coach")
    await ben.page.get_by_label("What shall others call you?").fill(ben.name)
    await ben.presses("Call me that")
    await choose(ben, HELPED)
    await ana.presses("I understand and agree")
    await ana.presses("Turn on the microphone")
    await ana.presses("Start the interview")
    await ana.sees("Question 1 of 3")
    await choose(ben, UNASKED)
    await ana.sees(FIRST[-1])
    await ana.presses("I’m done")
    await ana.sees("Question 2 of 3")
    await choose(ben, PROMISE)
    await ana.page.get_by_label("Type your answer").press_sequentially(TYPED, delay=10)
    await ana.presses("I’m done")
    await ana.sees("Question 3 of 3")
    await ben.page.get_by_label("Private note").fill("Calm. Numbers without being asked.")
    await ben.button("Note").click()


async def choose(ben: Person, question: str) -> None:
    await ben.presses(question)
    await ben.sees(f"Next: {question}")


async def photograph(person: Person, name: str, height: int) -> None:
    """A wide, light picture of what the person sees; a coach looks at the top of the page."""
    await person.page.set_viewport_size({"width": 1280, "height": height})
    await person.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await person.page.evaluate("document.activeElement?.blur()")
    for scrolled in await person.page.locator("html:has(.desk), .desk__side").all():
        await scrolled.evaluate("(element) => element.scrollTo(0, 0)")
    KEPT.mkdir(parents=True, exist_ok=True)
    await person.page.screenshot(path=KEPT / f"{name}.png")
    print(KEPT / f"{name}.png")


def main(chromium: str) -> None:
    redis = Redis(find_redis(""))
    redis.start()
    try:
        with tempfile.TemporaryDirectory() as name, deployed(redis.url, TRANSCRIBER="none") as deployment:
            lines = json.dumps([*FIRST, *LAST])
            deployment.worker("tests.journeys.reciting", RECITED=lines)
            asyncio.run(take(chromium, deployment, Path(name)))
    finally:
        redis.remove()
