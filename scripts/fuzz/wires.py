"""What no WebSocket library sends: bytes that break RFC 6455 or HTTP, each with the end that it is to come to.

Decides the bytes and what they must lead to. Close codes: 1002 breaks the protocol, 1007 is no text, 1009 is too big
(RFC 6455, 7.4.1).
"""

import base64
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

PROTOCOL_ERROR, NO_TEXT, TOO_BIG = 1002, 1007, 1009
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN: Final = 0x80


class Breach(NamedTuple):
    """Bytes behind the hello. The socket ends with one of `codes`; with none given, it goes on as if nothing were."""

    name: str
    sent: bytes
    codes: frozenset[int]


class Knock(NamedTuple):
    """What a connection begins with instead of a proper handshake. It must not lead to a socket."""

    name: str
    sent: bytes


def frame(first: int, payload: bytes = b"", *, mask: bytes | None = b"\x01\x02\x03\x04", size: bytes = b"") -> bytes:
    """One frame; `first` is its first byte, `size` a length of one's own choice."""
    if not size:
        long = len(payload) > 65_535
        size = bytes([len(payload)]) if len(payload) < 126 else bytes([127 if long else 126])
        size += b"" if len(payload) < 126 else len(payload).to_bytes(8 if long else 2, "big")
    if mask is None:
        return bytes([first]) + size + payload
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    return bytes([first, size[0] | 0x80]) + size[1:] + mask + masked


def handshake(path: str, *, method: str = "GET", version: str = "HTTP/1.1", **headers: str | None) -> bytes:
    """A request for a socket; a header given as None is left out."""
    fields: dict[str, str | None] = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def breaches() -> tuple[Breach, ...]:
    return tuple(Breach(name, sent, frozenset(codes)) for name, sent, codes in _breaches())


def knocks(path: str) -> tuple[Knock, ...]:
    """`path`: that of a room's socket."""
    return tuple(Knock(name, sent) for name, sent in _knocks(path))


def _breaches() -> Iterator[tuple[str, bytes, tuple[int, ...]]]:
    broken = (PROTOCOL_ERROR,)
    hello = b'{"type":"typing","turn":1}'
    yield "not masked", frame(FIN | TEXT, hello, mask=None), broken
    yield "not masked, empty", frame(FIN | TEXT, b"", mask=None), broken
    yield "not masked, ping", frame(FIN | PING, b"", mask=None), broken
    for bit, name in ((0x40, "RSV1 (compressed, not agreed)"), (0x20, "RSV2"), (0x10, "RSV3"), (0x70, "RSV1-3")):
        for opcode in (TEXT, BINARY, PING):
            yield f"{name}, opcode {opcode}", frame(FIN | bit | opcode, hello), broken
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield f"reserved opcode {opcode}", frame(FIN | opcode, hello), broken
    for opcode in (PING, PONG, CLOSE):
        yield f"control {opcode} of 126 bytes", frame(FIN | opcode, b"\x03\xe8" + b"x" * 124), broken
        yield f"control {opcode} of 60,000 bytes", frame(FIN | opcode, b"\x03\xe8" + b"x" * 59_998), broken
        yield f"control {opcode} in pieces", frame(opcode, b"\x03\xe8"), broken
    yield "a piece of nothing", frame(FIN | CONT, b"x"), broken
    yield "a message inside another", frame(TEXT, b"{") + frame(FIN | TEXT, b"}"), broken
    yield "bytes inside a text", frame(TEXT, b"{") + frame(FIN | BINARY, b"}"), broken
    yield "countless pieces", frame(TEXT, b"x") + frame(CONT, b"x") * 100, (TOO_BIG,)
    yield "countless empty pieces", frame(TEXT) + frame(CONT) * 10_000, (TOO_BIG,)
    yield "pieces too big together", frame(TEXT, b"x" * 40_000) + frame(CONT, b"x" * 40_000), (TOO_BIG,)
    yield "65,537 bytes", frame(FIN | TEXT, b"x" * 65_537), (TOO_BIG,)
    yield "65,537 bytes announced", frame(FIN | BINARY, size=b"\x7f" + (65_537).to_bytes(8, "big")), (TOO_BIG,)
    yield "2**62 bytes announced", frame(FIN | TEXT, size=b"\x7f" + (2**62).to_bytes(8, "big")), (TOO_BIG,)
    yield "2**64-1 bytes announced", frame(FIN | TEXT, size=b"\x7f" + b"\xff" * 8), (PROTOCOL_ERROR, TOO_BIG)
    for name, no_text in _no_texts():
        yield f"no text: {name}", frame(FIN | TEXT, no_text), (NO_TEXT,)
    yield "no text in pieces", frame(TEXT, b"\xe2\x82") + frame(FIN | CONT, b"x"), (NO_TEXT,)
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535):
        yield f"closing with {code}", frame(FIN | CLOSE, code.to_bytes(2, "big")), broken
    yield "closing with half a code", frame(FIN | CLOSE, b"\x03"), broken
    yield "closing with no text", frame(FIN | CLOSE, b"\x03\xe8\xff\xfe"), (NO_TEXT, PROTOCOL_ERROR)
    yield "a ping", frame(FIN | PING, b"x" * 125), ()
    yield "a pong for nothing", frame(FIN | PONG, b"x" * 125), ()
    yield "a ping inside a message", frame(TEXT, hello[:9]) + frame(FIN | PING) + frame(FIN | CONT, hello[9:]), ()
    yield "a character in two pieces", frame(TEXT, b'"\xe2\x82') + frame(FIN | CONT, b'\xac"'), ()
    yield "a length longer than need be", frame(FIN | PING, b"x", size=b"\x7e\x00\x01"), ()


def _no_texts() -> Iterator[tuple[str, bytes]]:
    yield from {
        "a lone byte": b"\xff",
        "half a character": b"\xe2\x82",
        "overlong": b"\xc0\xaf",
        "a surrogate": b"\xed\xa0\x80",
        "beyond Unicode": b"\xf4\x90\x80\x80",
        "latin-1": b'{"type":"d\xf6"}',
    }.items()


def _knocks(path: str) -> Iterator[tuple[str, bytes]]:
    yield "no key", handshake(path, Sec_WebSocket_Key=None)
    yield "a short key", handshake(path, Sec_WebSocket_Key="c2hvcnQ=")
    yield "a key that is none", handshake(path, Sec_WebSocket_Key="?" * 24)
    yield "no version", handshake(path, Sec_WebSocket_Version=None)
    for version in ("0", "8", "12", "14", "13, 8", "x"):
        yield f"version {version}", handshake(path, Sec_WebSocket_Version=version)
    yield "another protocol", handshake(path, Upgrade="h2c")
    yield "no upgrade", handshake(path, Connection="close")
    yield "posted", handshake(path, method="POST")
    yield "an unknown method", handshake(path, method="BREW")
    yield "HTTP/1.0", handshake(path, version="HTTP/1.0")
    yield "HTTP/9.9", handshake(path, version="HTTP/9.9")
    yield "no host", handshake(path, Host=None)
    yield "a nul in a header", handshake(path, Host="a\0b")
    yield "a header of 100 KB", handshake(path, X_Long="x" * 100_000)
    yield "5,000 headers", handshake(path, **{f"X_{number}": "x" for number in range(5_000)})
    yield "a path of 100 KB", handshake(path + "?" + "x" * 100_000)
    yield "a path beyond ASCII", handshake(path.replace("rooms", "r\xf6\xf6ms"))
    yield "a blank in the path", handshake(path.replace("rooms", "roo ms"))
    yield "bare line ends", handshake(path, Connection="close").replace(b"\r\n", b"\n")
    yield "a chunked body", handshake(path, method="POST", Transfer_Encoding="chunked") + b"ffffffffff\r\n"
    yield "two lengths", handshake(path, method="POST", Content_Length="1, 2")
    yield "a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "noise", bytes(range(256)) * 16
    yield "frames at once", frame(FIN | TEXT, b"{}") * 10
