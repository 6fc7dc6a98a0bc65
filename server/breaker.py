"""Whether it is worth asking somebody outside again who lately failed again and again: a circuit breaker.

Decides when a provider is left alone and when one question tries it out. Time is handed in, in seconds.
"""

OPENS_AFTER = 4
"""Failures in a row."""
FIRST_REST_S = 15.0
LONGEST_REST_S = 300.0


class Breaker:
    """Closed: everyone may ask. Open: nobody, for a while that doubles. Then one question decides."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = float("-inf")
        self._trying = False

    def lets_through(self, now: float) -> bool:
        """Whether to ask now. Who is let through says how it went, by `succeeded`, `failed` or `gave_up`."""
        if self._failures < OPENS_AFTER:
            return True
        if now < self._until or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        self._failures, self._trying = 0, False

    def failed(self, now: float) -> None:
        self._failures, self._trying = self._failures + 1, False
        if self._failures >= OPENS_AFTER:
            rest_s = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self._failures - OPENS_AFTER, 10))
            self._until = now + rest_s

    def gave_up(self) -> None:
        """It was not asked in the end, or the fault was not its own."""
        self._trying = False
