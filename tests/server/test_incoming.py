"""What is unmasked here is what the library would have heard, however the bytes are cut, and so is every "no"."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side

from rooms.protocol import MAX_MESSAGE_BYTES
from server.incoming import FRAGMENTS, Incoming


def _frame(opcode: Opcode, payload: bytes, fin: bool = True, masked: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=masked)


PAYLOADS = st.builds(lambda size, letter: letter * size, st.integers(0, 200), st.sampled_from([b"a", b"a", b"\xff"]))
CONTROL = st.builds(_frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=126))
MESSAGES = st.builds(_frame, st.sampled_from([Opcode.TEXT, Opcode.BINARY]), PAYLOADS)
PIECES = st.builds(
    lambda first, more, last: b"".join(
        (_frame(Opcode.TEXT, first, fin=False), *(_frame(Opcode.CONT, one, fin=False) for one in more), last)
    ),
    PAYLOADS,
    st.lists(PAYLOADS, max_size=2),
    st.one_of(st.builds(lambda payload: _frame(Opcode.CONT, payload), PAYLOADS), MESSAGES),
)
ODD = st.one_of(
    st.builds(lambda payload: _frame(Opcode.TEXT, payload, masked=False), st.binary(max_size=200)),
    st.binary(min_size=1, max_size=40),
    st.just(_frame(Opcode.CLOSE, (1000).to_bytes(2, "big"))),
    st.just(b"\x81\xff" + (1 << 63).to_bytes(8, "big")),
)
TALK = st.lists(st.one_of(MESSAGES, MESSAGES, PIECES, CONTROL, ODD), max_size=6).map(b"".join)


def _open() -> Protocol:
    return Protocol(Side.SERVER, max_size=MAX_MESSAGE_BYTES)


def _by_the_library(talk: bytes) -> tuple[list[str | bytes], Protocol]:
    """What the library alone hears, with the rules that are ours: UTF-8 only, and so many pieces."""
    conn, heard, pieces = _open(), list[str | bytes](), list[Frame]()
    conn.receive_data(talk)
    for frame in conn.events_received():
        assert isinstance(frame, Frame)
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            continue
        pieces.append(frame)
        if frame.fin:
            whole = b"".join(bytes(piece.data) for piece in pieces)
            try:
                heard.append(whole if pieces[0].opcode is Opcode.BINARY else whole.decode())
            except UnicodeDecodeError:
                return heard, conn
            pieces.clear()
    return heard, conn


@settings(max_examples=150, deadline=None)
@given(talk=TALK, cuts=st.lists(st.integers(0, 400), max_size=8))
def test_what_is_heard_is_what_the_library_hears(talk: bytes, cuts: list[int]) -> None:
    compare(talk, cuts)


@pytest.mark.parametrize("size", [125, 126, 65_535, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1])
@pytest.mark.parametrize("cuts", [[], [1, 1, 3], [7, 65_000]])
def test_messages_of_every_length_are_heard_up_to_the_longest(size: int, cuts: list[int]) -> None:
    compare(_frame(Opcode.TEXT, b"a" * size) + _frame(Opcode.BINARY, b"b"), cuts)


def compare(talk: bytes, cuts: list[int]) -> None:
    """Hear it cut like this, and as the library does."""
    expected, library = _by_the_library(talk)
    conn = _open()
    incoming, heard, rest = Incoming(conn), list[str | bytes](), talk
    for cut in cuts:
        heard += incoming.messages(rest[:cut])
        rest = rest[cut:]
    heard += incoming.messages(rest)
    assert heard == expected
    if library.close_sent is not None:
        assert conn.close_sent is not None
        assert conn.close_sent.code == library.close_sent.code or conn.close_sent.code == CloseCode.INVALID_DATA
    assert conn.close_rcvd == library.close_rcvd or conn.close_sent is not None


def test_too_many_pieces_end_the_connection() -> None:
    conn = _open()
    talk = _frame(Opcode.TEXT, b"a", fin=False) + _frame(Opcode.CONT, b"a", fin=False) * FRAGMENTS
    assert list(Incoming(conn).messages(talk)) == []
    assert conn.close_sent is not None
    assert conn.close_sent.code == CloseCode.MESSAGE_TOO_BIG


def test_text_that_is_no_text_ends_the_connection() -> None:
    conn = _open()
    assert list(Incoming(conn).messages(_frame(Opcode.TEXT, b"\xff"))) == []
    assert conn.close_sent is not None
    assert conn.close_sent.code == CloseCode.INVALID_DATA


def test_what_a_pong_answered_to_is_known() -> None:
    incoming = Incoming(_open())
    assert list(incoming.messages(_frame(Opcode.PONG, b"1234"))) == []
    assert incoming.ponged == b"1234"
