"""What can go wrong outside.

Decides contracts, worked out in the docstrings; does nothing.
"""


class Unavailable(Exception):
    """A store outside (Redis, the database) is away or full. `part` names it; nothing acknowledged is lost."""

    def __init__(self, part: str, *, full: bool = False) -> None:
        super().__init__(f"{part} is {'full' if full else 'away'}")
        self.part, self.full = part, full


class Fenced(Exception):
    """Another worker has taken the room since: what was to be appended under the older lease was not."""


class AudioFull(Exception):
    """Hearing is too far behind to take more audio of this room."""


class TranscriberFailed(Exception):
    """The recogniser failed or outlasted its deadline on this utterance."""


class Hung(TranscriberFailed):
    """It was ended because it hung on this audio. Who asks again holds up everybody once more."""


class JudgeFailed(Exception):
    """A judge gave no reply. `fault` is a word for the log; no error of this kind holds what was sent or said."""

    def __init__(
        self, fault: str, *, again: bool = False, after_s: float | None = None, tokens: int | None = None
    ) -> None:
        super().__init__(fault)
        self.fault, self.again = fault, again
        self.after_s = after_s
        """How long the judge wants to be left alone first."""
        self.tokens = tokens
        """What it took all the same; None where nobody knows."""


class Misconfigured(Exception):
    """A setting cannot work. The text is a sentence for the terminal that says what to do."""
