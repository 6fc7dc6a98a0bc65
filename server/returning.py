"""The way back into a room: return tickets, and places in the line of those who lose a worker together.

Decides who may carry a connection on that broke, without a new ticket: whoever holds its return ticket, for as long as
the room counts the connection as here. Never lets anybody in who was not let in before, or who would not be now
(`gate`), and never says that somebody is gone (`departures`).
"""

import heapq
import hmac
from typing import Final, NamedTuple

from rooms.people import Participant
from rooms.state import Room
from server.errors import Failed
from server.ports import Clock, Holds
from server.settings import Settings

KIND: Final = "back"
"""What a return ticket begins with; nothing in the other kind of ticket looks like it: those hold no "/"."""
RETURN_MS: Final = 1
"""What a return costs a worker, about (docs/PERFORMANCE.md): so far apart come those who lost one."""
LONGEST_LINE_MS: Final = 5_000
"""Where a worker held more, several take its members in, and each has a part of them only."""


class Return(NamedTuple):
    """What a return ticket says."""

    connection: str
    holder: str
    """The socket whose welcome it came with: the last one that held the connection, or the ticket is spent."""
    epoch: str
    """The life of the log in which the room counted it as here: holders are forgotten with the log."""
    until_s: int
    """When its bearer has to sign in anew, in seconds since 1970: coming back does not move it."""


class Returns:
    """Return tickets of one worker, which all workers take. Signed, not stored: what they depend on is in the room."""

    def __init__(self, settings: Settings, clock: Clock, holds: Holds) -> None:
        # The standard library's: itsdangerous makes its key anew each time, and thousands come back at once.
        # Of the sign-in token too: programs show it for tickets only, and with another one theirs hold no more.
        token = settings.sign_in_token.get_secret_value() if settings.sign_in_token else ""
        purpose = b"greenroom.return " + token.encode()
        self._key = hmac.digest(settings.secret_key.get_secret_value().encode(), purpose, "sha256")
        self._ttl_s, self._clock, self._holds = settings.return_ticket_ttl_s, clock, holds

    def first(self, connection: str, epoch: str, before: Return | None = None) -> Return:
        """What lets its bearer back to a connection that was just opened, in place of the one `before`."""
        return Return(connection, connection, epoch, before.until_s if before else self._now_s() + self._ttl_s)

    def issue(self, back: Return, room: str, origin: str) -> str:
        """The ticket that says so, for this room and origin."""
        text = "/".join((KIND, back.connection, back.holder, back.epoch, str(back.until_s)))
        return f"{text}/{self._signature(text, room, origin)}"

    def read(self, ticket: str, room: str, origin: str) -> Return | None:
        """What a return ticket says; None for a ticket of the other kind. Failed if we did not issue it so, or if it
        has expired."""
        kind, *said = ticket.split("/")
        if kind != KIND or not said:
            return None
        text, _, signature = ticket.rpartition("/")
        if not hmac.compare_digest(signature.encode(), self._signature(text, room, origin).encode()):
            raise Failed("ticket_invalid")
        connection, holder, epoch, until_s, *_ = said  # the next release may say more
        if self._now_s() >= int(until_s):
            raise Failed("ticket_invalid")
        return Return(connection, holder, epoch, int(until_s))

    @staticmethod
    def who(back: Return, room: Room, epoch: str) -> Participant:
        """Whom the room counts as here by this connection, as who they are there. Failed if nobody."""
        held = (person.participant for person in room.people if back.connection in person.connections)
        who = next(held, None)
        if who is None or epoch != back.epoch:
            raise Failed("ticket_invalid")
        return who

    async def take(self, back: Return, room: str, socket: str) -> Return:
        """Have this socket hold the connection; gives the way back from there. Failed if another one has taken it."""
        if not await self._holds.take(room, back.connection, back.holder, socket):
            raise Failed("ticket_invalid")
        return back._replace(holder=socket)

    def _signature(self, text: str, room: str, origin: str) -> str:
        return hmac.digest(self._key, "\n".join((text, room, origin)).encode(), "sha256").hex()

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000


class Line:
    """Places in the line of those who come back when this worker is lost: each its own, and none left out for long."""

    def __init__(self) -> None:
        self._next = 0
        self._free: list[int] = []

    def take(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def leave(self, place: int) -> None:
        heapq.heappush(self._free, place)


def after_ms(place: int) -> int:
    """How long after the loss of the worker whoever has this place comes back."""
    return min(place * RETURN_MS, LONGEST_LINE_MS)
