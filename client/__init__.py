"""A typed, asynchronous Greenroom client: open rooms, join them, speak, watch, and read reports.

Start at `connect`; docs/CLIENT.md is the tour. What it decides is how to stay in a room over a bad network; never
what is allowed there, which is the server's word.
"""

from client.api import Greenroom, OpenedRoom, Ticket, connect
from client.errors import (
    AudioFileError,
    AudioLostError,
    AwayError,
    ClosedError,
    GreenroomError,
    LateError,
    RefusedError,
)
from client.mirror import Mirror
from client.news import Back, Change, Lost, Moved, Unkept, Whole
from client.outbox import Standing
from client.visit import Microphone, Visit
from rooms.protocol import Happened, Refused, Telling

__all__ = [
    "AudioFileError",
    "AudioLostError",
    "AwayError",
    "Back",
    "Change",
    "ClosedError",
    "Greenroom",
    "GreenroomError",
    "Happened",
    "LateError",
    "Lost",
    "Microphone",
    "Mirror",
    "Moved",
    "OpenedRoom",
    "Refused",
    "RefusedError",
    "Standing",
    "Telling",
    "Ticket",
    "Unkept",
    "Visit",
    "Whole",
    "connect",
]
