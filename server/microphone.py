"""A candidate's audio on its way from the socket to the audio log: checked, batched, bounded, acknowledged.

Decides what is passed on and what the client is to send again; never what it says (`hearing`). When the log is slow
or full, frames are let go here and the client, who kept them, sends them again: nothing is lost, nothing piles up.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from rooms.events import Encoding
from rooms.protocol import AudioSafe, BadFrame, Frame, HearingTrouble, Telling, unpack_frame, unpack_piece
from rooms.quality import Arrivals, arrive
from rooms.refusals import Code
from server.deadline import Deadline
from server.errors import TABLE, Problem, problem_of, refused
from server.fanout import Hall
from server.framing import framed
from server.member import Member
from server.ports import AudioFull, AudioLog, BadSound, Unavailable
from server.recording import NewDecoder, Recording

_log = logging.getLogger(__name__)

QUEUE_FRAMES = 500
"""Frames that may wait for the log: 10 s of 20 ms frames."""
QUEUE_PIECES = 100
"""The same for pieces of a recording, which may be 32 KiB each: 20 s of pieces of 200 ms."""
GATHER_S = 0.1
"""How long frames gather behind those that were passed on: to append and acknowledge each alone costs twice as much.
Where it grows loud they do not gather: a voice that begins is to be noticed at once."""
LOUD = 300
"""The peak of a frame, of 32,768, below which nothing is loud."""
TOGETHER_S = 0.01
"""What gathered goes at the next multiple of this: what many streams pass on travels to Redis and back together."""
RETRY_S = 1.0


class Rising:
    """Where a stream grows loud: no more than a hint that somebody begins to speak."""

    __slots__ = ("_usual",)

    def __init__(self) -> None:
        self._usual = 0.0

    def hears(self, pcm: bytes) -> bool:
        """Whether this frame is much louder than what came before. What lasts becomes usual within a second."""
        samples = np.frombuffer(pcm, "<i2")
        # Asked of the reductions themselves: `samples.max()` goes a longer way there than the numbers do.
        peak = max(int(np.maximum.reduce(samples)), -int(np.minimum.reduce(samples)))
        rises = peak > max(LOUD, 3 * self._usual)
        self._usual = min(peak, self._usual + (peak - self._usual) / 16)
        return rises


def _together(at: float) -> float:
    return math.ceil(at / TOGETHER_S) * TOGETHER_S


class _Stream(NamedTuple):
    """What a socket sends, and where to."""

    name: str
    append: Callable[[Sequence[Frame]], Awaitable[int]]
    recorded: bool


class Microphone:
    """The audio of one socket."""

    def __init__(self, audio: AudioLog, hall: Hall, member: Member, new_decoder: NewDecoder) -> None:
        self._audio, self._hall, self._member, self._new_decoder = audio, hall, member, new_decoder
        opened = hall.room.microphone
        # The stream that this socket opened last, or found open: what the room says may be a message behind, and
        # the frames carry no name.
        self._stream = self._of(opened.stream, opened.encoding) if opened else None
        self._frames: list[tuple[_Stream, Frame]] = []
        """What waits for the log: frames, or pieces of a recording."""
        self.arrivals = Arrivals()
        """Of the open stream, on this socket."""
        self._rising = Rising()
        self._hurry = asyncio.Event()
        self._passing: asyncio.Task[None] | None = None
        """While frames are on their way to the log."""
        self._complained: str | None = None
        self._dropped = False

    async def through(self) -> int | None:
        """The last frame of the open stream that is safe."""
        return await self._audio.through(self._hall.room_id, self._stream.name) if self._stream else None

    def opened(self, stream: str, encoding: Encoding = Encoding.PCM16) -> None:
        """Frames that come from now on belong to this stream."""
        self._stream, self._complained = self._of(stream, encoding), None
        self.arrivals = Arrivals()

    async def withdrawn(self) -> None:
        """Consent was taken back: what waits is let go, what was kept is erased, and nothing more is taken."""
        self._stream = None
        self._frames.clear()
        with contextlib.suppress(Unavailable):  # hearing erases it too
            await self._audio.erase(self._hall.room_id)

    def heard(self, data: bytes) -> None:
        """A binary message came in. Never waits."""
        recorded = self._stream is not None and self._stream.recorded
        try:
            frame = unpack_piece(data) if recorded else unpack_frame(data)
        except BadFrame:
            self._complain("frame_invalid")
            return
        if self._stream is None:
            self._complain(Code.NO_MICROPHONE.value)
        elif len(self._frames) >= (QUEUE_PIECES if recorded else QUEUE_FRAMES):
            self._dropped = True
        else:
            self.arrivals = arrive(self.arrivals, frame.seq, frame.capture_ms, round(time.monotonic() * 1000))
            self._frames.append((self._stream, frame))
            if not recorded and self._rising.hears(frame.pcm):
                self._hurry.set()
            if self._passing is None:
                self._passing = asyncio.create_task(self._pass_all_on())

    def close(self) -> None:
        """Nothing more is passed on."""
        if self._passing:
            self._passing.cancel()

    async def _pass_all_on(self) -> None:
        try:
            while self._frames:
                waiting, self._frames = self._frames, []
                dropped, self._dropped = self._dropped, False
                for stream, frames in groupby(waiting, key=itemgetter(0)):
                    await self._pass_on(stream, [frame for _, frame in frames], dropped)
                await self._gather()
        except Exception:
            _log.exception("a microphone broke", extra={"room": self._hall.room_id})
            self._member.end("internal")
        finally:
            self._passing = None

    async def _gather(self) -> None:
        now = asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError), Deadline(_together(now + GATHER_S) - now):
            await self._hurry.wait()
        self._hurry.clear()

    async def _pass_on(self, stream: _Stream, frames: list[Frame], dropped: bool) -> None:
        """`dropped`: more frames came than could wait, behind these."""
        try:
            through = await stream.append(frames)
        except BadSound:
            if self._stream is stream:
                self._stream = None
                self._complain("sound_undecodable")
            return
        except (AudioFull, Unavailable) as trouble:
            problem = TABLE["hearing_behind"] if isinstance(trouble, AudioFull) else problem_of(trouble)
            await self._hold_back(stream.name, problem)
            return
        last = max(frame.seq for frame in frames)
        again = dropped or through < last
        self._member.say(AudioSafe(stream=stream.name, through=through if through >= 0 else None, again=again))

    def _of(self, stream: str, encoding: Encoding) -> _Stream:
        room = self._hall.room_id
        if encoding is Encoding.WEBM_OPUS:
            return _Stream(stream, Recording(self._audio, room, stream, self._new_decoder).append, recorded=True)
        return _Stream(stream, partial(self._audio.append, room, stream), recorded=False)

    async def _hold_back(self, stream: str, problem: Problem) -> None:
        """Let go of what waits; after a moment ask for it again."""
        trouble = HearingTrouble(code=problem.code, sentence=problem.sentence)
        self._member.tell(trouble.kind, framed(Telling(what=trouble).model_dump_json().encode()))
        while True:
            await asyncio.sleep(RETRY_S)
            self._frames.clear()
            with contextlib.suppress(Unavailable):
                through = await self._audio.through(self._hall.room_id, stream)
                self._member.say(AudioSafe(stream=stream, through=through, again=True))
                return

    def _complain(self, code: str) -> None:
        """Say what is wrong once, not fifty times a second."""
        if self._complained != code:
            self._complained = code
            self._member.say(refused(TABLE[code], None))
