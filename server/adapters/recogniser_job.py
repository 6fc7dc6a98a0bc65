"""What a Whisper is asked for. Light: who asks needs no model."""

from typing import NamedTuple


class Job(NamedTuple):
    """A passage to be decoded."""

    pcm: bytes
    hints: tuple[str, ...]
    final: bool
    """Otherwise it is a guess: greedy, its words not timed one by one, and not tried again."""
