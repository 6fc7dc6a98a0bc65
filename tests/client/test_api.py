"""The HTTP side: addresses, refusals and replies that grew."""

import socket
from collections.abc import AsyncIterator

import pytest

from client import AwayError, GreenroomError, RefusedError, connect
from rooms.people import Role
from tests.client.toy import ToyRoom
from tests.client.toy_server import ToyServer


@pytest.fixture
async def server() -> AsyncIterator[ToyServer]:
    async with ToyServer(ToyRoom()).running() as server:
        yield server


def dead_address() -> str:
    """An address of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_room_is_opened_and_its_address_is_whole(server: ToyServer) -> None:
    async with connect(server.url, token="secret") as greenroom:
        opened = await greenroom.open_room("behavioural", 3)
    assert (opened.room, opened.url) == ("r-1", f"{server.url}/rooms/r-1")


async def test_a_slash_behind_the_address_does_no_harm(server: ToyServer) -> None:
    async with connect(f"{server.url}/", token="secret") as greenroom:
        assert greenroom.report_page("r-1") == f"{server.url}/reports/r-1"


async def test_without_a_token_the_refusal_says_what_to_do(server: ToyServer) -> None:
    async with connect(server.url) as greenroom:
        with pytest.raises(RefusedError) as refused:
            await greenroom.open_room("behavioural", 3)
    assert (refused.value.code, refused.value.sentence) == ("signed_out", "Sign in first.")


async def test_an_invitation_is_a_link(server: ToyServer) -> None:
    async with connect(server.url, token="secret") as greenroom:
        assert await greenroom.invite("r-1", Role.COACH) == f"{server.url}/invited/code"


async def test_the_next_address_is_asked_when_one_is_dead(server: ToyServer) -> None:
    async with connect(urls=[dead_address(), server.url], token="secret") as greenroom:
        await greenroom.open_room("behavioural", 3)
        assert greenroom.base == server.url


async def test_the_next_address_is_asked_when_a_worker_drains(server: ToyServer) -> None:
    async with ToyServer(ToyRoom()).running() as draining:
        draining.refusal = (503, {"code": "going_away", "sentence": "Restarting.", "retry": True})
        async with connect(urls=[draining.url, server.url]) as greenroom:
            await greenroom.ticket("r-1", Role.COACH)
            assert greenroom.base == server.url


async def test_when_all_are_down_the_last_reason_given_is_told(server: ToyServer) -> None:
    server.refusal = (503, {"code": "redis_away", "sentence": "Rooms cannot be reached.", "retry": True})
    async with connect(server.url) as greenroom:
        with pytest.raises(RefusedError, match="cannot be reached") as refused:
            await greenroom.ticket("r-1", Role.COACH)
    assert refused.value.retry


async def test_what_may_be_done_again_is_when_its_connection_broke_under_it(server: ToyServer) -> None:
    async with connect(server.url) as greenroom:
        server.breaks = 1
        await greenroom.ticket("r-1", Role.COACH)
        assert server.asked == 2
        server.breaks = 2
        with pytest.raises(AwayError):
            await greenroom.ticket("r-1", Role.COACH)
        assert server.asked == 4


async def test_when_nobody_answers_the_sentence_says_where_and_what_to_do() -> None:
    address = dead_address()
    async with connect(address) as greenroom:
        with pytest.raises(AwayError, match=f"{address}.*greenroom serve"):
            await greenroom.room("r-1")


async def test_something_that_is_not_greenroom_is_named(server: ToyServer) -> None:
    async with connect(server.url) as greenroom:
        with pytest.raises(GreenroomError, match="404.*not Greenroom's way"):
            await greenroom.notice()


async def test_a_ticket_carries_its_socket_and_participant(server: ToyServer) -> None:
    async with connect(server.url) as greenroom:
        ticket = await greenroom.ticket("r-1", Role.CANDIDATE, "Ada")
    assert (ticket.socket, ticket.participant.name) == ("/rooms/r-1/socket", "Ada")
