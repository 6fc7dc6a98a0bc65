"""How long one room's hearing waits in a silence, as its turns stand; and tells when an answer is likely over.

Decides when that is told and taken back; what a silence means is `rooms.patience`'s. Ends no turn, and keeps nothing
that a worker that takes the room over does not find again.
"""

import contextlib
from collections.abc import Sequence

from rooms.patience import PROFILES, patience_ms
from rooms.protocol import TurnEnding
from rooms.state import Room, Turn
from rooms.turns import TurnDetector
from server.ports import RoomLog, Unavailable
from server.settings import Settings


class Waiting:
    """Of one room."""

    def __init__(self, settings: Settings, log: RoomLog, room: str) -> None:
        self._fixed_ms, self._log, self._room = settings.turn_silence_ms, log, room
        self._known: tuple[Sequence[Turn], int, int] | None = None
        self._told: int | None = None
        """The turn of which it was told that it is likely over."""

    def patience_ms(self, room: Room) -> int:
        """How long a silence must be to end the open turn."""
        return self._look(room)[1]

    async def foresee(self, room: Room, detector: TurnDetector) -> None:
        """Tell that the open turn is likely over, or that it is not after all."""
        turn = room.turn
        if turn is None or turn.finished or turn.number != self._told:
            await self._settled()
        if turn is None or turn.finished or room.paused:
            return
        silent = not detector.open and detector.silent_ms >= self._look(room)[2]
        likely = silent and turn.may_end_by_silence
        if likely != (self._told is not None):
            self._told = turn.number if likely else None
            await self._tell(TurnEnding(turn=turn.number, on=likely))

    def _look(self, room: Room) -> tuple[Sequence[Turn], int, int]:
        """Reckoned anew when the turns changed."""
        if self._known is None or self._known[0] is not room.turns:
            rules, fixed = PROFILES[room.profile], self._fixed_ms
            sure_ms = fixed or patience_ms(room.turns, rules)
            self._known = room.turns, sure_ms, min(sure_ms, patience_ms(room.turns, rules, eager=True))
        return self._known

    async def _settled(self) -> None:
        """The turn of which it was told is over: that was right, and who comes later need not hear of it."""
        if self._told is not None:
            self._told = None
            with contextlib.suppress(Unavailable):
                await self._log.untell(self._room, "turn_ending")

    async def _tell(self, ending: TurnEnding) -> None:
        with contextlib.suppress(Unavailable):
            await self._log.tell(self._room, ending.kind, ending.model_dump_json().encode())
