"""Bad input on a socket: each gets its code and sentence from the table, and the next room notices nothing."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from starlette.requests import HTTPConnection
from starlette.responses import Response

from client import Greenroom, Visit, connect
from rooms.commands import Whisper
from rooms.people import Role
from rooms.protocol import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, SPOKEN, VERSION, Close
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_loads import RedisLoads
from server.identity import Identity, Person
from server.loads import FRESH_S, Load
from server.seat import MISTAKES
from server.settings import Settings
from tests.deployment import SECRET_KEY, TOKEN
from tests.server.conftest import CONNECTIONS_PER_ROOM, MESSAGES_PER_SECOND, Standing
from tests.server.talker import (
    Quiet,
    Talker,
    a_grace_later,
    as_guest,
    deaf,
    frame,
    held_by_server,
    inside,
    knocking,
    quiet_room,
    with_microphone,
)
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def greenroom(standing: Standing) -> AsyncIterator[Greenroom]:
    async with connect(standing.web.url, token=TOKEN) as owner:
        yield owner


@pytest_asyncio.fixture(loop_scope="module")
async def room(greenroom: Greenroom) -> str:
    return (await greenroom.open_room("behavioural")).room


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def quiet(greenroom: Greenroom) -> AsyncIterator[Quiet]:
    """An interview in another room on the same workers, all along."""
    async with quiet_room(greenroom) as quiet:
        yield quiet


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def unnoticed(quiet: Quiet) -> AsyncIterator[None]:
    """The next room noticed nothing of what a test did."""
    yield
    await quiet.noticed_nothing()


# --- at the door ----------------------------------------------------------------------------------------------


async def test_a_ticket_that_never_was_is_refused(greenroom: Greenroom, room: str) -> None:
    async with knocking(greenroom, room) as talker:
        await talker.say({"type": "hello", "protocol": VERSION, "ticket": "made-up"})
        await talker.is_sent_away("ticket_invalid")


async def test_a_ticket_opens_one_socket_once(greenroom: Greenroom, room: str) -> None:
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket
    async with knocking(greenroom, room) as first, knocking(greenroom, room) as second:
        await first.hello(ticket)
        await second.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await second.is_sent_away("ticket_invalid")
        await first.is_well()


async def test_a_ticket_opens_its_own_room_only(greenroom: Greenroom, room: str) -> None:
    other = await greenroom.open_room("technical")
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket
    async with knocking(greenroom, other.room) as talker:
        await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await talker.is_sent_away("ticket_invalid")


async def test_a_ticket_taken_in_another_rooms_name_is_spent(greenroom: Greenroom, room: str) -> None:
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket
    async with knocking(greenroom, "r-nowhere") as talker:
        await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await talker.is_sent_away("ticket_invalid")
    async with knocking(greenroom, room) as talker:
        await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await talker.is_sent_away("ticket_invalid")


async def test_a_page_of_a_foreign_origin_is_told_so_and_nothing_else(greenroom: Greenroom, room: str) -> None:
    async with knocking(greenroom, room, origin="https://evil.example") as talker:
        await talker.is_sent_away("origin_refused")
        assert [said["type"] for said in talker.heard] == ["goodbye"]


async def test_a_ticket_works_in_the_origin_that_it_was_given_to_only(greenroom: Greenroom, room: str) -> None:
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket  # given to a program, which has no origin
    async with knocking(greenroom, room, origin=greenroom.base) as talker:
        await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await talker.is_sent_away("ticket_invalid")


@pytest.mark.parametrize(
    "first",
    [
        b"\x01\x00\x00\x00",
        frame(0),
        "",
        "hello",
        "[" * 60_000,
        '{"type": "hello", "protocol": 1}',
        '{"type": "hello", "protocol": "one", "ticket": "t"}',
        '{"type": "hello", "protocol": 1, "ticket": "t", "role": "system"}',
        '{"type": "do", "id": "c-1", "command": {"kind": "start_interview"}}',
        '{"type": "typing", "turn": 1}',
    ],
    ids=["bytes", "audio", "empty", "no-json", "nested", "no-ticket", "wrong-type", "unknown-field", "do", "typing"],
)
async def test_whoever_says_anything_before_hello_is_sent_away(
    greenroom: Greenroom, room: str, first: str | bytes
) -> None:
    async with knocking(greenroom, room) as talker:
        await talker.say(first)
        await talker.is_sent_away("hello_expected")


@pytest.mark.parametrize("protocol", [0, VERSION + 1, -1])
async def test_a_version_that_is_not_spoken_is_refused(greenroom: Greenroom, room: str, protocol: int) -> None:
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket
    async with knocking(greenroom, room) as talker:
        await talker.say({"type": "hello", "protocol": protocol, "ticket": ticket})
        await talker.is_sent_away("protocol_unknown")


async def test_members_of_this_version_and_the_one_before_are_side_by_side(greenroom: Greenroom, room: str) -> None:
    assert SPOKEN == (1, VERSION)
    async with inside(greenroom, room, Role.COACH) as now, knocking(greenroom, room) as older:
        welcome = await older.hello((await greenroom.ticket(room, Role.CANDIDATE)).ticket, protocol=1)
        assert (welcome["protocol"], now.heard[0]["protocol"]) == (1, VERSION)
        assert "durable" in now.heard[0]
        assert "durable" not in welcome
        await now.do("whisper", text="To both.")
        while (await older.hears("event"))["event"]["kind"] != "whispered":
            pass  # a worker may name its recogniser meanwhile
        await older.is_well()


async def test_whoever_does_not_say_hello_in_time_is_sent_away(greenroom: Greenroom, room: str) -> None:
    async with knocking(greenroom, room) as talker:
        await talker.is_sent_away("hello_expected")


async def test_a_resume_from_a_place_that_never_was_gives_the_whole_room(greenroom: Greenroom, room: str) -> None:
    for cursor, reason in (
        ({"epoch": "another", "version": 1, "tag": "x"}, "epoch"),
        ({"epoch": "", "version": 0, "tag": ""}, "epoch"),
    ):
        ticket = (await greenroom.ticket(room, Role.COACH)).ticket
        async with knocking(greenroom, room) as talker:
            welcome = await talker.hello(ticket, resume=cursor)
            assert welcome["reset"] == reason
            assert welcome["room"]["id"] == room


async def test_a_resume_from_a_fork_says_so(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room, Role.COACH) as talker:
        cursor = talker.heard[0]["cursor"]
    for wrong in ({"tag": "other"}, {"version": cursor["version"] + 1_000}):
        ticket = (await greenroom.ticket(room, Role.COACH)).ticket
        async with knocking(greenroom, room) as talker:
            assert (await talker.hello(ticket, resume=cursor | wrong))["reset"] == "fork"


async def test_a_welcome_shows_the_one_who_is_welcomed(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room, Role.COACH), inside(greenroom, room) as talker:
        people = talker.heard[0]["room"]["people"]
        assert [p["participant"]["role"] for p in people] == ["coach", "candidate"]


# --- coming back ----------------------------------------------------------------------------------------------


async def test_who_comes_back_with_a_return_ticket_was_never_gone_for_the_others(
    greenroom: Greenroom, room: str, standing: Standing
) -> None:
    async with inside(greenroom, room) as candidate, knocking(greenroom, room) as again:
        async with inside(greenroom, room, Role.COACH) as coach:
            before = coach.heard[0]
        welcome = await again.hello(before["return_ticket"], resume=before["cursor"])
        resumed = [(await again.hears("event"))["event"]["kind"] for _ in range(welcome["resumed"])]
        assert welcome["you"] == before["you"]
        assert resumed in ([], ["transcriber_named"])  # a worker may take the room on meanwhile
        await a_grace_later(greenroom, room, candidate)  # the end of the first socket ends nothing
        await again.is_well()
        told = [said["event"] for said in candidate.heard if said["type"] == "event"]
        joined = next(fact for fact in told if fact.get("participant") == welcome["you"])
        assert [fact["kind"] for fact in told if fact.get("connection") == joined["connection"]] == [joined["kind"]]
        assert before["return_ticket"] not in standing.deployment.logs


async def test_a_return_ticket_brings_back_once_and_the_next_welcome_has_another(
    greenroom: Greenroom, room: str
) -> None:
    async with knocking(greenroom, room) as again, knocking(greenroom, room) as thief:
        async with inside(greenroom, room, Role.COACH) as coach:
            ticket = coach.heard[0]["return_ticket"]
        welcome = await again.hello(ticket)
        await thief.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
        await thief.is_sent_away("ticket_invalid")
        await again.is_well()
        async with knocking(greenroom, room) as on:
            await on.hello(welcome["return_ticket"])
            await on.is_well()


async def test_a_return_ticket_is_for_its_own_room_and_origin(greenroom: Greenroom, room: str) -> None:
    other = (await greenroom.open_room("technical")).room
    async with inside(greenroom, room, Role.COACH) as coach, inside(greenroom, other, Role.COACH):
        ticket = coach.heard[0]["return_ticket"]
        for place, origin in ((other, None), (room, greenroom.base)):
            async with knocking(greenroom, place, origin=origin) as talker:
                await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
                await talker.is_sent_away("ticket_invalid")


async def test_a_page_comes_back_only_while_it_is_signed_in_as_who_left_and_in_their_role(
    greenroom: Greenroom, room: str, stranger: httpx.AsyncClient
) -> None:
    """Whatever it shows instead: no cookie, or one of another part or person (test_revoked: of an ended session)."""
    origin, identity = greenroom.base, Identity(_as_deployed(greenroom))
    assert (await stranger.get(await greenroom.invite(room, Role.COACH))).status_code == 303
    coach = f"greenroom={stranger.cookies['greenroom']}"
    guest, owner = identity.person(_asking(coach)), identity.sign_in(TOKEN, None)
    assert guest is not None
    assert owner is not None
    given = await stranger.post(f"/api/rooms/{room}/tickets", json={"role": "coach"}, headers={"Origin": origin})
    async with knocking(greenroom, room, origin=origin, cookie=coach) as left:
        ticket = (await left.hello(given.json()["ticket"]))["return_ticket"]
        others = guest.model_copy(update={"invited": {room: Role.CANDIDATE}}), owner
        for signed_in in (None, "greenroom=made-up", *(_cookie(identity, other) for other in others)):
            async with knocking(greenroom, room, origin=origin, cookie=signed_in) as thief:
                await thief.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
                await thief.is_sent_away("ticket_invalid")
        async with knocking(greenroom, room, origin=origin, cookie=coach) as back:
            assert (await back.hello(ticket))["you"]["role"] == "coach"


def _as_deployed(greenroom: Greenroom) -> Settings:
    return Settings(
        redis_url="redis://unused",
        database_url="sqlite+aiosqlite://",
        public_url=greenroom.base,
        secret_key=SecretStr(SECRET_KEY),
        sign_in_token=SecretStr(TOKEN),
    )


def _asking(cookie: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie.encode())]})


def _cookie(identity: Identity, person: Person) -> str:
    response = Response()
    identity.remember(response, person)
    return response.headers["set-cookie"].partition(";")[0]


async def test_two_sockets_with_one_connection_are_one_presence_to_all_and_leave_once(
    greenroom: Greenroom, room: str
) -> None:
    """A coach is back before the worker noticed that the first socket broke; then the second one breaks too."""
    async with inside(greenroom, room) as candidate, inside(greenroom, room, Role.COACH) as first:
        before = first.heard[0]
        async with knocking(greenroom, room) as second:
            await second.hello(before["return_ticket"], resume=before["cursor"])
            for socket, id in ((first, "a"), (second, "b"), (first, "c"), (second, "c")):
                assert (await socket.do("whisper", id, text=id))["type"] == "accepted"
            async with inside(greenroom, room, Role.OBSERVER) as newcomer:
                (coach,) = (p for p in newcomer.heard[0]["room"]["people"] if p["participant"]["role"] == "coach")
                assert len(coach["connections"]) == 1
            for socket in (first, second):
                while _whispers(socket) != ["a", "b", "c"]:
                    await socket.hears("event")
        assert await first.closed() == Close.LOST_TRACK  # it comes back anew
        while (await candidate.hears("event"))["event"].get("participant") != coach["participant"]["id"]:
            pass  # until they left
        await candidate.do("give_consent", notice=candidate.heard[0]["room"]["notice"])
        told = [said["event"] for said in candidate.heard if said["type"] == "event"]
        moves = [fact["kind"] for fact in told if coach["connections"][0] == fact.get("connection")]
        assert moves == ["participant_joined", "participant_left"]
        assert _whispers(candidate) == _whispers(first) == ["a", "b", "c"]


def _whispers(talker: Talker) -> list[str]:
    return [
        said["event"]["text"]
        for said in talker.heard
        if said["type"] == "event" and said["event"]["kind"] == "whispered"
    ]


async def test_who_was_counted_as_gone_needs_a_new_ticket(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as candidate:
        async with inside(greenroom, room, Role.COACH) as coach:
            ticket = coach.heard[0]["return_ticket"]
        while (await candidate.hears("event"))["event"]["kind"] != "participant_left":
            pass
        async with knocking(greenroom, room) as talker:
            await talker.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
            await talker.is_sent_away("ticket_invalid")


async def test_a_candidate_who_comes_back_has_the_seat_and_what_is_left_of_the_last_socket_goes(
    greenroom: Greenroom, room: str
) -> None:
    async with inside(greenroom, room) as left, knocking(greenroom, room) as again:
        ticket = left.heard[0]["return_ticket"]
        await again.hello(ticket, resume=left.heard[0]["cursor"])
        await left.is_sent_away("taken_over")
        async with knocking(greenroom, room) as replayed:
            await replayed.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
            await replayed.is_sent_away("ticket_invalid")
        await again.is_well()


async def test_a_client_comes_back_without_a_new_ticket_and_with_one_when_it_is_too_late(
    greenroom: Greenroom, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = []
    ticket = greenroom.ticket

    async def counted(*of: str) -> object:
        tickets.append(await ticket(*of))
        return tickets[-1]

    monkeypatch.setattr(greenroom, "ticket", counted)
    async with greenroom.join(room, Role.COACH) as coach:
        await _cut(coach)
        await coach.do(Whisper(text="Back."))
        assert len(tickets) == 1
        coach._talk.return_ticket = (coach._talk.return_ticket or "")[:-1]
        await _cut(coach)
        await coach.do(Whisper(text="Back again."))
        assert len(tickets) == 2


async def _cut(visit: Visit) -> None:
    wire = visit._lifeline._in_use
    assert wire is not None
    wire.transport.abort()
    await until(lambda: visit._lifeline._in_use is not wire and visit.connected)


# --- seats ----------------------------------------------------------------------------------------------------


async def test_a_second_candidate_is_refused_and_the_first_undisturbed(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as first:
        link = await greenroom.invite(room, Role.CANDIDATE)
        async with as_guest(link) as guest:
            ticket = (await guest.ticket(room, Role.CANDIDATE)).ticket
            async with knocking(greenroom, room) as second:
                await second.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
                await second.is_sent_away("seat_taken")
        await first.is_well()
        happened = [said["event"]["kind"] for said in first.heard if said["type"] == "event"]
        assert "participant_joined" not in happened
        assert "participant_left" not in happened


async def test_the_same_candidates_second_device_takes_over(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as first:
        await with_microphone(first)
        async with inside(greenroom, room) as second:
            await first.is_sent_away("taken_over")
            assert second.heard[0]["room"]["microphone"]["stream"] == "m-1"
            await second.is_well()


async def test_a_full_room_is_found_full_and_nobody_in_it_notices(greenroom: Greenroom, room: str) -> None:
    async with (
        inside(greenroom, room, Role.COACH) as first,
        inside(greenroom, room),
        inside(greenroom, room, Role.OBSERVER),
        inside(greenroom, room, Role.OBSERVER),
    ):
        assert CONNECTIONS_PER_ROOM == 5  # and one of them is for coaches
        ticket = (await greenroom.ticket(room, Role.OBSERVER)).ticket
        seen = await _joins(first)
        async with knocking(greenroom, room) as fifth:
            await fifth.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
            await fifth.is_sent_away("room_full")
        assert await _joins(first) == seen
        async with inside(greenroom, room, Role.COACH) as colleague:  # whoever looks on keeps no coach out
            await colleague.is_well()
            ticket = (await greenroom.ticket(room, Role.COACH)).ticket
            async with knocking(greenroom, room) as sixth:
                await sixth.say({"type": "hello", "protocol": VERSION, "ticket": ticket})
                await sixth.is_sent_away("room_full")
        async with inside(greenroom, room) as device:  # her seat is hers
            await device.is_well()


async def _joins(talker: Talker) -> int:
    await talker.is_well()
    return sum(said["type"] == "event" and said["event"]["kind"] == "participant_joined" for said in talker.heard)


TOO_LONG = f'{{"type": "do", "id": "c-7", "command": {{"kind": "type_answer", "turn": 1, "text": "{"x" * 10_001}"}}}}'

# --- text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("", None),
        ("{", None),
        ("null", None),
        ("[" * 60_000, None),
        ('"\\ud800"', None),
        ('{"type": "dance"}', None),
        ('{"type": "do", "id": "c-7"}', "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "start_interview"}, "who": "coach"}', "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "start_interview", "at": 1}}', "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "close_room"}}', "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "begin_answer", "turn": "first"}}', "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "begin_answer", "turn": 1e400}}', "c-7"),
        ('{"type": "do", "id": "no spaces", "command": {"kind": "start_interview"}}', None),
        ('{"type": "do", "id": 7, "command": {"kind": "start_interview"}}', None),
        (TOO_LONG, "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "type_answer", "turn": 1, "text": ""}}', "c-7"),
        ('{"type": "do", "id": "c-7", "command": {"kind": "whisper", "text": "%s"}}' % ("x" * 1_001), "c-7"),
        ('{"type": "typing", "turn": -1}', None),
        ('{"type": "hello", "protocol": 1, "ticket": "again"}', None),
    ],
)  # fmt: skip
async def test_what_has_not_the_right_shape_is_refused_by_its_id_and_the_socket_goes_on(
    greenroom: Greenroom, room: str, text: str, id: str | None
) -> None:
    async with inside(greenroom, room) as talker:
        await talker.say(text)
        await talker.is_refused("message_invalid", id)
        await talker.is_well()


async def test_text_that_is_no_text_ends_the_socket(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        await talker.socket.send(b"\xff\xfe", text=True)
        assert await talker.closed() == 1007


@pytest.mark.parametrize("big", ["x" * (MAX_MESSAGE_BYTES + 1), b"x" * (MAX_MESSAGE_BYTES + 1)], ids=["text", "binary"])
async def test_a_message_over_the_limit_ends_the_socket(greenroom: Greenroom, room: str, big: str | bytes) -> None:
    async with inside(greenroom, room) as talker:
        await talker.say(big)
        assert await talker.closed() == 1009


async def test_a_message_in_countless_pieces_ends_the_socket(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        await talker.socket.send(["x"] * 70)
        assert await talker.closed() == 1009


async def test_a_message_in_a_few_pieces_is_one_message(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        await talker.socket.send(['{"type": "do", "id": "c-7", ', '"command": ', '{"kind": "start_interview"}}'])
        await talker.is_refused("consent_needed", "c-7")


async def test_too_many_messages_a_second_end_the_socket(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        # Refused, and costs nothing; so many that a machine may take its time over them.
        talker.say_often('{"type": "hello", "protocol": 1, "ticket": "again"}', 20 * MESSAGES_PER_SECOND)
        await talker.is_sent_away("too_much")


@pytest.mark.parametrize(
    ("role", "kind", "fields"),
    [
        (Role.COACH, "give_consent", {"notice": "2026-11"}),
        (Role.COACH, "start_interview", {}),
        (Role.COACH, "type_answer", {"turn": 1, "text": "I answer for her."}),
        (Role.COACH, "open_microphone", {"stream": "m-1", "sample_rate": 16_000}),
        (Role.CANDIDATE, "whisper", {"text": "I whisper to myself."}),
        (Role.CANDIDATE, "choose_next", {"question": "b-01"}),
        (Role.CANDIDATE, "take_over", {}),
        (Role.OBSERVER, "whisper", {"text": "I only watch."}),
        (Role.OBSERVER, "end_interview", {}),
    ],
)
async def test_what_a_role_may_not_do_is_refused(
    greenroom: Greenroom, room: str, role: Role, kind: str, fields: dict[str, object]
) -> None:
    async with inside(greenroom, room, role) as talker:
        if kind == "choose_next":
            questions = await greenroom._ask("GET", "/api/questions?mode=behavioural")
            fields = {"question": questions["questions"][0]["id"]}
        answer = await talker.do(kind, **fields)
        assert (answer["type"], answer["code"]) == ("refused", "not_your_role")


async def test_a_question_that_the_rooms_bank_does_not_have_is_refused(greenroom: Greenroom, room: str) -> None:
    technical = (await greenroom._ask("GET", "/api/questions?mode=technical"))["questions"][0]["id"]
    async with inside(greenroom, room, Role.COACH) as talker:
        for number, question in enumerate(("b-none", technical)):
            answer = await talker.do("choose_next", f"c-{number}", question=question)
            assert answer["code"] == "unknown_question"


async def test_the_same_command_twice_is_done_once_and_nobody_spends_anothers(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room, Role.COACH) as coach, inside(greenroom, room, Role.OBSERVER) as observer:
        first = await coach.do("whisper", "w-1", text="Once.")
        assert await coach.do("whisper", "w-1", text="Twice?") == first
        assert (await observer.do("whisper", "w-1", text="Mine?"))["code"] == "not_your_role"
        async with inside(greenroom, room, Role.COACH) as again:
            assert [whisper["text"] for whisper in again.heard[0]["room"]["whispers"]] == ["Once."]


# --- audio ----------------------------------------------------------------------------------------------------


async def test_audio_before_a_microphone_is_open_is_refused_once(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        for seq in range(10):
            await talker.send_frame(seq)
        await talker.is_well()
        assert [said["code"] for said in talker.heard if said["type"] == "refused"].count("no_microphone") == 1


async def test_a_microphone_needs_consent_and_the_one_sample_rate(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        wish = {"stream": "m-1", "sample_rate": 48_000}
        assert (await talker.do("open_microphone", "c-1", **wish))["code"] == "consent_needed"
        await talker.do("give_consent", "c-2", notice=talker.heard[0]["room"]["notice"])
        assert (await talker.do("open_microphone", "c-3", **wish))["code"] == "wrong_sample_rate"
        await talker.send_frame(0)
        await talker.is_refused("no_microphone")


async def test_where_hearing_is_full_a_first_microphone_is_refused_and_one_that_is_open_goes_on(
    greenroom: Greenroom, room: str, standing: Standing
) -> None:
    load = {"worker": "w", "transcriber": "Echo", "rooms": 1, "rooms_limit": 9, "voices": 1, "busy_limit_percent": 75}
    free = Load(**load, behind_ms=0, behind_limit_ms=9)
    full = free.model_copy(update={"behind_ms": 9})
    async with RedisConnection(standing.redis.url, 3_000) as redis, inside(greenroom, room) as talker:
        numbers = itertools.count()

        async def opened(stream: str) -> str:
            said = await talker.do("open_microphone", f"o-{next(numbers)}", stream=stream, sample_rate=16_000)
            return str(said.get("code", said["type"]))

        await talker.do("give_consent", "c-1", notice=talker.heard[0]["room"]["notice"])
        await RedisLoads(redis).say(full)
        await asyncio.sleep(FRESH_S)  # so old may be what a web worker knows
        assert await opened("m-1") == "hearing_full"
        now = await greenroom._ask("GET", "/api/operations")
        assert [said["behind_ms"] for said in now["hearing"] if said["worker"] == "w"] == [9]
        await RedisLoads(redis).say(free)
        async with asyncio.timeout(10):
            while await opened("m-1") == "hearing_full":
                await asyncio.sleep(0.1)
        await RedisLoads(redis).say(full)
        await asyncio.sleep(FRESH_S)
        assert await opened("m-2") == "accepted"
        await RedisLoads(redis).say(free)  # for the tests that come after


async def test_consent_that_is_withdrawn_erases_the_audio_and_takes_no_more(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        await with_microphone(talker)
        await talker.send_frame(0)
        assert (await talker.hears("audio_safe"))["through"] == 0
        assert (await talker.do("withdraw_consent", "c-out"))["type"] == "accepted"
        await talker.send_frame(1)
        await talker.is_refused("no_microphone")
        await talker.do("give_consent", "c-again", notice=talker.heard[0]["room"]["notice"])
        stream = {"stream": "m-1", "sample_rate": 16_000}
        await talker.do("open_microphone", "c-anew", **stream)
        await talker.send_frame(0)
        assert (await talker.hears("audio_safe"))["through"] == 0


@pytest.mark.parametrize("role", [Role.COACH, Role.OBSERVER])
async def test_audio_of_one_who_does_not_answer_is_refused(greenroom: Greenroom, room: str, role: Role) -> None:
    async with inside(greenroom, room, role) as talker:
        await talker.send_frame(0)
        await talker.is_refused("not_your_role")
        talker.say_often(frame(0, ms=1), 20 * MESSAGES_PER_SECOND)  # each costs as much as a message does
        await talker.is_sent_away("too_much")


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        frame(0)[:11],
        frame(0)[:12],
        frame(0)[:-1],
        b"\x02" + frame(0)[1:],
        frame(0)[:1] + b"\x02" + frame(0)[2:],
        frame(0)[:3] + b"\x01" + frame(0)[4:],
        frame(0) + bytes(MAX_FRAME_BYTES),
    ],
    ids=["empty", "half-a-header", "no-samples", "odd-length", "version", "flags", "reserved", "too-long"],
)
async def test_bytes_that_are_no_frame_are_refused_and_what_follows_is_kept(
    greenroom: Greenroom, room: str, wrong: bytes
) -> None:
    async with inside(greenroom, room) as talker:
        await with_microphone(talker)
        await talker.say(wrong)
        await talker.is_refused("frame_invalid")
        await talker.send_frame(0)
        assert (await talker.hears("audio_safe"))["through"] == 0


async def test_what_is_said_in_one_breath_is_answered_in_order(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room, Role.COACH) as coach:
        note = {"kind": "take_note", "text": "Calm."}
        wishes = [{"type": "do", "id": f"n-{number}", "command": note} for number in range(70)]
        wishes[20]["command"] = {"kind": "hand_back"}  # refused: she is not in the chair
        wishes[41]["id"] = "n-40"  # done already, a moment ago
        await asyncio.gather(*(coach.say(wish) for wish in wishes))
        answers = [await coach.answer() for _ in wishes]
        assert [answer["id"] for answer in answers] == [wish["id"] for wish in wishes]
        assert [answer["type"] for answer in answers] == ["accepted"] * 20 + ["refused"] + ["accepted"] * 49
        versions = [answer["version"] for answer in answers if answer["type"] == "accepted"]
        assert versions == sorted(versions)
        assert len(set(versions)) == len(versions) - 1


async def test_frames_with_gaps_doubles_and_in_the_wrong_order_are_asked_for_again(
    greenroom: Greenroom, room: str
) -> None:
    async with inside(greenroom, room) as talker:
        await with_microphone(talker)

        async def sent(*numbers: int, through: int | None, again: bool = False) -> None:
            for number in numbers:
                await talker.send_frame(number)
            while True:
                safe = await talker.hears("audio_safe")
                if (safe["through"], safe["again"]) == (through, again):
                    return

        await sent(1, through=None, again=True)
        await sent(0, 1, 2, through=2)
        await sent(5, through=2, again=True)
        await sent(2, 2, 1, through=2)
        await sent(2**32 - 1, through=2, again=True)
        await sent(3, 4, 5, through=5)
        await talker.is_well()


async def test_frames_belong_to_the_microphone_that_was_opened_before_them(greenroom: Greenroom, room: str) -> None:
    """A new stream begins at 0 at once; none of its frames may end up in the old one, whatever messages are late."""
    async with inside(greenroom, room) as talker:
        await with_microphone(talker, "m-0")
        for number in range(1, 6):
            stream = f"m-{number}"
            await talker.say(
                {
                    "type": "do",
                    "id": f"open-{stream}",
                    "command": {"kind": "open_microphone", "stream": stream, "sample_rate": 16_000},
                }
            )
            for seq in range(3):
                await talker.send_frame(seq)
            while True:
                safe = await talker.hears("audio_safe")
                if (safe["stream"], safe["through"]) == (stream, 2):
                    break
        assert not any(said.get("again") for said in talker.heard)


async def test_a_flood_of_frames_ends_the_socket(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        await with_microphone(talker)
        talker.say_often(b"\x01", 40_000)
        assert await talker.closed() == 4508


# --- slow readers ---------------------------------------------------------------------------------------------


LONG_LINE = "\x01" * 1_000
"""6 KB on the wire."""


async def whisper_much(coach: Visit, messages: int, now_and_then: Callable[[], Awaitable[None]]) -> None:
    for _ in range(messages // 50):
        await asyncio.gather(*(coach.do(Whisper(text=LONG_LINE)) for _ in range(50)))
        await now_and_then()


async def test_a_reader_that_never_reads_is_cut_off_and_nobody_waits_for_it(
    greenroom: Greenroom, room: str, quiet: Quiet, standing: Standing
) -> None:
    async with greenroom.join(room) as candidate, greenroom.join(room, Role.COACH) as coach:
        async with as_guest(await greenroom.invite(room, Role.COACH)) as guest:
            ticket = (await guest.ticket(room, Role.COACH)).ticket
        with deaf(standing.web.port, room, ticket) as wire:
            await candidate.until(lambda room: len(room.people) == 3)
            await whisper_much(coach, 1_200, quiet.goes_on)  # the system's own buffers have to fill first
            # Either may come first: they are cut off when the buffers are full, whatever is still to be said.
            await candidate.until(lambda room: not room.people[2].here and len(room.whispers) == 1_200, 10)
            await until(lambda: not held_by_server(wire), 12)
        assert candidate.connected
        assert coach.connected


async def test_a_room_larger_than_an_outbox_can_still_be_entered(greenroom: Greenroom, room: str, quiet: Quiet) -> None:
    async with greenroom.join(room, Role.COACH) as coach:
        await whisper_much(coach, 200, quiet.goes_on)
    async with inside(greenroom, room) as talker:
        assert len(json.dumps(talker.heard[0])) > 1_048_576
        await talker.is_well()


async def test_who_sends_what_cannot_be_read_again_and_again_is_cut_off(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        for _ in range(MISTAKES + 1):
            await talker.say("{")
        assert await talker.closed() == Close.MESSAGE_INVALID


async def test_a_page_that_asks_whether_anybody_is_there_is_answered(greenroom: Greenroom, room: str) -> None:
    async with inside(greenroom, room) as talker:
        await talker.say({"type": "ping"})
        await talker.hears("pong")
