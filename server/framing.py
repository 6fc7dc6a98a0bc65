"""A text as a WebSocket frame of a server's, ready for any number of sockets.

Decides the bytes in front; `websockets` writes everything else (tests/server/test_member.py holds this to its word).
"""

import struct
from collections.abc import Iterator


def framed(text: bytes) -> bytes:
    """A whole, unmasked text frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    if size < 65536:
        return struct.pack(">BBH", 0x81, 126, size) + text
    return struct.pack(">BBQ", 0x81, 127, size) + text


def unframed(frames: bytes) -> Iterator[str]:
    """The texts in such frames, one behind the other, for a server that makes its frames itself."""
    at = 0
    while at < len(frames):
        begin = at + {126: 4, 127: 10}.get(frames[at + 1], 2)
        size = int.from_bytes(frames[at + 2 : begin], "big") if begin > at + 2 else frames[at + 1]
        at = begin + size
        yield frames[begin:at].decode()
