"""What a client does after its socket closed, by the close code.

Decides whether it comes back, how soon, and with what; docs/PROTOCOL.md is written from here. Never does it.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from rooms.protocol import Close


class AfterClose(Enum):
    """What a client does after its socket closed."""

    AT_ONCE = "Come back within 0.3 seconds with your cursor; where several addresses are known, to the next one."
    PAUSE = "Come back with your cursor, the first time within 0.3 seconds, then after pauses that grow to 5."
    AFRESH = "Come back after such a pause, without a cursor: the room is sent whole."
    NEW_TICKET = "Get a new ticket and come back; give up when three in a row are refused."
    STAY_AWAY = "Do not come back. Say why, and let the person decide."


def after_close(code: int) -> AfterClose:
    """What to do after this close code. 1006: the network dropped, no code was received."""
    match code:
        case Close.GOING_AWAY:
            return AfterClose.AT_ONCE
        case Close.LOST_TRACK:
            return AfterClose.AFRESH
        case Close.TICKET_INVALID | Close.HELLO_EXPECTED:  # a hello may come too late over a bad network
            return AfterClose.NEW_TICKET
        case Close.MESSAGE_TOO_BIG:
            return AfterClose.STAY_AWAY
        case _:
            return AfterClose.STAY_AWAY if code >= 4500 or code in (1002, 1003, 1007, 1008) else AfterClose.PAUSE


SENTENCES: Mapping[int, str] = MappingProxyType(
    {
        Close.MESSAGE_TOO_BIG: "A message was too big. Send shorter texts and audio frames.",
        Close.HELLO_EXPECTED: "The server waited in vain for a hello. Check the network and join again.",
        Close.TICKET_INVALID: "The server does not take its own tickets. Check that its clocks and its Redis agree.",
        Close.PROTOCOL_UNKNOWN: "The server speaks another protocol. Install the matching release of Greenroom.",
        Close.MESSAGE_INVALID: "The server could not read a message. Install the matching release of Greenroom.",
        Close.REFUSED: "You may not enter this room.",
        Close.TAKEN_OVER: "You joined from another device, so this one has left.",
        Close.ORIGIN_REFUSED: "The server does not take connections from here.",
        Close.SIGNED_OUT: "You are signed out of this room. Sign in again, or ask for a new invitation.",
        Close.TOO_MUCH: "More was sent than a person can say. Send audio at the pace of speech.",
    }
)
"""What to tell a person when the server said nothing."""
