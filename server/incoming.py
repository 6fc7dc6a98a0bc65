"""What a client sends on an open WebSocket: bytes in, messages out.

Decides which frames are plain (whole, masked, of one message) and unmasks them here: nearly all are, and the library
takes ten times as long for them. Every other frame goes to `websockets`, whole or not at all, so that everything that
can be wrong with a frame is its affair (tests/server/test_incoming.py holds the two against each other).
"""

from typing import Final

from websockets import frames as library
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import OPEN, Protocol

from rooms.protocol import MAX_MESSAGE_BYTES

FRAGMENTS: Final = 64
"""Pieces that one message may come in. Each costs memory, however small it is."""
_unmasked = library.apply_mask  # type: ignore[attr-defined]  # in C, where there is a wheel
_FIN, _MASKED, _CONTROL = 0x80, 0x80, 0x08
_PLAIN: Final = {_FIN | Opcode.TEXT: Opcode.TEXT, _FIN | Opcode.BINARY: Opcode.BINARY}
_SOUND: Final = frozenset({*DATA_OPCODES, *(_FIN | opcode for opcode in Opcode)})
"""Every first byte that a frame may have."""


class Incoming:
    """One connection's. `conn` is open, and has behind each call what is to be sent or closed with."""

    __slots__ = ("_conn", "_kind", "_pieces", "_rest", "controls", "ponged")

    def __init__(self, conn: Protocol) -> None:
        self._conn = conn
        self._rest: bytearray | None = None
        """The beginning of a frame."""
        self._pieces: list[bytes] | None = None
        """Of a message that comes in several."""
        self._kind = Opcode.TEXT
        self.controls = 0
        """Pings and pongs that came; for who counts them to set back."""
        self.ponged: bytes | None = None
        """What the last pong answered to."""

    def messages(self, data: bytes) -> list[str | bytes]:
        """What was said, as far as it is whole."""
        messages: list[str | bytes] = []
        heard: bytes | bytearray = data
        if self._rest is not None:
            self._rest += data
            heard = self._rest
        at, size = 0, len(heard)
        while at < size:
            mask, end = _frame_at(heard, at)
            if mask < 0 or self._conn.state is not OPEN:
                messages += self._odd(bytes(heard[at:]))  # the library says what is wrong, or waits for their close
                at = size
            elif end > size:
                break
            elif (kind := _PLAIN.get(heard[at])) is not None and self._pieces is None:
                said = self._said(kind, _unmasked(heard[mask + 4 : end], heard[mask : mask + 4]))
                at = end
                if said is not None:
                    messages.append(said)
            else:
                messages += self._odd(bytes(heard[at:end]))
                at = end
        self._rest = bytearray(heard[at:]) if at < size else None
        return messages

    def _said(self, kind: Opcode, payload: bytes) -> str | bytes | None:
        """None for a text that is none."""
        if kind is Opcode.BINARY:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError:
            self._conn.fail(CloseCode.INVALID_DATA, "not UTF-8")
            return None

    def _odd(self, frames: bytes) -> list[str | bytes]:
        """Pings, pongs, closes, pieces, and what is no frame at all."""
        messages: list[str | bytes] = []
        self._conn.receive_data(frames)
        for frame in self._conn.events_received():
            if not isinstance(frame, Frame):
                continue
            if frame.opcode in (Opcode.PING, Opcode.PONG):
                self.controls += 1
                if frame.opcode is Opcode.PONG:
                    self.ponged = bytes(frame.data)
            elif frame.opcode in DATA_OPCODES and (said := self._piece(frame)) is not None:
                messages.append(said)
        return messages

    def _piece(self, frame: Frame) -> str | bytes | None:
        if self._pieces is None:
            self._pieces, self._kind = [], frame.opcode
        self._pieces.append(bytes(frame.data))
        if len(self._pieces) > FRAGMENTS:
            self._pieces = None
            self._conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
        elif frame.fin:
            whole, self._pieces = b"".join(self._pieces), None
            return self._said(self._kind, whole)
        return None


def _frame_at(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Where a frame has its mask, and where it ends (RFC 6455, 5.2); the end is behind `data` while more must come.

    A negative place of the mask: there is something wrong with this frame.
    """
    there = len(data)
    more = there + 1
    if there < at + 2:
        return 0, more
    first, second = data[at], data[at + 1]
    size, mask = second & 127, at + 2
    if first not in _SOUND or not second & _MASKED or (first & _CONTROL and size > 125):
        return -1, 0
    if size > 125:
        mask += 2 if size == 126 else 8
        if there < mask:
            return 0, more
        size = int.from_bytes(data[at + 2 : mask], "big")
    return (mask, mask + 4 + size) if size <= MAX_MESSAGE_BYTES else (-1, 0)
