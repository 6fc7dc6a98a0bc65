"""What a visitor of a room hears of: facts, tellings, and what became of the connection and of what was put.

Decides the shapes only; `client.conversation` decides when each is due.
"""

from typing import NamedTuple

from client.closing import AfterClose
from rooms.commands import PersonCommand
from rooms.protocol import Accepted, Happened, Refused, ResetReason, Telling
from rooms.state import Room


class Whole(NamedTuple):
    """The room was shown whole: at first, or because what was missed cannot be told one by one."""

    room: Room
    reason: ResetReason


class Lost(NamedTuple):
    """The connection is gone; the client is on its way back. `code` is the close code; 1006: it just broke."""

    code: int


class Back(NamedTuple):
    """The connection is back; `missed` facts follow."""

    missed: int


class Moved(NamedTuple):
    """A worker went away, and another one has taken over without a pause; `missed` facts follow."""

    missed: int


class Unkept(NamedTuple):
    """A command that was offered again, after the room was restored or this program began anew, was refused.

    Whoever put it has had their answer long ago, or never: it is to be shown to the person.
    """

    command: PersonCommand
    refused: Refused


Change = Whole | Happened | Telling | Refused | Lost | Back | Moved | Unkept
"""What a visitor of a room hears of. A Refused here is one that belongs to no command."""


class News(NamedTuple):
    """What a message from the server led to."""

    changes: tuple[Change, ...] = ()
    answer: Accepted | Refused | None = None
    leave: AfterClose | None = None
    """Close the socket, and then do as after such a close."""
    move_within_ms: int | None = None
    """Open a second socket within this time; this one is in use until the second is welcomed."""
