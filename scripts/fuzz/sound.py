"""Binary messages from a microphone, sound and spoilt in every way, and what must hold for each of them.

Decides what is thrown at the parsers of frames and pieces and at what comes behind them: cutting into windows and
measuring their sound. Never opens a socket (`scripts.fuzz.campaign` does). The same seed throws the same.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Final, NamedTuple

from rooms.protocol import MAX_PIECE_BYTES, BadFrame, Frame, pack_frame, pack_piece, unpack_frame, unpack_piece
from rooms.quality import LEAST_TRUST, Sound, listen, quality
from rooms.windows import SAMPLES, Cut, cut

LAST: Final = 2**32 - 1
EDGES: Final = (0, 1, 2, 63, 2**15, 2**16, 2**31 - 1, 2**31, LAST - 1, LAST)
A_TURN: Final = 200
"""Messages of one stream, one after the other."""


class BrokenRuleError(AssertionError):
    """Something that must hold did not. Its text says what, and for which message."""


def messages(seed: int) -> Iterator[bytes]:
    """What one microphone sends, for ever: mostly frames, many of them wrong."""
    chance = Random(seed)
    seq, at_ms = 0, 0
    while True:
        frame = Frame(seq, at_ms, _samples(chance), chance.random() < 0.1)
        yield _spoilt(chance, pack_piece(frame) if chance.random() < 0.2 else pack_frame(frame))
        jump = chance.choice((0, 0, 0, 0, 1, -1, chance.choice(EDGES)))
        seq = min(LAST, max(0, seq + 1 + jump))
        at_ms = min(
            LAST, max(0, at_ms + frame.duration_ms + chance.choice((0, 0, 0, 7, -7, 500, chance.choice(EDGES))))
        )


def _samples(chance: Random) -> bytes:
    length = 2 * chance.choice((1, 160, 320, 640, 640, 640, 3_200, chance.randrange(1, 3_200)))
    match chance.randrange(4):
        case 0:
            return bytes(length)
        case 1:
            return b"\xff\x7f" * (length // 2)
        case 2:
            return bytes(length // 4 * 2) + chance.randbytes(length - length // 4 * 2)
        case _:
            return chance.randbytes(length)


def _spoilt(chance: Random, message: bytes) -> bytes:
    match chance.randrange(8):
        case 0:
            return message[: chance.randrange(len(message) + 1)]
        case 1:
            return message + chance.randbytes(chance.choice((1, 2, 12, 6_400, MAX_PIECE_BYTES)))
        case 2 | 3:
            wrong = bytearray(message)
            for _ in range(chance.randrange(1, 4)):
                wrong[chance.randrange(min(12, len(wrong)))] = chance.randrange(256)
            return bytes(wrong)
        case 4:
            return chance.randbytes(chance.randrange(40))
        case _:
            return message


class Hearer:
    """Takes messages as a server does, and holds everything to its rules."""

    def __init__(self, unpack: Callable[[bytes], Frame] = unpack_frame) -> None:
        self._unpack = unpack
        self._cut, self._sound = Cut("mic"), Sound()
        self.taken = 0

    def take(self, message: bytes) -> None:
        """Raises BrokenRuleError, or whatever a parser should not have raised."""
        self._as_piece(message)
        try:
            frame = self._unpack(message)
        except BadFrame:
            return
        if pack_frame(frame) != message:
            raise BrokenRuleError(f"a frame that is not what was sent: {message[:16].hex()}")
        self.taken += 1
        self._cut, windows = cut(self._cut, frame)
        if len(windows) > len(frame.pcm) // (2 * SAMPLES) + 3 or len(self._cut.rest) >= 2 * SAMPLES:
            raise BrokenRuleError(f"windows out of nothing: {message[:16].hex()}")
        for window in windows:
            if len(window.samples) != 2 * SAMPLES or window.lost_ms < 0:
                raise BrokenRuleError(f"a window that is none: {message[:16].hex()}")
            self._sound = listen(self._sound, window)
        found = quality(self._sound)
        if not LEAST_TRUST <= found.trust <= 1:
            raise BrokenRuleError(f"trust is {found.trust}: {message[:16].hex()}")

    def _as_piece(self, message: bytes) -> None:
        try:
            piece = unpack_piece(message)
        except BadFrame:
            return
        if pack_piece(piece) != message:
            raise BrokenRuleError(f"a piece that is not what was sent: {message[:16].hex()}")


class Thrown(NamedTuple):
    taken: int
    """Messages that were taken for frames."""
    broken: tuple[str, ...]
    """What did not hold."""


def throw(seed: int, count: int) -> Thrown:
    """So many messages, of a new stream every `A_TURN`."""
    taken, broken = 0, list[str]()
    for start in range(0, count, A_TURN):
        hearer = Hearer()
        for message in islice(messages(seed + start), min(A_TURN, count - start)):
            try:
                hearer.take(message)
            except Exception as wrong:
                broken.append(f"{type(wrong).__name__}: {wrong} {message[:16].hex()}")
        taken += hearer.taken
    return Thrown(taken, tuple(broken))
