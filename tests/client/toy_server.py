"""A toy room behind real HTTP and real WebSockets, to be cut, muted, moved and killed by tests."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from rooms.people import Participant, Role
from rooms.protocol import Close, Goodbye, Moving
from tests.client.toy import ToyRoom
from tests.waiting import until

MOVE_WITHIN_MS = 1000
"""The time that a worker which is going away gives its members."""


class ToyServer:
    """One web worker. Several of them may serve one toy room."""

    connections = count()

    def __init__(self, toy: ToyRoom) -> None:
        self.toy = toy
        self.tickets: list[str] = []
        self.hellos: list[str] = []
        self.asked = 0
        """How many tickets were asked for."""
        self.breaks = 0
        """So many requests for a ticket have their connection broken instead of an answer."""
        self.url = ""
        self.refusal: tuple[int, dict[str, object]] | None = None
        """What every request for a ticket gets instead."""
        self.report: list[tuple[int, dict[str, object]]] = []
        """What requests for the report get, one after the other; the last one again and again."""
        self.one_seat = False
        """Whoever comes takes the place of who is here, as a candidate does: those are told so before the newcomer."""
        self.silent = False
        """Sockets are taken and nothing is ever said."""
        self.before_answer: Callable[[], None] | None = None
        """Called once, when a message was dealt with and before anything is answered."""
        self.left: list[int] = []
        """The close codes with which clients left."""
        self._senders: set[asyncio.Event] = set()
        self._end: tuple[int, Goodbye | None] | None = None
        self._here: set[WebSocket] = set()
        self._server: uvicorn.Server | None = None

    # --- what a test does to it ---

    def cut(self) -> None:
        """Break every connection, without a word."""
        assert self._server is not None
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()  # type: ignore[union-attr]

    def freeze(self) -> None:
        """Stand still: sockets stay open, and nothing is read or answered any more, not even a ping."""
        assert self._server is not None
        for connection in list(self._server.server_state.connections):
            connection.transport.pause_reading()  # type: ignore[union-attr]
        self.silent = True

    def close(self, code: int, goodbye: Goodbye | None = None) -> None:
        """Close every socket with this code."""
        self._end = (code, goodbye)
        self.stir()

    def move(self) -> None:
        for _, outbox in self.toy.connected.values():
            outbox.append(Moving(within_ms=MOVE_WITHIN_MS))
        self.stir()

    def stir(self) -> None:
        """Send what the room has put in its members' ways out."""
        for sender in self._senders:
            sender.set()

    async def stop(self) -> None:
        """Break every connection and answer no more."""
        self.cut()
        assert self._server is not None
        self._server.should_exit = True
        for listening in self._server.servers:
            listening.close()
        await asyncio.sleep(0)

    # --- serving ---

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ToyServer"]:
        routes = [
            Route("/api/rooms", self._open, methods=["POST"]),
            Route("/api/rooms/{room}/tickets", self._ticket, methods=["POST"]),
            Route("/api/rooms/{room}/invitations", self._invite, methods=["POST"]),
            Route("/api/reports/{room}", self._report),
            WebSocketRoute("/rooms/{room}/socket", self._socket),
        ]
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        await until(lambda: self._server.started)
        try:
            yield self
        finally:
            self.cut()
            self._server.should_exit = self._server.force_exit = True
            await serving

    async def _open(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != "Bearer secret":
            return JSONResponse({"code": "signed_out", "sentence": "Sign in first.", "retry": False}, 401)
        return JSONResponse({"room": self.toy.id, "url": f"/rooms/{self.toy.id}", "later": "unknown"}, 201)

    async def _invite(self, request: Request) -> JSONResponse:
        return JSONResponse({"url": f"{self.url}/invited/code"}, 201)

    async def _ticket(self, request: Request) -> JSONResponse:
        self.asked += 1
        if self.breaks:
            self.breaks -= 1
            self.cut()
        if self.refusal is not None:
            return JSONResponse(self.refusal[1], self.refusal[0])
        wish = await request.json()
        role, name = wish["role"], wish.get("name") or "Ada"
        self.tickets.append(f"ticket-{next(self.connections)}.{role}.{name}")
        participant = {"id": f"p.{role}", "name": name, "role": role}
        path = f"/rooms/{self.toy.id}/socket"
        reply = {"ticket": self.tickets[-1], "expires_in_s": 30, "socket": path, "participant": participant}
        return JSONResponse(reply, 201)

    async def _report(self, request: Request) -> JSONResponse:
        status, body = self.report[0] if len(self.report) == 1 else self.report.pop(0)
        return JSONResponse(body, status)

    async def _socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            hello = await websocket.receive_text()
            self.hellos.append(hello)
            if self.silent:
                await websocket.receive()
                return
            await self._serve(websocket, hello)
        except WebSocketDisconnect as gone:
            self.left.append(gone.code)

    async def _serve(self, websocket: WebSocket, hello: str) -> None:
        _, role, name = json.loads(hello)["ticket"].split(".")
        who = Participant(id=f"p.{role}", name=name, role=Role(role))
        connection = f"s-{next(self.connections)}"
        if self.one_seat:
            await self.take_over()
        outbox = self.toy.connect(connection, hello, who)
        stirred = asyncio.Event()
        self._senders.add(stirred)
        self._here.add(websocket)
        stirred.set()
        sending = asyncio.create_task(self._send(websocket, outbox, stirred))
        try:
            while (message := await websocket.receive())["type"] != "websocket.disconnect":
                self.toy.receive(connection, message.get("bytes") or message["text"])
                if self.before_answer is not None:
                    act, self.before_answer = self.before_answer, None
                    act()
                    continue
                self.stir()
            raise WebSocketDisconnect(message.get("code", 1006))
        finally:
            self._senders.discard(stirred)
            self._here.discard(websocket)
            sending.cancel()
            self.toy.hang_up(connection)

    async def take_over(self) -> None:
        """Another device takes the place of all that are here."""
        for websocket in list(self._here):
            await websocket.close(Close.TAKEN_OVER)

    async def _send(self, websocket: WebSocket, outbox: list, stirred: asyncio.Event) -> None:
        while True:
            await stirred.wait()
            stirred.clear()
            while outbox:
                await websocket.send_text(outbox.pop(0).model_dump_json())
            if self._end is not None:
                code, goodbye = self._end
                self._end = None
                if goodbye is not None:
                    await websocket.send_text(goodbye.model_dump_json())
                await websocket.close(code)
