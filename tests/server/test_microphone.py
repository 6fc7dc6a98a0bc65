"""Audio from a socket to the audio log: what is kept is acknowledged, what is not kept is asked for again."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rooms.events import Encoding
from rooms.protocol import Frame, pack_frame, pack_piece
from server import microphone as module
from server.adapters.opus import OpusDecoder
from server.fanout import Fanout
from server.member import Member
from server.microphone import QUEUE_FRAMES, Microphone
from server.ports import AudioLog, Unavailable
from tests.server.hearings import CANDIDATE, MemoryAudioLog, Rig
from tests.server.way import Way
from tests.speech import recorded, speech
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.02)
    monkeypatch.setattr(module, "GATHER_S", 0.0)


class StubbornAudioLog(MemoryAudioLog):
    """One that can be away, and can take its time."""

    def __init__(self, limit: int = 100_000) -> None:
        super().__init__(limit)
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def append(self, room: str, stream: str, frames: Any, decoder: bytes = b"") -> int:
        await self.flowing.wait()
        if self.away:
            raise Unavailable("redis")
        return await super().append(room, stream, frames)


class Speaker:
    """A microphone, and what its member was told."""

    def __init__(self, microphone: Microphone, way: Way) -> None:
        self.microphone, self._way = microphone, way

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self._way.sent]

    def send(self, *numbers: int) -> None:
        for number in numbers:
            self.microphone.heard(pack_frame(Frame(number, 40 * number, bytes(1280))))

    async def safe(self, through: int | None, *, again: bool, stream: str = "mic") -> None:
        """Wait until this is said."""
        wanted = {"type": "audio_safe", "stream": stream, "through": through, "again": again}
        await until(lambda: wanted in self.said)
        self._way.pieces.clear()

    def told(self, kind: str) -> list[str]:
        return [said["what"]["code"] for said in self.said if said.get("what", {}).get("kind") == kind]

    def refusals(self) -> list[str]:
        return [said["code"] for said in self.said if said["type"] == "refused"]


@asynccontextmanager
async def speaking(audio: AudioLog) -> AsyncIterator[Speaker]:
    """Somebody at an open microphone with the stream `mic`."""
    rig = Rig(audio=audio)
    async with rig.up(), rig.room() as room, Fanout(rig.feeds, rig.log).hall(room.id) as hall:
        way = Way()
        microphone = Microphone(audio, hall, Member(CANDIDATE, "c", way, 1_000_000, 5), OpusDecoder)
        yield Speaker(microphone, way)
        microphone.close()


async def test_what_is_kept_is_said_to_be_safe() -> None:
    audio = MemoryAudioLog()
    async with speaking(audio) as speaker:
        assert await speaker.microphone.through() is None
        speaker.send(0, 1, 2)
        await speaker.safe(2, again=False)
        assert await speaker.microphone.through() == 2
        assert [frame.seq for _, _, frame in audio.kept["r-1"]] == [0, 1, 2]


async def test_a_voice_that_begins_does_not_wait_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_S", 60.0)
    audio = MemoryAudioLog()
    async with speaking(audio) as speaker:
        speaker.send(0)
        await speaker.safe(0, again=False)
        speaker.send(1)
        loud = (b"\x40\x00" * 319 + b"\x00\x10") * 2
        speaker.microphone.heard(pack_frame(Frame(2, 80, loud)))
        await speaker.safe(2, again=False)


def test_what_lasts_is_not_rising() -> None:
    rising = module.Rising()
    quiet, loud = b"\x10\x00" * 640, b"\x00\x10" * 640
    assert [rising.hears(pcm) for pcm in (quiet, quiet, loud)] == [False, False, True]
    assert not [rising.hears(loud) for _ in range(50)][-1]
    assert not rising.hears(quiet)
    assert rising.hears(loud)


async def test_frames_behind_a_gap_are_asked_for_again() -> None:
    async with speaking(MemoryAudioLog()) as speaker:
        speaker.send(1, 2)
        await speaker.safe(None, again=True)
        speaker.send(0, 1, 2)
        await speaker.safe(2, again=False)
        counted = speaker.microphone.arrivals
        assert (counted.frames, counted.again, counted.ahead) == (5, 3, 1)


async def test_a_full_log_is_said_and_what_found_no_room_is_asked_for_again() -> None:
    audio = MemoryAudioLog(limit=2)
    async with speaking(audio) as speaker:
        speaker.send(0, 1, 2, 3)
        await until(lambda: speaker.told("hearing_trouble"))
        assert speaker.told("hearing_trouble") == ["hearing_behind"]
        await speaker.safe(1, again=True)
        audio.limit = 100
        speaker.send(2, 3)
        await speaker.safe(3, again=False)


async def test_a_log_that_is_away_loses_nothing_that_the_client_kept() -> None:
    audio = StubbornAudioLog()
    async with speaking(audio) as speaker:
        speaker.send(0, 1)
        await speaker.safe(1, again=False)
        audio.away = True
        speaker.send(2, 3)
        await speaker.safe(1, again=True)
        audio.away = False
        speaker.send(2, 3)
        await speaker.safe(3, again=False)


async def test_frames_do_not_pile_up_when_the_log_is_slow() -> None:
    audio = StubbornAudioLog()
    async with speaking(audio) as speaker:
        audio.flowing.clear()
        speaker.send(0)
        await until(lambda: not speaker.microphone._frames)
        speaker.send(*range(1, QUEUE_FRAMES + 200))
        assert len(speaker.microphone._frames) == QUEUE_FRAMES
        audio.flowing.set()
        await speaker.safe(QUEUE_FRAMES, again=True)
        speaker.send(*range(QUEUE_FRAMES + 1, QUEUE_FRAMES + 200))
        await speaker.safe(QUEUE_FRAMES + 199, again=False)


async def test_frames_that_waited_keep_the_stream_they_came_under() -> None:
    audio = StubbornAudioLog()
    async with speaking(audio) as speaker:
        audio.flowing.clear()
        speaker.send(0, 1)
        speaker.microphone.opened("mic-2")
        speaker.send(0, 1, 2)
        audio.flowing.set()
        await until(lambda: len(audio.kept.get("r-1", ())) == 5)
        kept = [(stream, frame.seq) for _, stream, frame in audio.kept["r-1"]]
        assert kept == [("mic", 0), ("mic", 1), ("mic-2", 0), ("mic-2", 1), ("mic-2", 2)]


async def test_the_same_complaint_is_made_once() -> None:
    async with speaking(MemoryAudioLog()) as speaker:
        for _ in range(50):
            speaker.microphone.heard(b"no frame")
        speaker.send(0)
        await speaker.safe(0, again=False)
        for _ in range(50):
            speaker.microphone.heard(b"no frame")
        await asyncio.sleep(0.02)
        assert speaker.refusals() == []


async def test_frames_that_come_one_by_one_are_passed_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first at once, and what comes within the next moment in one go."""
    monkeypatch.setattr(module, "GATHER_S", 0.3)
    audio = CountingAudioLog()
    async with speaking(audio) as speaker:
        for number in range(10):
            speaker.send(number)
            await asyncio.sleep(0)
        await speaker.safe(9, again=False)
    assert audio.appends <= 3


class CountingAudioLog(MemoryAudioLog):
    appends = 0

    async def append(self, room: str, stream: str, frames: Any, decoder: bytes = b"") -> int:
        self.appends += 1
        return await super().append(room, stream, frames)


def test_what_streams_gathered_goes_at_the_same_moments_and_hardly_later() -> None:
    due = [1_000.001 + 0.0007 * number for number in range(100)]
    goes = [module._together(at) for at in due]
    assert len(set(goes)) == 8  # in 70 ms
    assert all(0 <= later - at < module.TOGETHER_S for at, later in zip(due, goes, strict=True))


async def test_pieces_of_a_recording_are_kept_as_frames_and_acknowledged_alike() -> None:
    audio, sound = MemoryAudioLog(), recorded(speech("we halved it"))
    pieces = [sound[start : start + 600] for start in range(0, len(sound), 600)]
    async with speaking(audio) as speaker:
        speaker.send(0)
        speaker.microphone.opened("rec", Encoding.WEBM_OPUS)
        for number, piece in enumerate(pieces):
            speaker.microphone.heard(pack_piece(Frame(number, 0, piece)))
        await speaker.safe(len(pieces) - 1, again=False, stream="rec")
        assert await speaker.microphone.through() == len(pieces) - 1
        assert [stream for _, stream, _ in audio.kept["r-1"]] == ["mic", *["rec"] * len(pieces)]
        speaker.send(1)  # no piece
        assert speaker.refusals() == ["frame_invalid"]


async def test_a_recording_that_cannot_be_decoded_ends_its_stream_and_no_other() -> None:
    async with speaking(MemoryAudioLog()) as speaker:
        speaker.microphone.opened("rec", Encoding.WEBM_OPUS)
        speaker.microphone.heard(pack_piece(Frame(0, 0, bytes(500))))
        await until(lambda: speaker.refusals() == ["sound_undecodable"])
        speaker.microphone.opened("mic")
        speaker.send(0, 1)
        await speaker.safe(1, again=False)
