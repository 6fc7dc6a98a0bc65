"""The audio that may have to be sent again: every frame not yet safe, and the last seconds of those that are.

Decides what is kept, what is sent next and from where to send again; never when. Bounded: when hearing is too far
behind, a frame is refused instead of an older one being lost.
"""

from collections import deque
from itertools import islice

from client.errors import AudioLostError
from rooms.protocol import Frame

UNSAFE_LIMIT_MS = 60_000
"""Audio that may wait to become safe; more is refused until some does."""
KEPT_SAFE_MS = 10_000
"""Safe audio kept all the same: a server that restarts from an older copy of its log asks for it again."""
IN_FLIGHT_LIMIT_MS = 8_000
"""Audio on its way at a time, so that a return after an outage does not flood the server."""


class RingFullError(Exception):
    """There is no room for another frame until older ones are safe."""


class AudioRing:
    """The frames of one microphone stream, in order, numbered from 0."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.next_seq = 0
        self.safe = -1
        """The last frame that is safe."""
        self._unsent = 0
        self._claimed = -1
        self._frames: deque[Frame] = deque()
        self._unsafe_ms = 0
        self._kept_safe_ms = 0

    @property
    def unsafe_ms(self) -> int:
        return self._unsafe_ms

    @property
    def all_safe(self) -> bool:
        return self.safe == self.next_seq - 1

    def takes(self, duration_ms: int) -> bool:
        """Whether a frame of this length would be taken now."""
        return self._unsafe_ms + duration_ms <= UNSAFE_LIMIT_MS

    def add(self, pcm: bytes, capture_ms: int, *, rested: bool = False) -> Frame:
        """Number and keep a frame. Raises RingFullError where `takes` says no."""
        frame = Frame(self.next_seq, capture_ms, pcm, rested)
        if not self.takes(frame.duration_ms):
            raise RingFullError
        self._frames.append(frame)
        self.next_seq += 1
        self._unsafe_ms += frame.duration_ms
        return frame

    def safe_through(self, through: int | None) -> None:
        """The server keeps every frame up to `through`; None: it has none yet."""
        self._claimed = -1 if through is None else min(through, self.next_seq - 1)
        gained = self._claimed - self.safe
        if gained <= 0:
            return
        ms = self._duration_ms(self.safe + 1, gained)
        self.safe += gained
        self._unsent = max(self._unsent, self.safe + 1)
        self._unsafe_ms -= ms
        self._kept_safe_ms += ms
        self._forget()

    def send_again(self) -> None:
        """Send again from behind the last frame that the server said it has.

        Raises AudioLostError where that lies before the oldest frame kept.
        """
        last = self._claimed
        oldest = self._frames[0].seq if self._frames else self.next_seq
        if last + 1 < oldest:
            raise AudioLostError("Some audio was lost on the server. Open the microphone again and repeat the answer.")
        if last < self.safe:
            ms = self._duration_ms(last + 1, self.safe - last)
            self.safe, self._unsafe_ms, self._kept_safe_ms = last, self._unsafe_ms + ms, self._kept_safe_ms - ms
        self._unsent = last + 1

    def due(self, before: int | None, limit: int) -> list[Frame]:
        """The next frames to send, `limit` at most, none numbered `before` or higher; they count as sent."""
        end = self.next_seq if before is None else min(before, self.next_seq)
        out: list[Frame] = []
        flight = self._in_flight_ms()
        for frame in islice(self._frames, *self._span(self._unsent, max(0, end - self._unsent))):
            if len(out) >= limit or flight + frame.duration_ms > IN_FLIGHT_LIMIT_MS:
                break
            out.append(frame)
            flight += frame.duration_ms
        self._unsent += len(out)
        return out

    def _in_flight_ms(self) -> int:
        first = self._claimed + 1
        return self._duration_ms(first, max(0, self._unsent - first))

    def _duration_ms(self, seq: int, count: int) -> int:
        return sum(frame.duration_ms for frame in islice(self._frames, *self._span(seq, count)))

    def _span(self, seq: int, count: int) -> tuple[int, int]:
        """Where `count` frames from `seq` on lie among the kept ones."""
        start = max(0, seq - self._frames[0].seq) if self._frames else 0
        return start, start + count

    def _forget(self) -> None:
        while self._frames and self._kept_safe_ms - self._frames[0].duration_ms >= KEPT_SAFE_MS:
            self._kept_safe_ms -= self._frames.popleft().duration_ms
