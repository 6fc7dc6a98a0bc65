"""Clients that say things twice, or do not read."""

import random

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket

from client import connect
from rooms.people import Role
from rooms.protocol import VERSION, Hello
from scripts.hardening.faults.fault import Fault
from scripts.hardening.stage import Stage
from tests.deployment import TOKEN


class CommandsDoubled(Fault):
    """For 4 s each command is put twice with the same id: at once on two sockets, or again after its answer."""

    lasts_s = 4.0

    async def inject(self) -> None:
        self.stage.doubling = True

    async def heal(self) -> None:
        self.stage.doubling = False


class StuckReader(Fault):
    """In every room an observer and a coach say hello and never read a word, for 6 s."""

    lasts_s = 6.0

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        super().__init__(stage, chance)
        self._stuck: list[ClientConnection] = []

    async def inject(self) -> None:
        async with connect(urls=self.cluster.urls(self.chance), token=TOKEN) as greenroom:
            for room in self.stage.rooms:
                for role in (Role.OBSERVER, Role.COACH):
                    ticket = await greenroom.ticket(room, role, "Stuck")
                    address = greenroom.address(ticket.socket).replace("http", "ws", 1)
                    socket = await open_socket(
                        address, compression=None, ping_interval=None, max_queue=1, proxy=None, close_timeout=0.1
                    )
                    self._stuck.append(socket)
                    await socket.send(Hello(protocol=VERSION, ticket=ticket.ticket).model_dump_json())

    async def heal(self) -> None:
        for socket in self._stuck:
            socket.transport.abort()
        self._stuck.clear()
