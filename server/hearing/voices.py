"""Frames of many rooms in, judged windows out: cut room by room, judged all together.

Decides what is judged in one go, and that a fault in one room's audio stays its own; what a window's probability means
is `rooms.turns`'s. Used by the voice thread alone.
"""

import logging
from collections import OrderedDict
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rooms.protocol import Frame
from rooms.windows import Cut, Window, cut
from server.hearing.checkpoint import Stream
from server.hearing.ear import Batch
from server.ports import Judged, VoiceDetector

USUAL_FRAMES: Final = 10
"""In one reading of a room that is heard as it speaks."""
_STREAMS: Final = 4
"""Microphones of a room that are remembered; more than one speaks only while a device is changed."""

_log = logging.getLogger(__name__)

Found = Mapping[str, tuple[str, Sequence[tuple[str, Frame]]]]
"""What was read of each room: a new position, frames with their streams."""


class Voices:
    """What is remembered of one room's microphones."""

    def __init__(self, left: Mapping[str, Stream]) -> None:
        """`left`: by the worker before."""
        self._streams = OrderedDict(left)

    @property
    def streams(self) -> dict[str, Stream]:
        """What the next windows are cut and judged with."""
        return dict(self._streams)

    def cut(self, frames: Sequence[tuple[str, Frame]]) -> list[Window]:
        while len(self._streams) > _STREAMS:
            self._streams.popitem(last=False)
        found: list[Window] = []
        for stream, frame in frames:
            known = self._streams.get(stream) or Stream(Cut(stream), b"")
            after, windows = cut(known.cut, frame)
            self._streams[stream] = known._replace(cut=after)
            found += windows
        return found

    def state(self, stream: str, detector: VoiceDetector) -> bytes:
        """What the detector goes on from."""
        state = self._streams[stream].voice
        if detector.knows(state):
            return state
        if state:
            _log.warning("another release judged this voice: it is judged from here on")
        return detector.silent

    def go_on_from(self, stream: str, state: bytes) -> None:
        self._streams[stream] = self._streams[stream]._replace(voice=state)


class _Heard(NamedTuple):
    """What one microphone brought."""

    room: str
    stream: str
    windows: list[bytes]


def slices(found: Found, speaking: Container[str]) -> Iterator[Found]:
    """What is judged in one go: all who are heard as they speak, those who may just begin before the others. Rooms with
    much to catch up on come behind, one by one."""
    usual = [room for room, (_, frames) in found.items() if len(frames) <= USUAL_FRAMES]
    if usual:
        yield {room: found[room] for room in sorted(usual, key=lambda room: room in speaking)}
    yield from ({room: audio} for room, audio in found.items() if len(audio[1]) > USUAL_FRAMES)


def judge(detector: VoiceDetector, found: Found, rooms: Mapping[str, Voices]) -> dict[str, Batch]:
    """What each room is to hear. Windows that cannot be judged are left out, and their room goes on behind them."""
    windows = {room: _cut(room, frames, rooms[room]) for room, (_, frames) in found.items()}
    heard = [one for room in found for one in _by_microphone(room, windows[room])]
    judged = _judged(detector, [(rooms[one.room].state(one.stream, detector), one.windows) for one in heard])
    likely: dict[tuple[str, str], Iterator[float]] = {}
    for one, known in zip(heard, judged, strict=True):
        if known is None:
            _log.error("audio could not be judged", extra={"room": one.room})
        else:
            rooms[one.room].go_on_from(one.stream, known.state)
            likely[one.room, one.stream] = iter(known.probabilities)
    return {
        room: Batch(
            position,
            through(frames),
            [(one, next(likely[room, one.stream])) for one in windows[room] if (room, one.stream) in likely],
            rooms[room].streams,
        )
        for room, (position, frames) in found.items()
    }


def through(frames: Sequence[tuple[str, Frame]]) -> dict[str, int]:
    """The last frame of each stream."""
    return {stream: frame.seq for stream, frame in frames}


def _cut(room: str, frames: Sequence[tuple[str, Frame]], voices: Voices) -> list[Window]:
    try:
        return voices.cut(frames)
    except Exception:
        _log.exception("audio could not be cut", extra={"room": room})
        return []


def _by_microphone(room: str, windows: Sequence[Window]) -> Iterator[_Heard]:
    for stream in dict.fromkeys(window.stream for window in windows):
        yield _Heard(room, stream, [window.samples for window in windows if window.stream == stream])


def _judged(detector: VoiceDetector, asked: Sequence[tuple[bytes, Sequence[bytes]]]) -> Sequence[Judged | None]:
    """None for what cannot be judged, which is found out by trying each alone."""
    try:
        return detector.judge(asked)
    except Exception:
        if len(asked) > 1:
            return [known for one in asked for known in _judged(detector, [one])]
        _log.exception("a voice detector failed")
        return [None]
