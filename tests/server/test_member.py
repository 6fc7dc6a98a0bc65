"""One socket's way out."""

import json

import pytest
from websockets.frames import Frame, Opcode

from rooms.people import Participant, Role
from rooms.protocol import SPOKEN, VERSION, Accepted, Cursor, Welcome
from server.errors import TABLE
from server.framing import framed
from server.member import Member
from tests.server.way import Way, frame, text_in
from tests.waiting import until

SHE = Participant(id="p", name="P", role=Role.CANDIDATE)


def member_on(way: Way, limit_bytes: int = 1_000, timeout_s: float = 5) -> Member:
    return Member(SHE, "c", way, limit_bytes, timeout_s)


async def test_a_message_is_on_its_way_when_nothing_waits() -> None:
    way = Way()
    member = member_on(way)
    member.send(frame("fact"))
    member.tell("partial", frame("guess"))
    assert way.sent == ["fact", "guess"]


async def test_facts_arrive_in_order() -> None:
    way = Way()
    member = member_on(way)
    way.open = False
    for number in range(5):
        member.send(frame(str(number)))
    way.flow()
    assert way.sent == ["0", "1", "2", "3", "4"]


async def test_of_what_is_told_only_the_latest_of_a_kind_waits() -> None:
    way = Way()
    member = member_on(way)
    way.open = False
    for kind, text in (("partial", "one"), ("partial", "two"), ("speaking", "on")):
        member.tell(kind, frame(text))
    way.flow()
    assert way.sent == ["two", "on"]


async def test_facts_go_before_what_is_told() -> None:
    way = Way()
    member = member_on(way)
    way.open = False
    member.tell("partial", frame("guess"))
    member.send(frame("fact"))
    way.flow()
    assert way.sent == ["fact", "guess"]


async def test_nothing_overtakes_what_waits_even_when_the_socket_is_open_again() -> None:
    way = Way()
    member = member_on(way)
    way.open = False
    member.send(frame("1"))
    way.open = True  # and has not said so yet
    member.send(frame("2"))
    member.tell("partial", frame("guess"))
    assert way.sent == []
    way.flow()
    member.send(frame("3"))
    assert way.sent == ["1", "2", "guess", "3"]


async def test_a_reader_who_leaves_too_much_unread_is_cut_off_at_once() -> None:
    way = Way()
    member = member_on(way, limit_bytes=10)
    way.open = False
    for _ in range(4):
        member.send(frame("12345"))
    assert member.ended == TABLE["too_slow"]
    assert way.aborted
    way.flow()
    member.send(frame("late"))
    assert way.sent == []


async def test_who_reads_nothing_for_too_long_is_cut_off() -> None:
    way = Way()
    member = member_on(way, timeout_s=0.01)
    way.open = False
    member.tell("partial", frame("stuck"))
    await until(lambda: way.aborted)
    assert member.ended == TABLE["too_slow"]


async def test_a_slow_reader_who_catches_up_owes_nothing() -> None:
    way = Way()
    member = member_on(way, limit_bytes=14)
    for _ in range(20):
        way.open = False
        member.send(frame("1234567890"))
        way.flow()
    assert member.ended is None
    assert len(way.sent) == 20


async def test_a_long_story_is_nobodys_slowness() -> None:
    way = Way()
    member = member_on(way, limit_bytes=10)
    way.open = False
    welcome = Welcome(protocol=VERSION, you=SHE, cursor=Cursor(epoch="e", version=1, tag="t"), resumed=50)
    member.begin(welcome, [frame(str(number)) for number in range(50)])
    assert member.ended is None
    way.flow()
    assert json.loads(way.sent[0])["resumed"] == 50
    assert way.sent[1:] == [str(number) for number in range(50)]


@pytest.mark.parametrize("protocol", SPOKEN)
async def test_a_command_is_accepted_in_the_words_of_every_version(protocol: int) -> None:
    way = Way()
    member = Member(SHE, "c", way, 1_000, 5, protocol)
    member.accept([("c-1:a.b_c", 7)])
    member.say(Accepted(id="c-1:a.b_c", version=7))
    assert json.loads(way.sent[0]) == json.loads(way.sent[1])


async def test_what_was_accepted_does_not_overtake_what_waits() -> None:
    way = Way()
    member = member_on(way)
    way.open = False
    member.send(frame("first"))
    way.open = True
    member.accept([("c-1", 7)])
    way.flow()
    assert way.sent[0] == "first"
    assert json.loads(way.sent[1])["type"] == "accepted"


async def test_what_waits_is_sent_before_the_end() -> None:
    way = Way()
    member = member_on(way)
    way.open = False
    member.send(frame("last words"))
    member.end("going_away")
    member.send(frame("too late"))
    assert way.code is None
    way.flow()
    assert way.sent[0] == "last words"
    assert [json.loads(text)["code"] for text in way.sent[1:]] == ["going_away"]
    assert way.code == TABLE["going_away"].close


async def test_the_first_reason_to_end_counts() -> None:
    way = Way()
    member = member_on(way)
    member.end("taken_over")
    member.end("going_away")
    assert member.ended == TABLE["taken_over"]
    assert way.code == TABLE["taken_over"].close


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_the_one_that_the_library_makes(size: int) -> None:
    text = b"x" * size
    assert framed(text) == Frame(Opcode.TEXT, text).serialize(mask=False)
    assert text_in(framed(text)) == text.decode()
