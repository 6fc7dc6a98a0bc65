"""A socket's way out as a member sees it, for tests: keeps what is sent, and can be held up."""

from collections.abc import Callable

from server.errors import TABLE
from server.framing import framed, unframed


class Way:
    """Takes what it is sent while it is `open`."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        """Frames, as they were handed over."""
        self.open = True
        self.on_flow: Callable[[], None] | None = None
        self.code: int | None = None
        """The close code, once it is closed."""
        self.aborted = False

    @property
    def sent(self) -> list[str]:
        """The texts in the frames."""
        return [text for piece in self.pieces for text in unframed(piece)]

    def at_once(self, frames: bytes) -> bool:
        taken = self.open and self.code is None and not self.aborted
        if taken:
            self.pieces.append(frames)
        return taken

    def close(self, code: int, reason: str) -> None:
        assert TABLE[reason].close in (code, None)
        self.code = code

    def abort(self) -> None:
        self.aborted = True

    def flow(self) -> None:
        """Take more again."""
        self.open = True
        if self.on_flow:
            self.on_flow()


def text_in(frame: bytes) -> str:
    """The text of a text frame of a server."""
    assert frame[0] == 0x81
    skipped = {126: 4, 127: 10}.get(frame[1], 2)
    return frame[skipped:].decode()


def frame(text: str) -> bytes:
    return framed(text.encode())
