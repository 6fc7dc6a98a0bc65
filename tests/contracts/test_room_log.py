"""The contract of `ports.RoomLog`: on Valkey, Redis 6.2, a cluster, and the log in memory that other tests use."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from rooms import events as e
from rooms.lineage import Place
from rooms.protocol import Cursor
from rooms.state import replay
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_log import RedisRoomLog
from server.ports import Anew, Appended, Clash, Fenced, Head, Record, RoomLog
from tests.kept_rooms import OPENED_AT, opening
from tests.laws.mirror_fixture import story
from tests.memory_log import MemoryRoomLog
from tests.waiting import PATIENT_MS

ROOM = "r-1"
OPENED = opening(ROOM)[0]
JOINED = opening(ROOM)[1]


def whisper(text: str) -> e.Whispered:
    return e.Whispered(by="p-1", text=text, at_ms=1)


async def opened(log: RoomLog) -> Cursor:
    done = await log.append(ROOM, "open", None, OPENED_AT, [OPENED])
    assert isinstance(done, Appended)
    return done.cursor


async def appended(log: RoomLog, command: str, at: Cursor, *events: e.Event) -> Cursor:
    done = await log.append(ROOM, command, at, OPENED_AT, events)
    assert isinstance(done, Appended)
    assert done.fresh
    return done.cursor


class RoomLogContract:
    async def test_a_room_that_never_was_has_no_head_and_no_records(self, log: RoomLog) -> None:
        assert await log.head(ROOM) is None
        assert list(await log.read(ROOM, 0, 10)) == []

    async def test_the_first_append_begins_an_epoch(self, log: RoomLog) -> None:
        cursor = await opened(log)
        assert cursor.epoch
        assert cursor.version == 1
        assert await log.head(ROOM) == cursor

    async def test_two_rooms_have_two_epochs(self, log: RoomLog) -> None:
        other = await log.append("r-2", "open", None, OPENED_AT, [OPENED])
        assert (await opened(log)).epoch != other.cursor.epoch

    async def test_records_are_numbered_and_chained_by_their_tags(self, log: RoomLog) -> None:
        first = await opened(log)
        last = await appended(log, "two", first, whisper("a"), whisper("b"))
        records = await log.read(ROOM, 0, 10)
        assert [record.version for record in records] == [1, 2, 3]
        assert [record.before for record in records] == ["", records[0].tag, records[1].tag]
        assert len({record.tag for record in records}) == 3
        assert (last.version, last.tag) == (3, records[-1].tag)
        assert [record.command for record in records] == ["open", "two", "two"]
        assert {record.at for record in records} == {OPENED_AT}

    async def test_every_kind_of_event_comes_back_as_it_was(self, log: RoomLog) -> None:
        cursor = await opened(log)
        for number, event in enumerate(story()[1:]):
            cursor = await appended(log, f"c-{number}", cursor, event)
        events = [record.event for record in await log.read(ROOM, 0, 1_000)]
        assert events[1:] == list(story()[1:])
        assert replay(events) is not None

    @pytest.mark.parametrize("text", ["\x00 nul", '"] , [1,2', "\u2028 🙂 é", "x" * 1_000])
    async def test_any_text_comes_back_as_it_was(self, log: RoomLog, text: str) -> None:
        await appended(log, "c", await opened(log), whisper(text))
        assert (await log.read(ROOM, 1, 10))[0].event == whisper(text)

    async def test_the_same_command_is_appended_once(self, log: RoomLog) -> None:
        first = await opened(log)
        once = await appended(log, "c-1", first, whisper("a"))
        await appended(log, "c-2", once, whisper("b"))
        again = await log.append(ROOM, "c-1", first, OPENED_AT, [whisper("a")])
        assert again == Appended(once, fresh=False)
        assert len(await log.read(ROOM, 0, 10)) == 3

    async def test_what_was_appended_comes_back_as_the_log_has_it(self, log: RoomLog) -> None:
        done = await log.append(ROOM, "c", await opened(log), OPENED_AT, [whisper("a"), whisper("\u2028 🙂 é")])
        assert isinstance(done, Appended)
        assert list(done.records) == list(await log.read(ROOM, 1, 10))
        assert [record.text for record in done.records] == [record.text for record in await log.read(ROOM, 1, 10)]

    async def test_what_several_commands_led_to_is_appended_together(self, log: RoomLog) -> None:
        first = await opened(log)
        wanted = [("one", [whisper("a"), whisper("b")]), ("nothing", []), ("two", [whisper("c")])]
        done = await log.append_all(ROOM, first, OPENED_AT, wanted)
        assert done is not None
        assert done.cursor == await log.head(ROOM)
        records = await log.read(ROOM, 0, 10)
        assert [record.command for record in records] == ["open", "one", "one", "two"]
        assert [record.before for record in records[1:]] == [record.tag for record in records[:-1]]
        assert list(done.records) == records[1:]
        for (command, _), last in zip(wanted, (records[2], records[2], records[3]), strict=True):
            again = await log.append(ROOM, command, first, OPENED_AT, [whisper("again")])
            assert again == Appended(first.but(version=last.version, tag=last.tag), fresh=False)

    async def test_of_several_commands_none_is_appended_where_one_was_done_or_the_log_moved_on(
        self, log: RoomLog
    ) -> None:
        first = await opened(log)
        then = await appended(log, "one", first, whisper("a"))
        new = ("two", [whisper("b")])
        assert await log.append_all(ROOM, then, OPENED_AT, [new, ("one", [whisper("a")])]) is None
        assert await log.append_all(ROOM, then, OPENED_AT, [new, new]) is None
        assert await log.append_all(ROOM, first, OPENED_AT, [new]) is None
        assert await log.append_all("r-2", first, OPENED_AT, [new]) is None
        assert await log.head(ROOM) == then
        assert await log.head("r-2") is None

    async def test_the_same_opening_opens_once(self, log: RoomLog) -> None:
        first = await opened(log)
        assert await log.append(ROOM, "open", None, OPENED_AT, [OPENED]) == Appended(first, fresh=False)

    async def test_a_room_that_exists_is_not_opened_again(self, log: RoomLog) -> None:
        first = await opened(log)
        assert await log.append(ROOM, "open again", None, OPENED_AT, [OPENED]) == Clash(first)

    async def test_a_room_that_never_was_cannot_be_continued(self, log: RoomLog) -> None:
        outcome = await log.append(ROOM, "c", Cursor(epoch="e", version=1, tag="t"), OPENED_AT, [JOINED])
        assert isinstance(outcome, Clash)
        assert await log.head(ROOM) is None

    async def test_an_old_cursor_clashes_and_nothing_is_appended(self, log: RoomLog) -> None:
        first = await opened(log)
        second = await appended(log, "c-1", first, whisper("a"))
        assert await log.append(ROOM, "c-2", first, OPENED_AT, [whisper("b")]) == Clash(second)
        assert await log.head(ROOM) == second

    @pytest.mark.parametrize("wrong", [{"tag": "other"}, {"epoch": "other"}, {"version": 2}])
    async def test_a_cursor_of_another_life_clashes(self, log: RoomLog, wrong: dict[str, str]) -> None:
        first = await opened(log)
        outcome = await log.append(ROOM, "c", first.model_copy(update=wrong), OPENED_AT, [whisper("a")])
        assert outcome == Clash(first)

    async def test_a_command_without_events_is_remembered(self, log: RoomLog) -> None:
        first = await opened(log)
        assert (await log.append(ROOM, "nothing to do", first, OPENED_AT, [])).cursor == first
        assert await log.append(ROOM, "nothing to do", first, OPENED_AT, [whisper("late")]) == Appended(first, False)
        assert await log.append(ROOM, "late", first.model_copy(update={"tag": "x"}), OPENED_AT, []) == Clash(first)
        assert await log.head(ROOM) == first

    async def test_a_check_says_what_an_append_would_say(self, log: RoomLog) -> None:
        assert await log.check(ROOM, "c-1", None) is None
        first = await opened(log)
        assert await log.check(ROOM, "c-1", first) is None
        second = await appended(log, "c-1", first, whisper("a"))
        assert await log.check(ROOM, "c-1", first) == Appended(second, fresh=False)
        assert await log.check(ROOM, "c-2", first) == Clash(second)
        assert await log.check(ROOM, "c-2", None) == Clash(second)
        assert await log.head(ROOM) == second

    async def test_of_many_appends_at_one_place_one_is_done(self, log: RoomLog) -> None:
        first = await opened(log)
        outcomes = await asyncio.gather(
            *(log.append(ROOM, f"c-{n}", first, OPENED_AT, [whisper(str(n))]) for n in range(200))
        )
        assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 1
        assert len(await log.read(ROOM, 0, 10)) == 2

    async def test_reading_goes_page_by_page(self, log: RoomLog) -> None:
        await appended(log, "c", await opened(log), *(whisper(str(n)) for n in range(24)))
        pages = [await log.read(ROOM, after, 10) for after in (0, 10, 20, 25)]
        assert [len(page) for page in pages] == [10, 10, 5, 0]
        assert [record.version for page in pages for record in page] == list(range(1, 26))

    async def test_heads_of_many_rooms_leave_out_those_that_never_were(self, log: RoomLog) -> None:
        first = await opened(log)
        assert await log.heads([ROOM, "r-none"]) == {ROOM: Head(first, 0)}
        assert await log.heads([]) == {}

    async def test_the_durable_mark_moves_on_and_never_back(self, log: RoomLog) -> None:
        first = await opened(log)
        second = await appended(log, "c-1", first, whisper("a"))
        third = await appended(log, "c-2", second, whisper("b"))
        for upto, mark in ((second, 2), (first, 2), (second, 2), (third, 3)):
            assert await log.mark_durable(ROOM, upto)
            assert (await log.heads([ROOM]))[ROOM] == Head(third, mark)

    @pytest.mark.parametrize("wrong", [{"tag": "other"}, {"epoch": "other"}, {"version": 4}])
    @pytest.mark.parametrize("version", [2, 3])
    async def test_a_mark_of_another_log_moves_nothing(self, log: RoomLog, wrong: dict[str, str], version: int) -> None:
        first = await opened(log)
        second = await appended(log, "c-1", first, whisper("a"))
        third = await appended(log, "c-2", second, whisper("b"))
        upto = {2: second, 3: third}[version]
        assert not await log.mark_durable(ROOM, upto.model_copy(update=wrong))
        assert not await log.mark_durable("r-none", upto)
        assert (await log.heads([ROOM, "r-none"])) == {ROOM: Head(third, 0)}

    async def test_a_snapshot_is_kept_and_replaced(self, log: RoomLog) -> None:
        first = await opened(log)
        assert await log.snapshot(ROOM) is None
        assert await log.keep_snapshot(ROOM, first, b"one", 10)
        second = await appended(log, "c-1", first, whisper("a"))
        assert await log.keep_snapshot(ROOM, first, b"as it was", 10)  # the log went on meanwhile
        assert await log.keep_snapshot(ROOM, second, b"\x00\xff two", 10)
        assert await log.snapshot(ROOM) == b"\x00\xff two"
        assert not await log.keep_snapshot(ROOM, second.model_copy(update={"epoch": "other"}), b"three", 10)
        assert not await log.keep_snapshot(ROOM, second.model_copy(update={"version": 3}), b"three", 10)
        assert not await log.keep_snapshot("r-none", second, b"three", 10)
        assert await log.snapshot(ROOM) == b"\x00\xff two"

    async def test_a_snapshot_of_a_branch_that_the_log_left_is_not_kept(self, log: RoomLog) -> None:
        first = await opened(log)
        second = await appended(log, "c-1", first, whisper("a"))
        third = await appended(log, "c-2", second, whisper("b"))
        assert await log.keep_snapshot(ROOM, third, b"as it is", 10)
        assert not await log.keep_snapshot(ROOM, second.model_copy(update={"tag": "lost"}), b"as it was not", 10)
        assert not await log.keep_snapshot(ROOM, third.model_copy(update={"tag": "lost"}), b"as it was not", 10)
        assert await log.snapshot(ROOM) == b"as it is"

    async def test_a_snapshot_from_before_what_is_forgotten_does_not_take_the_place_of_a_later_one(
        self, log: RoomLog
    ) -> None:
        first = await opened(log)
        second = await appended(log, "c-1", first, whisper("a"))
        third = await appended(log, "c-2", second, whisper("b"))
        await log.mark_durable(ROOM, third)
        assert await log.keep_snapshot(ROOM, third, b"later", 0)
        assert not await log.keep_snapshot(ROOM, second, b"by who stood still meanwhile", 0)
        assert await log.snapshot(ROOM) == b"later"

    @pytest.mark.parametrize(
        ("durable", "snapshot", "tail", "oldest"),
        [(0, 20, 0, 1), (12, 20, 0, 13), (20, 12, 0, 13), (20, 20, 5, 16), (20, 20, 50, 1), (20, 20, 0, None)],
    )
    async def test_only_what_is_durable_and_in_the_snapshot_and_not_of_the_tail_is_forgotten(
        self, log: RoomLog, durable: int, snapshot: int, tail: int, oldest: int | None
    ) -> None:
        at = {1: await opened(log)}
        for version in range(2, 21):
            at[version] = await appended(log, f"c-{version}", at[version - 1], whisper(str(version)))
        if durable:
            await log.mark_durable(ROOM, at[durable])
        await log.keep_snapshot(ROOM, at[snapshot], b"s", tail)
        versions = [record.version for record in await log.read(ROOM, 0, 100)]
        assert versions == list(range(oldest, 21) if oldest else [])
        assert await log.append(ROOM, "c-3", at[2], OPENED_AT, []) == Appended(at[3], fresh=False)
        on = await appended(log, "c-on", at[20], whisper("on"))
        assert [record.version for record in await log.read(ROOM, 20, 100)] == [21]
        assert await log.mark_durable(ROOM, on)

    async def test_a_room_that_is_gone_is_written_anew_and_goes_on(self, log: RoomLog) -> None:
        said = Record(8, "t8", "t7", OPENED_AT, "c-8", whisper("kept elsewhere"))
        end = Cursor(epoch="anew", version=8, tag="t8")
        anew = Anew(end, 7, b"as it was at 7", {"c-1": Place(3, "t3"), "c-8": Place(8, "t8")}, [said])
        assert await log.restore(ROOM, None, anew)
        assert (await log.heads([ROOM]))[ROOM] == Head(end, 7)
        assert await log.snapshot(ROOM) == b"as it was at 7"
        assert await log.read(ROOM, 0, 10) == [said]
        known = Cursor(epoch="anew", version=3, tag="t3")
        assert await log.append(ROOM, "c-1", end, OPENED_AT, [whisper("again")]) == Appended(known, fresh=False)
        on = await appended(log, "c-9", end, whisper("on"))
        assert on.epoch == "anew"
        assert [record.version for record in await log.read(ROOM, 0, 10)] == [8, 9]

    async def test_who_held_the_lease_of_a_room_that_was_lost_cannot_append(self, log: RoomLog) -> None:
        earlier, later = (int(time.time() * 1000) + ms for ms in (-60_000, 60_000))
        end = Cursor(epoch="anew", version=8, tag="t8")
        assert await log.restore(ROOM, None, Anew(end, 8, b"as it was", {}, []))
        with pytest.raises(Fenced):
            await log.append(ROOM, "c-1", end, OPENED_AT, [whisper("from before")], earlier)
        assert isinstance(await log.append(ROOM, "c-2", end, OPENED_AT, [whisper("now")], later), Appended)

    async def test_nothing_need_be_appended_to_write_a_room_anew(self, log: RoomLog) -> None:
        end = Cursor(epoch="anew", version=8, tag="t8")
        assert await log.restore(ROOM, None, Anew(end, 8, b"as it was", {}, []))
        assert await log.head(ROOM) == end
        assert [record.before for record in await self.read_on(log, end)] == ["t8"]

    async def read_on(self, log: RoomLog, end: Cursor) -> Sequence[Record]:
        await appended(log, "c-9", end, whisper("on"))
        return await log.read(ROOM, end.version, 10)

    async def test_what_a_log_lost_is_put_behind_it_under_a_new_epoch(self, log: RoomLog) -> None:
        first = await opened(log)
        await log.append(ROOM, "fenced", first, OPENED_AT, [], 7)
        await log.keep_snapshot(ROOM, first, b"kept", 10)
        lost = Record(2, "t2", first.tag, OPENED_AT, "c-2", whisper("lost"))
        end = Cursor(epoch="anew", version=2, tag="t2")
        assert await log.restore(ROOM, first, Anew(end, 2, None, {"c-2": Place(2, "t2")}, [lost]))
        assert (await log.heads([ROOM]))[ROOM] == Head(end, 2)
        assert await log.read(ROOM, 1, 10) == [lost]
        assert await log.snapshot(ROOM) == b"kept"
        assert await log.append(ROOM, "c-2", end, OPENED_AT, []) == Appended(end, fresh=False)
        known = await log.append(ROOM, "open", end, OPENED_AT, [])
        assert known == Appended(first.model_copy(update={"epoch": "anew"}), fresh=False)
        with pytest.raises(Fenced):
            await log.append(ROOM, "c-3", end, OPENED_AT, [whisper("from before")], 6)
        assert isinstance(await log.append(ROOM, "c-3", first, OPENED_AT, [whisper("of old")]), Clash)

    @pytest.mark.parametrize("wrong", [{"tag": "other"}, {"epoch": "other"}, {"version": 2}, None])
    async def test_a_log_that_is_not_as_it_was_seen_is_left_alone(
        self, log: RoomLog, wrong: dict[str, str] | None
    ) -> None:
        first = await opened(log)
        anew = Anew(Cursor(epoch="anew", version=8, tag="t8"), 8, b"other", {}, [])
        seen = None if wrong is None else first.model_copy(update=wrong)
        assert not await log.restore(ROOM, seen, anew)
        assert (await log.heads([ROOM]))[ROOM] == Head(first, 0)
        assert await log.snapshot(ROOM) is None
        assert not await log.restore("r-none", first, anew)
        assert await log.head("r-none") is None

    async def test_of_many_that_write_a_room_anew_one_does(self, log: RoomLog) -> None:
        ends = [Cursor(epoch=f"anew-{n}", version=8, tag="t8") for n in range(20)]
        done = await asyncio.gather(*(log.restore(ROOM, None, Anew(end, 8, b"s", {}, [])) for end in ends))
        assert sum(done) == 1
        assert await log.head(ROOM) == ends[done.index(True)]

    async def test_an_erased_room_is_gone_and_nobody_puts_it_back(self, log: RoomLog) -> None:
        await log.keep_snapshot(ROOM, await opened(log), b"kept", 10)
        await log.tell(ROOM, "typing", b"{}")
        await log.erase(ROOM)
        await log.erase(ROOM)
        assert await log.head(ROOM) is None
        assert (await log.heads([ROOM])) == {}
        assert list(await log.read(ROOM, 0, 10)) == []
        assert (await log.snapshot(ROOM), list(await log.told(ROOM))) == (None, [])
        end = Cursor(epoch="anew", version=8, tag="t8")
        assert not await log.restore(ROOM, None, Anew(end, 8, b"as it was", {}, []))
        assert await log.head(ROOM) is None

    async def test_the_store_remembers_as_long_as_it_is_not_emptied(self, log: RoomLog) -> None:
        assert not await log.remembers()
        await log.remember()
        assert await log.remembers()
        assert log.generation >= 1

    async def test_who_lost_the_lease_cannot_append_any_more(self, log: RoomLog) -> None:
        first = await opened(log)
        second = (await log.append(ROOM, "c-1", first, OPENED_AT, [whisper("a")], 7)).cursor
        with pytest.raises(Fenced):
            await log.append(ROOM, "c-2", second, OPENED_AT, [whisper("b")], 6)
        with pytest.raises(Fenced):
            await log.append(ROOM, "c-2", first, OPENED_AT, [], 6)
        assert await log.head(ROOM) == second
        assert await log.append(ROOM, "c-1", first, OPENED_AT, [whisper("a")], 6) == Appended(second, fresh=False)
        third = await appended(log, "c-3", second, whisper("c"))  # people write without a lease
        assert isinstance(await log.append(ROOM, "c-4", third, OPENED_AT, [whisper("d")], 7), Appended)

    async def test_a_command_that_changes_nothing_raises_the_fence_too(self, log: RoomLog) -> None:
        first = await opened(log)
        await log.append(ROOM, "c-1", first, OPENED_AT, [], 1_790_000_000_000_000)
        with pytest.raises(Fenced):
            await log.append(ROOM, "c-2", first, OPENED_AT, [whisper("b")], 1_789_999_999_999_999)

    async def test_only_the_latest_of_each_telling_is_kept(self, log: RoomLog) -> None:
        for key, tell in (("partial", b"{1}"), ("speaking", b"{2}"), ("partial", b"{3}")):
            await log.tell(ROOM, key, tell)
        assert sorted(await log.told(ROOM)) == [b"{2}", b"{3}"]
        await log.untell(ROOM, "speaking")
        await log.untell(ROOM, "never told")
        assert list(await log.told(ROOM)) == [b"{3}"]
        assert await log.head(ROOM) is None


class TestMemoryRoomLog(RoomLogContract):
    @pytest.fixture
    def log(self) -> RoomLog:
        return MemoryRoomLog()


class TestRedisRoomLog(RoomLogContract):
    @pytest.fixture
    async def log(self, every_redis_url: str) -> AsyncIterator[RoomLog]:
        async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
            yield RedisRoomLog(redis)
