"""Audio on its way to hearing, and what hearing keeps to go on from.

Decides contracts, worked out in the docstrings; does nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from rooms.protocol import Frame


class AudioLog(Protocol):
    """The audio of rooms on its way to hearing: bounded, and forgotten once heard."""

    async def append(self, room: str, stream: str, frames: Sequence[Frame], decoder: bytes = b"") -> int:
        """Keep frames; those that are there already are skipped. Returns the last frame number that is safe (-1: none).

        Frames of a stream are kept in order without gaps: a frame ahead of the next expected one is not kept, so
        the returned number tells the client from where to send again. Raises `AudioFull` when hearing is too far
        behind; the client keeps its frames and sends them again. `decoder`, where a frame was decoded from a piece of a
        recording, is kept with it in one step: what the piece behind it needs.
        """

    async def decoder(self, room: str, stream: str) -> bytes:
        """What was kept with the stream's last frame; nothing before the first."""

    async def through(self, room: str, stream: str) -> int | None:
        """The last frame number that is safe; None before the first."""

    async def read(self, rooms: Mapping[str, str]) -> Mapping[str, tuple[str, Sequence[tuple[str, Frame]]]]:
        """For each room and position (""= from the oldest kept), what came after: new position, (stream, frame)s.

        One round trip for all rooms; rooms with nothing new are left out. Does not wait. Where much came, the oldest
        of it: the rest lies behind the new position.
        """

    async def forget(self, room: str, position: str) -> None:
        """Frames up to and including `position` were heard out and may go."""

    async def erase(self, room: str) -> None:
        """Delete all audio of a room, and its note (it closed, or consent was withdrawn)."""


class BadSound(ValueError):
    """Bytes that cannot be decoded. Its text says why."""


class Decoder(Protocol):
    """Makes samples of one recording that comes in pieces. Made anew from `state`, it goes on in the middle."""

    def decode(self, piece: bytes) -> bytes:
        """16-bit samples, one channel, 16 kHz. CPU-bound and bounded. Raises BadSound; then it is of no use."""

    @property
    def state(self) -> bytes:
        """All that another one needs to go on behind the last piece."""


class Note(NamedTuple):
    """What a worker must know to go on hearing a room where another left off."""

    room: str
    fence: int
    """The number of the writer's lease."""
    note: bytes
    forget: str
    """Audio up to and including this position is not needed any more; "" for none."""


class HearingNotes(Protocol):
    """Beside its audio, a note of each room that is heard. It holds words that were said, and goes with the audio."""

    async def keep(self, notes: Sequence[Note]) -> frozenset[str]:
        """Keep notes, each in place of the room's older one, and forget the audio with it in one step; one round trip.

        Returns the rooms in which the note stands. Where another worker with a higher number keeps or has recalled a
        note, nothing was done: the room is not the writer's any more.
        """

    async def recall(self, room: str, fence: int) -> bytes | None:
        """The note; None if there is none. From then on, nobody with a lower number keeps one. Raises Fenced."""
