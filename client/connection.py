"""Staying connected: one socket after another for the same conversation, with pauses between them.

Decides when to connect, ping, give up on a socket and on the visit; never what a message means
(`client.conversation`) or who waits for what (`client.visit`).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI

from client.closing import AfterClose
from client.conversation import Conversation, Lost, News
from client.errors import AwayError, GreenroomError, RefusedError
from client.pauses import Pauses

CONNECT_DEADLINE_S = 10.0
WELCOME_DEADLINE_S = 10.0
SEND_DEADLINE_S = 10.0
PING_EVERY_S = 5.0
PING_DEADLINE_S = 10.0
STALLED_AFTER_S = 5.0
"""Audio that has not become safe for so long is sent again."""
STEADY_AFTER_S = 5.0
"""A connection that lasted so long starts the pauses anew."""
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
"""A whole room is the largest message."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Entry(NamedTuple):
    """Where to connect, and the ticket for it."""

    address: str
    ticket: str


class Door(Protocol):
    """What leads to a room's socket."""

    async def enter(self) -> Entry:
        """A new ticket. Raises RefusedError, or AwayError when nobody answers."""

    def elsewhere(self) -> None:
        """The address in use is dead or going away: use the next one."""


class Lifeline:
    """Keeps one conversation connected until it is over."""

    def __init__(
        self, talk: Conversation, door: Door, patience_s: float, tell: Callable[[News], Awaitable[None]]
    ) -> None:
        self._talk, self._door, self._patience_s, self._tell = talk, door, patience_s, tell
        self._wake = asyncio.Event()
        self._was_live = False

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Connect, talk, and come back, until the visit is over; then `talk.over` says why."""
        pauses, away_since = Pauses(random.random), monotonic()
        while self._talk.over is None:
            began = monotonic()
            what = await self._visit_once()
            now = monotonic()
            if self._was_live:
                away_since = now
                if now - began > STEADY_AFTER_S:
                    pauses.start_anew()
            if what is AfterClose.STAY_AWAY:
                return
            pause_s = pauses.next(at_once=what is AfterClose.AT_ONCE)
            if now + pause_s - away_since > self._patience_s:
                patience = f"{self._patience_s:.0f} seconds"
                self._talk.over = AwayError(f"No connection for {patience}. Check the network, then join again.")
                return
            await asyncio.sleep(pause_s)

    async def _visit_once(self) -> AfterClose:
        """One ticket, one socket."""
        self._was_live = False
        try:
            entry = await self._door.enter()
            async with _socket(entry.address) as socket:
                try:
                    return await self._converse(socket, entry.ticket)
                except asyncio.CancelledError:  # we leave, which is not the fault that websockets would call it
                    await socket.close()
                    raise
        except RefusedError as refused:
            if not refused.retry:
                self._talk.over = refused
        except (AwayError, OSError, TimeoutError, InvalidHandshake, InvalidMessage):
            self._door.elsewhere()
        except GreenroomError as error:
            self._talk.over = error
        except InvalidURI as error:
            self._talk.over = GreenroomError(f"{error}. Check --url.")
        return AfterClose.PAUSE if self._talk.over is None else AfterClose.STAY_AWAY

    async def _converse(self, socket: ClientConnection, ticket: str) -> AfterClose:
        leave: AfterClose | None = None
        async with asyncio.TaskGroup() as tasks:
            helpers = (tasks.create_task(self._write(socket, ticket)), tasks.create_task(self._nudge()))
            try:
                leave = await self._read(socket)
            except TimeoutError:
                leave = AfterClose.PAUSE
            except ConnectionClosed:
                pass
            finally:
                for task in helpers:
                    task.cancel()
        if leave is not None:
            await socket.close()
        return await self._parted(leave, socket.close_code or 1006)

    async def _parted(self, leave: AfterClose | None, code: int) -> AfterClose:
        """The socket is closed: by us if `leave`, else with this code."""
        self._was_live = self._talk.live
        what = self._talk.dropped(1000 if leave else code)
        if leave is not None and self._talk.over is None:
            what = leave
        if what is not AfterClose.STAY_AWAY:
            if what is AfterClose.AT_ONCE or code == 1006 or not self._was_live:
                self._door.elsewhere()
            if self._was_live:
                await self._tell(News((Lost(code),)))
        return what

    async def _read(self, socket: ClientConnection) -> AfterClose:
        """Take messages until one says to leave."""
        while True:
            async with asyncio.timeout(None if self._talk.live else WELCOME_DEADLINE_S):
                message = await socket.recv()
            news = self._talk.receive(message)
            self.wake()
            await self._tell(news)
            if news.leave is not None:
                return news.leave

    async def _write(self, socket: ClientConnection, ticket: str) -> None:
        """Send what is due. A socket that does not take it in time is given up; the reader sees that and why."""
        try:
            await socket.send(self._talk.hello(ticket))
            while True:
                while messages := self._talk.due():
                    for message in messages:
                        async with asyncio.timeout(SEND_DEADLINE_S):
                            await socket.send(message)
                self._wake.clear()
                await self._wake.wait()
        except TimeoutError:
            socket.transport.abort()
        except ConnectionClosed:
            return

    async def _nudge(self) -> None:
        """Send audio again that has not become safe for long."""
        mark, since = -1, monotonic()
        while True:
            await asyncio.sleep(STALLED_AFTER_S / 5)
            ring = self._talk.ring
            if ring is None or ring.all_safe or ring.safe != mark:
                mark, since = (ring.safe if ring else -1), monotonic()
            elif monotonic() - since >= STALLED_AFTER_S:
                self._talk.send_audio_again()
                self.wake()
                since = monotonic()


def _socket(address: str) -> open_socket:
    """A socket with deadlines. Compression off: it costs the server more memory a socket than it saves."""
    return open_socket(
        address,
        compression=None,
        open_timeout=CONNECT_DEADLINE_S,
        close_timeout=2.0,
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_DEADLINE_S,
        max_size=MESSAGE_LIMIT_BYTES,
        proxy=None if urlsplit(address).hostname in LOOPBACK else True,
    )
