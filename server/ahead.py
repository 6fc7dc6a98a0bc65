"""Marks the open answer as soon as hearing tells that it is likely over, so that its score is there when it is.

Decides which early marks may be used: those of an answer that then ended with exactly these words. All others are
dropped unseen: what is marked early is in this process's memory and nowhere else until the turn is closed.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from rooms.protocol import TELL, ResetReason, TurnEnding
from rooms.state import Room, Turn
from server.feed import Feed
from server.marker import Marked, Marker
from server.ports import Record

_MARK: Final = f'"{TurnEnding.model_fields["kind"].default}"'.encode()

_log = logging.getLogger(__name__)


class _Early(NamedTuple):
    turn: Turn
    marking: asyncio.Task[Marked]


class Ahead:
    """Of one room: a listener of its feed while it is entered."""

    def __init__(self, marker: Marker, feed: Feed) -> None:
        self._marker, self._feed = marker, feed
        self._early: _Early | None = None

    async def mark(self, room: Room, turn: Turn) -> Marked:
        """What a closed turn is worth: known already, or found now. Raises as `Marker.mark` does."""
        early = self._early
        if early and early.turn.number == turn.number:
            self._early = None
            if _answer(early.turn) == _answer(turn):
                with contextlib.suppress(Exception):  # what failed early is tried once more, and speaks for itself
                    return await early.marking
            early.marking.cancel()
        return await self._marker.mark(room, turn)

    def take_back(self) -> None:
        """The answer goes on."""
        early, self._early = self._early, None
        if early:
            early.marking.cancel()

    # --- for the feed: server.live.Listener -------------------------------------------------------------------------

    def told(self, tell: bytes) -> None:
        if _MARK not in tell:
            return
        said, room = TELL.validate_json(tell, extra="ignore"), self._feed.room
        if not isinstance(said, TurnEnding) or room.turn is None or room.turn.number != said.turn:
            return
        self.take_back()
        if said.on and not room.turn.finished and not room.withdrawn:
            marking = asyncio.get_running_loop().create_task(self._marker.mark(room, room.turn))
            marking.add_done_callback(_complain)
            self._early = _Early(room.turn, marking)

    def happened(self, records: Sequence[Record]) -> None:
        """All other facts are the scorer's to read."""
        if any(record.kind == "consent_withdrawn" for record in records):
            self.take_back()

    def durable(self, version: int) -> None:
        """No matter here."""

    def reset(self, reason: ResetReason) -> None:
        self.take_back()

    def __enter__(self) -> "Ahead":
        self._feed.attach(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.detach(self)
        self.take_back()


def _answer(turn: Turn) -> tuple[object, ...]:
    """All of a turn that marks rest on."""
    return turn.question, turn.utterances, turn.began_ms


def _complain(marking: asyncio.Task[Marked]) -> None:
    if not marking.cancelled() and (failure := marking.exception()):
        _log.warning("an answer was not marked early", extra={"error": type(failure).__name__})
