"""The one place that reads the time of day."""

import time


class SystemClock:
    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000
