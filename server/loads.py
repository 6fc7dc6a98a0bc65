"""How much workers hear, and whether another voice finds a place: asked before a microphone is opened.

Decides when hearing is full. What is under way goes on: a microphone that is opened anew in a room that had one is
never refused, and who is refused can type.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from statistics import median
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, Field

from server.errors import Failed
from server.ports import Transcriber, Unavailable
from server.settings import Settings

SAY_EVERY_S: Final = 2.0
FRESH_S: Final = 1.0
"""How old what workers said may be when a microphone is opened."""


class Load(BaseModel):
    """What one worker hears."""

    worker: str
    transcriber: str | None
    """None: here answers are only typed."""
    rooms: int
    """Rooms that it serves..."""
    rooms_limit: int
    """...of so many (`ROOMS_PER_WORKER`)."""
    voices: int
    """Rooms in which audio came in the last seconds."""
    behind_ms: int
    """How far hearing is behind the voices, in the middle one of these rooms..."""
    behind_limit_ms: int
    """...of at most so much (`HEARING_BEHIND_LIMIT_MS`)."""
    busy_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """Of the last seconds, the share in which the recogniser worked; null where that is not measured..."""
    busy_limit_percent: int
    """...of at most so much (`HEARING_BUSY_LIMIT_PERCENT`)."""

    @property
    def full(self) -> bool:
        """Whether another voice would be heard worse than those that are there, or make them worse."""
        busy = self.busy_percent is not None and self.busy_percent >= self.busy_limit_percent
        return busy or self.behind_ms >= self.behind_limit_ms


class Loads(Protocol):
    """What each worker said lately about its load; forgotten when it says nothing more."""

    async def say(self, load: Load) -> None: ...

    async def all(self) -> Sequence[Load]: ...


class Admission:
    """Of one web worker."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads
        self._known: Sequence[Load] = ()
        self._asked_at = float("-inf")

    async def admit(self) -> None:
        """Raises Failed("hearing_full") when every worker that hears has enough to hear."""
        now = asyncio.get_running_loop().time()
        if now - self._asked_at > FRESH_S:
            self._known, self._asked_at = await self._loads.all(), now
        hearing = [load for load in self._known if load.transcriber is not None]
        if hearing and all(load.full for load in hearing):  # where nobody says anything, nothing is known
            raise Failed("hearing_full")


class Reporter:
    """Says of one worker how much it hears."""

    def __init__(self, worker: str, settings: Settings, loads: Loads, transcriber: Transcriber | None) -> None:
        self._worker, self._settings, self._loads, self._transcriber = worker, settings, loads, transcriber

    async def run(self, rooms: Callable[[], int], behind_ms: Callable[[], Sequence[int]]) -> None:
        """Say it every two seconds, until cancelled."""
        while True:
            with contextlib.suppress(Unavailable):
                await self._loads.say(self.load(rooms(), behind_ms()))
            await asyncio.sleep(SAY_EVERY_S)

    def load(self, rooms: int, behind_ms: Sequence[int]) -> Load:
        settings, busy = self._settings, getattr(self._transcriber, "busy", None)
        return Load(
            worker=self._worker,
            transcriber=self._transcriber.label if self._transcriber else None,
            rooms=rooms,
            rooms_limit=settings.rooms_per_worker,
            voices=len(behind_ms),
            behind_ms=middle(behind_ms),
            behind_limit_ms=settings.hearing_behind_limit_ms,
            busy_percent=None if busy is None else round(100 * busy),
            busy_limit_percent=settings.hearing_busy_limit_percent,
        )


def middle(behind_ms: Sequence[int]) -> int:
    """Of how far rooms are behind: one room alone may be, through its own network or a recogniser's fault."""
    return round(median(behind_ms)) if behind_ms else 0
