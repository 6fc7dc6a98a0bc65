"""One socket's way out."""

import asyncio

import pytest

from rooms.people import Participant, Role
from server.member import Ending, Member

SHE = Participant(id="p", name="P", role=Role.CANDIDATE)


class Wire:
    """Takes what is sent; holds it up while `stuck`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def send(self, text: str) -> None:
        await self.flowing.wait()
        self.sent.append(text)

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(2):
            while len(self.sent) < count:
                await asyncio.sleep(0)
        return self.sent


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def pumping(member: Member, wire: Wire, timeout_s: float = 5) -> "asyncio.Task[None]":
    return asyncio.create_task(member.pump(wire.send, timeout_s))


async def test_facts_arrive_in_order(wire: Wire) -> None:
    member = Member(SHE, "c", 1_000)
    for number in range(5):
        member.send(str(number))
    task = await pumping(member, wire)
    assert await wire.until(5) == ["0", "1", "2", "3", "4"]
    task.cancel()


async def test_of_what_is_told_only_the_latest_of_a_kind_waits(wire: Wire) -> None:
    member = Member(SHE, "c", 1_000)
    member.tell("partial", "one")
    member.tell("partial", "two")
    member.tell("speaking", "on")
    task = await pumping(member, wire)
    assert await wire.until(2) == ["two", "on"]
    task.cancel()


async def test_facts_go_before_what_is_told(wire: Wire) -> None:
    member = Member(SHE, "c", 1_000)
    member.tell("partial", "guess")
    member.send("fact")
    task = await pumping(member, wire)
    assert await wire.until(2) == ["fact", "guess"]
    task.cancel()


async def test_a_reader_who_leaves_too_much_unread_is_cut_off(wire: Wire) -> None:
    member = Member(SHE, "c", 10)
    wire.flowing.clear()
    task = await pumping(member, wire)
    await asyncio.sleep(0)
    for _ in range(4):
        member.send("12345")
    wire.flowing.set()
    with pytest.raises(Ending) as ended:
        await task
    assert ended.value.problem.code == "too_slow"


async def test_a_write_that_never_ends_is_cut_off(wire: Wire) -> None:
    member = Member(SHE, "c", 1_000)
    wire.flowing.clear()
    member.send("stuck")
    with pytest.raises(Ending) as ended:
        await member.pump(wire.send, timeout_s=0.01)
    assert ended.value.problem.code == "too_slow"


async def test_what_was_queued_is_sent_before_the_end(wire: Wire) -> None:
    member = Member(SHE, "c", 1_000)
    member.send("last words")
    member.end("going_away")
    with pytest.raises(Ending) as ended:
        await member.pump(wire.send, timeout_s=1)
    assert ended.value.problem.code == "going_away"
    assert wire.sent[0] == "last words"


async def test_a_slow_reader_who_catches_up_owes_nothing(wire: Wire) -> None:
    member = Member(SHE, "c", 12)
    task = await pumping(member, wire)
    for round_ in range(1, 20):
        member.send("1234567890")
        await wire.until(round_)
    assert not task.done()
    task.cancel()
