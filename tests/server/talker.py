"""A socket on which a test says what it likes, also what no client would, and a room that is not to notice."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State
from websockets.uri import parse_uri

from client import Greenroom, Lost, Visit
from rooms.commands import EndInterview, TypeAnswer
from rooms.people import Role
from rooms.protocol import VERSION, Frame, pack_frame
from scripts.fuzz import wires
from server.errors import TABLE
from tests.journeys.people import begin, next_turn
from tests.waiting import within

DEADLINE_S = 10.0
Said = dict[str, Any]


class Talker:
    """One socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Said] = []
        """All that came, in order."""

    async def say(self, message: object) -> None:
        """Text or bytes as they are; anything else as JSON."""
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def say_often(self, message: str | bytes, times: int) -> None:
        """All at once: how fast it is heard is for the other side alone to say."""
        kind = wires.TEXT if isinstance(message, str) else wires.BINARY
        payload = message.encode() if isinstance(message, str) else message
        self.socket.transport.write(wires.frame(wires.FIN | kind, payload) * times)

    async def hello(self, ticket: str, **more: object) -> Said:
        """Come in properly; gives the welcome."""
        await self.say({"type": "hello", "protocol": VERSION, "ticket": ticket} | more)
        return await self.hears("welcome")

    async def do(self, kind: str, id: str = "c-1", **fields: object) -> Said:
        """A command; gives its answer."""
        await self.say({"type": "do", "id": id, "command": {"kind": kind, **fields}})
        while True:
            answer = await self._next()
            if answer["type"] in ("accepted", "refused") and answer["id"] == id:
                return answer

    async def answer(self) -> Said:
        """The next answer to a command."""
        while (answer := await self._next())["type"] not in ("accepted", "refused"):
            continue
        return answer

    async def hears(self, type: str) -> Said:
        """The next message of this type."""
        while (message := await self._next())["type"] != type:
            pass
        return message

    async def is_refused(self, code: str, id: str | None = None) -> None:
        """The next refusal is this one, as the table has it; the socket goes on."""
        said, problem = await self.hears("refused"), TABLE[code]
        assert said == {
            "type": "refused", "id": id, "code": code, "sentence": problem.sentence, "retry": problem.retry
        }  # fmt: skip

    async def is_sent_away(self, code: str) -> None:
        """The socket ends with this problem's goodbye and close code, as the table has them."""
        problem = TABLE[code]
        goodbye = await self.hears("goodbye")
        assert goodbye == {"type": "goodbye", "code": code, "sentence": problem.sentence, "retry": problem.retry}
        assert await self.closed() == problem.close

    async def closed(self) -> int | None:
        """How the socket was closed, once it is."""
        try:
            while True:
                await self._next()
        except ConnectionClosed:
            return self.socket.close_code

    async def is_well(self) -> None:
        """Still served: a command is answered."""
        assert (await self.do("resume_interview", "still-there"))["id"] == "still-there"

    async def send_frame(self, seq: int, ms: int = 40) -> None:
        await self.say(frame(seq, ms))

    async def _next(self) -> Said:
        async with asyncio.timeout(DEADLINE_S):
            message: Said = json.loads(await self.socket.recv())
        self.heard.append(message)
        return message


class Quiet:
    """Two people in a room of their own, to whom nothing is to happen."""

    def __init__(self, candidate: Visit, coach: Visit) -> None:
        self.candidate, self.coach = candidate, coach
        self._said: list[str] = []
        self._lost = 0

    async def goes_on(self) -> None:
        """One more sentence goes from one to the other, in no more than a moment."""
        self._said.append(f"Quiet sentence {len(self._said)}.")
        async with within(3):
            await self.candidate.do(TypeAnswer(turn=1, text=self._said[-1]))
            await self.coach.until(lambda room: len(room.turns[0].utterances) == len(self._said))

    async def noticed_nothing(self) -> None:
        """Nobody was cut off, nothing was lost, and it goes on."""
        await self.goes_on()
        assert self._lost == 0
        assert [u.text for u in self.coach.room.turns[0].utterances] == self._said
        assert all(len(p.connections) == 1 for p in self.coach.room.people)

    async def count_losses(self, visit: Visit) -> None:
        async for change in visit.changes():
            self._lost += isinstance(change, Lost)


@asynccontextmanager
async def quiet_room(greenroom: Greenroom) -> AsyncIterator[Quiet]:
    """Such a room, its first question asked."""
    opened = await greenroom.open_room("technical")
    async with greenroom.join(opened) as candidate, greenroom.join(opened, Role.COACH) as coach:
        await begin(candidate)
        await next_turn(candidate, 1)
        quiet = Quiet(candidate, coach)
        await quiet.goes_on()
        watching = [asyncio.create_task(quiet.count_losses(visit)) for visit in (candidate, coach)]
        yield quiet
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await candidate.do(EndInterview())


@asynccontextmanager
async def knocking(
    greenroom: Greenroom, room: str, *, origin: str | None = None, cookie: str | None = None
) -> AsyncIterator[Talker]:
    """A socket at a room's door that has said nothing yet."""
    address = f"{greenroom.base.replace('http', 'ws', 1)}/rooms/{room}/socket"
    headers = ({"Origin": origin} if origin else {}) | ({"Cookie": cookie} if cookie else {})
    async with open_socket(
        address, additional_headers=headers, compression=None, proxy=None, close_timeout=1, max_size=None
    ) as socket:
        yield Talker(socket)


@asynccontextmanager
async def inside(greenroom: Greenroom, room: str, role: Role = Role.CANDIDATE) -> AsyncIterator[Talker]:
    """A socket that was let in."""
    ticket = await greenroom.ticket(room, role)
    async with knocking(greenroom, room) as talker:
        await talker.hello(ticket.ticket)
        yield talker


async def a_grace_later(greenroom: Greenroom, room: str, watcher: Talker) -> None:
    """Somebody else comes and leaves, and `watcher` sees them counted as gone: whoever was to go before them has."""
    async with inside(greenroom, room, Role.OBSERVER) as observer:
        you = observer.heard[0]["you"]["id"]
    while (await watcher.hears("event"))["event"].get("participant") != you:
        pass


@asynccontextmanager
async def as_guest(link: str) -> AsyncIterator[Greenroom]:
    """Somebody who opened an invitation."""
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(link)).status_code == 303
        yield Greenroom(http, [link.partition("/invited/")[0]])


@contextmanager
def deaf(port: int, room: str, ticket: str) -> Iterator[socket.socket]:
    """A socket that says hello and never reads what comes back."""
    protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/rooms/{room}/socket"))
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.settimeout(DEADLINE_S)
        wire.connect(("127.0.0.1", port))
        protocol.send_request(protocol.connect())
        wire.sendall(b"".join(protocol.data_to_send()))
        while protocol.state is not State.OPEN:
            protocol.receive_data(wire.recv(4096))
        protocol.send_text(json.dumps({"type": "hello", "protocol": VERSION, "ticket": ticket}).encode())
        wire.sendall(b"".join(protocol.data_to_send()))
        yield wire


def held_by_server(wire: socket.socket) -> bool:
    """Whether the process at the other end of this connection still holds it. Linux tells; elsewhere it is believed."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return False
    ends = [f":{address[1]:04X}" for address in (wire.getpeername(), wire.getsockname())]
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[9] != "0" for row in rows)


async def with_microphone(talker: Talker, stream: str = "m-1") -> None:
    """Consent and open a microphone."""
    room = talker.heard[0]["room"]
    assert (await talker.do("give_consent", "consent", notice=room["notice"]))["type"] == "accepted"
    opened = await talker.do("open_microphone", f"open-{stream}", stream=stream, sample_rate=16_000)
    assert opened["type"] == "accepted"


def frame(seq: int, ms: int = 40) -> bytes:
    return pack_frame(Frame(seq, 40 * seq % 2**32, bytes(32 * ms)))
