"""One socket's way out: what is waiting to be sent, and what happens when its reader is slow.

Decides the order and the bound: facts wait their turn and are never dropped; of what is told only the latest of each
kind waits. Who is slow is cut off and resumes; nobody else waits for them. As long as nothing waits, a message goes
straight to the socket: waking a task for each took half of a worker's time (docs/PERFORMANCE.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from rooms.editions import said
from rooms.people import Participant
from rooms.protocol import VERSION, ServerMessage
from server.errors import TABLE, Problem


class Ending(Exception):
    """The socket is to be closed, with this problem as the reason."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Member:
    """A participant's connection, as the fan-out sees it."""

    def __init__(self, participant: Participant, connection: str, limit_bytes: int, protocol: int = VERSION) -> None:
        self.participant, self.connection = participant, connection
        self.protocol = protocol
        """The version that they speak."""
        self.gone = asyncio.Event()
        """Set when nothing more is sent on this connection."""
        self._limit = limit_bytes
        self._facts: deque[str] = deque()
        self._waiting = 0
        self._told: dict[str, str] = {}
        self._ending: Problem | None = None
        self._wake = asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        """With the one write that is waited for."""
        self._straight: Callable[[str], bool] | None = None
        """Set while nothing waits or is on its way through `pump`, which it would overtake."""

    def begin(self, *story: ServerMessage) -> None:
        """Queue the welcome and what was missed. However long that is, it counts as nobody's slowness."""
        texts = [text for message in story if (text := said(message, self.protocol)) is not None]
        self._limit += sum(_bytes(text) for text in texts)
        for text in texts:
            self.send(text)

    def send(self, text: str) -> None:
        """Queue a message that must arrive."""
        if self._ending:
            return  # what comes now is sent when they come back
        if self._straight and self._straight(text):
            return
        self._straight = None
        self._facts.append(text)
        self._waiting += _bytes(text)
        if self._waiting > self._limit:
            self._give_up()
        self._wake.set()

    def say(self, message: ServerMessage) -> None:
        if (text := said(message, self.protocol)) is not None:
            self.send(text)

    def tell(self, kind: str, text: str) -> None:
        """Queue something of which only the latest matters."""
        if not self._ending and self._straight and self._straight(text):
            return
        self._straight = None
        self._told[kind] = text
        self._wake.set()

    def end(self, code: str) -> None:
        """Close the socket with this problem from the table, once what is queued has had its chance."""
        self._ending = self._ending or TABLE[code]
        self._wake.set()

    async def pump(
        self,
        send_text: Callable[[str], Awaitable[None]],
        timeout_s: float,
        at_once: Callable[[str], bool] | None = None,
    ) -> None:
        """Send what is queued, in order, until the member ends: then raise Ending.

        `at_once` sends without waiting, or says that the socket takes nothing just now: then `send_text` waits for it.
        """
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._ending and self._ending.code == "too_slow":
                    raise Ending(self._ending)
                while self._facts or self._told:
                    text = self._next()
                    if not (at_once and at_once(text)):
                        await self._send(text, send_text, timeout_s)
                if self._ending:
                    raise Ending(self._ending)
                self._straight = at_once
        finally:
            self._straight = None

    def _give_up(self) -> None:
        """Nothing of what waits is sent any more, and the write under way is not waited for."""
        self.end("too_slow")
        self._facts.clear()
        if self._patience and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())

    def _next(self) -> str:
        if not self._facts:
            return self._told.pop(next(iter(self._told)))
        text = self._facts.popleft()
        self._waiting -= _bytes(text)
        return text

    async def _send(self, text: str, send_text: Callable[[str], Awaitable[None]], timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s) as self._patience:
                await send_text(text)
        except TimeoutError:
            raise Ending(TABLE["too_slow"]) from None
        finally:
            self._patience = None


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
