"""One event in a room's log, with its place, as it travels between the log and those who follow it.

Decides that an event is read from its JSON when somebody asks for it, and written when somebody asks for that: most
records only pass through on their way to sockets. Never what an event means.
"""

from rooms.events import Event
from rooms.releases import fact


class Record:
    """One event in a room's log, with its place. Never changed once it is made."""

    __slots__ = ("_event", "_text", "at", "before", "command", "kind", "tag", "version")

    def __init__(
        self, version: int, tag: str, before: str, at: int, command: str, event: Event | bytes, kind: str = ""
    ) -> None:
        """`event` may be its JSON, which must then begin with its kind. `kind`: that, where it was read already."""
        self.version = version
        """Counts from 1 without gaps."""
        self.tag = tag
        self.before = before
        """The tag of the record at version - 1 ("" at version 1). Another one than expected: the log forked."""
        self.at = at
        """Milliseconds since 1970, UTC."""
        self.command = command
        """The id of the command that caused it."""
        self._text: bytes | None
        self._event: Event | None
        self.kind: str
        """The event's."""
        if isinstance(event, bytes):
            self._text, self._event, self.kind = event, None, kind or _kind_of(event)
        else:
            self._text, self._event, self.kind = None, event, event.kind

    @property
    def event(self) -> Event:
        """Read anew each time from a record that came as JSON: of thousands that are kept, few are looked at again.

        NewerFact where only a newer release can read it; as text, it is kept and passed on unharmed.
        """
        if self._event is not None:
            return self._event
        assert self._text is not None, "it has the one or the other"
        return fact(self._text, self.kind)

    @property
    def text(self) -> bytes:
        """The event as JSON."""
        if self._text is None:
            assert self._event is not None, "it has the one or the other"
            self._text = self._event.as_json()
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._place == other._place and self.event == other.event

    def __hash__(self) -> int:
        return hash(self._place)

    def __repr__(self) -> str:
        return f"Record(version={self.version}, tag={self.tag!r}, before={self.before!r}, kind={self.kind!r})"

    @property
    def _place(self) -> tuple[int, str, str, int, str]:
        return self.version, self.tag, self.before, self.at, self.command


def _kind_of(text: bytes) -> str:
    """The kind of an event in JSON that begins with it."""
    return text[9 : text.index(b'"', 9)].decode()
