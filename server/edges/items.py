"""The items of one OpenAI Realtime session: which utterance is which item, and what was said of it.

Decides an item's place in the order; an item is there before its utterance has a name (speech began), or before there
is speech at all (a client committed). Never what is said about it.
"""

import secrets
from collections import deque
from dataclasses import dataclass
from typing import Final

REMEMBERED: Final = 32
"""Items that are open at a time; one at a time is what a room makes of them."""


@dataclass(eq=False)
class Item:
    id: str
    previous: str | None
    utterance: str | None = None
    committed: bool = False
    spoken: bool = False
    """Whether speech was noticed that belongs to it."""
    said: str = ""
    """What the deltas come to so far."""


class Items:
    def __init__(self) -> None:
        self._open: deque[Item] = deque(maxlen=REMEMBERED)
        self.last: str | None = None
        """The id of the latest item."""

    @property
    def open(self) -> Item | None:
        """The latest item that is not completed."""
        return self._open[-1] if self._open else None

    def new_id(self) -> str:
        """The id of an item that is no utterance."""
        self.last = f"item_{secrets.token_hex(10)}"
        return self.last

    def begin(self) -> tuple[Item, list[Item]]:
        """Speech began: its item, and those before it that came to nothing."""
        waiting = next((item for item in self._open if not item.spoken), None)
        nothing = [item for item in self._open if item.spoken and item.utterance is None]
        for item in nothing:
            self._open.remove(item)
        item = waiting or self._new()
        item.spoken = True
        return item, nothing

    def to_commit(self) -> Item:
        """The item of what was appended: the one of the speech under way, or one for speech that will be noticed."""
        latest = self.open
        return latest if latest is not None and not latest.committed else self._new()

    def of(self, utterance: str) -> Item:
        """The item of an utterance that has a name now."""
        for item in self._open:
            if item.utterance == utterance:
                return item
        unnamed = next((item for item in self._open if item.utterance is None), None)
        item = unnamed or self._new()
        item.utterance, item.spoken = utterance, True
        return item

    def done(self, item: Item) -> None:
        if item in self._open:
            self._open.remove(item)

    def _new(self) -> Item:
        item = Item(f"item_{secrets.token_hex(10)}", self.last)
        self.last = item.id
        self._open.append(item)
        return item
