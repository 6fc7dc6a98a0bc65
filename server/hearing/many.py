"""Hearing of many rooms in one process: reads their audio in one round trip, judges it in one thread, deals it out.

Decides how often audio is read and that one room's slowness or fault stays its own; what a room makes of its audio is
`server.hearing.ear`. Audio that an ear has no room for stays in the audio log, which is bounded.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from server.hearing.checkpoint import Checkpoint, read
from server.hearing.ear import Batch, Ear
from server.hearing.scribe import Needs
from server.hearing.voices import Found, Voices, judge, slices, through
from server.live import Feed
from server.pen import Pen
from server.ports import AudioLog, Clock, HearingNotes, RoomLog, Transcriber, TurnModel, Unavailable, VoiceDetector
from server.settings import Settings

READ_EVERY_S: Final = 0.01
"""A reading of a hundred rooms with nothing new in them costs a tenth of a millisecond of processor time."""
_AWAY_S: Final = 0.5

_log = logging.getLogger(__name__)

NewDetector = Callable[[], VoiceDetector]
Judging = Callable[[Found, Mapping[str, Voices]], Awaitable[dict[str, Batch]]]


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
        new_detector: NewDetector,
        turn_model: TurnModel | None = None,
    ) -> None:
        self._needs = Needs(settings, log, audio, notes, transcriber, clock, turn_model)
        self._new_detector = new_detector
        self._ears: dict[str, tuple[Ear, Voices]] = {}
        self._needed = asyncio.Event()
        """Whether there is any room to hear."""

    async def serve(self, feed: Feed, pen: Pen) -> None:
        """Hear a room until it is closed. Cancelled, it leaves all to the worker that comes next."""
        left = await self._left(pen) if self._needs.transcriber else None
        ear = Ear(feed, pen, self._needs, left)
        self._ears[feed.room_id] = (ear, Voices(left.place.streams if left else {}))
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
                detector = await loop.run_in_executor(pool, self._new_detector)

                async def judged(found: Found, voices: Mapping[str, Voices]) -> dict[str, Batch]:
                    return await loop.run_in_executor(pool, judge, detector, found, voices)

                while await self._needed.wait():
                    began = loop.time()
                    try:
                        await self._bring(judged)
                    except Unavailable:
                        await asyncio.sleep(_AWAY_S)
                    except Exception:
                        _log.exception("audio could not be read")  # hearing of all rooms must not end with one of them
                        await asyncio.sleep(_AWAY_S)
                    await asyncio.sleep(max(0.0, READ_EVERY_S - (loop.time() - began)))
            finally:
                if self._needs.transcriber:
                    await self._needs.transcriber.close()

    async def _bring(self, judged: Judging) -> None:
        """One reading of all hungry rooms."""
        hungry = {room: pair for room, pair in self._ears.items() if pair[0].hungry}
        if not hungry:
            return
        found = await self._needs.audio.read({room: ear.position for room, (ear, _) in hungry.items()})
        voices = {room: hungry[room][1] for room in found}
        for some in slices(found, {room for room in found if hungry[room][0].open}):
            batches = await judged(some, voices) if self._needs.transcriber else _only_positions(some)
            for room, batch in batches.items():
                hungry[room][0].take(batch)
        for room, (ear, _) in hungry.items():
            ear.blanks += room not in found


def _only_positions(found: Found) -> dict[str, Batch]:
    """Without a recogniser there is nothing to judge audio for; it is let go."""
    return {room: Batch(position, through(frames), (), {}) for room, (position, frames) in found.items()}
