"""What somebody wished and what is not safe yet: from the moment it is put until it is durable.

Decides which wishes are kept and for how long, in which order they go out, and which are offered again when the log
began a new life. Pure: where an outbox outlives its process, a `Shelf` is handed in (`client.kept`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple, Protocol

from rooms.commands import FinishAnswer, OpenMicrophone, PersonCommand
from rooms.protocol import Do

UNANSWERED_LIMIT = 50
"""Commands that may wait for an answer; more are refused here."""
AT_ONCE, A_SECOND = 40, 15
"""How many wishes go out as soon as there is a connection, and how many more each second: a server takes bursts of 60
and 20 a second (`MESSAGES_PER_SECOND`), and closes the socket of whoever sends more."""
KEPT_LIMIT = 500
"""Accepted commands kept until they are durable. When the archive is away for so long that there are more, the oldest
are let go: they are in the log, and only the loss of Redis itself would still take them."""

NOT_YET_LIMIT = 10
"""How often, a second apart, something that was accepted once and is refused for now is offered again. A room that lost
its end asks its question anew within a second or two."""

EVERYTHING = 2**63
"""The durable mark of a server that does not know one: what is accepted is let go."""


class Shelf(Protocol):
    """Where wishes outlive this process."""

    def put(self, message: Do) -> None:
        """Keep this, behind what is kept already."""

    def gone(self, id: str) -> None:
        """It was refused, or it is durable: let it go."""


class Standing(NamedTuple):
    """How safe what was put is, in commands."""

    pending: int
    """Not answered yet."""
    accepted: int
    """In the log, and not yet known to be in the database too."""
    durable: int
    """In the log and in the database, whatever happens to Redis."""
    let_go: int
    """Accepted, and too many to be kept here until they were durable."""


@dataclass
class Wish:
    """A command in the outbox."""

    message: Do
    behind: int
    """How many audio frames came before it: they are sent first."""
    sent: bool = False
    sent_back: bool = False
    """The server had forgotten us when it came; it is tried once more on a new connection."""
    version: int | None = None
    """Where it stands in the log, once it was accepted."""
    again: bool = False
    """It is offered again: whoever put it was answered long ago, or is gone."""
    held: bool = False
    """It waits for its time, and all that was put after it waits behind it."""
    not_yet: int = 0
    """How often it was refused for now since it is offered again."""


class Outbox:
    """Wishes in the order in which they were put."""

    def __init__(self, shelf: Shelf | None = None, kept: Iterable[Do] = ()) -> None:
        self._shelf = shelf
        self._wishes = {message.id: Wish(message, behind=0, again=True) for message in map(_without_voice, kept)}
        self._mark = 0
        self._durable = 0
        self._let_go = 0
        self.unsent()

    def get(self, id: str) -> Wish | None:
        return self._wishes.get(id)

    def __iter__(self) -> Iterator[Wish]:
        return iter(self._wishes.values())

    @property
    def unanswered(self) -> tuple[str, ...]:
        return tuple(id for id, wish in self._wishes.items() if wish.version is None)

    @property
    def full(self) -> bool:
        return sum(wish.version is None and not wish.again for wish in self) >= UNANSWERED_LIMIT

    @property
    def standing(self) -> Standing:
        pending = len(self.unanswered)
        return Standing(pending, len(self._wishes) - pending, self._durable, self._let_go)

    def put(self, message: Do, behind: int, *, first: bool = False) -> None:
        """Keep a wish, at the end, or ahead of all others."""
        wish = Wish(message, behind)
        if first:
            self._wishes = {message.id: wish, **self._wishes}
        else:
            self._wishes[message.id] = wish
        if self._shelf is not None and not _is_voice(message.command):
            self._shelf.put(message)

    def opens(self, stream: str) -> bool:
        """Whether a wish that waits for its answer opens this stream of audio."""
        return any(
            wish.version is None
            and isinstance(wish.message.command, OpenMicrophone)
            and wish.message.command.stream == stream
            for wish in self
        )

    @property
    def opens_any(self) -> bool:
        return any(wish.version is None and isinstance(wish.message.command, OpenMicrophone) for wish in self)

    # --- answers ---

    def accepted(self, id: str, version: int) -> None:
        """It is in the log. It is kept until it is durable."""
        wish = self._wishes.get(id)
        if wish is None:
            return
        wish.version, wish.again, wish.held, wish.not_yet = version, False, False, 0
        self.marked(self._mark)
        answered = [kept for kept in self if kept.version is not None]
        for oldest in answered[: max(0, len(answered) - KEPT_LIMIT)]:
            self._let_go += 1
            self._remove(oldest.message.id)

    def refused(self, id: str, decided: bool = True) -> None:
        """It was not done, and is not offered again by itself.

        Where that was not `decided`, it stays on the shelf until it is put again or given up: it may have been done.
        """
        if decided:
            self._remove(id)
        else:
            self._wishes.pop(id, None)

    def given_up(self, id: str) -> None:
        """Nobody will put again what was refused and not decided."""
        if id not in self._wishes and self._shelf is not None:
            self._shelf.gone(id)

    def marked(self, version: int) -> None:
        """What was accepted up to this version is in the database as well."""
        self._mark = version
        for wish in [wish for wish in self if wish.version is not None and wish.version <= version]:
            self._durable += 1
            self._remove(wish.message.id)

    def _remove(self, id: str) -> None:
        if self._wishes.pop(id, None) is not None and self._shelf is not None:
            self._shelf.gone(id)

    # --- trouble ---

    def unsent(self) -> None:
        """The connection is another: what was not answered goes out again."""
        waiting = [wish for wish in self if wish.version is None]
        for place, wish in enumerate(waiting):
            wish.sent, wish.held = False, place >= AT_ONCE

    def offer_again(self) -> None:
        """The log is perhaps not the one in which things were accepted: offer all that is not durable, in order.

        It is done once all the same: the log knows the ids of what it has.
        """
        for wish in self:
            if wish.version is not None:
                wish.version, wish.again = None, True
        self.unsent()

    def wait_for_the_room(self, wish: Wish) -> bool:
        """What it needs was lost with it and is not back yet, a question that has to be asked again, say. False: it has
        waited for long enough."""
        wish.not_yet += 1
        if wish.not_yet > NOT_YET_LIMIT:
            return False
        self.hold(wish.message.id)
        return True

    def hold(self, id: str) -> None:
        """It was not decided: `release` offers it once more, before what was put after it."""
        if wish := self._wishes.get(id):
            wish.sent, wish.held = False, True

    def release(self) -> bool:
        """A second has passed: some of what was held is due. Whether there was any."""
        held = [wish for wish in self if wish.held]
        for wish in held[:A_SECOND]:
            wish.held = False
        return bool(held)

    def due(self) -> Iterator[Wish]:
        """What is to be sent, in order, up to the first that has to wait for its time."""
        return (wish for wish in takewhile(lambda wish: not wish.held, self) if not wish.sent and wish.version is None)


def _is_voice(command: PersonCommand) -> bool:
    return isinstance(command, OpenMicrophone)


def _without_voice(message: Do) -> Do:
    """What a process that is gone has put, without the audio that went with it."""
    if not isinstance(message.command, FinishAnswer):
        return message
    return message.model_copy(update={"command": message.command.model_copy(update={"stream": None, "through": None})})
