"""One WebSocket at the end of a TCP connection: `websockets` reads and writes its frames, uvicorn accepts it.

Decides how bytes wait and when a connection is cut without being asked; never what is said on it. A connection is
opened over ASGI like any other (`server.handshake`), then carried on without: an ASGI application can neither cut a
connection nor see that it would have to wait, and its layers cost more than the rest (docs/decisions/0010). One that is
idle holds no more than what is in `__slots__`.
"""

import asyncio
import logging
import struct
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.protocol import OPEN, Protocol, Side
from websockets.server import ServerProtocol

from rooms.protocol import MAX_MESSAGE_BYTES, Close
from server.budget import Budget
from server.handshake import Handshake
from server.incoming import Incoming
from server.outgoing import Outgoing, turn_of
from server.tcp import bound
from server.way import LAST_WORDS_S, Closed, Gone, Serve

UNHEARD_BYTES: Final = 64 * 1024
"""What may have come in and wait to be looked at before the connection is not read any further."""
MESSAGE_COST_BYTES: Final = 64
"""What a message counts besides its length: ten thousand empty ones are a lot."""
AT_A_TIME_BYTES: Final = 8 * 1024
"""What is looked at in one go: tiny frames take longer than their size says, and everybody else waits."""
CONTROLS, CONTROLS_PER_SECOND = 100, 10
"""Pings and pongs that one may send, so many at once; browsers send none, and answer ours every 20 s."""

_log = logging.getLogger("websockets.server")


class Wire(asyncio.Protocol):
    """For `uvicorn.Config(ws=Wire)`: one connection, and, once it is accepted, its `server.way.Way`."""

    __slots__ = (
        "_app", "_conn", "_connections", "_controls", "_full", "_held", "_incoming", "_last_words", "_loop",
        "_outgoing", "_over", "_ping", "_ping_every_s", "_pinged", "_rest", "_tasks", "_transport", "_unheard",
        "_unheard_bytes", "_waiter", "on_flow",
    )  # fmt: skip

    def __init__(self, config: Config, server_state: ServerState, app_state: Any) -> None:
        self._app = config.loaded_app
        self._connections, self._tasks = server_state.connections, server_state.tasks
        self._ping_every_s = config.ws_ping_interval
        self._loop = asyncio.get_running_loop()
        self._conn: Protocol = ServerProtocol(max_size=MAX_MESSAGE_BYTES, logger=_log)
        self._transport: asyncio.Transport
        self._outgoing: Outgoing
        self._unheard: list[str | bytes] = []
        self._unheard_bytes = 0
        self._rest = b""
        """What came in and was not looked at: as much as one read of the socket gave."""
        self._controls: Budget | None = None
        self._held = self._full = False
        self._incoming: Incoming | None = None
        """None until the handshake is over."""
        self._waiter: asyncio.Future[None] | None = None
        self._over: Gone | Closed | None = None
        self._ping: asyncio.TimerHandle | None = None
        self._pinged: bytes | None = None
        self._last_words: asyncio.TimerHandle | None = None
        self.on_flow: Callable[[], None] | None = None
        """Called when the socket takes something again, after `at_once` said no."""

    # --- for the one who serves it --------------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """See `server.way.Way`."""
        return (await self.receive_some(1))[0]

    async def receive_some(self, most: int) -> list[str | bytes]:
        """See `server.way.Way`."""
        while not self._unheard:
            if self._over:
                raise self._over
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if isinstance(self._over, Closed):
            raise self._over
        taken, self._unheard = self._unheard[:most], self._unheard[most:]
        if self._unheard:
            self._unheard_bytes -= sum(map(len, taken)) + MESSAGE_COST_BYTES * len(taken)
        else:
            self._unheard_bytes = 0
        if self._held and not self._unheard:
            self._listen_on()
        return taken

    def at_once(self, frames: bytes) -> bool:
        """Send without waiting; what is sent in one turn of the event loop is one write.

        False: the socket takes nothing just now (`on_flow` is called when it does), or nothing any more.
        """
        if self._full or self._over:
            return False
        self._outgoing.say(frames)
        return True

    def close(self, code: int, reason: str) -> None:
        """Say that this is the end. Who has not heard it after LAST_WORDS_S is cut off."""
        if self._over is None and self._conn.state is OPEN:
            self._conn.send_close(code, reason)
            self._write()
        self._end(Closed())
        self._last_words = self._last_words or self._loop.call_later(LAST_WORDS_S, self._transport.abort)

    def abort(self) -> None:
        """Cut the connection: what was not read is let go of at once."""
        self._end(Closed())
        self._transport.abort()

    # --- for uvicorn and the event loop ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._outgoing = Outgoing(self._transport, turn_of(self._loop))
        self._connections.add(self)  # type: ignore[arg-type]  # of which it asks no more than `shutdown`
        bound(transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        for timer in (self._ping, self._last_words):
            if timer:
                timer.cancel()
        self._ping = self._last_words = self.on_flow = None
        self._end(Gone(CloseCode.ABNORMAL_CLOSURE))

    def shutdown(self) -> None:
        """The process ends."""
        self.close(CloseCode.SERVICE_RESTART, "")

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self.on_flow:
            self.on_flow()

    def data_received(self, data: bytes) -> None:
        if self._rest or len(data) > AT_A_TIME_BYTES:
            self._rest += data
            self._catch_up()
        else:
            self._look_at(data)

    def _catch_up(self) -> None:
        while self._rest and not self._held:
            piece, self._rest = self._rest[:AT_A_TIME_BYTES], self._rest[AT_A_TIME_BYTES:]
            self._look_at(piece)

    def _look_at(self, data: bytes) -> None:
        if self._incoming is None:
            self._conn.receive_data(data)
            for request in self._conn.events_received():
                if isinstance(request, Request):
                    self._asked(request)
        else:
            if messages := self._incoming.messages(data):
                self._heard(messages)
            if self._incoming.controls:
                self._controlled(self._incoming)
        if self._conn.writes:
            self._write()
        if self._conn.eof_sent:
            self._closing()

    def eof_received(self) -> None:
        """Closes the connection: a side that says no more hears no more either."""

    # --- the opening, and what is said -------------------------------------------------------------------------------

    def _asked(self, request: Request) -> None:
        response = cast(ServerProtocol, self._conn).accept(request)
        if response.status_code != 101:
            self._answer(response)
            return
        task = self._loop.create_task(self._run(request, response))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, request: Request, response: Response) -> None:
        try:
            serve = await self._opened(request, response)
            del request, response  # the task lives as long as the connection, and needs neither
            if serve:
                await serve(self)
        except Exception:
            _log.exception("a connection broke")
        finally:
            self.close(CloseCode.INTERNAL_ERROR, "")  # unless it was closed already

    async def _opened(self, request: Request, response: Response) -> Serve | None:
        """Ask the application; gives who carries the connection on, or None where it ends here."""
        conn = cast(ServerProtocol, self._conn)
        handshake = Handshake(request, lambda yes: self._answer(response if yes else conn.reject(403, "")))
        try:
            await self._app(handshake.scope(self._transport), handshake.receive, handshake.send)
        finally:
            handshake.settle(accepted=False)
        return handshake.serve

    def _answer(self, response: Response) -> None:
        cast(ServerProtocol, self._conn).send_response(response)
        self._write()
        if response.status_code != 101:
            self._end(Closed())
            self._transport.close()
            return
        # The handshake's headers and state are not needed any more.
        self._conn = Protocol(Side.SERVER, max_size=MAX_MESSAGE_BYTES, logger=_log)
        self._incoming = Incoming(self._conn)
        self._ping_later()

    def _controlled(self, incoming: Incoming) -> None:
        """Pings and pongs came in."""
        now = self._loop.time()
        self._controls = self._controls or Budget(CONTROLS_PER_SECOND, CONTROLS, now)
        if not self._controls.spend(incoming.controls, now):
            self._conn.fail(Close.TOO_MUCH, "too_much")
        incoming.controls = 0
        if incoming.ponged == self._pinged:
            self._pinged = None

    def _heard(self, messages: list[str | bytes]) -> None:
        if self._over:
            return
        self._unheard += messages
        self._unheard_bytes += sum(map(len, messages)) + MESSAGE_COST_BYTES * len(messages)
        if self._unheard_bytes > UNHEARD_BYTES and not self._held:
            self._held = True
            self._transport.pause_reading()
        self._wake()

    def _write(self) -> None:
        """Send what the library has to say. Answers to pings that nobody reads are let go of."""
        self._outgoing.flush()  # what was said before goes before
        writes = self._conn.data_to_send()
        if writes and not self._transport.is_closing() and (not self._full or self._conn.state is not OPEN):
            self._transport.write(b"".join(writes))

    # --- the end ----------------------------------------------------------------------------------------------------

    def _closing(self) -> None:
        """A close was received, or something that ends the connection."""
        received = self._conn.close_rcvd
        sent = self._conn.close_sent
        ours = sent.code if sent else CloseCode.ABNORMAL_CLOSURE
        self._end(Gone(received.code if received else ours))
        self._last_words = self._last_words or self._loop.call_later(LAST_WORDS_S, self._transport.abort)
        if received or self._incoming is None or not self._transport.can_write_eof():
            self._transport.close()
        elif not self._transport.is_closing():
            # Whoever still sends is heard out, to no effect: closed before, TCP would reset the connection, and our
            # close, with its reason, would be lost on its way (RFC 6455, 7.1.1; RFC 9112, 9.6).
            self._transport.write_eof()

    def _end(self, over: Gone | Closed) -> None:
        self._over = self._over or over
        if self._held and not self._transport.is_closing():
            self._listen_on()  # the other side's close is to be heard
        self._wake()

    def _listen_on(self) -> None:
        self._held = False
        self._catch_up()
        if not self._held:
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    # --- pings ------------------------------------------------------------------------------------------------------

    def _ping_later(self) -> None:
        if self._ping_every_s:
            self._ping = self._loop.call_later(self._ping_every_s, self._ping_now)

    def _ping_now(self) -> None:
        """Ask whether the other side is there; who has not answered by the next time is gone."""
        self._ping = None
        if self._over or self._transport.is_closing():
            return
        if self._pinged:
            self._conn.fail(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
            self._write()
            self._closing()
            self._transport.close()
            return
        self._pinged = struct.pack(">I", id(self) & 0xFFFFFFFF)
        self._conn.send_ping(self._pinged)
        self._write()
        self._ping_later()
