"""The network of a candidate's page goes away mid-answer: the page comes back by itself, and no word is missing."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, WebSocket, expect

from rooms.protocol import unpack_frame
from tests import canned_whisper
from tests.deployment import Deployment, deployed
from tests.journeys.browser import DIST, Person, browsing, looked_at, save_wav
from tests.servers import free_port
from tests.speech import silence, speech

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SPOKEN = "the first thing I did was to ask who needed it and why it had to be ready so soon"
OUTAGE_S = 5.0


class Network:
    """A network between a browser and a server that can be cut and mended."""

    def __init__(self, port: int, to_port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port, self._to_port = port, to_port
        self._cables: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for cable in self._cables:
            cable.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._cables |= {writer, to_server}
        await asyncio.gather(self._carry(reader, to_server), self._carry(from_server, writer))
        self._cables -= {writer, to_server}

    @staticmethod
    async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


class Wire:
    """What went over the sockets of a page: a list a connection."""

    def __init__(self, page: Page) -> None:
        self.frames: list[list[int]] = []
        self.said: list[list[dict[str, Any]]] = []
        self.heard: list[list[dict[str, Any]]] = []
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        number = len(self.said)
        for kept in (self.frames, self.said, self.heard):
            kept.append([])
        socket.on("framesent", lambda data: self._sent(number, data))
        socket.on("framereceived", lambda data: self.heard[number].append(json.loads(data)))

    def _sent(self, number: int, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self.frames[number].append(unpack_frame(data).seq)
        else:
            self.said[number].append(json.loads(data))


@asynccontextmanager
async def network(port: int, to_port: int) -> AsyncIterator[Network]:
    made = Network(port, to_port)
    await made.mend()
    try:
        yield made
    finally:
        made.cut()


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


async def test_no_word_is_lost_when_the_network_is_away_for_five_seconds(
    chromium: str, deployment: Deployment, port: int, tmp_path: Path
) -> None:
    web = deployment.web()
    deployment.worker()
    recording = save_wav(tmp_path / "candidate.wav", silence(5_000) + speech(SPOKEN) + silence(60_000))
    async with network(port, web.port) as between, browsing(chromium, recording) as browser:
        ana = await Person.arrives(browser, "Ana", between.url)
        wire = Wire(ana.page)
        async with looked_at(ana):
            await comes_to_the_first_question(ana)
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
            await expect(ana.page.get_by_text(SPOKEN)).to_have_count(1, timeout=20_000)
            await ana.presses("I’m done")
            await ana.sees("Question 2 of 3")
            assert_voice_is_whole(wire)
            assert ana.broke == []


async def comes_to_the_first_question(ana: Person) -> None:
    await ana.page.get_by_label("How long?").fill("3")
    await ana.presses("Open the room")
    await ana.presses("I understand and agree")
    await ana.presses("Turn on the microphone")
    await ana.sees("Say a few words.")
    await ana.presses("Start the interview")
    await ana.sees("Question 1 of 3")


def assert_voice_is_whole(wire: Wire) -> None:
    """The second connection begins right behind what was safe, and has no gap up to the end of the answer."""
    first, second = [n for n, said in enumerate(wire.said) if said and wire.heard[n]]
    welcome = wire.heard[second][0]
    (finished,) = [m["command"] for m in wire.said[second] if m.get("command", {}).get("kind") == "finish_answer"]
    assert welcome["resumed"] is not None
    assert wire.frames[first] == list(range(len(wire.frames[first])))
    assert wire.frames[second] == list(range(welcome["audio_through"] + 1, wire.frames[second][-1] + 1))
    assert wire.frames[second][-1] == finished["through"]
