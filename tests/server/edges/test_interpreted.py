"""A foreign socket seen as one of ours: what waits for whom, and that nothing waits for ever."""

import asyncio
import json
from collections.abc import Iterable

import pytest

from rooms.protocol import Pong, ServerMessage
from server.edges import interpreted as module
from server.edges.interpreted import UNREAD, Hangup, Interpreted, Said, ToRoom, ToThem
from server.errors import Failed
from server.framing import framed
from server.way import Closed, Gone
from tests.server.way import Way

PONG = framed(Pong().model_dump_json().encode())


class Foreign(Way):
    """The other end: says what is put into `mouth`; None means that it left."""

    def __init__(self) -> None:
        super().__init__()
        self.mouth: asyncio.Queue[str | None] = asyncio.Queue()
        self.reason = ""

    async def receive(self) -> str:
        said = await self.mouth.get()
        if said is None:
            raise Gone(1001)
        return said

    async def receive_some(self, most: int) -> list[str | bytes]:
        return [await self.receive()]

    def close(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason


class Parrot:
    """Passes on what it hears, answers it, and says to the other side what the room said."""

    def __init__(self) -> None:
        self.full = False
        self.answers = 0

    def begin(self) -> Iterable[Said]:
        return [ToRoom("hello")]

    def heard(self, message: str | bytes, now_s: float) -> Iterable[Said]:
        if message == "bye":
            return [ToRoom("last"), Hangup(1000, "over")]
        return [ToRoom(message), *([ToThem("answer")] * self.answers)]

    def told(self, message: ServerMessage) -> Iterable[Said]:
        return [ToThem(json.dumps({"said": message.type}))]


async def next_of(way: Interpreted) -> str | bytes:
    return await asyncio.wait_for(way.receive(), 5)


async def test_both_sides_hear_the_other_in_order() -> None:
    foreign = Foreign()
    async with Interpreted(foreign, Parrot()) as way:
        foreign.mouth.put_nowait("one")
        foreign.mouth.put_nowait("two")
        assert [await next_of(way) for _ in range(3)] == ["hello", "one", "two"]
        foreign.open = False
        assert way.at_once(PONG)  # taken, and kept until the socket takes it
        assert not way.at_once(PONG)
        flowed: list[bool] = []
        way.on_flow = lambda: flowed.append(True)
        foreign.flow()
        assert (foreign.sent, flowed) == (['{"said": "pong"}'], [True])
        foreign.mouth.put_nowait(None)
        with pytest.raises(Gone):
            await next_of(way)


async def test_what_was_said_before_a_hangup_is_heard_before_it() -> None:
    foreign = Foreign()
    async with Interpreted(foreign, Parrot()) as way:
        foreign.mouth.put_nowait("bye")
        assert [await next_of(way), await next_of(way)] == ["hello", "last"]
        with pytest.raises(Gone):
            await next_of(way)
    assert foreign.code == 1000


async def test_a_full_interpreter_is_told_nothing_until_the_room_eases_it() -> None:
    foreign, parrot = Foreign(), Parrot()
    parrot.full = True
    async with Interpreted(foreign, parrot) as way:
        foreign.mouth.put_nowait("one")
        assert await next_of(way) == "hello"
        await asyncio.sleep(0)
        assert foreign.mouth.qsize() == 1
        parrot.full = False
        way.at_once(PONG)
        assert await next_of(way) == "one"


async def test_a_full_interpreter_holds_no_connection_that_is_closed_or_never_eased(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parrot = Parrot()
    parrot.full = True
    async with Interpreted(Foreign(), parrot) as way:
        assert await next_of(way) == "hello"
        way.close(4001, "too_slow")
        with pytest.raises(Closed):
            await next_of(way)
    monkeypatch.setattr(module, "FULL_S", 0.01)
    async with Interpreted(Foreign(), parrot) as way:
        assert await next_of(way) == "hello"
        with pytest.raises(Failed) as failed:
            await next_of(way)
        assert failed.value.problem.code == "hearing_behind"


async def test_who_reads_no_answers_is_cut_off() -> None:
    foreign, parrot = Foreign(), Parrot()
    parrot.answers, foreign.open = UNREAD + 1, False
    async with Interpreted(foreign, parrot) as way:
        foreign.mouth.put_nowait("one")
        assert [await next_of(way), await next_of(way)] == ["hello", "one"]
        with pytest.raises(Closed):
            await next_of(way)
    assert foreign.aborted
