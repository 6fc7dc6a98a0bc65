"""How often somebody may come into a room: who floods it waits, and loses nothing by it; nobody else notices."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from redis import Redis as RedisClient

from client import Greenroom, connect
from rooms.commands import GiveConsent
from rooms.people import Role
from rooms.protocol import VERSION
from server.errors import TABLE
from tests.deployment import TOKEN
from tests.server.conftest import Standing
from tests.server.talker import as_guest, inside, knocking
from tests.waiting import until

FEW = 3


@pytest.fixture(scope="module")
def strict(standing: Standing) -> str:
    """A second web worker, which lets nobody in often."""
    return standing.deployment.web(ENTRIES_PER_HALF_MINUTE=str(FEW)).url


@pytest.fixture
async def owner(strict: str) -> AsyncIterator[Greenroom]:
    async with connect(strict, token=TOKEN) as owner:
        yield owner


def half_a_minute_passes(standing: Standing) -> None:
    with RedisClient.from_url(standing.redis.url) as admin:
        counted = list(admin.scan_iter("greenroom:purse:entries:*"))
        assert all(0 < admin.ttl(purse) <= 30 for purse in counted)
        admin.delete(*counted)


async def test_who_took_many_tickets_on_whichever_worker_waits_for_the_next_and_others_do_not(
    strict: str, greenroom: Greenroom, owner: Greenroom, room: str
) -> None:
    async with as_guest(await greenroom.invite(room, Role.COACH)) as guest:
        for _ in range(FEW):
            await guest.ticket(room, Role.COACH)
        answer = await guest._http.post(f"{strict}/api/rooms/{room}/tickets", json={"role": "coach"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        sentence = TABLE["entered_often"].sentence
        assert answer.json() == {"code": "entered_often", "sentence": sentence, "retry": True}
        assert (await owner.ticket(room, Role.COACH)).ticket


async def test_a_candidate_who_comes_back_without_end_is_told_to_wait_and_the_room_is_told_no_more(
    greenroom: Greenroom, owner: Greenroom, room: str
) -> None:
    """A candidate's return is told, and needs no new ticket."""
    async with inside(greenroom, room, Role.COACH) as coach, inside(owner, room) as first:
        back = first.heard[0]["return_ticket"]
        for _ in range(FEW - 1):
            async with knocking(owner, room) as again:
                back = (await again.hello(back))["return_ticket"]
        async with knocking(owner, room) as last:
            await last.say({"type": "hello", "protocol": VERSION, "ticket": back})
            await last.is_sent_away("entered_often")
        await coach.is_well()
        told = [said["event"]["kind"] for said in coach.heard if said["type"] == "event"]
        assert told.count("participant_joined") == FEW


async def test_our_client_waits_until_it_may_come_back_and_loses_nothing(
    standing: Standing, owner: Greenroom, room: str
) -> None:
    async with owner.join(room) as candidate:
        for _ in range(FEW - 1):
            await owner.ticket(room, Role.CANDIDATE)
        wire = candidate._lifeline._in_use
        assert wire is not None
        wire.transport.abort()
        await until(lambda: not candidate.connected)
        consent = asyncio.create_task(candidate.do(GiveConsent(notice=candidate.room.notice)))
        await until(lambda: re.search(f"{room}.*entered_often", standing.deployment.logs))
        assert not consent.done()
        half_a_minute_passes(standing)
        await consent
        assert candidate.room.consented
