"""Staying connected: one socket after another for the same conversation, with pauses between them or without.

Decides when to connect, when a second socket takes the place of a first, and when to give up; never what a message
means (`client.conversation`), when a socket is dead (`client.wire`) or who waits for what (`client.visit`).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple, Protocol

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI

from client.closing import AfterClose
from client.conversation import Conversation
from client.errors import AwayError, GreenroomError, RefusedError
from client.news import Lost, News
from client.pauses import Pauses
from client.wire import LOOPBACK, Wire, dial

__all__ = ["LOOPBACK", "Door", "Entry", "Lifeline"]

WELCOME_DEADLINE_S = 10.0
SEND_DEADLINE_S = 10.0
STALLED_AFTER_S = 5.0
"""Audio that has not become safe for so long is sent again."""
STEADY_AFTER_S = 5.0
"""A connection that lasted so long starts the pauses anew."""
MOVE_SHARE = 0.6
"""Of the time in which to move: the second socket is asked for within this share of it, and the rest is for opening."""
MOVE_AGAIN_S = 0.25
"""After a second socket that was not welcomed, the next is tried so soon."""

UNREACHED = (AwayError, OSError, TimeoutError, InvalidHandshake, InvalidMessage, ConnectionClosed)


class Entry(NamedTuple):
    """Where to connect, and the ticket for it, or the return ticket."""

    address: str
    ticket: str


class Door(Protocol):
    """What leads to a room's socket."""

    async def enter(self, return_ticket: str | None = None) -> Entry:
        """A new ticket where there is no return ticket. Raises RefusedError, or AwayError when nobody answers."""

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
        self._in_use: Wire | None = None
        self._move_within_s: asyncio.Future[float]
        self._partings: asyncio.TaskGroup
        """Sockets that another one has taken the place of say goodbye meanwhile."""
        self._greeted = False
        """A second socket has said hello."""
        self._cut_off = False
        """The connection ended without a word from the other side: perhaps many lost theirs with it."""

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Connect, talk, and come back, until the visit is over; then `talk.over` says why."""
        async with asyncio.TaskGroup() as self._partings:
            await self._stay()

    async def _stay(self) -> None:
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
            pause_s = pauses.next() + (self._talk.return_after_s if self._cut_off else 0.0)
            self._cut_off = False
            if now + pause_s - away_since > self._patience_s:
                patience = f"{self._patience_s:.0f} seconds"
                self._talk.over = AwayError(f"No connection for {patience}. Check the network, then join again.")
                return
            await asyncio.sleep(pause_s)

    async def _visit_once(self) -> AfterClose:
        """One ticket, one socket, and those that take its place without a pause."""
        self._was_live = False
        try:
            what = await self._go_in()
            return await self._go_in() if self._talk.return_refused else what
        except RefusedError as refused:
            if not refused.retry:
                self._talk.over = refused
        except UNREACHED:
            self._door.elsewhere()
        except GreenroomError as error:
            self._talk.over = error
        except InvalidURI as error:
            self._talk.over = GreenroomError(f"{error}. Check --url.")
        return AfterClose.PAUSE if self._talk.over is None else AfterClose.STAY_AWAY

    async def _go_in(self) -> AfterClose:
        entry = await self._door.enter(self._talk.return_ticket)
        wire = await dial(entry.address)
        ticket: str | None = entry.ticket
        while True:
            what, successor = await self._converse(wire, ticket)
            if successor is None:
                return what
            wire, ticket = successor, None

    # --- one socket ---

    async def _converse(self, wire: Wire, ticket: str | None) -> tuple[AfterClose, Wire | None]:
        """Talk over one socket until it ends, or a second one has taken its place. Without a ticket it was greeted."""
        self._in_use, self._greeted = wire, False
        self._move_within_s = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as tasks:
                reading, moving = tasks.create_task(self._read(wire)), tasks.create_task(self._move())
                ways = (self._write(wire, ticket), self._nudge(), wire.watch())
                helpers = [tasks.create_task(way) for way in ways]
                await asyncio.wait((reading, moving), return_when=asyncio.FIRST_COMPLETED)
                overtaken = self._greeted and not moving.done() and reading.result() is None
                if overtaken:  # the second socket is what ended this one, perhaps
                    self._talk.parted()
                    await asyncio.wait((moving,))
                for task in (reading, moving, *helpers):
                    task.cancel()
        except BaseException:
            if moving.done() and not moving.cancelled() and (second := moving.result()) is not None:
                await _close(second)
            await _close(wire)
            raise
        successor = moving.result() if moving.done() and not moving.cancelled() else None
        if successor is not None:
            self._partings.create_task(_close(wire), name="parting")
            return AfterClose.AT_ONCE, successor
        await wire.close()
        leave = reading.result() if reading.done() and not reading.cancelled() else AfterClose.PAUSE
        code = (not overtaken and wire.close_code) or 1006
        self._cut_off = self._was_live and leave is None and code == 1006 and not wire.given_up
        return await self._parted(leave, code), None

    async def _parted(self, leave: AfterClose | None, code: int) -> AfterClose:
        """The socket is closed: by us if `leave`, else with this code."""
        what = self._talk.dropped(1000 if leave else code)
        if leave is not None and self._talk.over is None:
            what = leave
        if what is not AfterClose.STAY_AWAY:
            if what is AfterClose.AT_ONCE or code == 1006 or not self._was_live:
                self._door.elsewhere()
            if self._was_live:
                await self._tell(News((Lost(code),)))
        return what

    async def _read(self, wire: Wire) -> AfterClose | None:
        """Take messages until one says to leave, or, None, until the socket is closed or not in use any more."""
        while True:
            try:
                async with asyncio.timeout(None if self._talk.live else WELCOME_DEADLINE_S):
                    message = await wire.recv()
            except TimeoutError:
                return AfterClose.PAUSE
            except ConnectionClosed:
                return None
            if self._in_use is not wire:
                return None
            news = self._talk.receive(message)
            self._was_live = self._was_live or self._talk.live
            if news.move_within_ms is not None and not self._move_within_s.done():
                self._move_within_s.set_result(news.move_within_ms / 1000)
            self.wake()
            await self._tell(news)
            if news.leave is not None:
                return news.leave

    async def _write(self, wire: Wire, ticket: str | None) -> None:
        """Send what is due. A socket that does not take it in time is given up; the reader sees that and why."""
        try:
            if ticket is not None:
                await wire.send(self._talk.hello(ticket))
            while self._in_use is wire:
                while self._in_use is wire and (messages := self._talk.due()):
                    for message in messages:
                        async with asyncio.timeout(SEND_DEADLINE_S):
                            await wire.send(message)
                self._wake.clear()
                await self._wake.wait()
        except TimeoutError:
            wire.transport.abort()
        except ConnectionClosed:
            return

    async def _nudge(self) -> None:
        """Send audio again that has not become safe for long, and commands that met a fault."""
        mark, since = -1, monotonic()
        while True:
            await asyncio.sleep(STALLED_AFTER_S / 5)
            if self._talk.offer_held():
                self.wake()
            ring = self._talk.ring
            if ring is None or ring.all_safe or ring.safe != mark:
                mark, since = (ring.safe if ring else -1), monotonic()
            elif monotonic() - since >= STALLED_AFTER_S:
                self._talk.send_audio_again()
                self.wake()
                since = monotonic()

    # --- a second socket that takes the place of the first ---

    async def _move(self) -> Wire | None:
        """When told to move: a second socket that was welcomed. None: there is none, nor a first one any more."""
        within_s = await self._move_within_s
        await asyncio.sleep(random.random() * MOVE_SHARE * within_s)
        while True:
            self._door.elsewhere()
            if (wire := await self._second()) is not None:
                return wire
            if not self._talk.live:
                return None
            await asyncio.sleep(MOVE_AGAIN_S)

    async def _second(self) -> Wire | None:
        """Open one more socket; once it is welcomed, it is the one in use."""
        try:
            entry = await self._door.enter(self._talk.return_ticket)
            wire = await dial(entry.address)
        except (*UNREACHED, GreenroomError, InvalidURI):
            return None
        news: News | None = None
        try:
            await wire.send(self._talk.hello(entry.ticket))
            self._greeted = True
            async with asyncio.timeout(WELCOME_DEADLINE_S):
                news = self._talk.taken_in(await wire.recv())
        except (TimeoutError, ConnectionClosed):
            return None
        finally:
            if news is None or news.leave is not None:
                self._greeted = False
                await _close(wire)
        if news is None or news.leave is not None:
            return None
        self._in_use = wire
        await self._tell(news)
        return wire


async def _close(wire: Wire) -> None:
    try:
        await wire.close()
    finally:
        wire.transport.abort()
