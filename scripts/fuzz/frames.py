"""Everything that can be wrong with an audio frame, alone and in a row.

Decides which binary messages are thrown, and which of them are no frames; never what is heard in the others.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from rooms.protocol import FRAME_VERSION, MAX_FRAME_BYTES, RESTED

HEADER: Final = struct.Struct(">BBHII")
PCM: Final = bytes(640)  # 20 ms
LAST: Final = 2**32 - 1


class BadFrames(NamedTuple):
    """Binary messages, in order. `no_frames`: each of them is to be refused with `frame_invalid`."""

    name: str
    messages: tuple[bytes, ...]
    no_frames: bool


def frame(seq: int, version: int = FRAME_VERSION, flags: int = 0, reserved: int = 0, at_ms: int | None = None) -> bytes:
    """20 ms of silence."""
    return HEADER.pack(version, flags, reserved, seq, 20 * seq % 2**32 if at_ms is None else at_ms) + PCM


def broken() -> tuple[BadFrames, ...]:
    return tuple(_no_frames()) + tuple(_in_the_wrong_order())


def _no_frames() -> Iterator[BadFrames]:
    right = frame(0)
    wrong: dict[str, bytes] = {
        "empty": b"",
        **{f"{size} bytes": right[:size] for size in (1, 2, 4, 8, 11, 12)},
        "odd": right[:-1],
        "one sample too long": right[: HEADER.size] + bytes(MAX_FRAME_BYTES - HEADER.size + 2),
        "as long as a message may be": right[: HEADER.size] + bytes(60_000),
        "text": b'{"type":"do"}',
        "another byte order": struct.pack("<BBHII", FRAME_VERSION, 0, 1, 0, 0) + PCM,
        **{f"version {version}": frame(0, version=version) for version in range(256) if version != FRAME_VERSION},
        **{f"flags {1 << bit:#x}": frame(0, flags=1 << bit) for bit in range(8) if 1 << bit != RESTED},
        **{f"reserved {1 << bit:#x}": frame(0, reserved=1 << bit) for bit in range(16)},
    }
    for name, message in wrong.items():
        yield BadFrames(name, (message,), no_frames=True)


def _in_the_wrong_order() -> Iterator[BadFrames]:
    orders: dict[str, tuple[int, ...]] = {
        "from the middle": (100, 101),
        "backwards": tuple(range(9, -1, -1)),
        "the same again and again": (0,) * 50,
        "every other": tuple(range(0, 40, 2)),
        "to the end and round": (LAST - 1, LAST, 0),
        "the last only": (LAST,),
        "there and back": (0, 5, 1, 4, 2, 3),
    }
    for name, numbers in orders.items():
        yield BadFrames(name, tuple(frame(number) for number in numbers), no_frames=False)
    for name, at_ms in {"clock at its end": LAST, "clock at zero": 0}.items():
        yield BadFrames(name, tuple(frame(seq, at_ms=at_ms) for seq in range(5)), no_frames=False)
