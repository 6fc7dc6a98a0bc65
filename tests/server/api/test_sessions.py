"""Signing in and out of the address bar, and the notice."""

import httpx
import pytest

from client import Greenroom
from server.notice import NOTICE
from tests.deployment import TOKEN


async def test_the_printed_link_signs_in_and_leaves_the_token_out_of_the_address(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/sign-in", params={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    assert (await stranger.get("/api/me")).json() == {"id": "owner", "name": "You", "owner": True}


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN.upper(), "ünïcode", "\x00", "x" * 10_000])
async def test_any_other_token_signs_nobody_in(stranger: httpx.AsyncClient, token: str) -> None:
    answer = await stranger.get("/sign-in", params={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_refused")
    assert not stranger.cookies
    bearer = {"Authorization": f"Bearer {token}".encode()}
    if token and "\x00" not in token:
        assert (await stranger.get("/api/me", headers=bearer)).json()["code"] == "signed_out"


async def test_a_link_without_a_token_is_no_link(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/sign-in")
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


@pytest.mark.parametrize("cookie", ["made-up", "e30.x.y", "", "a" * 5_000])
async def test_a_session_that_was_made_up_is_none(stranger: httpx.AsyncClient, cookie: str) -> None:
    answer = await stranger.get("/api/me", headers={"Cookie": f"greenroom={cookie}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


async def test_a_wrong_bearer_is_not_saved_by_a_right_cookie(stranger: httpx.AsyncClient) -> None:
    await stranger.get("/sign-in", params={"token": TOKEN})
    answer = await stranger.get("/api/me", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


async def test_the_owner_who_opens_an_invitation_stays_the_owner(
    stranger: httpx.AsyncClient, greenroom: Greenroom, room: str
) -> None:
    await stranger.get("/sign-in", params={"token": TOKEN})
    await stranger.get(await greenroom.invite(room, "coach"))
    assert (await stranger.get("/api/me")).json()["owner"] is True
    assert (await stranger.get(f"/api/rooms/{room}")).json()["roles"] == ["candidate", "coach", "observer"]


async def test_the_notice_can_be_read_before_anything_else(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/notice")
    assert answer.json() == NOTICE.model_dump(mode="json")
    assert "AI" in answer.text
