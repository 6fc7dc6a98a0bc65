"""The contract of `ports.Tickets`, on Valkey, on Redis 6.2 and on a cluster."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from rooms.people import Participant, Role
from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_tickets import RedisTickets
from server.ports import Ticket, Tickets
from tests.redis_parts import admin_of
from tests.waiting import PATIENT_MS

ADA = Participant(id="p-1", name='Ada "é" \x00', role=Role.CANDIDATE)
TICKET = Ticket("r-1", ADA, "http://127.0.0.1:8000")


@pytest.fixture
async def tickets(every_redis_url: str) -> AsyncIterator[Tickets]:
    async with RedisConnection(every_redis_url, PATIENT_MS) as redis:
        yield RedisTickets(redis)


async def test_a_ticket_comes_back_as_it_was_issued(tickets: Tickets) -> None:
    assert await tickets.spend(await tickets.issue(TICKET, 30)) == TICKET


async def test_a_ticket_is_spent_once(tickets: Tickets) -> None:
    secret = await tickets.issue(TICKET, 30)
    spent = await asyncio.gather(*(tickets.spend(secret) for _ in range(20)))
    assert [ticket for ticket in spent if ticket] == [TICKET]


@pytest.mark.parametrize("secret", ["", "never issued", "x" * 10_000, "é\n\x00"])
async def test_an_unknown_secret_is_no_ticket(tickets: Tickets, secret: str) -> None:
    await tickets.issue(TICKET, 30)
    assert await tickets.spend(secret) is None


async def test_a_ticket_expires(tickets: Tickets, every_redis_url: str) -> None:
    await tickets.issue(TICKET, 30)
    with admin_of(every_redis_url) as admin:
        assert [0 < admin.ttl(key) <= 30 for key in admin.scan_iter()] == [True]


async def test_no_two_tickets_share_a_secret_and_none_is_guessable(tickets: Tickets) -> None:
    issued = [await tickets.issue(TICKET, 30) for _ in range(100)]
    assert len(set(issued)) == 100
    assert min(map(len, issued)) >= 43  # 256 bits


async def test_redis_never_sees_the_secret(tickets: Tickets, every_redis_url: str) -> None:
    secret = await tickets.issue(TICKET, 30)
    with admin_of(every_redis_url) as admin:
        for key in admin.scan_iter():
            assert secret.encode() not in key
            assert secret.encode() not in admin.get(key)


async def test_what_the_next_release_adds_to_a_ticket_is_overlooked(tickets: Tickets, every_redis_url: str) -> None:
    secret = await tickets.issue(TICKET, 30)
    with admin_of(every_redis_url) as admin:
        (key,) = admin.scan_iter()
        room, who, *rest = json.loads(admin.get(key))
        admin.set(key, json.dumps([room, who | {"pronoun": "she"}, *rest, {"more": 1}]), keepttl=True)
    assert await tickets.spend(secret) == TICKET
