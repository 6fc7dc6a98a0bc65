"""Frames of any length in, windows of 512 samples out, on the stream's own clock.

Decides where windows begin, so that the same audio gives the same windows however it was cut into frames, and
whichever worker begins at whichever frame; never what is in them.
"""

from typing import Final, NamedTuple

from rooms.protocol import Frame

SAMPLES: Final = 512
_BYTES: Final = SAMPLES * 2
_PER_MS: Final = 16
_GAP_SAMPLES: Final = 100 * _PER_MS
"""A capture clock further off than this left something out (a muted microphone); less is jitter."""


class Window(NamedTuple):
    """32 ms of audio."""

    stream: str
    seq: int
    """The frame that completed the window."""
    at_ms: int
    """The stream's clock at the first sample; a multiple of 32."""
    samples: bytes
    """1,024 bytes."""
    lost_ms: int = 0
    """Audio that is missing right before this window, where nobody meant to leave it out."""
    skew_ms: int = 0
    """How far the capture clock is ahead of the samples; behind them: negative."""
    whole: bool = True
    """False where a stretch begins or ends within it, and the rest is filled up with silence."""


class Cut(NamedTuple):
    """What is left over between two frames."""

    stream: str
    at: int = -1
    """The stream's clock at the first left-over sample, in samples. -1 before the first frame."""
    seq: int = -1
    """The last frame that was cut."""
    rest: bytes = b""
    lost_ms: int = 0
    """Audio that is missing before the next window."""
    filled: bool = False
    """Whether the next window begins with silence that nobody recorded."""


def cut(before: Cut, frame: Frame) -> tuple[Cut, tuple[Window, ...]]:
    """The windows that a frame completes. A frame that was cut before gives none."""
    if frame.seq <= before.seq:
        return before, ()
    captured = frame.capture_ms * _PER_MS
    expected = before.at + len(before.rest) // 2
    if before.at < 0 or abs(captured - expected) > _GAP_SAMPLES:
        return _begin(before, frame, captured, expected)
    return _windows(before, frame.seq, before.at, before.rest + frame.pcm, (captured - expected) // _PER_MS)


def _begin(before: Cut, frame: Frame, captured: int, expected: int) -> tuple[Cut, tuple[Window, ...]]:
    """A new stretch: what was left of the last one is filled up with silence, and the new one begins on the grid."""
    last: tuple[Window, ...] = ()
    if before.rest:
        at_ms, filled = before.at // _PER_MS, before.rest.ljust(_BYTES, b"\0")
        last = (Window(before.stream, before.seq, at_ms, filled, whole=False),)
    meant = frame.rested or before.at < 0
    begun = Cut(before.stream, lost_ms=0 if meant else max(0, captured - expected) // _PER_MS, filled=True)
    lead = captured % SAMPLES
    after, windows = _windows(begun, frame.seq, captured - lead, b"\0\0" * lead + frame.pcm)
    return after, (*last, *windows)


def _windows(before: Cut, seq: int, at: int, pcm: bytes, skew_ms: int = 0) -> tuple[Cut, tuple[Window, ...]]:
    count = len(pcm) // _BYTES
    windows = [
        Window(before.stream, seq, (at + n * SAMPLES) // _PER_MS, pcm[n * _BYTES : (n + 1) * _BYTES], skew_ms=skew_ms)
        for n in range(count)
    ]
    after = Cut(before.stream, at + count * SAMPLES, seq, pcm[count * _BYTES :])
    if not windows:
        return after._replace(lost_ms=before.lost_ms, filled=before.filled), ()
    windows[0] = windows[0]._replace(lost_ms=before.lost_ms, whole=not before.filled)
    return after, tuple(windows)
