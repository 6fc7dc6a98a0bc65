"""One socket's way out: what is waiting to be sent, and what happens when its reader is slow.

Decides the order and the bound: facts wait their turn and are never dropped; of what is told only the latest of each
kind waits. Who is slow is cut off and resumes; nobody else waits for them. As long as nothing waits, a message goes
straight to the socket, and what waits goes when the socket says that it takes more: no task is woken for either.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from rooms.editions import said
from rooms.people import Id, Participant
from rooms.protocol import VERSION, ServerMessage, Welcome, accepted_json
from server.errors import TABLE, Problem, goodbye
from server.framing import framed
from server.ports import Grounds
from server.way import Way

REASONS_CLOSE = 4001
"""The close code of a problem that names none."""


class Member:
    """A participant's connection, as the fan-out sees it. Frames are those of `server.way.Way`."""

    __slots__ = (
        "_facts", "_limit", "_patience", "_timeout_s", "_told", "_waiting", "_way", "connection", "ended",
        "grounds", "participant", "protocol",
    )  # fmt: skip

    def __init__(
        self,
        participant: Participant,
        connection: str,
        way: Way,
        limit_bytes: int,
        timeout_s: float,
        protocol: int = VERSION,
        grounds: Grounds = (),
    ) -> None:
        self.participant, self.connection, self.grounds = participant, connection, grounds
        self.protocol = protocol
        """The version that they speak."""
        self.ended: Problem | None = None
        """Why this connection ends or ended, once it does."""
        self._way, self._limit, self._timeout_s = way, limit_bytes, timeout_s
        self._facts: deque[bytes] | None = None
        """None while nothing waits."""
        self._told: dict[str, bytes] = {}
        self._waiting = 0
        self._patience: asyncio.TimerHandle | None = None

    def begin(self, welcome: Welcome, story: Sequence[bytes] = ()) -> None:
        """Say the welcome and what was missed. However long that is, it counts as nobody's slowness."""
        text = said(welcome, self.protocol)
        frames = [framed(text.encode()), *story] if text is not None else story
        self._limit += sum(map(len, frames))
        for frame in frames:
            self.send(frame)

    def send(self, frames: bytes) -> None:
        """Send what must arrive, or let it wait."""
        if self._facts is None and not self.ended and self._way.at_once(frames):
            return
        if self.ended:
            return  # what comes now is sent when they come back
        self._wait().append(frames)
        self._waiting += len(frames)
        if self._waiting > self._limit:
            self.end("too_slow")

    def accept(self, done: Iterable[tuple[Id, int]]) -> None:
        """Say that commands are done, and where."""
        frames = b""
        for command, version in done:
            frames += framed(accepted_json(command, version))
        self.send(frames)

    def say(self, message: ServerMessage) -> None:
        if (text := said(message, self.protocol)) is not None:
            self.send(framed(text.encode()))

    def tell(self, kind: str, frame: bytes) -> None:
        """Send something of which only the latest matters."""
        if self.ended or (self._facts is None and self._way.at_once(frame)):
            return
        self._wait()
        self._told[kind] = frame

    def end(self, code: str) -> None:
        """Close the socket with this problem from the table, once what waits has had its chance.

        Who is too slow has had it: what waits is let go of, and so is what the socket holds.
        """
        if code == "too_slow":
            self.ended = TABLE[code]
            self.leave()
            self._way.abort()
        elif self.ended is None:
            self.ended = TABLE[code]
            if self._facts is None:
                self._depart()

    def leave(self) -> None:
        """Nothing is sent any more."""
        self._facts, self._told, self._waiting = None, {}, 0
        self._way.on_flow = None
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _wait(self) -> deque[bytes]:
        """Let the socket say when it takes more; who gives it no cause to for too long is cut off."""
        if self._facts is None:
            self._facts = deque()
            self._way.on_flow = self._flow
            self._be_patient()
        return self._facts

    def _be_patient(self) -> None:
        if self._patience:
            self._patience.cancel()
        self._patience = asyncio.get_running_loop().call_later(self._timeout_s, self.end, "too_slow")

    def _flow(self) -> None:
        """Send what waits, in order, as far as the socket takes it."""
        while self._facts:
            if not self._way.at_once(self._facts[0]):
                return self._be_patient()
            self._waiting -= len(self._facts.popleft())
        while self._told:
            kind = next(iter(self._told))
            if not self._way.at_once(self._told[kind]):
                return self._be_patient()
            del self._told[kind]
        self.leave()
        if self.ended:
            self._depart()
        return None

    def _depart(self) -> None:
        assert self.ended is not None, "only who is to go departs"
        say_goodbye(self._way, self.ended)


def say_goodbye(way: Way, problem: Problem) -> None:
    """Tell the other side why, and close."""
    way.at_once(framed(goodbye(problem).model_dump_json().encode()))
    way.close(problem.close or REASONS_CLOSE, problem.code)
