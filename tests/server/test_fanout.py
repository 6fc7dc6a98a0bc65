"""Who gets which message: each role through its view, everybody in order, each message encoded once a role."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rooms import commands as c
from rooms.people import SYSTEM, Participant, Role
from rooms.protocol import TELL, VERSION, Cursor, DeliverySoFar, Partial, ResetReason
from server import fanout as module
from server.errors import TABLE, Failed
from server.fanout import Fanout, Hall
from server.logs import JsonLines
from server.member import Member
from server.ports import Message, Record
from server.story import UnknownRoom
from tests.memory_log import MemoryRoomLog
from tests.server.hearings import CANDIDATE, Heard, Rig
from tests.server.way import Way
from tests.waiting import until

COACH = Participant(id="ben", name="Ben", role=Role.COACH)
OBSERVER = Participant(id="ida", name="Ida", role=Role.OBSERVER)
Said = dict[str, Any]


class Seat:
    """Somebody in the hall, and what their socket was sent."""

    def __init__(self, who: Participant, connection: str = "k", protocol: int = VERSION) -> None:
        self.way = Way()
        self.member = Member(who, connection, self.way, 1_000_000, 5, protocol)

    @property
    def raw(self) -> list[bytes]:
        return self.way.pieces

    @property
    def ended(self) -> str | None:
        return self.member.ended.code if self.member.ended else None

    @property
    def said(self) -> list[Said]:
        return [json.loads(text) for text in self.way.sent]

    @property
    def kinds(self) -> list[str]:
        return [said["event"]["kind"] for said in self.said if said["type"] == "event"]


@asynccontextmanager
async def hall_of(rig: Rig) -> AsyncIterator[tuple[Heard, Hall, Fanout]]:
    """A room with its first question asked, a coach in it, and its hall."""
    fanout = Fanout(rig.feeds, rig.log)
    async with rig.up(), rig.room() as room:
        await room.do(c.Join(participant=COACH, connection="k", worker="w"), SYSTEM)
        async with fanout.hall(room.id) as hall:
            yield room, hall, fanout


async def come_in(rig: Rig, room: Heard, hall: Hall, *seats: Seat) -> None:
    """As the socket does before anybody enters the hall."""
    for seat in seats:
        who = seat.member
        await room.do(c.Join(participant=who.participant, connection=who.connection, worker="w"), SYSTEM)
    head = await rig.log.head(room.id)
    assert head is not None
    await hall.reached(head.version)


@asynccontextmanager
async def seated(hall: Hall, *seats: Seat, resume: Cursor | None = None) -> AsyncIterator[None]:
    for seat in seats:
        await hall.enter(seat.member, resume, None)
    yield
    for seat in seats:
        hall.leave(seat.member)


async def all_told(rig: Rig, room: Heard) -> None:
    """Everything that happened so far has been sent."""
    head = await rig.log.head(room.id)
    assert head is not None
    async with rig.feeds.follow(room.id) as feed:
        await room.until(lambda: feed.cursor == head)
    for _ in range(20):
        await asyncio.sleep(0)


async def test_each_role_sees_its_own_story_without_gaps() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        she, he, observer = Seat(CANDIDATE, "c"), Seat(COACH), Seat(OBSERVER)
        await come_in(rig, room, hall, observer)
        async with seated(hall, she, he, observer):
            await room.do(c.TakeNote(text="Calm."), COACH)
            await room.do(c.Whisper(text="A number."), COACH)
            await room.do(c.TypeAnswer(turn=1, text="I did."))
            await all_told(rig, room)
        assert he.kinds == ["note_taken", "whispered", "utterance_heard"]
        assert she.kinds == ["whispered", "utterance_heard"]
        assert observer.kinds == ["utterance_heard"]
        for seat in (she, he, observer):
            at = seat.said[0]["cursor"]["version"]
            for event in seat.said[1:]:
                assert event["after"] <= at < event["version"]
                at = event["version"]


async def test_a_message_is_encoded_once_for_all_of_a_role() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        seats = [Seat(COACH, f"k-{number}") for number in range(3)]
        await come_in(rig, room, hall, *seats)
        async with seated(hall, *seats):
            await room.do(c.Whisper(text="Once."), COACH)
            await all_told(rig, room)
        assert seats[0].raw[-1] is seats[1].raw[-1] is seats[2].raw[-1]


async def test_running_figures_do_not_reach_the_one_who_speaks() -> None:
    rig = Rig()
    figures = DeliverySoFar(turn=1, words=3, words_per_minute=None, fillers=0, pauses=0, longest_pause_ms=0)
    async with hall_of(rig) as (room, hall, _):
        she, he = Seat(CANDIDATE, "c"), Seat(COACH)
        async with seated(hall, she, he):
            await rig.log.tell(room.id, "delivery_so_far", TELL.dump_json(figures))
            await all_told(rig, room)
        assert [said["what"]["kind"] for said in he.said if said["type"] == "telling"] == ["delivery_so_far"]
        assert [said for said in she.said if said["type"] == "telling"] == []
        late = Seat(CANDIDATE, "c")
        async with seated(hall, late):
            assert late.member
        assert late.raw == [] or late.said[0]["told"] == []


async def test_who_comes_late_is_told_the_latest_of_what_is_not_kept() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        for unstable in ("one", "one two"):
            partial = Partial(turn=1, utterance="u", stable="", unstable=unstable)
            await rig.log.tell(room.id, "partial", TELL.dump_json(partial))
        he = Seat(COACH)
        async with seated(hall, he):
            await all_told(rig, room)
        assert [telling["what"]["unstable"] for telling in he.said[0]["told"]] == ["one two"]


async def test_everybody_is_told_how_far_the_room_is_durable_but_those_of_an_older_version() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        first = await rig.log.head(room.id)
        assert first is not None
        await rig.log.mark_durable(room.id, first)
        he, older = Seat(COACH), Seat(COACH, protocol=1)
        async with seated(hall, he, older):
            await room.do(c.Whisper(text="Safe soon."), COACH)
            second = await rig.log.head(room.id)
            assert second is not None
            await rig.log.mark_durable(room.id, second)
            await all_told(rig, room)
        assert he.said[0]["durable"] == first.version
        assert he.said[-1] == {"type": "durable", "version": second.version}
        assert [said["type"] for said in older.said] == ["welcome", "event"]
        assert "durable" not in older.said[0]


async def test_of_how_far_the_room_is_durable_only_the_latest_waits() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        he = Seat(COACH)
        await hall.enter(he.member, None, None)
        he.way.open = False
        for _ in range(3):
            await room.do(c.Whisper(text="One more."), COACH)
            head = await rig.log.head(room.id)
            assert head is not None
            await rig.log.mark_durable(room.id, head)
        await all_told(rig, room)
        he.way.flow()
        hall.leave(he.member)
        assert [said["version"] for said in he.said if said["type"] == "durable"] == [head.version]


async def test_who_resumes_gets_what_their_role_missed_and_no_more() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        cursor = await rig.log.head(room.id)
        await room.do(c.TakeNote(text="Hidden."), COACH)
        await room.do(c.TypeAnswer(turn=1, text="Seen."))
        await all_told(rig, room)
        she = Seat(CANDIDATE, "c")
        async with seated(hall, she, resume=cursor):
            await all_told(rig, room)
        welcome, missed = she.said
        assert (welcome["resumed"], welcome["reset"], welcome["room"]) == (1, None, None)
        assert cursor is not None
        assert (missed["after"], missed["event"]["kind"]) == (cursor.version, "utterance_heard")


async def test_a_second_device_takes_over_only_from_those_before_it() -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        first = Seat(CANDIDATE, "c")
        second = Seat(CANDIDATE, "c-2")
        async with seated(hall, first):
            await come_in(rig, room, hall, second)
            async with seated(hall, second):
                await room.until(lambda: first.ended)
                await all_told(rig, room)
        assert (first.ended, second.ended) == ("taken_over", None)


async def test_a_room_that_is_not_caught_up_in_time_has_lost_track(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CATCH_UP_S", 0.02)
    async with hall_of(Rig()) as (_, hall, _fanout):
        with pytest.raises(Failed) as failed:
            await hall.reached(1_000)
        assert failed.value.problem.code == "lost_track"


async def test_who_cannot_be_told_what_happened_is_sent_back_and_the_others_are_told() -> None:
    rig = Rig()
    async with hall_of(rig) as (_, hall, _fanout):
        she, he = Seat(CANDIDATE, "c"), Seat(COACH)
        async with seated(hall, she, he):
            version = he.said[0]["cursor"]["version"] + 1
            of_a_newer_release = b'{"kind":"question_asked","by":"nobody that we know"}'  # in other words for her only
            hall.happened([Record(version, "tag", "before", 0, "cmd", of_a_newer_release)])
        assert (she.ended, she.kinds) == ("lost_track", [])
        assert (he.ended, he.kinds) == (None, ["question_asked"])


async def test_who_is_in_a_room_that_somebody_unheard_of_enters_goes_on_at_a_newer_release() -> None:
    """Lanes pass such a fact on unread: its kind is known, and only a word in it is not."""
    rig = Rig()
    log: MemoryRoomLog = rig.log
    async with hall_of(rig) as (room, hall, _):
        she, he = Seat(CANDIDATE, "c"), Seat(COACH)
        async with seated(hall, she, he):
            last = log.rooms[room.id].records[-1]
            juror = b'{"id":"zoe","name":"Zoe","role":"juror"}'
            joins = b'{"kind":"participant_joined","participant":%b,"connection":"z","worker":"w"}' % juror
            entered = Record(last.version + 1, "newer", last.tag, last.at, "next-1", joins)
            log.rooms[room.id].records.append(entered)
            log.publish(Message(room.id, [entered]))
            await until(lambda: she.ended and he.ended)
            assert (she.ended, he.ended) == ("release_behind", "release_behind")


async def test_what_happens_is_made_into_words_only_for_those_who_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    async with hall_of(rig) as (room, hall, _):
        she, he = Seat(CANDIDATE, "c"), Seat(COACH)
        async with seated(hall, he):
            async with seated(hall, she):
                pass
            told = list[Role]()
            lane_happened = module.Lane.happened
            monkeypatch.setattr(
                module.Lane, "happened", lambda lane, records: (told.append(lane.role), lane_happened(lane, records))
            )
            await room.do(c.Whisper(text="You do well."), COACH)
            await all_told(rig, room)
        assert told == [Role.COACH]


async def test_when_the_log_forks_everybody_is_sent_back_and_can_leave_in_peace() -> None:
    rig = Rig()
    log: MemoryRoomLog = rig.log
    async with hall_of(rig) as (room, hall, _):
        he = Seat(COACH)
        async with seated(hall, he):
            await room.do(c.Whisper(text="Lost in the failover."), COACH)
            await all_told(rig, room)
            head = await log.head(room.id)
            assert head is not None
            log.fall_back(room.id, head.version - 1)
            await room.until(lambda: he.ended)
        assert he.ended == "restored"
        again = Seat(COACH)
        async with seated(hall, again):
            await all_told(rig, room)
        assert again.said[0]["room"]["whispers"] == []


async def test_a_hall_is_there_as_long_as_somebody_uses_it() -> None:
    async with hall_of(Rig()) as (room, hall, fanout):
        async with fanout.hall(room.id) as same:
            assert same is hall
        he = Seat(COACH)
        async with seated(hall, he):
            assert fanout.members == [he.member]
        assert fanout.members == []


async def test_there_is_no_hall_for_a_room_that_never_was() -> None:
    async with hall_of(Rig()) as (_, _hall, fanout):
        with pytest.raises(UnknownRoom):
            async with fanout.hall("r-never"):
                pass


@pytest.mark.parametrize("by", ["sending off", "a restored room"])
async def test_one_who_cannot_be_ended_keeps_nobody_else_in(by: str, caplog: pytest.LogCaptureFixture) -> None:
    theirs = "words " + "of theirs"  # not as such in the line of code that the log may show

    def broken(code: int, reason: str) -> None:
        raise OSError(theirs)

    rig = Rig()
    async with hall_of(rig) as (room, hall, fanout):
        seats = [Seat(COACH, "k"), *(Seat(OBSERVER, f"o-{number}") for number in range(4))]
        await come_in(rig, room, hall, *seats[1:])
        async with seated(hall, *seats):
            for seat in seats[1:4]:
                seat.way.close = broken  # type: ignore[method-assign]
            if by == "sending off":
                fanout.send_off(lambda _: "session_ended")
            else:
                hall.reset(ResetReason.FORK)
        code = "session_ended" if by == "sending off" else "restored"
        assert [seat.ended for seat in seats] == [code] * len(seats)
        assert [seat.way.code for seat in (seats[0], seats[4])] == [TABLE[code].close] * 2
    (said,) = [record for record in caplog.records if record.name == "server.fanout"]
    line = JsonLines().format(said)
    assert json.loads(line)["members"] == 3
    assert theirs not in line
