"""Hearing of many rooms in one process: reads their audio in one round trip, judges it in one thread, deals it out.

Decides how often audio is read and that one room's slowness or fault stays its own; what a room makes of its audio is
`server.hearing.ear`. Audio that an ear has no room for stays in the audio log, which is bounded.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from typing import Final

from rooms.protocol import Frame
from rooms.windows import Cut, Window, cut
from server.hearing.checkpoint import Checkpoint, Stream, read
from server.hearing.ear import Batch, Ear
from server.hearing.scribe import Needs
from server.live import Feed
from server.pen import Pen
from server.ports import AudioLog, Clock, HearingNotes, RoomLog, Transcriber, TurnModel, Unavailable, Voice
from server.settings import Settings

READ_EVERY_S: Final = 0.01
"""A reading of a hundred rooms with nothing new in them costs a tenth of a millisecond of processor time."""
_AWAY_S: Final = 0.5
_USUAL_FRAMES: Final = 10
"""In one reading of a room that is heard as it speaks."""
_STREAMS: Final = 4
"""Microphones of a room whose voice detectors are kept; more than one speaks only while a device is changed."""

_log = logging.getLogger(__name__)

NewVoice = Callable[[], Voice]


class Hearing:
    """`run` once, `serve` for each room."""

    def __init__(
        self,
        settings: Settings,
        log: RoomLog,
        audio: AudioLog,
        notes: HearingNotes,
        transcriber: Transcriber | None,
        clock: Clock,
        new_voice: NewVoice,
        turn_model: TurnModel | None = None,
    ) -> None:
        self._needs = Needs(settings, log, audio, notes, transcriber, clock, turn_model)
        self._new_voice = new_voice
        self._ears: dict[str, tuple[Ear, _Bench]] = {}
        self._needed = asyncio.Event()
        """Whether there is any room to hear."""

    async def serve(self, feed: Feed, pen: Pen) -> None:
        """Hear a room until it is closed. Cancelled, it leaves all to the worker that comes next."""
        left = await self._left(pen) if self._needs.transcriber else None
        ear = Ear(feed, pen, self._needs, left)
        self._ears[feed.room_id] = (ear, _Bench(self._new_voice, left.place.streams if left else {}))
        self._needed.set()
        try:
            await ear.run()
        finally:
            del self._ears[feed.room_id]
            if not self._ears:
                self._needed.clear()

    @property
    def behind_ms(self) -> list[int]:
        """How far hearing is behind in each room where audio came lately."""
        return [behind for ear, _ in self._ears.values() if (behind := ear.behind_ms()) is not None]

    async def _left(self, pen: Pen) -> Checkpoint | None:
        """What the worker before us left behind; from now on, it can leave no more."""
        note = await self._needs.notes.recall(pen.room_id, pen.fence)
        left = read(note) if note else None
        if note and not left:
            _log.warning("another release heard this room: its audio is heard again", extra={"room": pen.room_id})
        return left

    async def run(self) -> None:
        """Bring audio to the rooms that are served, until cancelled."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "voice") as pool:
            try:
                await loop.run_in_executor(pool, self._new_voice)  # the first one loads the model: no room shall wait
                while await self._needed.wait():
                    began = loop.time()
                    try:
                        await self._bring(pool)
                    except Unavailable:
                        await asyncio.sleep(_AWAY_S)
                    except Exception:
                        _log.exception("audio could not be read")  # hearing of all rooms must not end with one of them
                        await asyncio.sleep(_AWAY_S)
                    await asyncio.sleep(max(0.0, READ_EVERY_S - (loop.time() - began)))
            finally:
                if self._needs.transcriber:
                    await self._needs.transcriber.close()

    async def _bring(self, pool: ThreadPoolExecutor) -> None:
        """One reading of all hungry rooms."""
        hungry = {room: pair for room, pair in self._ears.items() if pair[0].hungry}
        if not hungry:
            return
        found = await self._needs.audio.read({room: ear.position for room, (ear, _) in hungry.items()})
        if found:
            judge = self._judge if self._needs.transcriber else _only_positions
            for some in _slices(found, {room for room in found if hungry[room][0].open}):
                batches = await asyncio.get_running_loop().run_in_executor(pool, judge, some, hungry)
                for room, batch in batches.items():
                    hungry[room][0].take(batch)
        for room, (ear, _) in hungry.items():
            ear.blanks += room not in found

    def _judge(self, found: "Found", ears: Mapping[str, tuple[Ear, "_Bench"]]) -> dict[str, Batch]:
        """In the voice thread: one hop for all rooms, because a hop costs as much as judging a window."""
        batches = {}
        for room, (position, frames) in found.items():
            try:
                batches[room] = ears[room][1].judge(position, frames)
            except Exception:
                _log.exception("audio could not be judged", extra={"room": room})
                batches[room] = Batch(position, _through(frames), (), ears[room][1].streams)
        return batches


Found = Mapping[str, tuple[str, Sequence[tuple[str, Frame]]]]


def _slices(found: Found, speaking: Container[str]) -> Iterator[Found]:
    """What is judged in one go: first where somebody may just begin, then who speaks already. Rooms with much to
    catch up on come behind, one by one."""
    usual = {room: audio for room, audio in found.items() if len(audio[1]) <= _USUAL_FRAMES}
    for speaks in (False, True):
        if some := {room: audio for room, audio in usual.items() if (room in speaking) is speaks}:
            yield some
    yield from ({room: audio} for room, audio in found.items() if room not in usual)


class _Bench:
    """Cuts and judges the streams of one room. Used by the voice thread alone."""

    def __init__(self, new_voice: NewVoice, left: Mapping[str, Stream]) -> None:
        self._new_voice = new_voice
        self._cuts = OrderedDict((stream, known.cut) for stream, known in left.items())
        self._voices = {stream: _voice(new_voice, known.voice) for stream, known in left.items()}
        self._states = {stream: known.voice for stream, known in left.items()}

    @property
    def streams(self) -> dict[str, Stream]:
        """What the next windows are cut and judged with."""
        return {stream: Stream(cut, self._states[stream]) for stream, cut in self._cuts.items()}

    def judge(self, position: str, frames: Sequence[tuple[str, Frame]]) -> Batch:
        judged: list[tuple[Window, float]] = []
        for stream, its in groupby(frames, key=itemgetter(0)):
            if stream not in self._cuts:
                self._cuts[stream], self._voices[stream] = Cut(stream), self._new_voice()
                self._states[stream] = self._voices[stream].state()
            windows: list[Window] = []
            for _, frame in its:
                self._cuts[stream], more = cut(self._cuts[stream], frame)
                windows += more
            probabilities = self._voices[stream].probabilities([window.samples for window in windows])
            judged += zip(windows, probabilities, strict=True)
        through = _through(frames)
        self._states |= {stream: self._voices[stream].state() for stream in through}
        while len(self._cuts) > _STREAMS:
            stream, _ = self._cuts.popitem(last=False)
            del self._voices[stream], self._states[stream]
        return Batch(position, through, judged, self.streams)


def _voice(new_voice: NewVoice, state: bytes) -> Voice:
    voice = new_voice()
    try:
        voice.go_on_from(state)
    except ValueError:
        _log.warning("another release judged this voice: it is judged from here on")
    return voice


def _through(frames: Sequence[tuple[str, Frame]]) -> dict[str, int]:
    return {stream: frame.seq for stream, frame in frames}


def _only_positions(found: Found, ears: object) -> dict[str, Batch]:
    """Without a recogniser there is nothing to judge audio for; it is let go."""
    return {room: Batch(position, _through(frames), (), {}) for room, (position, frames) in found.items()}
