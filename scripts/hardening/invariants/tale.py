"""What an invariant is handed and what it answers with: one room's part of a history, and a break."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rooms import events as e
from rooms.people import Role
from rooms.state import Room
from rooms.values import Value
from rooms.views import snapshot
from scripts.hardening import history as h
from scripts.hardening.history import Recorded

FOR_EVER = 2**63


class Break(Value):
    """One invariant, broken. `ids` and `versions` lead to the entries that tell the story."""

    sentence: str
    invariant: str = ""
    room: str = ""
    who: str = ""
    ids: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()


class Tale:
    """One room's entries, sorted by what they are."""

    def __init__(self, room: str, entries: Sequence[Recorded]) -> None:
        self.room, self.entries = room, entries
        self.log = self.of(h.Logged)
        self.archive = self.of(h.Archived)
        self.puts = self.of(h.Put)
        self.answers = self.of(h.Answered)
        self.arrived = {entry.who: entry for entry in self.of(h.Arrived)}
        self.by_command: dict[str, list[h.Logged]] = defaultdict(list)
        for record in self.log:
            self.by_command[record.command].append(record)

    def of(self, kind: type[h.R]) -> list[h.R]:
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def command(self, who: str, id: str) -> str:
        """The name under which this visitor's command stands in the log."""
        return f"{self.arrived[who].participant}/{id}"

    def events(self, through: int | None = None) -> list[e.Event]:
        return [record.event for record in self.log if through is None or record.version <= through]

    def seen(self, role: Role, through: int) -> Room | None:
        """The room as a role sees it at a version, folded from the log."""
        return snapshot(self.events(through), role)

    @property
    def restored_through(self) -> int | None:
        """If the log was ever written anew: up to here every life of it is the same."""
        return min((r.event.through for r in self.log if isinstance(r.event, e.RoomRestored)), default=None)

    @property
    def life(self) -> str | None:
        """The epoch of the log as it stands."""
        return self.epochs[-1] if self.epochs else None

    @property
    def epochs(self) -> list[str]:
        """The lives of the log as visitors were shown them; who came last saw the one that is."""
        shown: list[h.Whole | h.Ended | h.Afresh] = [*self.of(h.Whole), *self.of(h.Ended), *self.of(h.Afresh)]
        return [entry.cursor.epoch for entry in shown]

    def lasting(self, epoch: str) -> int:
        """Up to which version what was seen in this life of the log must stand in the log as it is now."""
        if epoch == self.life or self.restored_through is None:
            return FOR_EVER
        return self.restored_through

    @property
    def closed_at(self) -> int | None:
        """The version at which the room closed."""
        return next((r.version for r in self.log if isinstance(r.event, e.RoomClosed)), None)


Found = Iterator[Break]


def text_of(event: e.Event) -> str | None:
    """The words of a fact, if it has any."""
    match event:
        case e.UtteranceHeard():
            return event.utterance.text
        case e.Whispered() | e.NoteTaken():
            return event.text
        case _:
            return None
