"""How long to wait before connecting again: at once or nearly, then growing, jittered, up to 5 seconds.

Decides lengths only; never waits. Chance is handed in.
"""

from collections.abc import Callable

FIRST_S = 0.3
"""The first return comes within this: whoever was on a worker that died is elsewhere within a second."""
SHORTEST_S = 0.2
LONGEST_S = 5.0


class Pauses:
    """A series of pauses. `chance` gives numbers from 0 up to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait now: up to 0.3 s for a first return, else between 0.2 s and a ceiling that doubles.

        The whole range is drawn from, so that the clients of a lost worker do not come back in step.
        """
        tries, self._tries = self._tries, self._tries + 1
        if tries == 0:
            return self._chance() * FIRST_S
        ceiling = min(LONGEST_S, FIRST_S * 2.0 ** min(tries, 10))
        return SHORTEST_S + self._chance() * (ceiling - SHORTEST_S)

    def start_anew(self) -> None:
        """A connection held: the next pause is a short one again."""
        self._tries = 0
