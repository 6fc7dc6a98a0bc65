"""How long one room's hearing waits in a silence, as its turns stand; and tells when an answer is likely over.

Decides when that is told and taken back; what a silence means is `rooms.patience`'s. Ends no turn, and keeps nothing
that a worker that takes the room over does not find again.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from math import log
from typing import Final

from rooms.patience import PROFILES, patience_ms
from rooms.protocol import TurnEnding
from rooms.state import Room, Turn
from rooms.turns import WINDOW_MS, TurnDetector
from server.ports import RoomLog, TurnModel, Unavailable
from server.settings import Settings

_VOICE_WINDOWS: Final = 8_000 // WINDOW_MS
_MODEL_S: Final = 1.0
_DOUBT: Final = 0.05
"""However sure a model is, it is not surer than one in twenty: it must not end an answer by itself."""

_log = logging.getLogger(__name__)


class Waiting:
    """Of one room."""

    def __init__(self, settings: Settings, log: RoomLog, room: str, model: TurnModel | None = None) -> None:
        self._fixed_ms, self._log, self._room, self._model = settings.turn_silence_ms, log, room, model
        self._voice: deque[bytes] = deque(maxlen=_VOICE_WINDOWS)
        """The last seconds of the turn, where a model wants them."""
        self._heard = 0.0
        """What the model made of them, in log-odds that the turn is complete."""
        self._turn = 0
        self._known: tuple[Sequence[Turn], int, int] | None = None
        self._told: int | None = None
        """The turn of which it was told that it is likely over."""

    def patience_ms(self, room: Room) -> int:
        """How long a silence must be to end the open turn."""
        return self._look(room)[1]

    def hear(self, turn: int, samples: bytes) -> None:
        """One more window of the turn's audio."""
        if turn != self._turn:
            self._turn, self._heard, self._known = turn, 0.0, None
            self._voice.clear()
        if self._model:
            self._voice.append(samples)

    async def listen(self) -> None:
        """An utterance is over: what does the voice say? Where the model fails or is late, words and pauses must do."""
        if self._model is None:
            return
        self._heard, self._known = 0.0, None
        try:
            async with asyncio.timeout(_MODEL_S):
                complete = await asyncio.to_thread(self._model.complete, b"".join(self._voice))
        except Exception as failure:
            _log.warning("the turn model failed", extra={"room": self._room, "error": type(failure).__name__})
            return
        if 0 <= complete <= 1:
            bounded = min(max(complete, _DOUBT), 1 - _DOUBT)
            self._heard = log(bounded / (1 - bounded))

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
            sure_ms = fixed or patience_ms(room.turns, rules, heard=self._heard)
            self._known = (
                room.turns,
                sure_ms,
                min(sure_ms, patience_ms(room.turns, rules, eager=True, heard=self._heard)),
            )
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
