"""People who say things twice or in a muddle, move to another device, or do not read."""

import asyncio
import random
import socket
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from client import connect
from rooms.people import Role
from rooms.protocol import VERSION, Hello
from scripts.hardening import history as h
from scripts.hardening.cluster import OUTBOX_BYTES
from scripts.hardening.faults.fault import Fault
from scripts.hardening.stage import Stage
from server.app.web import PING_EVERY_S
from server.tcp import KERNEL_BYTES
from server.way import LAST_WORDS_S
from tests.deployment import TOKEN

SMALL_SEGMENT_BYTES = 536
"""With loopback's own segments the kernel would take megabytes before the server feels that nobody reads."""
CUT_DEADLINE_S = 5.0
SILENCE_S = 2 * PING_EVERY_S + LAST_WORDS_S + 5.0
"""Whoever answers no ping for so long is gone, however little was said to them."""
PING_UNANSWERED = CloseCode.INTERNAL_ERROR
TRANSPORT_BYTES = 65_536
"""What asyncio and uvloop take before they say that a socket is full."""
ENOUGH_BYTES = 2 * KERNEL_BYTES + TRANSPORT_BYTES + OUTBOX_BYTES + 16_384
"""More than the kernels and the server together hold for one reader: who was said that much is not to last until a
ping finds them. An interview that ended early comes to less, and so does a machine too busy to whisper much."""


class CommandsDoubled(Fault):
    """For 4 s each command is put twice with the same id: at once on two sockets, or again after its answer."""

    lasts_s = 4.0

    async def inject(self) -> None:
        self.stage.doubling = True

    async def heal(self) -> None:
        self.stage.doubling = False


class CommandsMuddled(Fault):
    """For 4 s everybody puts several commands at once, and each is held back for a while, swapped, or sent twice."""

    lasts_s = 4.0

    async def inject(self) -> None:
        self.stage.muddling = True

    async def heal(self) -> None:
        self.stage.muddling = False


class SecondDevice(Fault):
    """Every candidate goes on from a second device in the middle of an answer; the first one is shown the door."""

    lasts_s = 3.0

    async def inject(self) -> None:
        self.stage.moving = True

    async def heal(self) -> None:
        self.stage.moving = False


class ClientKilled(Fault):
    """Every candidate's program dies with wishes under way; a new one knows only what the old one kept in a file."""

    lasts_s = 3.0

    async def inject(self) -> None:
        self.stage.dying = True

    async def heal(self) -> None:
        self.stage.dying = False


class StuckReader(Fault):
    """In every room two coaches say hello and never read a word of the long whispers that follow; both are cut off."""

    lasts_s = 14.0
    silence_s = SILENCE_S

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self.stuck: list[Stuck] = []

    async def inject(self) -> None:
        self.stage.loud = True
        async with connect(urls=self.cluster.urls(self.chance), token=TOKEN) as greenroom:
            for room in self.stage.rooms:
                for _ in range(2):
                    ticket = await greenroom.ticket(room, Role.COACH, "Stuck")
                    port = self.chance.choice(self.cluster.webs).port
                    assert port is not None
                    self.stuck.append(await self.comes(room, f"ws://127.0.0.1:{port}{ticket.socket}", ticket.ticket))

    async def comes(self, room: str, url: str, ticket: str) -> "Stuck":
        """Say hello there, and read nothing from now on."""
        wire = socket.socket()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT_BYTES)
        address = urlsplit(url)
        wire.connect((address.hostname, address.port))
        connection = await open_socket(
            url, sock=wire, compression=None, ping_interval=None, max_queue=1, close_timeout=0.1
        )
        connection.transport.pause_reading()
        await connection.send(Hello(protocol=VERSION, ticket=ticket).model_dump_json())
        return Stuck(room, connection, monotonic(), len(self.stage.history.entries))

    async def heal(self) -> None:
        self.stage.loud = False

    async def settle(self) -> None:
        """Whoever begins to read now finds what the kernel still held, and then the end."""
        if self.stuck:
            await asyncio.sleep(self.stuck[-1].since_s + self.silence_s - monotonic())
        words = await asyncio.gather(*(_last_word(each.connection) for each in self.stuck))
        for each, word in zip(self.stuck, words, strict=True):
            cut, by_ping, full = word is not None, word == PING_UNANSWERED, self._said(each) > ENOUGH_BYTES
            note = h.Unread(room=each.room, who="stuck coach", cut=cut, by_ping=by_ping, full=full)
            self.stage.history.note(note)
            each.connection.transport.abort()

    def _said(self, each: "Stuck") -> int:
        """How many bytes, at least, a coach who did read was told in this room since this one came."""
        entries = self.stage.history.entries[each.came_at :]
        saw = (entry for entry in entries if isinstance(entry, h.Saw) and entry.room == each.room)
        return sum(len(entry.event.model_dump_json()) for entry in saw if entry.who == "coach")


class Stuck(NamedTuple):
    """One who never reads."""

    room: str
    connection: ClientConnection
    since_s: float
    came_at: int
    """How long the history was then."""


async def _last_word(unread: ClientConnection) -> int | None:
    """With which code this connection was ended from the other side, 1006 if without a word; None: it was not."""
    unread.transport.resume_reading()
    try:
        async with asyncio.timeout(CUT_DEADLINE_S):
            while True:
                await unread.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else CloseCode.ABNORMAL_CLOSURE
    except TimeoutError:
        return None
