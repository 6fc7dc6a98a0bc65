"""How long to wait before connecting again: growing, jittered, 0.2 to 5 seconds.

Decides lengths only; never waits. Chance is handed in.
"""

from collections.abc import Callable

SHORTEST_S = 0.2
LONGEST_S = 5.0


class Pauses:
    """A series of pauses. `chance` gives numbers from 0 up to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._tries = 0

    def next(self, at_once: bool = False) -> float:
        """Seconds to wait now: none for a first return at once, else between 0.2 s and a ceiling that doubles.

        The whole range is drawn from, so that the clients of a lost worker do not come back in step.
        """
        tries, self._tries = self._tries, self._tries + 1
        if at_once and tries == 0:
            return 0.0
        ceiling = min(LONGEST_S, SHORTEST_S * 2.0 ** min(tries + 1, 10))
        return SHORTEST_S + self._chance() * (ceiling - SHORTEST_S)

    def start_anew(self) -> None:
        """A connection held: the next pause is a short one again."""
        self._tries = 0
