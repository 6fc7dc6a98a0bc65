"""People who say things twice or in a muddle, move to another device, or do not read."""

import asyncio
import random
import socket

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from client import Ticket, connect
from rooms.people import Role
from rooms.protocol import VERSION, Hello
from scripts.hardening import history as h
from scripts.hardening.faults.fault import Fault
from scripts.hardening.stage import Stage
from tests.deployment import TOKEN

SMALL_SEGMENT_BYTES = 536
"""With loopback's own segments the kernel would take megabytes before the server feels that nobody reads."""
CUT_DEADLINE_S = 5.0
ENOUGH_BYTES = 250_000
"""More than the kernel and the server together hold for one reader. In a room where less was said nobody need be cut:
an interview that ended early, or a machine too busy to whisper much."""


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

    lasts_s = 8.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self._stuck: list[tuple[str, ClientConnection]] = []

    async def inject(self) -> None:
        self.stage.loud = True
        async with connect(urls=self.cluster.urls(self.chance), token=TOKEN) as greenroom:
            for room in self.stage.rooms:
                for _ in range(2):
                    ticket = await greenroom.ticket(room, Role.COACH, "Stuck")
                    self._stuck.append((room, await self._say_hello(ticket)))

    async def _say_hello(self, ticket: Ticket) -> ClientConnection:
        port = self.chance.choice(self.cluster.webs).port
        wire = socket.socket()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT_BYTES)
        wire.connect(("127.0.0.1", port))
        unread = await open_socket(
            f"ws://127.0.0.1:{port}{ticket.socket}", sock=wire, compression=None, ping_interval=None, max_queue=1,
            close_timeout=0.1,
        )  # fmt: skip
        await unread.send(Hello(protocol=VERSION, ticket=ticket.ticket).model_dump_json())
        return unread

    async def heal(self) -> None:
        self.stage.loud = False

    async def settle(self) -> None:
        """Whoever begins to read now finds what the kernel still held, and then the end."""
        for room, unread in self._stuck:
            cut = await _ends(unread)
            if cut or self._said(room) > ENOUGH_BYTES:
                self.stage.history.note(h.Unread(room=room, who="stuck coach", cut=cut))
            unread.transport.abort()

    def _said(self, room: str) -> int:
        """How many bytes a coach was told in this room who did read."""
        saw = (entry for entry in self.stage.history.entries if isinstance(entry, h.Saw) and entry.room == room)
        return sum(len(entry.event.model_dump_json()) for entry in saw if entry.who == "coach")


async def _ends(unread: ClientConnection) -> bool:
    """Whether this connection was ended from the other side."""
    try:
        async with asyncio.timeout(CUT_DEADLINE_S):
            while True:
                await unread.recv()
    except ConnectionClosed:
        return True
    except TimeoutError:
        return False
