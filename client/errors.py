"""What can go wrong for somebody who uses the client: each with one sentence that says what to do.

Decides names and words; never when one is raised.
"""


class GreenroomError(Exception):
    """Anything this client expects to go wrong. `sentence` is fit to be shown to a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class RefusedError(GreenroomError):
    """The server's "no". `code` is stable (docs/ERRORS.md); `retry`: the same wish may succeed later."""

    def __init__(self, code: str, sentence: str, retry: bool) -> None:
        super().__init__(sentence)
        self.code, self.retry = code, retry


class ClosedError(GreenroomError):
    """The server closed the socket with a code after which a client does not come back by itself."""

    def __init__(self, close: int, sentence: str) -> None:
        super().__init__(sentence)
        self.close = close


class AwayError(GreenroomError):
    """No server was reached within the patience given."""


class LateError(GreenroomError):
    """Something awaited did not happen before its deadline. A command stays in the outbox and may still be done."""


class AudioLostError(GreenroomError):
    """The server misses audio that this client holds no longer. Open a new microphone stream to go on."""


class PublishError(GreenroomError):
    """Ratings do not make better weights: none are published."""


class UnwritableError(GreenroomError):
    """A file that was asked for cannot be written."""


class AudioFileError(GreenroomError):
    """A file that cannot be read as audio."""
