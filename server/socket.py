"""The life of one WebSocket: hello, join or resume, listen, goodbye.

Decides the order of these steps; never who may enter (`gate`) or come back (`returning`), what is answered (`seat`),
what may happen (`decide`) or who sees it (`fanout`). One task lives as long as the socket, and waits in `Way.receive`
for most of its life.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NoReturn

from pydantic import ValidationError
from starlette.websockets import WebSocket

from rooms.commands import Join
from rooms.interview.bank import Bank
from rooms.people import SYSTEM, Participant
from rooms.phases import Phase
from rooms.protocol import CLIENT_MESSAGE, HELLO_SECONDS, SPOKEN, Hello, Moving
from rooms.quality import Arrivals
from rooms.refusals import Refusal
from server.departures import Departures
from server.errors import Failed, problem_of
from server.fanout import Fanout, Hall
from server.gate import Gate
from server.identity import Person
from server.loads import Admission
from server.member import Member, say_goodbye
from server.microphone import Microphone
from server.ports import AudioLog, Leases, RoomLog
from server.recording import NewDecoder
from server.returning import Line, Return, Returns, after_ms
from server.seat import Seat, speaks
from server.settings import Settings
from server.way import AsgiWay, Closed, Gone, Way, carried_on
from server.writer import Writer

_log = logging.getLogger(__name__)


class Sockets:
    """Serves the sockets of this worker."""

    def __init__(
        self,
        settings: Settings,
        worker: str,
        gate: Gate,
        returns: Returns,
        writer: Writer,
        fanout: Fanout,
        departures: Departures,
        log: RoomLog,
        audio: AudioLog,
        leases: Leases,
        bank: Bank,
        new_decoder: NewDecoder,
        admission: Admission | None = None,
        came_late: Callable[[str, Participant], Awaitable[None]] | None = None,
    ) -> None:
        """`came_late` is told of who comes into a room that is over: what they see there, nothing else takes down.
        Where it fails, they are not let in."""
        self._settings, self._worker = settings, worker
        self._gate, self._returns, self._line = gate, returns, Line()
        self._writer, self._fanout, self._departures = writer, fanout, departures
        self._log, self._audio, self._leases, self._bank = log, audio, leases, bank
        self._new_decoder, self._admission, self._came_late = new_decoder, admission, came_late
        self._open = 0
        self._none_open = asyncio.Event()
        self._none_open.set()
        self.closing = False

    async def drain(self, within_ms: int) -> None:
        """Take nobody new; tell everybody to move within a while, to another worker, and send off who stays."""
        self.closing = True
        for member in self._fanout.members:
            member.say(Moving(within_ms=within_ms))
        await self._all_closed(within_ms / 1000)  # they go when another worker has welcomed them
        staying = self._fanout.members
        for member in staying:
            # Spread out, so that the others are not asked for thousands of rooms at once.
            await asyncio.sleep(within_ms / 1000 / len(staying))
            member.end("going_away")
        await self._all_closed(self._settings.write_timeout_s)  # each is still to be told why

    async def _all_closed(self, within_s: float) -> None:
        """Wait for all sockets to be done, but no longer than this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._none_open.wait()

    async def endpoint(self, websocket: WebSocket) -> None:
        """Accept, and only then look who it is: a page is told the reason for a "no" on an open socket only."""
        await websocket.accept()
        room, origin = websocket.path_params["room"], websocket.headers.get("origin", "")
        serve = partial(self.serve, room, origin, page=self._gate.behind(websocket, origin))
        if not carried_on(websocket.scope, serve):
            async with AsgiWay(websocket) as way:
                await serve(way)

    async def serve(self, room: str, origin: str, way: Way, page: Person | None = None) -> None:
        """One connection, from hello to close. Writes its one canonical log line. `origin`: "" for programs. `page`:
        who is signed in where it comes from (`Gate.behind`)."""
        began = time.monotonic()
        line: dict[str, object] = {"room": room}
        self._open += 1
        self._none_open.clear()
        try:
            outcome = await self._live(way, origin, room, page, line)
        except Gone as gone:
            outcome = f"left {gone.code}"
        except Closed:
            outcome = "going_away"
        except Exception as error:
            problem = problem_of(error)
            outcome = problem.code
            say_goodbye(way, problem)
            if problem.code == "internal":
                _log.exception("socket broke", extra=line)
        finally:
            self._open -= 1
            if not self._open:
                self._none_open.set()
        line |= {"outcome": outcome, "seconds": round(time.monotonic() - began, 3)}
        _log.info("connection", extra=line)

    async def _live(self, way: Way, origin: str, room: str, page: Person | None, line: dict[str, object]) -> str:
        self._gate.check_origin(origin)
        if self.closing:
            raise Failed("going_away")
        if self._open > self._settings.connections_per_worker:
            raise Failed("worker_full")
        hello = await _hello(way)
        back = self._returns.read(hello.ticket, room, origin)
        bearer = back or await self._gate.admit(hello.ticket, room, origin)
        socket = f"{self._worker}.{secrets.token_hex(4)}"
        async with self._fanout.hall(room) as hall:
            if isinstance(bearer, Return):
                who = self._returns.who(bearer, hall.room, hall.life)
                grounds = self._gate.let_back(who, hall.room, origin, page)
            else:
                who, grounds = bearer.participant, bearer.grounds
            if code := self._gate.why_not(grounds):
                raise Failed(code)
            line |= {"participant": who.id, "role": who.role.value, "connection": socket, "client": hello.client}
            # Before joining: whom there is no space for leaves no trace in the room. A candidate is always let in,
            # because each new connection takes over the last one.
            if hall.users > self._gate.places(who.role) and not speaks(who):
                raise Failed("room_full")
            if back and not speaks(who):
                line |= {"connection": back.connection, "socket": socket}
                joined, here = None, await self._carry_on(room, who, back, socket)
            else:
                if back:  # no ticket was taken for it
                    await self._gate.count_entry(room, who)
                takeover = hello.takeover or hello.resume is not None or back is not None
                joined = await self._join(room, who, socket, takeover=takeover)
                here = self._returns.first(socket, hall.life, back)
            place = self._line.take()
            try:
                if joined is not None:
                    await self._shown(hall, who, joined)
                limit, timeout_s = self._settings.outbox_bytes, self._settings.write_timeout_s
                member = Member(who, here.connection, way, limit, timeout_s, hello.protocol, grounds)
                # A program that was signed in by a cookie shows it for tickets only: it takes a new one.
                ticket = self._returns.issue(here, room, origin) if origin or not grounds else None
                way_back = ticket, 0 if speaks(who) or ticket is None else after_ms(place)
                return await self._converse(way, hall, member, hello, way_back, line)
            finally:
                self._line.leave(place)
                taken_from = back.holder if back and joined is None else None
                self._departures.left(room, who.id, here.connection, socket, taken_from)

    async def _carry_on(self, room: str, who: Participant, back: Return, socket: str) -> Return:
        """Have this socket hold the connection that broke. The room never knew them gone: nobody is told anything."""
        try:
            return await self._returns.take(back, room, socket)
        except BaseException:
            self._departures.left(room, who.id, back.connection, socket)  # no answer came, yet it may be ours
            raise

    async def _join(self, room: str, who: Participant, connection: str, *, takeover: bool) -> int:
        """Enter the room; gives the version at which the room shows it."""
        command = Join(participant=who, connection=connection, worker=self._worker, takeover=takeover)
        try:
            joined = await self._writer.do(room, command, SYSTEM, f"join.{connection}")
        except BaseException:
            self._departures.left(room, who.id, connection, connection)  # no answer came, yet it may be in the log
            raise
        if isinstance(joined, Refusal):
            raise Failed(joined.code.value)
        return joined.cursor.version

    async def _shown(self, hall: Hall, who: Participant, joined: int) -> None:
        """Wait until the room shows them here, and see to it that somebody serves it."""
        await hall.reached(joined)
        if hall.room.phase is not Phase.CLOSED:
            await self._leases.announce(hall.room_id)  # once more: an announcement that was lost is made good
        elif self._came_late:
            await self._came_late(hall.room_id, who)

    async def _converse(
        self,
        way: Way,
        hall: Hall,
        member: Member,
        hello: Hello,
        way_back: tuple[str | None, int],
        line: dict[str, object],
    ) -> str:
        speaker = speaks(member.participant)
        microphone = Microphone(self._audio, hall, member, self._new_decoder) if speaker else None
        through = await microphone.through() if microphone else None
        await hall.enter(member, hello.resume, through, *way_back)
        if code := self._gate.why_not(member.grounds):  # since they knocked; from now on `send_off` finds them
            member.end(code)
        try:
            await self._listen(way, hall, member, microphone)
        except Closed:
            return member.ended.code if member.ended else "going_away"
        finally:
            hall.leave(member)
            if microphone:
                microphone.close()
                line |= _counted(microphone.arrivals)

    async def _listen(self, way: Way, hall: Hall, member: Member, microphone: Microphone | None) -> NoReturn:
        try:
            seat = Seat(self._settings, self._writer, self._log, self._bank, hall, member, microphone, self._admission)
            await seat.listen(way)
        except (Gone, Closed):
            raise
        except Exception as error:
            problem = problem_of(error)
            if problem.code == "internal":
                _log.exception("socket broke", extra={"room": hall.room_id})
            member.end(problem.code)
        while True:  # what waits for them is sent before the goodbye; what they say meanwhile is not heard
            await way.receive()


def _counted(arrivals: Arrivals) -> dict[str, int]:
    """For the canonical line: how the last stream of this connection came in."""
    if not arrivals.frames:
        return {}
    frames, again, ahead, drift_ms = arrivals.frames, arrivals.again, arrivals.ahead, arrivals.drift_ms
    return {"frames": frames, "frames_again": again, "frames_ahead": ahead, "drift_ms": drift_ms}


async def _hello(way: Way) -> Hello:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            said = await way.receive()
        message = CLIENT_MESSAGE.validate_json(said, strict=True) if isinstance(said, str) else None
    except (TimeoutError, ValidationError):
        raise Failed("hello_expected") from None
    if not isinstance(message, Hello):
        raise Failed("hello_expected")
    if message.protocol not in SPOKEN:
        raise Failed("protocol_unknown")
    return message
