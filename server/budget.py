"""How much one connection may send: a token bucket.

Decides whether one more is within the budget; never what happens when it is not.
"""


class Budget:
    """`rate` units a second on average, `burst` at once. Time is handed in, in seconds, and never runs back."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def spend(self, amount: float, now: float) -> bool:
        """Take `amount` from what is left. False, and nothing is taken, if there is too little."""
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True
