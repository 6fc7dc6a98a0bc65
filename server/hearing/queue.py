"""Whose audio a shared recogniser hears next.

Decides the order, and which guesses are not worth making any more; never how anything is recognised or how long that
may take. No clock, no tasks: `server.hearing.decoding` runs what is chosen here.

Final words come before guesses. Among finals the room that was served longest ago is next, with its oldest work: a
room that speaks without end makes each other room wait for one of its passages, not for all. Finals are never dropped:
who has as many waiting as may wait is told so, and waits. Of guesses only a room's newest counts.
"""

from collections import OrderedDict, deque
from typing import Final, Generic, TypeVar

FINALS_PER_ROOM: Final = 16
"""More than two minutes of speech in passages."""

W = TypeVar("W")


class FairQueue(Generic[W]):
    """Work that waits, by the room it is for."""

    def __init__(self, finals_per_room: int = FINALS_PER_ROOM) -> None:
        self._bound = finals_per_room
        self._finals: OrderedDict[str, deque[W]] = OrderedDict()
        """In the order in which rooms are served; each with its work, the oldest first. No room without work."""
        self._guesses: OrderedDict[str, W] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._finals.values())) + len(self._guesses)

    @property
    def finals(self) -> int:
        """How many finals wait."""
        return sum(map(len, self._finals.values()))

    def put_final(self, room: str, work: W) -> bool:
        """False: as many of the room's finals wait as may, and this one was not taken."""
        waiting = self._finals.setdefault(room, deque())
        if len(waiting) >= self._bound:
            return False
        waiting.append(work)
        return True

    def put_guess(self, room: str, work: W) -> W | None:
        """Gives the room's older guess, whose place this one takes."""
        older = self._guesses.get(room)
        self._guesses[room] = work  # where the older one stood: who guesses often is not pushed back for it
        return older

    def next(self, most: int = 1) -> list[W]:
        """What to do now, at most so many: all finals or all guesses. Empty when nothing waits."""
        if self._finals:
            return [self._next_final() for _ in range(min(most, self.finals))]
        return [self._guesses.popitem(last=False)[1] for _ in range(min(most, len(self._guesses)))]

    def _next_final(self) -> W:
        room, waiting = self._finals.popitem(last=False)
        work = waiting.popleft()
        if waiting:
            self._finals[room] = waiting  # behind everybody else who waits
        return work
