"""What happened in a room, read again: page by page, in one's own view, from the log or from the archive."""

import asyncio
import time
from io import StringIO
from typing import Any

import pytest
import pytest_asyncio

from client import Greenroom, RefusedError, connect
from client.cli import main
from client.replay import replay
from client.screen import Screen
from rooms.commands import EndInterview, GiveConsent, OpenLobby, StartInterview, TakeNote, Whisper
from rooms.people import SYSTEM, Role
from rooms.protocol import Happened
from rooms.state import Room, after
from server.adapters.redis_connection import RedisConnection, room_key
from tests.deployment import TOKEN
from tests.server.conftest import Standing
from tests.server.talker import as_guest
from tests.waiting import until


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def over(standing: Standing) -> tuple[str, Room]:
    """A room that is over, for all who only read it, and how its coach saw it at the end."""
    async with connect(standing.web.url, token=TOKEN) as greenroom:
        return await one_that_is_over(greenroom)


async def one_that_is_over(greenroom: Greenroom) -> tuple[str, Room]:
    opened = await greenroom.open_room("behavioural")
    async with greenroom.join(opened, Role.COACH) as coach:
        async with greenroom.join(opened) as candidate:
            await candidate.do(GiveConsent(notice=candidate.room.notice))
            await coach.do(TakeNote(text="Calm."))
            await coach.do(Whisper(text="Breathe."))
            await candidate.do(StartInterview())
            await candidate.do(EndInterview())
        await greenroom.wait_for_report(opened.room)
        await coach.until(lambda room: room.closed_ms is not None)
        seen = coach.room

    async def nobody_is_here() -> bool:
        return not any(person.here for person in folded(await told(greenroom, opened.room)).people)

    await until(nobody_is_here)  # from now on nothing happens there any more
    return opened.room, seen


async def told(greenroom: Greenroom, room: str, role: Role | None = None) -> list[Happened]:
    return [fact async for fact in greenroom.history(room, role)]


def folded(facts: list[Happened]) -> Room:
    room: Room | None = None
    for fact in facts:
        room = after(room, fact.event)
    assert room is not None
    return room


def but_for_who_is_here(room: Room) -> Room:
    return room.model_copy(update={"people": (), "empty_ms": None, "stopped_ms": None})


async def test_the_story_read_again_makes_the_room_that_was_seen(greenroom: Greenroom, over: tuple[str, Room]) -> None:
    id, seen = over
    facts = await told(greenroom, id)
    assert but_for_who_is_here(folded(facts)) == but_for_who_is_here(seen)
    assert [fact.version for fact in facts] == list(range(1, len(facts) + 1))
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)


async def test_who_comes_into_a_room_that_is_over_rates_its_answers_blind_no_more(
    greenroom: Greenroom, room: str
) -> None:
    async with greenroom.join(room) as candidate:
        await candidate.do(GiveConsent(notice=candidate.room.notice))
        await candidate.do(StartInterview())
        await candidate.until(lambda now: now.turn is not None)
        await candidate.do(EndInterview())
        await greenroom.wait_for_report(room)
    for role, blind in ((Role.CANDIDATE, True), (Role.COACH, False)):
        async with as_guest(await greenroom.invite(room, Role.COACH)) as guest:
            async with (guest if role is Role.COACH else greenroom).join(room, role) as late:
                assert late.room.closed_ms is not None
            (turn,) = (await guest._ask("GET", f"/api/reviews/{room}"))["turns"]
            assert turn["blind"] is blind


async def test_each_page_goes_on_where_the_last_one_ended(greenroom: Greenroom, over: tuple[str, Room]) -> None:
    id, _ = over
    whole = [fact.model_dump(mode="json") for fact in await told(greenroom, id)]
    pages, through, more = list[Any](), 0, True
    while more:
        page = await greenroom._ask("GET", f"/api/rooms/{id}/events?after={through}&limit=3")
        assert len(page["events"]) <= 3
        pages, through, more = pages + page["events"], page["through"], page["more"]
    assert pages == whole


async def test_a_candidate_reads_what_a_candidate_saw(greenroom: Greenroom, over: tuple[str, Room]) -> None:
    id, _ = over
    async with as_guest(await greenroom.invite(id, Role.CANDIDATE)) as ana:
        kinds = [fact.event.kind for fact in await told(ana, id)]
        with pytest.raises(RefusedError, match="role"):
            await told(ana, id, Role.COACH)
    assert "whispered" in kinds
    assert not {"note_taken", "turn_scored"} & set(kinds)


async def test_what_the_log_has_forgotten_is_read_from_the_archive(standing: Standing, greenroom: Greenroom) -> None:
    id, _ = await one_that_is_over(greenroom)
    before = await told(greenroom, id)
    async with RedisConnection(standing.redis.url, 3_000) as redis:
        for name in ("log", "head", "commands", "told", "snapshot"):
            await redis.call("DEL", room_key(id, name))
    archived = await told(greenroom, id)
    assert archived == before[: len(archived)]  # who left when it was over is not archived any more
    assert archived[-1].event.kind in ("room_closed", "participant_left")


async def test_a_replay_prints_what_was_watched_in_its_own_time(greenroom: Greenroom, over: tuple[str, Room]) -> None:
    id, _ = over
    out, waited = StringIO(), list[float]()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    facts = await told(greenroom, id)
    assert await replay(greenroom.history(id), Screen(out), 2.0, sleep) == len(facts)
    assert sum(waited) == pytest.approx((facts[-1].at - facts[0].at) / 2_000)
    assert "notes: Calm." in out.getvalue()
    assert "The interview is over." in out.getvalue()
    await replay(greenroom.history(id), Screen(out), None, sleep)
    assert sum(waited) == pytest.approx((facts[-1].at - facts[0].at) / 2_000)


async def test_the_command_line_replays_and_erases(greenroom: Greenroom, capsys: pytest.CaptureFixture[str]) -> None:
    id, _ = await one_that_is_over(greenroom)
    place = ["--url", greenroom.base, "--token", TOKEN]
    assert await asyncio.to_thread(main, ["replay", f"{greenroom.base}/rooms/{id}/coach", "--at-once", *place]) == 0
    assert "notes: Calm." in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["replay", id, "--speed", "1000", "--role", "candidate", *place]) == 0
    assert "Calm." not in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["erase", id, *place]) == 0
    assert await asyncio.to_thread(main, ["open", "--starts-at", "2001-01-01T10:00", *place]) == 1
    assert "between now and a year from now" in capsys.readouterr().err


# --- planned rooms --------------------------------------------------------------------------------------------


def in_ms(seconds: float) -> int:
    return int((time.time() + seconds) * 1000)


async def test_a_room_is_planned_and_opened_early_by_its_coach(greenroom: Greenroom) -> None:
    starts_at = in_ms(3600)
    opened = await greenroom.open_room("technical", starts_at=starts_at)
    card = await greenroom.room(opened.room)
    assert (card.stage, card.starts_at, card.phase) == ("scheduled", starts_at, "lobby")
    async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
        await candidate.do(GiveConsent(notice=candidate.room.notice))
        with pytest.raises(RefusedError, match="has not begun yet"):
            await candidate.do(StartInterview())
        await coach.do(OpenLobby())
        await candidate.do(StartInterview())
        assert (await greenroom.room(opened.room)).stage == "live"


async def test_a_planned_room_opens_by_itself(greenroom: Greenroom) -> None:
    opened = await greenroom.open_room("technical", starts_at=in_ms(1.5))  # it must have arrived by then
    async with greenroom.join(opened) as candidate:
        await candidate.until(lambda room: not room.scheduled)
        assert time.time() * 1000 >= candidate.room.starts_at
    (by,) = [fact.event.by for fact in await told(greenroom, opened.room) if fact.event.kind == "lobby_opened"]
    assert by == SYSTEM.id


@pytest.mark.parametrize(
    ("starts_at", "code"),
    [(1, "bad_start"), (in_ms(400 * 86_400), "bad_start"), (-1, "request_invalid"), (2**60, "request_invalid"),
     ("tomorrow", "request_invalid")],
    ids=["long-ago", "in-over-a-year", "negative", "too-great", "word"],  # the same in every process of a run
)  # fmt: skip
async def test_a_beginning_that_cannot_be_is_refused(greenroom: Greenroom, starts_at: Any, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await greenroom.open_room("technical", starts_at=starts_at)
    assert refused.value.code == code


async def test_a_closed_room_is_archived_when_its_report_is_there(greenroom: Greenroom, over: tuple[str, Room]) -> None:
    assert (await greenroom.room(over[0])).stage == "archived"


# --- a second device ------------------------------------------------------------------------------------------


async def test_a_second_device_that_does_not_want_to_take_over_is_refused(greenroom: Greenroom, room: str) -> None:
    async with greenroom.join(room) as first:
        with pytest.raises(RefusedError, match="on another device"):
            async with greenroom.join(room, takeover=False):
                pass
        await first.do(GiveConsent(notice=first.room.notice))
