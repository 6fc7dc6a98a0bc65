"""What an invariant is handed and what it answers with: one room's part of a history, and a break."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from rooms import events as e
from rooms.people import Role
from rooms.protocol import Close, ResetReason
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


@dataclass
class Spell:
    """What one visitor saw from one whole room to the next."""

    whole: h.Whole
    saw: list[h.Saw] = field(default_factory=list)
    ended_by: ResetReason | None = None
    """Why the next one was shown, asked anew for want of a story (LOST_TRACK) as for a fork; None: there is none."""
    lasts: int = FOR_EVER
    """Up to this version it must be what the log has now."""


class Tale:
    """One room's entries, sorted by what they are."""

    def __init__(
        self,
        room: str,
        entries: Sequence[Recorded],
        *,
        lossy: bool = False,
        troubles: Sequence[tuple[int, int]] = (),
    ) -> None:
        """`lossy`: the store itself was made to lose something, so that not all that was seen can stand. `troubles`:
        from when until when something was broken on purpose, in order."""
        self.room, self.entries, self.lossy, self.troubles = room, entries, lossy, troubles
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

    def stands(self, version: int, tag: str) -> bool:
        """Whether the log has this place."""
        return version == 0 or (version <= len(self.log) and self.log[version - 1].tag == tag)

    def spells(self, who: str) -> list["Spell"]:
        """What a visitor saw, parted where they were shown the room whole."""
        spells: list[Spell] = []
        lost_track = False
        for entry in self.entries:
            match entry:
                case h.Lost(who=whose, code=code) if whose == who:
                    lost_track = lost_track or code == Close.LOST_TRACK
                case h.Whole(who=whose, reason=reason) if whose == who:
                    if spells:
                        spells[-1].ended_by = ResetReason.FORK if lost_track else reason
                    spells.append(Spell(entry))
                    lost_track = False
                case h.Saw(who=whose) if whose == who and spells:
                    spells[-1].saw.append(entry)
        if self.lossy:
            for spell in spells:
                spell.lasts = self._lasts(spell)
        return spells

    def _lasts(self, spell: "Spell") -> int:
        """Where Redis lost something, and the visitor was told so: up to where they had seen what still stands."""
        if spell.ended_by not in (ResetReason.EPOCH, ResetReason.FORK):
            return FOR_EVER
        if not self.stands(spell.whole.cursor.version, spell.whole.cursor.tag):
            return 0
        standing = takewhile(lambda saw: self.stands(saw.version, saw.tag), spell.saw)
        return max((saw.version for saw in standing), default=spell.whole.cursor.version)

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
