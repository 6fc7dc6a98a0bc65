"""A foreign WebSocket as a `server.way.Way` that speaks our protocol: what comes in and goes out is interpreted.

Decides the bounds: a client that is not read from while its audio is not safe yet, one that is cut off when it reads
none of its answers. Never what is said (the interpreter's affair), and never what is allowed (`server.socket`).
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol, Self

from rooms.protocol import SERVER_MESSAGE, ServerMessage
from server.budget import Budget
from server.errors import Failed
from server.framing import framed, unframed
from server.way import Closed, Gone, Way

UNREAD: Final = 256
"""Answers that may wait for a client that does not read. Beyond that it is cut off."""
MESSAGES_PER_SECOND: Final = 500
"""What is taken from a foreign client on average, three times as many at once: ten times real time in pieces of 20 ms.
The rest waits on its side."""
BREATH_S: Final = 0.02
FULL_S: Final = 60.0
"""How long nothing more may be taken from it before it is sent away: its audio does not become safe."""


class ToRoom(NamedTuple):
    """A message of ours, as our own clients send it: JSON, or a binary frame of audio."""

    message: str | bytes


class ToThem(NamedTuple):
    """A message in their protocol."""

    text: str


class Hangup(NamedTuple):
    """Nothing more is to be said: close."""

    code: int
    reason: str


Said = ToRoom | ToThem | Hangup
HANGUP: Final = Hangup(1000, "the interview is over")


class Interpreter(Protocol):
    """One connection's. Called synchronously, in the order in which things are said."""

    @property
    def full(self) -> bool:
        """Whether the client should wait: nothing more is taken from it until this changes."""

    def begin(self) -> Iterable[Said]:
        """The connection is open."""

    def heard(self, message: str | bytes, now_s: float) -> Iterable[Said]:
        """The client said this; `now_s` is a clock that never goes back. Failed closes the connection."""

    def told(self, message: ServerMessage) -> Iterable[Said]:
        """The room said this."""


class Interpreted:
    """`async with Interpreted(way, interpreter) as room_way`. See `server.way.Way` for what it promises."""

    def __init__(self, way: Way, interpreter: Interpreter) -> None:
        self._way, self._interpreter = way, interpreter
        self._to_room: deque[str | bytes] = deque()
        self._to_them: deque[bytes] = deque()
        self._over: Exception | None = None
        self._stir = asyncio.Event()
        self._eased = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.on_flow: Callable[[], None] | None = None
        way.on_flow = self._flow

    async def __aenter__(self) -> Self:
        self._pass_on(self._interpreter.begin())
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    async def receive(self) -> str | bytes:
        return (await self.receive_some(1))[0]

    async def receive_some(self, most: int) -> list[str | bytes]:
        while not self._to_room:
            if self._over:
                raise self._over
            self._stir.clear()
            await self._stir.wait()
        return [self._to_room.popleft() for _ in range(min(most, len(self._to_room)))]

    def at_once(self, frames: bytes) -> bool:
        if not self._flush():
            return False
        for text in unframed(frames):
            self._pass_on(self._interpreter.told(SERVER_MESSAGE.validate_json(text, extra="ignore")))
        if not self._interpreter.full:
            self._eased.set()
        return True

    def close(self, code: int, reason: str) -> None:
        self._flush()
        self._way.close(code, reason)
        self._end(Closed())

    def abort(self) -> None:
        self._way.abort()
        self._end(Closed())

    async def _listen(self) -> None:
        budget = Budget(MESSAGES_PER_SECOND, 3 * MESSAGES_PER_SECOND, time.monotonic())
        try:
            while True:
                await self._until_eased()
                message = await self._way.receive()
                while not budget.spend(1, time.monotonic()):  # noqa: ASYNC110  (leave to speak comes with time)
                    await asyncio.sleep(BREATH_S)
                self._pass_on(self._interpreter.heard(message, time.monotonic()))
        except Exception as over:  # that they left, or what is wrong with them: the socket's affair
            self._end(over)

    async def _until_eased(self) -> None:
        try:
            async with asyncio.timeout(FULL_S):
                while self._interpreter.full:
                    self._eased.clear()
                    await self._eased.wait()
        except TimeoutError:
            raise Failed("hearing_behind") from None

    def _end(self, over: Exception) -> None:
        """`receive` raises this, behind all that was said before."""
        self._over = self._over or over
        self._stir.set()

    def _pass_on(self, said: Iterable[Said]) -> None:
        for one in said:
            match one:
                case ToRoom(message):
                    self._to_room.append(message)
                    self._stir.set()
                case ToThem(text):
                    self._to_them.append(framed(text.encode()))
                case Hangup(code, reason):  # as if they had said goodbye in our protocol
                    self._end(Gone(code))
                    self.close(code, reason)
        self._flush()
        if len(self._to_them) > UNREAD:
            self.abort()

    def _flush(self) -> bool:
        """Send what waits, as far as the socket takes it; whether nothing waits any more."""
        while self._to_them:
            if not self._way.at_once(self._to_them[0]):
                return False
            self._to_them.popleft()
        return True

    def _flow(self) -> None:
        if self._flush() and self.on_flow:
            self.on_flow()
