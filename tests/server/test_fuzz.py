"""Everything that can be wrong on a socket, made from the protocol's schema: each gets its code, and nobody notices."""

import asyncio
import json
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from client import Greenroom, connect
from rooms.people import Role
from rooms.protocol import BadFrame, Close, unpack_frame
from scripts.fuzz import frames, messages, wires
from scripts.fuzz.campaign import STAGES, Campaign, Place, placed
from scripts.fuzz.rawline import commit, knock, raw_line
from scripts.fuzz.thrower import Notes
from tests.deployment import TOKEN
from tests.server.conftest import Standing
from tests.server.talker import Quiet, quiet_room

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEED, TEXTS = 20261121, 2_000
"""scripts/bench_rooms throws all there are, and again and again."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def greenroom(standing: Standing) -> AsyncIterator[Greenroom]:
    async with connect(standing.web.url, token=TOKEN) as owner:
        yield owner


@pytest.fixture(scope="module")
def texts() -> list[messages.Bad]:
    """Made and judged before anybody next door is listened to: that takes a while, and they would notice."""
    found = random.Random(SEED).sample(messages.broken(), TEXTS)
    for bad in found:
        messages.understood(bad.text)
    return found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def quiet(greenroom: Greenroom, texts: list[messages.Bad]) -> AsyncIterator[Quiet]:
    async with quiet_room(greenroom) as quiet:
        yield quiet


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def places(greenroom: Greenroom) -> list[Place]:
    return [await placed(greenroom, stage) for stage in STAGES]


@pytest_asyncio.fixture(loop_scope="module")
async def campaign(standing: Standing, greenroom: Greenroom, quiet: Quiet) -> AsyncIterator[Campaign]:
    """Nothing of what it notes may be, the next room notices nothing, and no process writes down an error."""
    notes = Notes(planted=(b"Quiet sentence",))
    before = set(errors_in(standing.deployment.logs))  # other tests break things on purpose

    async def ticket(room: str, role: Role) -> str:
        return (await greenroom.ticket(room, role)).ticket

    yield Campaign(ticket, standing.web.port, notes, SEED)
    assert notes.faults == []
    await quiet.noticed_nothing()
    assert set(errors_in(standing.deployment.logs)) <= before
    assert standing.web.running


@pytest_asyncio.fixture(loop_scope="module")
async def room(greenroom: Greenroom) -> str:
    return (await greenroom.open_room("behavioural")).room


def greenroom_port(greenroom: Greenroom) -> int:
    return int(greenroom.base.rpartition(":")[2])


def errors_in(logs: str) -> list[str]:
    """Lines that only a fault of ours writes; and traces, which are lines of no JSON."""
    lines = [line for line in logs.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith("{") or json.loads(line)["level"] in ("error", "critical")]


async def test_every_message_broken_in_every_way_gets_its_code_in_each_phase_from_each_role(
    campaign: Campaign, places: list[Place], texts: list[messages.Bad]
) -> None:
    await campaign.texts(places, texts)
    assert campaign.notes.codes["message_invalid"] > TEXTS


async def test_what_is_no_hello_gets_its_code_at_the_door(
    campaign: Campaign, places: list[Place], texts: list[messages.Bad]
) -> None:
    hellos = [bad for bad in messages.broken() if bad.name.startswith("hello")]
    await campaign.hellos(places[0], hellos + texts[:100])
    assert set(campaign.notes.codes) == {
        "goodbye hello_expected", "goodbye ticket_invalid", "goodbye protocol_unknown"
    }  # fmt: skip


async def test_every_command_in_each_phase_from_each_role_is_done_or_refused_with_a_reason(
    campaign: Campaign, places: list[Place]
) -> None:
    for place in places:
        await campaign.commands(place)
    of_rules = {"not_your_role", "not_started", "paused", "room_closed", "not_asked_yet", "other_question"}
    assert of_rules <= set(campaign.notes.codes)


async def test_wrong_audio_is_refused_and_what_follows_is_kept(campaign: Campaign, greenroom: Greenroom) -> None:
    place = await placed(greenroom, "answering")
    assert await campaign.frames(place, frames.broken()) == 199
    assert campaign.notes.codes["frame_invalid"] > 0


@pytest.mark.parametrize("breach", wires.breaches(), ids=lambda breach: breach.name)
async def test_a_breach_of_the_wires_rules_has_its_close_code(
    campaign: Campaign, greenroom: Greenroom, room: str, breach: wires.Breach
) -> None:
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket
    assert await commit(greenroom_port(greenroom), room, ticket, breach) == ""


async def test_who_does_not_knock_properly_is_not_let_in(campaign: Campaign, standing: Standing, room: str) -> None:
    found = [await knock(standing.web.port, one) for one in wires.knocks(f"/rooms/{room}/socket")]
    assert [fault for fault in found if fault] == []


async def test_one_who_stops_sending_is_let_go(campaign: Campaign, greenroom: Greenroom, room: str) -> None:
    """A half-closed connection is a closed one, in the middle of a message too."""
    for unfinished in (b"", b"\x81", b"\x81\xfe\x00", wires.frame(wires.TEXT, b"{"), b"\x82\xff" + bytes(6)):
        ticket = (await greenroom.ticket(room, Role.COACH)).ticket
        async with raw_line(greenroom_port(greenroom)) as line:
            await line.enter(room, ticket)
            await line.say(unfinished)
            line.writer.write_eof()
            assert (await line.ended()).code in (None, 1000, 1005)


@pytest.mark.parametrize(
    "tiny",
    [
        wires.frame(wires.FIN | wires.PING),
        wires.frame(wires.FIN | wires.PING, b"x" * 125),
        wires.frame(wires.FIN | wires.PONG),
        wires.frame(wires.FIN | wires.TEXT),
        wires.frame(wires.FIN | wires.BINARY),
    ],
    ids=["pings", "long-pings", "pongs", "empty-texts", "empty-bytes"],
)
async def test_a_flood_of_tiny_frames_ends_the_socket_and_nobody_else_notices(
    campaign: Campaign, greenroom: Greenroom, room: str, quiet: Quiet, tiny: bytes
) -> None:
    ticket = (await greenroom.ticket(room, Role.COACH)).ticket
    async with raw_line(greenroom_port(greenroom)) as line:
        await line.enter(room, ticket)
        flood = asyncio.create_task(line.say(tiny * 20_000))
        await quiet.goes_on()
        ended = await line.ended()
        await flood
    assert ended.code in (Close.TOO_MUCH, Close.MESSAGE_INVALID, None)


async def test_what_is_no_frame_is_told_from_one() -> None:
    taken = [bad.name for bad in frames.broken() if bad.no_frames and is_frame(bad.messages[0])]
    assert taken == []
    assert all(is_frame(message) for bad in frames.broken() if not bad.no_frames for message in bad.messages)


def is_frame(message: bytes) -> bool:
    try:
        return bool(unpack_frame(message).pcm)
    except BadFrame:
        return False
