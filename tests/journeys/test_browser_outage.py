"""What is between a candidate's page and the room goes away mid-answer: the page comes back, and no word is missing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests import canned_whisper
from tests.deployment import Deployment, deployed
from tests.journeys.browser import DIST, Person, browsing, looked_at, save_wav
from tests.journeys.wires import Wire, network
from tests.servers import free_port
from tests.speech import silence, speech

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SPOKEN = "the first thing I did was to ask who needed it and why it had to be ready so soon"
OUTAGE_S = 5.0
HEARD_DEADLINE_MS = 40_000
OPENING = "open_microphone"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def deployment(redis_url: str, tmp_path: Path, port: int) -> Iterator[Deployment]:
    if not DIST.exists():
        pytest.skip("the pages are not built (scripts/setup): what a browser does was NOT tested")
    model = canned_whisper.write(tmp_path / "whisper", canned_whisper.evenly(SPOKEN, 0.0, 5.0))
    origin = f"http://127.0.0.1:{port}"
    with deployed(
        redis_url, TRANSCRIBER="whisper", WHISPER_MODEL=str(model), ALLOWED_ORIGINS=origin, TURN_SILENCE_MS="20000"
    ) as deployment:
        yield deployment


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    return save_wav(tmp_path / "quiet.wav", silence(1_000))


async def test_no_word_is_lost_when_the_network_is_away_for_five_seconds(
    chromium: str, deployment: Deployment, port: int, quiet: Path
) -> None:
    web = deployment.web()
    deployment.worker()
    async with network(port, web.port) as between, browsing(chromium, quiet) as browser:
        ana = await Person.arrives(browser, "Ana", between.url)
        wire = Wire(ana.page)
        async with looked_at(ana):
            await comes_to_the_first_question(ana)
            await ana.says(speech(SPOKEN))
            await ana.sees("Hearing you")
            between.cut()
            await ana.sees("Connecting again…")
            box = ana.page.get_by_label("Type your answer")
            await box.fill("Written while the network was away.")
            await box.press("Control+Enter")
            await ana.sees("Your words are kept here")
            await asyncio.sleep(OUTAGE_S)  # as long as the outage that is claimed
            await between.mend()
            await ana.sees("Connected")
            await ana.sees("Your words are safe")
            await expect(ana.page.get_by_text("Written while the network was away.")).to_have_count(1)
            await expect(ana.page.get_by_text(SPOKEN)).to_have_count(1, timeout=HEARD_DEADLINE_MS)
            await ana.presses("I’m done")
            await ana.sees("Question 2 of 3")
            wire.assert_voice_is_whole()
            assert ana.broke == []


async def test_no_word_is_lost_when_the_candidates_web_worker_is_killed_in_mid_answer(
    chromium: str, deployment: Deployment, port: int, quiet: Path
) -> None:
    doomed, other = deployment.web(), deployment.web()
    deployment.worker()
    async with network(port, doomed.port, other.port) as balancer, browsing(chromium, quiet) as browser:
        ana = await Person.arrives(browser, "Ana", balancer.url)
        ben = await Person.arrives(browser, "Ben", other.url)
        wire = Wire(ana.page)
        async with looked_at(ana, ben):
            room = await comes_to_the_first_question(ana)
            await ben.opens(f"/rooms/{room}/coach")
            await ana.says(speech(SPOKEN))
            await ana.sees("Hearing you")
            doomed.kill()
            # Nobody presses anything: the page finds the other worker by itself.
            await expect(ana.page.get_by_text(SPOKEN)).to_have_count(1, timeout=HEARD_DEADLINE_MS)
            await expect(ben.page.get_by_text(SPOKEN)).to_have_count(1, timeout=HEARD_DEADLINE_MS)
            await ana.sees("Connected")
            await ana.presses("I’m done")
            await ana.sees("Question 2 of 3")
            wire.assert_voice_is_whole()
            assert ana.broke == ben.broke == []


async def test_a_browser_that_can_only_record_is_heard_as_well_also_when_its_web_worker_is_killed(
    chromium: str, deployment: Deployment, port: int, quiet: Path
) -> None:
    """MediaRecorder's own WebM, decoded by one worker and then, from the middle, by another."""
    doomed, other = deployment.web(), deployment.web()
    deployment.worker()
    async with network(port, doomed.port, other.port) as balancer, browsing(chromium, quiet) as browser:
        ana = await Person.arrives(browser, "Ana", balancer.url)
        wire = Wire(ana.page)
        async with looked_at(ana):
            await comes_to_the_first_question(ana, "?sound=opus")
            await ana.says(speech(SPOKEN))
            await ana.sees("Hearing you")
            doomed.kill()
            await expect(ana.page.get_by_text(SPOKEN)).to_have_count(1, timeout=HEARD_DEADLINE_MS)
            await ana.presses("I’m done")
            await ana.sees("Question 2 of 3")
            opened = [m["command"] for said in wire.said for m in said if m.get("command", {}).get("kind") == OPENING]
            assert [command.get("encoding") for command in opened] == ["webm_opus"]
            assert ana.broke == []


async def test_what_was_typed_outlives_the_tab_that_was_closed_in_mid_sentence(
    chromium: str, deployment: Deployment, port: int, quiet: Path
) -> None:
    web = deployment.web()
    deployment.worker()
    async with network(port, web.port) as between, browsing(chromium, quiet) as browser:
        ana = await Person.arrives(browser, "Ana", between.url)
        async with looked_at(ana):
            room = await comes_to_the_first_question(ana)
            box = ana.page.get_by_label("Type your answer")
            await box.fill("Sent and heard.")
            await box.press("Control+Enter")
            await expect(ana.page.get_by_text("Sent and heard.")).to_have_count(1)
            between.cut()
            await ana.sees("Connecting again…")
            await box.fill("Sent, and nobody heard.")
            await box.press("Control+Enter")
            await box.press_sequentially("Half a sent")
            await ana.page.close()
            await between.mend()
            await ana.comes_back(f"/rooms/{room}")
            await ana.sees("Your words are safe")
            await expect(ana.page.get_by_label("Type your answer")).to_have_value("Half a sent")
            for said in ("Sent and heard.", "Sent, and nobody heard."):
                await expect(ana.page.get_by_text(said)).to_have_count(1)
            await ana.presses("End")
            await ana.presses("End it")
            await ana.sees("That’s it.")
            kept = await ana.page.evaluate(
                "Object.keys(localStorage).filter((key) => key.startsWith('greenroom.kept'))"
            )
            assert (kept, ana.broke) == ([], [])


async def comes_to_the_first_question(ana: Person, query: str = "") -> str:
    await ana.page.get_by_label("How long?").fill("3")
    await ana.presses("Open the room")
    if query:
        await ana.button("I understand and agree").wait_for()
        await ana.opens(f"/rooms/{ana.page.url.rsplit('/', 1)[-1]}{query}")
    await ana.presses("I understand and agree")
    await ana.presses("Turn on the microphone")
    await ana.sees("Say a few words.")
    await ana.presses("Start the interview")
    await ana.sees("Question 1 of 3")
    return ana.page.url.rsplit("/", 1)[-1].removesuffix(query)
