"""A real Chromium for journeys: a person at it speaks when told to, its pictures are kept, its pages are checked.

Where TEST_ARTEFACTS names a folder, pictures go to its folder `browser`; they take a quarter of the time, and no test
looks at them. What was there when a test failed is always kept: in test-artefacts/browser, where none is named.
Accessibility is checked with axe-core from the web client's node_modules; without it the check says so and is left out.
"""

import os
import wave
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, async_playwright, expect

from tests.deployment import TOKEN
from tests.speech import RATE_HZ

ROOT = Path(__file__).parents[2]
PICTURES = Path(os.environ.get("TEST_ARTEFACTS", ROOT / "test-artefacts")) / "browser"
DIST = ROOT / "client" / "web" / "dist" / "index.html"
AXE = ROOT / "client" / "web" / "node_modules" / "axe-core" / "axe.min.js"
DEADLINE_MS = 30_000
expect.set_options(timeout=DEADLINE_MS)  # a busy machine needs more than the five seconds that are usual

# Chromium's fake microphone plays a file from when it is opened, however long it takes until somebody listens. So it
# plays silence, and a voice is laid over it when the test says so: the page gets one stream, as from any device.
_VOICE = """(() => {
    const devices = navigator.mediaDevices;
    if (!devices) return;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
        const context = new AudioContext();
        const mixed = context.createMediaStreamDestination();
        context.createMediaStreamSource(await open(wanted)).connect(mixed);
        window.says = (pcm) => {
            const samples = new Int16Array(Uint8Array.from(atob(pcm), (one) => one.charCodeAt(0)).buffer);
            const sound = context.createBuffer(1, samples.length, RATE_HZ);
            sound.getChannelData(0).set(Float32Array.from(samples, (one) => one / 32768));
            const voice = new AudioBufferSourceNode(context, { buffer: sound });
            voice.connect(mixed);
            voice.start();
            return performance.now();
        };
        return mixed.stream;
    };
})()""".replace("RATE_HZ", str(RATE_HZ))

# A headless Chromium has no voices of its own. This one makes no sound and reads until it is stopped; what the page
# asks of it stands in `asked`, with when it did.
_READER = """(() => {
    const asked = [];
    const synthesis = Object.assign(new EventTarget(), {
        asked, speaking: false, began: 0,
        getVoices: () => [{ name: "silent", lang: "en-GB", localService: true, default: true }],
        speak(text) {
            asked.push(["speak", performance.now()]);
            [synthesis.speaking, synthesis.began] = [true, performance.now()];
            queueMicrotask(() => text.onstart?.());
        },
        pause: () => asked.push(["pause", performance.now()]),
        resume: () => asked.push(["resume", performance.now()]),
        cancel() {
            asked.push(["cancel", performance.now()]);
            synthesis.speaking = false;
        },
    });
    Object.defineProperty(window, "speechSynthesis", { value: synthesis, configurable: true });
    window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
})()"""


def save_wav(path: Path, pcm: bytes) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(pcm)
    return path


@asynccontextmanager
async def looked_at(*people: "Person") -> AsyncIterator[None]:
    """When what is inside fails, what each person saw last is kept beside the other pictures."""
    try:
        yield
    except BaseException:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for person in people:
            await person.page.screenshot(path=PICTURES / f"last-{person.name}.png", full_page=True)
            (PICTURES / f"last-{person.name}.txt").write_text(await person.page.inner_text("body"))
        raise


@asynccontextmanager
async def browsing(chromium: str, recording: Path) -> AsyncIterator[Browser]:
    """A browser whose microphone plays the recording once, from when a page opens it."""
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording.resolve()}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, headless=True, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


class Person:
    """Somebody at a browser of their own, signed in as the owner."""

    def __init__(self, name: str, url: str, context: BrowserContext, page: Page) -> None:
        self.name, self.url, self.context = name, url, context
        self.broke: list[str] = []
        self._sits_at(page)

    def _sits_at(self, page: Page) -> None:
        self.page = page
        page.on("pageerror", lambda error: self.broke.append(str(error)))
        page.set_default_timeout(DEADLINE_MS)

    @classmethod
    async def arrives(cls, browser: Browser, name: str, url: str) -> "Person":
        size: ViewportSize = {"width": 1280, "height": 860}
        context = await browser.new_context(permissions=["microphone"], viewport=size)
        await context.add_init_script(_VOICE)
        person = cls(name, url, context, await context.new_page())
        await person.page.goto(f"{url}/sign-in?token={TOKEN}")
        return person

    async def opens(self, path: str) -> None:
        await self.page.goto(f"{self.url}{path}")

    async def comes_back(self, path: str) -> None:
        """In a new tab of the same browser."""
        self._sits_at(await self.context.new_page())
        await self.opens(path)

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).click()

    async def says(self, pcm: bytes) -> float:
        """Begin to speak into the microphone that this page opened; it goes on by itself. Gives when, on its clock."""
        return float(await self.page.evaluate("(pcm) => window.says(pcm)", b64encode(pcm).decode()))

    async def is_read_to(self) -> None:
        """From now on this page has a voice, until it is loaded anew: it never ends by itself."""
        await self.page.evaluate(_READER)

    async def hears(self, ms: int) -> None:
        """That voice has been reading for so long."""
        await self.page.wait_for_function(
            "(ms) => speechSynthesis.speaking && performance.now() - speechSynthesis.began > ms", arg=ms
        )

    async def interrupts(self, pcm: bytes, *follows: str) -> float:
        """Speak over that voice until the page asked this of it; gives after how many milliseconds it did the first."""
        before = await self.page.evaluate("() => speechSynthesis.asked.length")
        began = await self.says(pcm)
        await self.page.wait_for_function(
            "(count) => speechSynthesis.asked.length >= count", arg=before + len(follows), polling=20
        )
        asked = (await self.page.evaluate("() => speechSynthesis.asked"))[before:]
        assert [what for what, _ in asked][: len(follows)] == [*follows]
        return float(asked[0][1] - began)

    async def sees(self, text: str) -> None:
        await self.page.get_by_text(text).first.wait_for()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    async def pictures(self, name: str, *, whole: bool = False) -> None:
        """Light and dark, wide and narrow."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        wide = self.page.viewport_size or {"width": 1280, "height": 860}
        for label, size in (("wide", wide), ("narrow", {"width": 390, "height": 844})):
            await self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no picture of a change
                if "TEST_ARTEFACTS" in os.environ:
                    await self.page.screenshot(path=PICTURES / f"{name}-{label}-{scheme}.png", full_page=whole)
        await self.page.set_viewport_size({"width": wide["width"], "height": wide["height"]})
        await self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")

    async def faults(self) -> list[str]:
        """What axe finds against WCAG 2.1 A and AA on this page as it stands, in light and in dark."""
        if not AXE.exists():
            print(f"{AXE} is missing (scripts/setup --dev): accessibility was NOT checked")
            return []
        # Evaluated, not added as a script: the page's content policy rightly refuses strangers' scripts.
        await self.page.evaluate(AXE.read_text())
        found: list[str] = []
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += await self.page.evaluate(
                """async (scheme) => {
                    const wanted = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] };
                    const { violations } = await axe.run(document, wanted);
                    return violations.flatMap(({ id, nodes }) => nodes.map((n) => `${scheme} ${id}: ${n.html}`));
                }""",
                scheme,
            )
        await self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        return found
