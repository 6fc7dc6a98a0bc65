"""The HTTP application of a web worker: routes, errors, health. Built from parts that are handed in.

Decides which address leads where and how an error looks; never opens a connection of its own.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Router, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rooms.releases import NewerFact
from server import pages
from server.errors import TABLE, Failed, Problem, body, problem_of
from server.ports import Unavailable
from server.socket import Sockets

_log = logging.getLogger(__name__)


MAX_BODY_BYTES = 64 * 1024
"""What a request may carry. Read before anybody is asked who they are, so it is little."""


def build(
    routers: Sequence[APIRouter],
    sockets: Sockets,
    ready: Callable[[], Awaitable[bool]],
    edges: Sequence[WebSocketRoute] = (),
) -> ASGIApp:
    """The application. `ready`: whether this worker should be sent new people; `edges`: other protocols' sockets."""
    app = FastAPI(
        title="Greenroom",
        description="Live voice interview rooms. The conversation itself is on a socket: see docs/PROTOCOL.md.",
        docs_url=None,  # FastAPI's own page runs scripts of others; ours is among the pages
        redoc_url=None,
    )
    for router in routers:
        app.include_router(router)

    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, bool]:
        """Whether this process lives. Asks nothing outside it."""
        return {"live": True}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        """Whether this worker should be sent new people."""
        fine = not sockets.closing and await ready()
        return JSONResponse({"ready": fine}, status_code=200 if fine else 503)

    app.router.routes.extend(pages.routes())
    app.add_exception_handler(Failed, _answer)
    app.add_exception_handler(Unavailable, _answer)
    app.add_exception_handler(NewerFact, _answer)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _answer)
    # Sockets first: what a join costs, thousands pay at once when a worker dies.
    entrances = [WebSocketRoute("/rooms/{room}/socket", sockets.endpoint), *edges]
    return Router([*entrances, Mount("", app=SmallBodies(app))])


class SmallBodies:
    """Reads a request's body before the application does, and refuses one that is too big."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read: list[Message] = []
        size, more = 0, True
        while more:
            message = await receive()
            read.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > MAX_BODY_BYTES:
                await _response(TABLE["request_too_big"])(scope, receive, send)
                return
        await self._app(scope, _again(read, receive), send)


def _again(read: list[Message], receive: Receive) -> Receive:
    """What was read, once more; then whatever comes."""

    async def replay() -> Message:
        return read.pop(0) if read else await receive()

    return replay


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.level >= logging.ERROR:
        _log.log(problem.level, "request failed", extra={"path": _route(request), "code": problem.code}, exc_info=error)
    return _response(problem)


async def _invalid(request: Request, error: Exception) -> Response:
    problem = TABLE["request_invalid"]
    fields = error.errors() if isinstance(error, RequestValidationError) else ()
    wrong = sorted({".".join(str(part) for part in field["loc"]) for field in fields})
    return JSONResponse({**body(problem), "fields": wrong}, status_code=problem.status)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = TABLE["not_found" if status == 404 else "request_invalid" if status < 500 else "internal"]
    return _response(problem, status)


def _response(problem: Problem, status: int | None = None) -> Response:
    headers = {"Retry-After": "2"} if problem.status in (429, 503) else None
    return JSONResponse(body(problem), status_code=status or problem.status, headers=headers)


def _route(request: Request) -> str:
    """The route's pattern, not the path: a path can hold an invitation."""
    route = request.scope.get("route")
    return getattr(route, "path", "unknown")
