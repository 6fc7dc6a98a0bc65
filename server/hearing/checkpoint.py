"""What a worker leaves behind so that another goes on where it was, in the middle of an utterance.

Decides what belongs to it and how it is written down. No clock, no store: `keeping` decides when one is due.

A place is a point in the audio log together with all that hearing remembers there. Everything behind it follows from
the audio alone, so whoever goes on from a place comes to the same words, whatever it had already come to once. An
utterance under way also has its committed words, which were told to people: they are taken as they are, and only its
open passage is heard again.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import ConfigDict, ValidationError

from rooms.passages import OpenUtterance
from rooms.turns import TurnDetector
from rooms.values import Value
from rooms.windows import Cut
from server.shape import shape


class Stream(NamedTuple):
    """What is remembered of one microphone's audio."""

    cut: Cut
    voice: bytes
    """The state of its voice detector."""


class Place(NamedTuple):
    """A point in a room's audio, and what hearing remembers there."""

    position: str
    """In the audio log: what is behind it is heard again."""
    at_ms: int
    """The same in the room's time."""
    turn: int | None
    """The turn that was open there."""
    detector: TurnDetector
    streams: Mapping[str, Stream]


class Checkpoint(Value):
    """Where to go on, and with what."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    place: Place
    utterance: OpenUtterance | None = None
    """The utterance under way, if words of it are committed: its open passage begins behind the place."""


EDITION: Final = f"1.{shape(Checkpoint.model_json_schema())}"
"""It changes with every field of all that is in a checkpoint. The number is raised when the same fields come to mean
something else."""


def written(checkpoint: Checkpoint) -> bytes:
    return f"{EDITION}\n{checkpoint.model_dump_json()}".encode()


def read(note: bytes) -> Checkpoint | None:
    """The checkpoint in a note; None for another release's: its room is heard again from its audio."""
    edition, _, body = note.partition(b"\n")
    if edition != EDITION.encode():
        return None
    try:
        return Checkpoint.model_validate_json(body)
    except ValidationError:
        return None
