"""A recording as browsers make it (WebM, one track of Opus), in pieces of any length: bytes in, packets of sound out.

Decides which bytes are sound, from as much of Matroska (RFC 9559) as a `MediaRecorder` writes; never what they sound
like. Keeps a piece of an element at most, so that one that never ends, or lies about its lengths, costs nothing.
"""

from typing import Final, NamedTuple

ELEMENT_LIMIT: Final = 64 * 1024
"""What is looked into has at most so many bytes. Longer ones are skipped as they come, or refused where sound."""
_UNKNOWN: Final = -1

_SEGMENT, _CLUSTER, _TRACKS, _TRACK, _GROUP = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0xA0
_OPENED: Final = frozenset({_SEGMENT, _CLUSTER, _TRACKS, _TRACK, _GROUP})
"""Elements of elements: read as if their parts stood alone."""
_ENDLESS: Final = frozenset({_SEGMENT, _CLUSTER})
"""Those that may be written before their length is known."""
_EBML, _CODEC, _SIMPLE_BLOCK, _BLOCK = 0x1A45DFA3, 0x86, 0xA3, 0xA1
_READ: Final = frozenset({_EBML, _CODEC, _SIMPLE_BLOCK, _BLOCK})
_BLOCK_HEADER: Final = 4
"""One byte of track number, two of time, one of flags."""
_LACED: Final = 0x06


class BadContainer(ValueError):
    """These bytes are no such recording. Its text says why."""


class Webm(NamedTuple):
    """What is remembered from one piece to the next."""

    begun: bool = False
    opus: bool = False
    rest: bytes = b""
    """The beginning of an element."""
    skip: int = 0
    """Bytes of an element that nobody looks into, still to come."""


def read(before: Webm, piece: bytes) -> tuple[Webm, list[bytes]]:
    """The packets that a piece completes, in order. Raises BadContainer."""
    skipped = min(before.skip, len(piece))
    data, at, packets = before.rest + piece[skipped:], 0, list[bytes]()
    now = before._replace(skip=before.skip - skipped, rest=b"")
    while not now.skip and (header := _header(data, at)):
        element, start, size = header
        if not now.begun and element != _EBML:
            raise BadContainer("a recording begins with an EBML header")
        if element in _OPENED:
            if size == _UNKNOWN and element not in _ENDLESS:
                raise BadContainer("only a segment and a cluster may have no length")
            at = start
            continue
        if size == _UNKNOWN or (element in _READ and size > ELEMENT_LIMIT):
            raise BadContainer("an element is too long")
        if element in _READ:
            if len(data) < start + size:
                break
            now = _look(now, element, data[start : start + size], packets)
        else:
            now = now._replace(skip=max(0, start + size - len(data)))
        at = min(len(data), start + size)
    return now._replace(rest=data[at:]), packets


def _look(now: Webm, element: int, body: bytes, packets: list[bytes]) -> Webm:
    match element:
        case 0x1A45DFA3:  # _EBML
            return now._replace(begun=True)
        case 0x86:  # _CODEC
            if body != b"A_OPUS":
                raise BadContainer("its sound is not Opus")
            return now._replace(opus=True)
        case _:
            packets.append(_packet(now, body))
            return now


def _packet(now: Webm, block: bytes) -> bytes:
    if not now.opus:
        raise BadContainer("sound before it says what kind")
    if len(block) <= _BLOCK_HEADER or not block[0] & 0x80:
        raise BadContainer("a block has a track, a time and sound")
    if block[3] & _LACED:
        raise BadContainer("blocks of several packets are not read")
    return block[_BLOCK_HEADER:]


def _header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """An element's id, where its body begins, and its length; None while more must come."""
    if at >= len(data):
        return None
    id_length = 9 - data[at].bit_length()
    if id_length > 4:
        raise BadContainer("no element begins like this")
    size_at = at + id_length
    if size_at >= len(data):
        return None
    size_length = 9 - data[size_at].bit_length()
    if size_length > 8:
        raise BadContainer("no length is written like this")
    start = size_at + size_length
    if start > len(data):
        return None
    ones = (1 << 7 * size_length) - 1
    size = int.from_bytes(data[size_at:start], "big") & ones
    return int.from_bytes(data[at:size_at], "big"), start, _UNKNOWN if size == ones else size
