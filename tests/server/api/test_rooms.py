"""Rooms over HTTP: who may do what, as one table, and what each "no" says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from client import Greenroom, RefusedError, connect
from rooms.commands import EndInterview, GiveConsent, StartInterview
from rooms.people import Role
from server.adapters.redis_connection import RedisConnection, room_key
from server.errors import TABLE
from tests.deployment import TOKEN
from tests.server.conftest import Standing
from tests.server.talker import as_guest

PEOPLE = ("signed out", "guest elsewhere", "coach", "candidate", "owner")
OPEN, CLOSED = "open", "closed"

# What is asked -> the status for each of PEOPLE. {room} is an open room; {closed} one that is over.
ACCESS = [
    ("GET", "/api/me", None, (401, 200, 200, 200, 200)),
    ("GET", "/api/notice", None, (200, 200, 200, 200, 200)),
    ("GET", "/api/questions?mode=technical", None, (401, 200, 200, 403, 200)),
    ("GET", "/api/rooms", None, (401, 200, 200, 200, 200)),
    ("POST", "/api/rooms", {"mode": "technical", "length": 3}, (401, 403, 403, 403, 201)),
    ("GET", "/api/rooms/{room}", None, (401, 404, 200, 200, 200)),
    ("GET", "/api/rooms/{room}/events", None, (401, 404, 200, 200, 200)),
    ("GET", "/api/rooms/{closed}/events", None, (401, 404, 200, 200, 200)),
    ("GET", "/api/rooms/{closed}/events?role=coach", None, (401, 404, 200, 403, 200)),
    ("GET", "/api/rooms/{closed}/events?role=candidate", None, (401, 404, 403, 200, 200)),
    ("GET", "/api/rooms/{closed}/events?role=system", None, (401, 422, 422, 422, 422)),
    ("GET", "/api/rooms/{closed}/events?limit=501", None, (401, 422, 422, 422, 422)),
    ("GET", "/api/rooms/{closed}/events?after=-1", None, (401, 422, 422, 422, 422)),
    ("GET", "/api/rooms/r-never-was/events", None, (401, 404, 404, 404, 404)),
    ("DELETE", "/api/rooms/{room}", None, (401, 404, 403, 403, 409)),
    ("DELETE", "/api/rooms/r-never-was", None, (401, 404, 404, 404, 404)),
    ("POST", "/api/rooms/{room}/tickets", {"role": "candidate"}, (401, 404, 403, 201, 201)),
    ("POST", "/api/rooms/{room}/tickets", {"role": "coach"}, (401, 404, 201, 403, 201)),
    ("POST", "/api/rooms/{room}/tickets", {"role": "observer"}, (401, 404, 403, 403, 201)),
    ("POST", "/api/rooms/{room}/tickets", {"role": "interviewer"}, (401, 422, 422, 422, 422)),
    ("POST", "/api/rooms/{room}/tickets", {"role": "system"}, (401, 422, 422, 422, 422)),
    ("POST", "/api/rooms/{room}/invitations", {"role": "coach"}, (401, 404, 403, 403, 201)),
    ("POST", "/api/rooms/{room}/invitations", {"role": "system"}, (401, 422, 422, 422, 422)),
    ("DELETE", "/api/rooms/{room}/invitations/observer", None, (401, 404, 403, 403, 204)),
    ("DELETE", "/api/rooms/{room}/invitations/system", None, (401, 422, 422, 422, 422)),
    ("DELETE", "/api/rooms/r-never-was/invitations/coach", None, (401, 404, 404, 404, 404)),
    ("GET", "/api/reports", None, (401, 200, 200, 200, 200)),
    ("GET", "/api/reports/{room}", None, (401, 404, 404, 404, 404)),
    ("GET", "/api/reports/{closed}", None, (401, 404, 200, 200, 200)),
    ("GET", "/api/reviews", None, (401, 200, 200, 200, 200)),
    ("GET", "/api/reviews/{room}", None, (401, 404, 404, 404, 404)),
    ("GET", "/api/reviews/{closed}", None, (401, 404, 200, 403, 200)),
    ("GET", "/api/agreement", None, (401, 403, 403, 403, 200)),
    ("GET", "/api/rooms/r-never-was", None, (401, 404, 404, 404, 404)),
    ("GET", "/api/reports/r-never-was", None, (401, 404, 404, 404, 404)),
    ("POST", "/api/rooms/r-never-was/tickets", {"role": "coach"}, (401, 404, 404, 404, 404)),
    ("GET", "/api/weights", None, (401, 403, 403, 403, 200)),
    ("GET", "/api/weights/1.0.0", None, (401, 403, 403, 403, 200)),
    ("GET", "/api/weights/9.9.9", None, (401, 403, 403, 403, 404)),
    ("GET", "/api/weights/latest", None, (401, 422, 422, 422, 422)),
    ("POST", "/api/weights/activations", {"version": "9.9.9", "reason": "Try it"}, (401, 403, 403, 403, 404)),
    ("POST", "/api/weights/activations", {"version": "1.0.0", "reason": ""}, (401, 422, 422, 422, 422)),
    ("GET", "/api/rooms/{closed}/rescored?weights=1.0.0", None, (401, 404, 403, 403, 200)),
    ("GET", "/api/rooms/{closed}/rescored?weights=9.9.9", None, (401, 404, 403, 403, 404)),
    ("GET", "/api/rooms/{closed}/rescored", None, (401, 422, 422, 422, 422)),
    ("GET", "/api/rooms/r-never-was/rescored?weights=1.0.0", None, (401, 404, 404, 404, 404)),
    ("GET", "/api/operations", None, (401, 403, 403, 403, 200)),
    ("GET", "/api/operations/turns", None, (401, 403, 403, 403, 200)),
    ("GET", "/metrics", None, (401, 403, 403, 403, 200)),
    ("GET", "/api/nothing", None, (404, 404, 404, 404, 404)),
    ("PUT", "/api/rooms", None, (405, 405, 405, 405, 405)),
]


@asynccontextmanager
async def people(greenroom: Greenroom, rooms: dict[str, str]) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A browser for each of PEOPLE: guests were invited into both rooms, or into another one."""
    elsewhere = (await greenroom.open_room("technical")).room
    async with (
        httpx.AsyncClient(base_url=greenroom.base, trust_env=False) as nobody,
        httpx.AsyncClient(base_url=greenroom.base, trust_env=False) as guest,
        httpx.AsyncClient(base_url=greenroom.base, trust_env=False) as coach,
        httpx.AsyncClient(base_url=greenroom.base, trust_env=False) as candidate,
        httpx.AsyncClient(base_url=greenroom.base, trust_env=False) as owner,
    ):
        await guest.get(await greenroom.invite(elsewhere, Role.COACH))
        for room in rooms.values():
            await coach.get(await greenroom.invite(room, Role.COACH))
            await candidate.get(await greenroom.invite(room, Role.CANDIDATE))
        await owner.get("/sign-in", params={"token": TOKEN})
        yield dict(zip(PEOPLE, (nobody, guest, coach, candidate, owner), strict=True))


async def closed_room(greenroom: Greenroom) -> str:
    """A room whose interview was ended at once, its report written."""
    opened = await greenroom.open_room("behavioural")
    async with greenroom.join(opened) as candidate:
        await candidate.do(GiveConsent(notice=candidate.room.notice))
        await candidate.do(StartInterview())
        await candidate.do(EndInterview())
    await greenroom.wait_for_report(opened.room)
    return opened.room


async def test_everybody_gets_what_is_theirs_and_nothing_else(greenroom: Greenroom, room: str) -> None:
    rooms = {"room": room, "closed": await closed_room(greenroom)}
    wrong = []
    async with people(greenroom, rooms) as browsers:
        for method, path, body, statuses in ACCESS:
            for who, status in zip(PEOPLE, statuses, strict=True):
                answer = await browsers[who].request(method, path.format(**rooms), json=body)
                if answer.status_code != status:
                    wrong.append(f"{method} {path} {body} as {who}: {answer.status_code}, not {status}")
                if status >= 400:
                    assert_of_the_table(answer)
    assert wrong == []


async def test_lists_hold_only_what_is_mine(greenroom: Greenroom, room: str) -> None:
    rooms = {"room": room, "closed": await closed_room(greenroom)}
    async with people(greenroom, rooms) as browsers:
        for who in ("guest elsewhere", "coach", "candidate"):
            assert (await browsers[who].get("/api/rooms")).json() == {"rooms": []}
            assert (await browsers[who].get("/api/reports")).json() == {"reports": []}
        mine = (await browsers["owner"].get("/api/rooms")).json()["rooms"]
        assert mine[0]["opened_at"] >= mine[-1]["opened_at"]
        listed = {card["room"] for card in mine}
        assert room in listed
        assert rooms["closed"] not in listed
        reports = (await browsers["owner"].get("/api/reports")).json()["reports"]
        assert rooms["closed"] in {report["room"] for report in reports}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
async def test_an_unsafe_request_from_a_foreign_page_is_refused(
    standing: Standing, greenroom: Greenroom, room: str, origin: str
) -> None:
    async with httpx.AsyncClient(base_url=standing.web.url, trust_env=False, headers={"Origin": origin}) as page:
        await page.get("/sign-in", params={"token": TOKEN})
        before = await rooms_of(greenroom)
        for path, body in (
            ("/api/rooms", {"mode": "technical"}),
            (f"/api/rooms/{room}/tickets", {"role": "candidate"}),
            (f"/api/rooms/{room}/invitations", {"role": "coach"}),
        ):
            answer = await page.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
        assert await rooms_of(greenroom) == before


async def test_our_own_page_may_ask(standing: Standing, room: str) -> None:
    headers = {"Origin": standing.web.url}
    async with httpx.AsyncClient(base_url=standing.web.url, trust_env=False, headers=headers) as page:
        await page.get("/sign-in", params={"token": TOKEN})
        assert (await page.post(f"/api/rooms/{room}/tickets", json={"role": "candidate"})).status_code == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"mode": "juggling", "length": 3}, ["body.mode"]),
        ({"mode": "technical", "length": 2}, ["body.length"]),
        ({"mode": "technical", "length": 11}, ["body.length"]),
        ({"mode": "technical", "length": "many"}, ["body.length"]),
        ({}, ["body.mode"]),
        ([], ["body"]),
        (None, ["body"]),
    ],
)
async def test_a_request_of_the_wrong_shape_names_the_fields_that_are_wrong(
    greenroom: Greenroom, body: Any, fields: list[str]
) -> None:
    answer = await greenroom._http.post(f"{greenroom.base}/api/rooms", json=body)
    assert answer.status_code == 422
    assert answer.json() == {
        "code": "request_invalid",
        "sentence": TABLE["request_invalid"].sentence,
        "retry": False,
        "fields": fields,
    }


async def test_what_a_wrong_request_said_is_not_repeated(greenroom: Greenroom, room: str) -> None:
    canary = "Zanzibarquokka" * 20
    answer = await greenroom._http.post(
        f"{greenroom.base}/api/rooms/{room}/tickets", json={"role": canary, "name": canary}
    )
    assert answer.status_code == 422
    assert "Zanzibar" not in answer.text


async def test_a_body_that_is_no_json_is_refused(greenroom: Greenroom) -> None:
    answer = await greenroom._http.post(f"{greenroom.base}/api/rooms", content=b"{" * 1_000)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


async def test_a_ticket_says_whom_it_lets_in(greenroom: Greenroom, room: str) -> None:
    ticket = await greenroom.ticket(room, Role.COACH, "Ben")
    assert (ticket.participant.name, ticket.participant.role) == ("Ben", Role.COACH)
    assert ticket.socket == f"/rooms/{room}/socket"
    assert 0 < ticket.expires_in_s <= 60


async def test_the_report_of_an_open_interview_comes_when_it_is_over(greenroom: Greenroom, room: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await greenroom.report(room)
    assert (refused.value.code, refused.value.retry) == ("interview_open", True)


# --- invitations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.CANDIDATE, Role.COACH, Role.OBSERVER])
async def test_an_invitation_leads_into_its_room_in_its_role(greenroom: Greenroom, room: str, role: Role) -> None:
    link = await greenroom.invite(room, role)
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(link)
        assert answer.headers["location"] == f"/rooms/{room}" + ("" if role is Role.CANDIDATE else "/coach")
        assert (await browser.get(f"{greenroom.base}/api/me")).json()["owner"] is False
    async with as_guest(link) as guest, guest.join(room, role, name="Guest of honour") as visit:
        assert visit.you.role is role
        assert (await guest.room(room)).roles == (role,)


async def test_an_invitation_that_was_tampered_with_is_refused(greenroom: Greenroom, room: str) -> None:
    link = await greenroom.invite(room, Role.OBSERVER)
    start, _, code = link.rpartition("/")
    payload, _, rest = code.partition(".")
    other_signature = f"{rest[:-9]}{'A' if rest[-9] != 'A' else 'B'}{rest[-8:]}"
    for forged in (f"{payload}.{other_signature}", f"x{payload}.{rest}", payload, "made-up", "%00"):
        async with httpx.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(f"{start}/{forged}")
            assert (answer.status_code, answer.json()["code"]) == (403, "invitation_invalid")
            assert not browser.cookies


async def test_two_invitations_of_one_guest_do_not_add_up(greenroom: Greenroom, room: str) -> None:
    """Who was invited as a coach and then as a candidate is a candidate: nobody coaches the interview they sit."""
    async with httpx.AsyncClient(base_url=greenroom.base, trust_env=False) as browser:
        await browser.get(await greenroom.invite(room, Role.COACH))
        await browser.get(await greenroom.invite(room, Role.CANDIDATE))
        assert (await browser.get(f"/api/rooms/{room}")).json()["roles"] == ["candidate"]


async def rooms_of(greenroom: Greenroom) -> list[str]:
    answer = await greenroom._ask("GET", "/api/rooms")
    return [card["room"] for card in answer["rooms"]]


def assert_of_the_table(answer: httpx.Response) -> None:
    body = answer.json()
    problem = TABLE[body["code"]]
    assert (body["sentence"], body["retry"]) == (problem.sentence, problem.retry)


async def test_the_owner_sees_how_far_the_archive_is_behind(greenroom: Greenroom) -> None:
    now = await greenroom._ask("GET", "/api/operations")
    assert now["archive"].keys() == {"rooms", "behind", "worst", "limit", "database", "displaced"}
    assert (now["archive"]["database"], now["archive"]["displaced"]) == (True, 0)
    assert now["dead_letters"] == []


async def test_a_room_that_cannot_be_read_does_not_hide_the_others(standing: Standing) -> None:
    async with connect(standing.web.url, token=TOKEN) as greenroom, RedisConnection(standing.redis.url, 3_000) as redis:
        good, bad = await greenroom.open_room("technical"), await greenroom.open_room("technical")
        await redis.call("XADD", room_key(bad.room, "log"), "2-0", "record", "of a release that is to come")
        await redis.call("HSET", room_key(bad.room, "head"), "version", 2)
        listed = [room["room"] for room in (await greenroom._ask("GET", "/api/rooms"))["rooms"]]
        await redis.call("DEL", room_key(bad.room, "log"), room_key(bad.room, "head"))
    assert good.room in listed
    assert bad.room not in listed
