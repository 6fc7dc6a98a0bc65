"""What is said in one turn of the loop is one write to each connection."""

import asyncio
import gc
import weakref
from typing import cast

import pytest

from server.outgoing import BATCH_FRAMES, Outgoing, Turn, turn_of


class Transport:
    """Keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.broken = self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, piece: bytes) -> None:
        if self.broken:
            raise RuntimeError("the handle was closed")
        self.written.append(piece)


def opened(turn: Turn) -> tuple[Transport, Outgoing]:
    transport = Transport()
    return transport, Outgoing(cast(asyncio.Transport, transport), turn)


async def test_what_is_said_in_a_turn_is_one_write_to_each() -> None:
    turn = turn_of(asyncio.get_running_loop())
    (one, to_one), (other, to_other) = opened(turn), opened(turn)
    for text in (b"a", b"b"):
        to_one.say(text)
        to_other.say(text.upper())
    assert one.written == []
    await asyncio.sleep(0)
    to_one.say(b"c")
    await asyncio.sleep(0)
    assert (one.written, other.written) == ([b"ab", b"c"], [b"AB"])


async def test_many_frames_are_not_kept_until_the_turn_ends() -> None:
    transport, outgoing = opened(turn_of(asyncio.get_running_loop()))
    for _ in range(BATCH_FRAMES + 1):
        outgoing.say(b"a")
    assert transport.written == [b"a" * BATCH_FRAMES]
    await asyncio.sleep(0)
    assert transport.written == [b"a" * BATCH_FRAMES, b"a"]


async def test_one_that_cannot_be_written_to_keeps_nobody_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    turn = turn_of(asyncio.get_running_loop())
    (broken, to_broken), (closing, to_closing), (whole, to_whole) = opened(turn), opened(turn), opened(turn)
    broken.broken = closing.closing = True
    for outgoing in (to_broken, to_closing, to_whole):
        outgoing.say(b"a")
    await asyncio.sleep(0)
    assert (closing.written, whole.written) == ([], [b"a"])
    assert "could not be written" in caplog.text


def test_a_loop_that_ended_is_let_go_of() -> None:
    loop = asyncio.new_event_loop()
    turn_of(loop)
    gone = weakref.ref(loop)
    loop.close()
    del loop
    gc.collect()
    assert gone() is None
