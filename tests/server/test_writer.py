"""The writer: every command once, in one total order, whoever else writes and whatever the log does."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.people import SYSTEM, Participant, Role
from rooms.refusals import Code, Refusal
from rooms.state import replay
from server import writer as writer_module
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_log import RedisRoomLog, RedisSubscriber
from server.feed import Feeds
from server.ports import Appended, Unavailable
from server.writer import Done, OtherLife, Writer
from tests.memory_log import MemoryRoomLog, MemorySubscriber
from tests.redis_parts import ROOM, cut_all_connections
from tests.server.test_feed import running
from tests.servers import Redis, free_port
from tests.waiting import PATIENT_MS

ADA = Participant(id="ada", name="Ada", role=Role.CANDIDATE)
GRACE = Participant(id="grace", name="Grace", role=Role.COACH)
OPEN = c.OpenRoom(room=ROOM, mode=e.Mode.TECHNICAL, length=3, notice="n-1", owner="owner")
CONSENT = c.GiveConsent(notice="n-1")
PAUSE, RESUME = c.PauseInterview(), c.ResumeInterview()
JOINS = tuple(c.Join(participant=who, connection=f"w-1.{who.id}", worker="w-1") for who in (ADA, GRACE))
BEGINNING = 3
"""How many events a room has when it is opened and both are in it."""


class Stopped:
    """A clock that a test moves."""

    now = 1_000_000

    def now_ms(self) -> int:
        return self.now


@pytest.fixture
def log() -> MemoryRoomLog:
    return MemoryRoomLog()


async def test_who_has_another_life_of_the_log_before_their_eyes_is_told_so_and_nothing_is_done(
    log: MemoryRoomLog,
) -> None:
    writer = Writer(log, None, Stopped(), deadline_ms=PATIENT_MS)
    await opened(writer)
    before = (await log.head(ROOM)).epoch
    assert isinstance(await writer.do(ROOM, CONSENT, ADA, "c-1", life=before), Done)
    log.rooms[ROOM].epoch = "anew"
    for _ in range(2):  # also when this process has read it anew
        with pytest.raises(OtherLife):
            await writer.do(ROOM, PAUSE, ADA, "c-2", life=before)
    assert (await log.check(ROOM, "c-2", None)) is not None
    assert not isinstance(await log.check(ROOM, "c-2", None), Appended)
    assert isinstance(await writer.do(ROOM, c.Whisper(text="On."), GRACE, "c-3", life="anew"), Done)


@pytest.fixture
async def writer(log: MemoryRoomLog) -> Writer:
    writer = Writer(log, None, Stopped(), deadline_ms=PATIENT_MS)
    await opened(writer)
    return writer


async def opened(writer: Writer, room: str = ROOM) -> None:
    """Open a room and let both in."""
    commands: tuple[c.Command, ...] = (OPEN.model_copy(update={"room": room}), *JOINS)
    for number, command in enumerate(commands):
        assert isinstance(await writer.do(room, command, SYSTEM, f"open-{number}"), Done)


async def events(log: MemoryRoomLog | RedisRoomLog) -> list[e.Event]:
    return [record.event for record in await log.read(ROOM, 0, 100_000)]


async def started(writer: Writer) -> None:
    commands: tuple[c.Command, ...] = (CONSENT, c.StartInterview())
    for number, command in enumerate(commands):
        assert isinstance(await writer.do(ROOM, command, ADA, f"start-{number}"), Done)


async def test_a_command_that_is_granted_is_in_the_log(log: MemoryRoomLog, writer: Writer) -> None:
    done = await writer.do(ROOM, CONSENT, ADA, "c-1")
    assert isinstance(done, Done)
    assert done.events == (e.ConsentGiven(participant="ada", notice="n-1"),)
    assert done.cursor == await log.head(ROOM)
    assert (await events(log))[BEGINNING:] == list(done.events)
    assert [record.command for record in await log.read(ROOM, BEGINNING, 9)] == ["c-1"]


async def test_commands_that_came_together_are_done_in_order_in_one_step(log: MemoryRoomLog, writer: Writer) -> None:
    reads = log.reads
    together = [("c-1", CONSENT), ("c-2", c.StartInterview()), ("c-3", PAUSE), ("c-4", PAUSE)]
    done = await writer.do_all(ROOM, together, ADA)
    assert done is not None
    assert list(done) == [BEGINNING + n for n in (1, 2, 3, 3)]
    assert [record.command for record in log.rooms[ROOM].records[BEGINNING:]] == ["c-1", "c-2", "c-3"]
    assert log.reads == reads
    room = await writer.look(ROOM)
    assert room == replay(record.event for record in log.rooms[ROOM].records)
    for (name, command), end in zip(together, done, strict=True):
        again = await writer.do(ROOM, command, ADA, name)
        assert isinstance(again, Done)
        assert (again.cursor.version, again.events) == (end, ())


@pytest.mark.parametrize(
    "together",
    [
        [("c-1", CONSENT), ("c-2", RESUME)],  # nothing to resume
        [("c-1", CONSENT), ("c-1", CONSENT)],
        [("c-1", CONSENT), ("was", CONSENT)],
    ],
)
async def test_what_cannot_be_done_together_is_not_done_at_all(
    log: MemoryRoomLog, writer: Writer, together: list[tuple[str, c.Command]]
) -> None:
    await writer.do(ROOM, c.OpenMicrophone(stream="s", sample_rate=16_000), ADA, "refused")
    assert isinstance(await writer.do(ROOM, c.Whisper(text="Hello."), GRACE, "was"), Done)
    before = await log.head(ROOM)
    assert await writer.do_all(ROOM, together, ADA) is None
    assert await log.head(ROOM) == before


async def test_commands_that_came_together_from_another_life_or_to_a_log_that_moved_on_are_not_done(
    log: MemoryRoomLog, writer: Writer
) -> None:
    other = Writer(log, None, Stopped())
    assert isinstance(await other.do(ROOM, c.Whisper(text="First."), GRACE, "w-1"), Done)
    together = [("c-1", CONSENT), ("c-2", c.StartInterview())]
    assert await writer.do_all(ROOM, together, ADA) is None
    assert await writer.do_all(ROOM, together, ADA, life="another") is None
    assert [isinstance(await writer.do(ROOM, command, ADA, name), Done) for name, command in together] == [True, True]


async def test_commands_that_came_together_and_got_no_answer_are_found_done(log: MemoryRoomLog, writer: Writer) -> None:
    log.forgets_to_answer = 1
    together = [("c-1", CONSENT), ("c-2", c.StartInterview())]
    assert await writer.do_all(ROOM, together, ADA) is None
    for number, (name, command) in enumerate(together, 1):
        done = await writer.do(ROOM, command, ADA, name)
        assert isinstance(done, Done)
        assert (done.cursor.version, done.events) == (BEGINNING + number, ())
    assert len(log.rooms[ROOM].records) == BEGINNING + 2


async def test_the_clock_is_read_once_and_given_to_rule_and_log_alike(log: MemoryRoomLog) -> None:
    clock = Stopped()
    writer = Writer(log, None, clock)
    await opened(writer)
    clock.now += 5_000
    await writer.do(ROOM, c.Whisper(text="Slow down."), GRACE, "c-1")
    record = (await log.read(ROOM, BEGINNING, 1))[0]
    assert isinstance(record.event, e.Whispered)
    assert (record.at, record.event.at_ms) == (clock.now, 5_000)


async def test_a_refused_command_leaves_no_trace(log: MemoryRoomLog, writer: Writer) -> None:
    refused = await writer.do(ROOM, c.StartInterview(), ADA, "c-1")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CONSENT_NEEDED
    assert len(await events(log)) == BEGINNING


async def test_a_refused_command_may_be_granted_later_under_the_same_id(writer: Writer) -> None:
    assert isinstance(await writer.do(ROOM, c.StartInterview(), ADA, "c-1"), Refusal)
    await writer.do(ROOM, CONSENT, ADA, "c-2")
    assert isinstance(await writer.do(ROOM, c.StartInterview(), ADA, "c-1"), Done)


async def test_an_unknown_room_is_refused(log: MemoryRoomLog, writer: Writer) -> None:
    refused = await writer.do("r-none", CONSENT, ADA, "c-1")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.UNKNOWN_ROOM
    assert await log.head("r-none") is None


async def test_a_room_is_opened_once(log: MemoryRoomLog, writer: Writer) -> None:
    first = (await log.read(ROOM, 0, 1))[0]
    again = await writer.do(ROOM, OPEN, SYSTEM, "open-0")
    assert isinstance(again, Done)
    assert (again.cursor.version, again.cursor.tag) == (1, first.tag)
    other = await Writer(log, None, Stopped()).do(ROOM, OPEN, SYSTEM, "another open")
    assert isinstance(other, Refusal)
    assert other.code is Code.ROOM_EXISTS


async def test_a_repeated_command_has_its_first_outcome(log: MemoryRoomLog, writer: Writer) -> None:
    first = await writer.do(ROOM, c.Whisper(text="a"), GRACE, "c-1")
    await writer.do(ROOM, c.Whisper(text="b"), GRACE, "c-2")
    again = await writer.do(ROOM, c.Whisper(text="a"), GRACE, "c-1")
    assert isinstance(first, Done)
    assert again == Done(first.cursor, ())
    assert len(await events(log)) == BEGINNING + 2


async def test_a_repeated_command_is_done_even_where_it_would_now_be_refused(
    log: MemoryRoomLog, writer: Writer
) -> None:
    await writer.do(ROOM, CONSENT, ADA, "c-1")
    first = await writer.do(ROOM, c.StartInterview(), ADA, "c-2")
    assert isinstance(first, Done)
    for elsewhere in (writer, Writer(log, None, Stopped())):
        assert await elsewhere.do(ROOM, c.StartInterview(), ADA, "c-2") == Done(first.cursor, ())
        later = await elsewhere.do(ROOM, c.StartInterview(), ADA, "c-3")
        assert isinstance(later, Refusal)


async def test_what_is_true_already_is_done_without_events(log: MemoryRoomLog, writer: Writer) -> None:
    await started(writer)
    await writer.do(ROOM, PAUSE, ADA, "c-1")
    head = await log.head(ROOM)
    assert head is not None
    assert await writer.do(ROOM, PAUSE, GRACE, "c-2") == Done(head, ())
    assert await log.head(ROOM) == head


async def test_what_was_true_already_does_nothing_when_it_is_repeated_later(log: MemoryRoomLog, writer: Writer) -> None:
    """The acknowledgement got lost; meanwhile the coach resumed. The old wish to pause must not pause again."""
    await started(writer)
    await writer.do(ROOM, PAUSE, ADA, "c-1")
    await writer.do(ROOM, PAUSE, ADA, "c-2")
    await writer.do(ROOM, RESUME, GRACE, "c-3")
    assert isinstance(await writer.do(ROOM, PAUSE, ADA, "c-2"), Done)
    room = replay(await events(log))
    assert room is not None
    assert not room.paused


async def test_a_refusal_is_never_given_on_an_old_room(log: MemoryRoomLog, writer: Writer) -> None:
    """The client saw the consent happen through another worker: this one must not say that it is missing."""
    await Writer(log, None, Stopped()).do(ROOM, CONSENT, ADA, "c-1")
    assert isinstance(await writer.do(ROOM, c.StartInterview(), ADA, "c-2"), Done)


async def test_nothing_to_do_is_never_said_on_an_old_room(log: MemoryRoomLog, writer: Writer) -> None:
    await started(writer)
    await writer.do(ROOM, PAUSE, ADA, "c-1")
    await Writer(log, None, Stopped()).do(ROOM, RESUME, GRACE, "c-2")
    await writer.do(ROOM, PAUSE, ADA, "c-3")
    room = replay(await events(log))
    assert room is not None
    assert room.paused


async def test_after_a_fork_the_room_is_read_anew(log: MemoryRoomLog, writer: Writer) -> None:
    await started(writer)
    log.fall_back(ROOM, BEGINNING)
    refused = await writer.do(ROOM, c.StartInterview(), ADA, "c-9")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CONSENT_NEEDED


async def test_a_room_that_vanished_is_unknown(log: MemoryRoomLog, writer: Writer) -> None:
    await started(writer)
    log.forget(ROOM)
    refused = await writer.do(ROOM, PAUSE, ADA, "c-9")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.UNKNOWN_ROOM


async def test_the_feed_of_a_followed_room_saves_reading_the_log(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log)
    async with running(log, ear) as feeds:
        writer = Writer(log, feeds, Stopped())
        await opened(writer)
        async with feeds.follow(ROOM):
            other = Writer(log, feeds, Stopped())
            reads = log.reads
            assert isinstance(await other.do(ROOM, CONSENT, ADA, "c-1"), Done)
            assert log.reads == reads


async def test_what_is_appended_here_is_known_here_without_being_heard(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log, loses=lambda m: bool(m.records))
    async with running(log, ear) as feeds:
        writer = Writer(log, feeds, Stopped())
        await opened(writer)
        async with feeds.follow(ROOM) as feed:
            reads = log.reads
            together = [(f"c-{number}", c.Whisper(text="a")) for number in range(3)]
            assert await writer.do_all(ROOM, together, GRACE) is not None
            assert isinstance(await writer.do(ROOM, c.Whisper(text="b"), GRACE, "c-3"), Done)
            assert feed.cursor == await log.head(ROOM)
            assert [line.text for line in feed.room.whispers] == ["a", "a", "a", "b"]
            assert log.reads == reads


async def test_a_feed_that_lags_behind_does_not_slow_its_own_writer(log: MemoryRoomLog) -> None:
    ear = MemorySubscriber(log, loses=lambda m: bool(m.records))
    async with running(log, ear) as feeds:
        writer, other = Writer(log, feeds, Stopped()), Writer(log, None, Stopped())
        await opened(writer)
        async with feeds.follow(ROOM) as feed:
            await other.do(ROOM, c.Whisper(text="unheard"), GRACE, "c-other")
            await writer.do(ROOM, c.Whisper(text="a"), GRACE, "c-first")
            reads = log.reads
            for number in range(5):
                assert isinstance(await writer.do(ROOM, c.Whisper(text="a"), GRACE, f"c-{number}"), Done)
            assert feed.cursor.version == BEGINNING
            assert log.reads == reads


async def test_rooms_are_forgotten_in_order_and_read_again(log: MemoryRoomLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "ROOMS_KEPT", 2)
    writer = Writer(log, None, Stopped())
    for number in range(5):
        await opened(writer, f"r-{number}")
    for number in range(5):
        assert isinstance(await writer.do(f"r-{number}", CONSENT, ADA, "c-1"), Done)


# --- looking --------------------------------------------------------------------------------------------------------


async def test_looking_shows_the_room_as_it_is_now(log: MemoryRoomLog, writer: Writer) -> None:
    other = Writer(log, None, Stopped())
    assert await other.look(ROOM) == await writer.look(ROOM)
    await writer.do(ROOM, CONSENT, ADA, "c-1")
    seen = await other.look(ROOM)
    assert seen is not None
    assert seen.consented
    assert await other.look("r-none") is None


async def test_a_glance_shows_what_is_known_here_and_asks_only_for_what_is_not(
    log: MemoryRoomLog, writer: Writer
) -> None:
    other = Writer(log, None, Stopped())
    known = await other.glance(ROOM)
    assert known is not None
    await writer.do(ROOM, CONSENT, ADA, "c-1")
    reads = log.reads
    assert await other.glance(ROOM) == known
    assert log.reads == reads
    assert await other.glance("r-none") is None


# --- trouble --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 3])
async def test_an_append_whose_answer_was_lost_is_done_once(log: MemoryRoomLog, writer: Writer, lost: int) -> None:
    log.forgets_to_answer = lost
    done = await writer.do(ROOM, c.Whisper(text="a"), GRACE, "c-1")
    assert isinstance(done, Done)
    assert done.cursor == await log.head(ROOM)
    assert len(await events(log)) == BEGINNING + 1


async def test_without_a_log_a_command_ends_at_its_deadline(log: MemoryRoomLog, writer: Writer) -> None:
    log.away = True
    with pytest.raises(Unavailable):
        await Writer(log, None, Stopped(), deadline_ms=100).do(ROOM, CONSENT, ADA, "c-1")
    log.away = False
    assert isinstance(await writer.do(ROOM, CONSENT, ADA, "c-1"), Done)
    assert len(await events(log)) == BEGINNING + 1


async def test_a_command_waits_for_a_log_that_comes_back_in_time(log: MemoryRoomLog, writer: Writer) -> None:
    log.away = True
    late = asyncio.create_task(writer.do(ROOM, CONSENT, ADA, "c-1"))
    await asyncio.sleep(0.05)
    log.away = False
    assert isinstance(await late, Done)


async def test_a_full_log_is_said_at_once(log: MemoryRoomLog, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise Unavailable("redis", full=True)

    monkeypatch.setattr(log, "append", full)
    with pytest.raises(Unavailable) as refused:
        await asyncio.wait_for(writer.do(ROOM, CONSENT, ADA, "c-1"), PATIENT_MS / 2_000)  # not at its deadline
    assert refused.value.full


async def test_a_cancelled_command_frees_its_room(log: MemoryRoomLog, writer: Writer) -> None:
    log.away = True
    hanging = asyncio.create_task(writer.do(ROOM, CONSENT, ADA, "c-1"))
    await asyncio.sleep(0)
    hanging.cancel()
    log.away = False
    assert isinstance(await writer.do(ROOM, CONSENT, ADA, "c-2"), Done)


# --- many at once ---------------------------------------------------------------------------------------------------


async def test_commands_of_one_room_are_done_in_the_order_of_calling(log: MemoryRoomLog, writer: Writer) -> None:
    texts = [str(number) for number in range(30)]
    calls = [writer.do(ROOM, c.Whisper(text=text), GRACE, f"c-{text}") for text in texts]
    await asyncio.gather(*calls)
    assert [event.text for event in await events(log) if isinstance(event, e.Whispered)] == texts


async def hammer(url: str, disturb: Callable[[], None] | None = None) -> None:
    """Four processes, each with its own connection and feeds, write to one room; some commands come twice."""
    writers = 4
    each = 40
    async with AsyncExitStack() as stack:
        places: list[Writer] = []
        for _ in range(writers):
            redis = await stack.enter_async_context(RedisConnection(url, PATIENT_MS))
            log = RedisRoomLog(redis)
            feeds = await stack.enter_async_context(running(log, RedisSubscriber(redis)))
            places.append(Writer(log, feeds, Stopped(), deadline_ms=PATIENT_MS))
            if len(places) == 1:
                await opened(places[0])
            await stack.enter_async_context(feeds.follow(ROOM))

        outcomes: dict[str, list[int]] = {}

        async def write(number: int) -> None:
            for turn in range(each):
                command_id = f"w{number}.{turn}"
                text = c.Whisper(text=command_id)
                ways = [places[number], places[(number + 1) % writers]] if turn % 4 == 0 else [places[number]]
                done = await asyncio.gather(*(way.do(ROOM, text, GRACE, command_id) for way in ways))
                outcomes[command_id] = [one.cursor.version for one in done if isinstance(one, Done)]
                if disturb and turn == each // 2 and number == 0:
                    disturb()

        await asyncio.gather(*(write(number) for number in range(writers)))
        records = await log.read(ROOM, BEGINNING, 10_000)

    said = [record.event.text for record in records if isinstance(record.event, e.Whispered)]
    assert Counter(said) == Counter(f"w{number}.{turn}" for number in range(writers) for turn in range(each))
    assert [record.version for record in records] == list(range(BEGINNING + 1, BEGINNING + 1 + writers * each))
    for number in range(writers):
        mine = [text for text in said if text.startswith(f"w{number}.")]
        assert mine == [f"w{number}.{turn}" for turn in range(each)]
    for record in records:
        assert set(outcomes[record.command]) == {record.version}, "each was told where its command is"


async def test_four_processes_write_one_room_without_loss_or_doubles(any_redis_url: str) -> None:
    await hammer(any_redis_url)


async def test_four_processes_write_one_room_while_connections_are_cut(redis_url: str) -> None:
    await hammer(redis_url, disturb=lambda: cut_all_connections(redis_url))


async def test_four_processes_write_one_room_while_redis_is_killed(killable_redis: Callable[[], Redis]) -> None:
    server = killable_redis()

    def kill() -> None:
        server.kill()
        server.start()

    await hammer(server.url, disturb=kill)


async def test_of_two_processes_that_open_one_room_one_does(any_redis_url: str) -> None:
    async with RedisConnection(any_redis_url, PATIENT_MS) as one, RedisConnection(any_redis_url, PATIENT_MS) as other:
        writers = [Writer(RedisRoomLog(redis), None, Stopped()) for redis in (one, other)]
        outcomes = await asyncio.gather(
            *(writer.do(ROOM, OPEN, SYSTEM, f"open-{number}") for number, writer in enumerate(writers))
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        assert [refusal.code for refusal in refused] == [Code.ROOM_EXISTS]


async def test_a_redis_that_never_answers_is_unavailable_within_the_deadline() -> None:
    async with RedisConnection(f"redis://127.0.0.1:{free_port()}", 100) as redis:
        log = RedisRoomLog(redis)
        writer = Writer(log, Feeds(log, RedisSubscriber(redis)), Stopped(), deadline_ms=300)
        with pytest.raises(Unavailable):
            await writer.do(ROOM, CONSENT, ADA, "c-1")
