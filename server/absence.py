"""Which workers are gone: killed, rather than slow.

Decides how long nobody may be seen of a worker before its rooms are taken from it, and when seeing nobody proves
nothing. A worker that stands still is there: its leases run out. What is decided wrongly here costs a room a change of
hands and nothing else, because a room's log takes no word from a worker that lost it (`server.pen`).
"""

from collections.abc import Collection
from typing import Final

GONE_S: Final = 0.14
"""A connection that broke is back sooner, and a second look is needed."""
SETTLE_S: Final = 2.0
"""After a time in which we did not see even ourselves (Redis restarted, failed over, was out of reach), the others may
take so long to come back."""
SLOW_S: Final = 0.5
"""An answer that took longer came over a connection that was made anew: the others may be making theirs."""


class Absence:
    """What one worker knows of the others."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._since: dict[str, float] = {}
        self._blind_until = 0.0

    def blind(self, now: float) -> None:
        """Nothing could be seen."""
        self._since.clear()
        self._blind_until = now + SETTLE_S

    def gone(
        self, asked: Collection[str], present: Collection[str] | None, asked_at: float, now: float
    ) -> frozenset[str]:
        """Who of those `asked` about is gone. `present`: who was seen, of them and of us; None: nobody can tell."""
        if present is None or self._name not in present or now - asked_at > SLOW_S:
            self.blind(now)
            return frozenset()
        absent = [worker for worker in asked if worker not in present]
        self._since = {worker: self._since.get(worker, now) for worker in absent}
        if now < self._blind_until:
            return frozenset()
        return frozenset(worker for worker, since in self._since.items() if now - since >= GONE_S)
