"""The application around the API: pages and what protects them, health, and errors of every address."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from client import Greenroom, connect
from rooms.people import Role
from server import pages, web
from server.errors import TABLE
from tests.deployment import STOP_DEADLINE_S, TOKEN
from tests.server.conftest import Standing
from tests.server.talker import inside

BUILT = pytest.mark.skipif(not (pages.DIST / "index.html").is_file(), reason="the pages are not built (scripts/setup)")


@BUILT
@pytest.mark.parametrize("path", ["/", "/rooms/r-1", "/rooms/r-1/coach", "/reports/r-1"])
async def test_every_page_is_protected(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert rule in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy  # so scripts come from here alone, none of them inline
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "server" not in answer.headers


@BUILT
@pytest.mark.parametrize("path", ["/assets/../../server/settings.py", "/assets/%2e%2e/index.html", "/assets/none.js"])
async def test_files_are_served_from_their_folder_only(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 404


async def test_an_address_without_anything_says_so(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/no/such/place")
    assert answer.status_code == 404
    problem = TABLE["not_found"]
    assert answer.json() == {"code": "not_found", "sentence": problem.sentence, "retry": False}


async def test_a_method_that_nobody_takes_is_refused(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.delete("/api/rooms")
    assert (answer.status_code, answer.json()["code"]) == (405, "request_invalid")


async def test_the_worker_says_that_it_lives_and_is_ready(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/livez")).json() == {"live": True}
    ready = await stranger.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_the_api_describes_itself(stranger: httpx.AsyncClient) -> None:
    described = (await stranger.get("/openapi.json")).json()
    assert {"/api/rooms", "/api/rooms/{room_id}/tickets", "/api/reports/{room_id}"} <= set(described["paths"])
    assert "/sign-in" not in described["paths"]


@BUILT
async def test_the_page_of_the_api_takes_nothing_from_elsewhere(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/docs")
    assert answer.headers["content-security-policy"] == pages.HEADERS["Content-Security-Policy"]
    assert "//" not in answer.text
    named = re.findall(r'(?:src|href)="(.*?)"', answer.text)
    assert {name.rpartition(".")[2] for name in named} == {"js", "css", "svg"}
    assert {(await stranger.get(name)).status_code for name in named} == {200}


async def test_without_a_build_the_page_of_the_api_leads_to_its_description(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path)
    app = httpx.ASGITransport(Starlette(routes=pages.routes()))
    async with httpx.AsyncClient(transport=app, base_url="http://greenroom") as http:
        answer = await http.get("/docs")
    assert (answer.status_code, answer.headers["location"]) == (307, "/openapi.json")


async def test_a_socket_asked_for_as_a_page_is_refused_like_any_address(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/rooms/r-1/socket")).status_code == 404


async def test_a_worker_that_is_told_to_stop_sends_its_people_on_and_says_who_left(
    standing: Standing, greenroom: Greenroom, room: str
) -> None:
    web = standing.deployment.web(DRAIN_MS="200", WORKER_TTL_MS="600000")
    async with (
        greenroom.join(room, Role.COACH) as coach,
        connect(web.url, token=TOKEN) as there,
        inside(there, room, Role.OBSERVER) as observer,
    ):
        await coach.until(lambda room: len(room.people) == 2)
        web.popen.terminate()
        assert await observer.hears("moving")
        await observer.is_sent_away("going_away")
        await asyncio.to_thread(web.popen.wait, STOP_DEADLINE_S)
        assert web.popen.returncode == 0
        # Its silence would be noticed in ten minutes.
        await coach.until(lambda room: [p.here for p in room.people] == [True, False])


async def test_without_redis_a_worker_lives_and_is_not_ready_and_says_what_is_away(
    standing: Standing, greenroom: Greenroom, room: str
) -> None:
    """The same Redis hangs for everybody here: this test comes last in its file, and waits until all is well again."""
    async with httpx.AsyncClient(base_url=standing.web.url, trust_env=False, timeout=15) as http:
        standing.redis.pause()
        try:
            answer = await greenroom._http.get(f"{greenroom.base}/api/rooms", timeout=15)
            problem = TABLE["redis_away"]
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert answer.json() == {"code": "redis_away", "sentence": problem.sentence, "retry": True}
            assert (await http.get("/livez")).status_code == 200
            states: list[int] = []
            while (await http.get("/readyz")).status_code != 503:
                states.append(200)
        finally:
            standing.redis.resume()
        while (await http.get("/readyz")).status_code != 200:
            pass
    assert (await greenroom.room(room)).room == room


async def test_a_request_that_is_too_big_is_refused_though_it_does_not_say_its_size(
    stranger: httpx.AsyncClient,
) -> None:
    async def much() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 64_000

    answer = await stranger.post("/api/rooms", content=much())
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_big")


async def test_a_body_of_the_permitted_size_arrives_whole(stranger: httpx.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    padded = '{"mode": "technical", "length": 3' + " " * (web.MAX_BODY_BYTES - 40) + "}"
    answer = await stranger.post("/api/rooms", content=padded, headers=headers)
    assert answer.status_code == 201
