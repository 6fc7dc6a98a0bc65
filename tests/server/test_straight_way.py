"""Messages that go straight to the socket: never past one that waits, and framed as the library would."""

import asyncio

import pytest
from websockets.frames import Frame, Opcode

from rooms.people import Participant, Role
from server.member import Ending, Member
from server.wire import _text_frame

SHE = Participant(id="p", name="P", role=Role.CANDIDATE)


class Socket:
    """Takes what it is sent in one order, at once while it is `open`, else after `flowing`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.open = True
        self.flowing = asyncio.Event()
        self.waited = 0

    def at_once(self, text: str) -> bool:
        if self.open:
            self.sent.append(text)
        return self.open

    async def send(self, text: str) -> None:
        self.waited += 1
        await self.flowing.wait()
        self.sent.append(text)

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(2):
            while len(self.sent) < count:
                await asyncio.sleep(0)
        return self.sent


async def pumping(member: Member, socket: Socket) -> "asyncio.Task[None]":
    """The member's way out, with its first message through."""
    task = asyncio.create_task(member.pump(socket.send, 5, socket.at_once))
    member.send("welcome")
    await socket.until(1)
    return task


async def test_a_message_is_on_its_way_when_nothing_waits() -> None:
    member, socket = Member(SHE, "c", 1_000), Socket()
    task = await pumping(member, socket)
    member.send("fact")
    member.tell("partial", "guess")
    assert (socket.sent, socket.waited) == (["welcome", "fact", "guess"], 0)
    task.cancel()


async def test_nothing_overtakes_what_waits_even_when_the_socket_is_open_again() -> None:
    member, socket = Member(SHE, "c", 1_000), Socket()
    task = await pumping(member, socket)
    socket.open = False
    member.send("1")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    socket.open = True  # the pump still holds the first one
    member.send("2")
    member.tell("partial", "guess")
    assert socket.sent == ["welcome"]
    socket.flowing.set()
    assert await socket.until(4) == ["welcome", "1", "2", "guess"]
    member.send("3")
    assert await socket.until(5) == ["welcome", "1", "2", "guess", "3"]
    task.cancel()


async def test_a_closed_socket_makes_what_is_unread_wait_up_to_its_bound() -> None:
    member, socket = Member(SHE, "c", 10), Socket()
    task = await pumping(member, socket)
    socket.open = False
    for _ in range(4):
        member.send("12345")
    with pytest.raises(Ending) as ended:
        await task
    assert ended.value.problem.code == "too_slow"


async def test_who_has_too_much_unread_is_cut_off_at_once_and_not_when_the_write_times_out() -> None:
    member, socket = Member(SHE, "c", 10), Socket()
    task = await pumping(member, socket)
    socket.open = False
    member.send("12345")
    while not socket.waited:
        await asyncio.sleep(0)
    for _ in range(3):
        member.send("12345")
    async with asyncio.timeout(1):
        with pytest.raises(Ending) as ended:
            await task
    assert ended.value.problem.code == "too_slow"


async def test_nothing_is_said_behind_an_end() -> None:
    member, socket = Member(SHE, "c", 1_000), Socket()
    task = await pumping(member, socket)
    member.end("going_away")
    member.send("late")
    with pytest.raises(Ending):
        await task
    assert socket.sent == ["welcome"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_the_one_that_the_library_makes(size: int) -> None:
    payload = b"x" * size
    assert _text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
