"""The room as the server shows it to one person, and the place in its log that has been reached.

Decides how a welcome and the facts after it make a room, and when the story has a hole. Never does I/O, and never
guesses: a hole raises LostTrackError, and the cursor still says where to go on.
"""

from collections.abc import Iterable
from typing import Self

from rooms import events as e
from rooms.commands import InTurn, PersonCommand
from rooms.events import Event
from rooms.protocol import Cursor, Happened, HearingTrouble, Partial, Tell, Telling, Welcome
from rooms.state import Room, after
from rooms.values import Value


class LostTrackError(Exception):
    """What arrived does not follow what is known. Connect again: with the cursor if `resumable`, else without."""

    def __init__(self, what: str, resumable: bool = False) -> None:
        super().__init__(what)
        self.resumable = resumable


class Mirror(Value):
    """A room at a place in its log."""

    room: Room | None = None
    cursor: Cursor | None = None
    told: tuple[Tell, ...] = ()
    """The latest of each kind that is told and not kept."""
    owed: int = 0
    """How many missed facts a resume still owes."""
    goal: Cursor | None = None
    """Where those will have led: facts this person may not see can lie between the last one owed and here."""

    def welcomed(self, welcome: Welcome, asked: Cursor | None = None) -> Self:
        """The mirror after a welcome: the room anew, or the old one with some facts still to come.

        `asked` is the cursor that was named in the hello. Where another socket went on meanwhile, the mirror is
        beyond it, and perhaps beyond what the new one knows yet.
        """
        known = welcome.room or self.room
        told = latest((), (telling.what for telling in welcome.told if not overtaken(telling.what, known)))
        if welcome.room is not None:
            return self._now(room=welcome.room, cursor=welcome.cursor, told=told, owed=0, goal=None)
        if self.room is None or self.cursor is None or welcome.resumed is None:
            raise LostTrackError("a welcome without a room resumes nothing")
        asked = asked or self.cursor
        if welcome.cursor.epoch != self.cursor.epoch or welcome.cursor.version < asked.version:
            raise LostTrackError("a resume leads to another log")
        return self._now(told=told, owed=welcome.resumed, goal=welcome.cursor)._arrived()

    def happened(self, fact: Happened) -> Self:
        """The mirror after one more fact; itself for a fact known already.

        `after` is the fact shown before this one. All facts up to the cursor are known, so the story is whole if
        `after` is not beyond it; it need not be equal, as the cursor may stand on a fact this person never sees.
        """
        if self.room is None or self.cursor is None:
            raise LostTrackError("a fact came before the welcome")
        if fact.version <= self.cursor.version:
            if fact.version == self.cursor.version and fact.tag != self.cursor.tag:
                raise LostTrackError("the log went another way")
            return self._now(owed=self.owed - 1)._arrived() if self.owed else self
        if fact.after > self.cursor.version:
            raise LostTrackError(f"facts between {self.cursor.version} and {fact.after} are missing", resumable=True)
        try:
            room = after(self.room, fact.event)
        except (ValueError, IndexError) as wrong:
            raise LostTrackError(f"{fact.event.kind} does not fit the room") from wrong
        here = Cursor(epoch=self.cursor.epoch, version=fact.version, tag=fact.tag)
        told = still_true(self.told, fact.event)
        return self._now(room=room, cursor=here, told=told, owed=max(0, self.owed - 1))._arrived()

    def heard(self, telling: Telling) -> Self:
        """The mirror after something told and not kept; itself where that comes behind the fact that settled it."""
        return self if overtaken(telling.what, self.room) else self._now(told=latest(self.told, (telling.what,)))

    @property
    def partial(self) -> Partial | None:
        """The guess at the utterance under way."""
        return next((tell for tell in self.told if isinstance(tell, Partial)), None)

    def _arrived(self) -> Self:
        """When nothing is owed any more, the resume has led to its goal."""
        if self.owed or self.goal is None or self.cursor is None:
            return self
        ahead = self.goal.version >= self.cursor.version
        return self._now(cursor=self.goal if ahead else self.cursor, goal=None)

    def _now(self, **changes: object) -> Self:
        return self.model_copy(update=changes)


def meant(command: PersonCommand, room: Room | None) -> PersonCommand:
    """The command with the question that it is about, as the person sees it: it may come to be offered to a log in
    which another one is asked at that turn."""
    if not isinstance(command, InTurn) or command.question or room is None or command.turn > len(room.turns):
        return command
    return command.but(question=room.turns[command.turn - 1].question.text)


def latest(known: tuple[Tell, ...], more: Iterable[Tell]) -> tuple[Tell, ...]:
    """One of each kind: the last."""
    by_kind = {tell.kind: tell for tell in (*known, *more)}
    return tuple(by_kind.values())


def overtaken(tell: Tell, room: Room | None) -> bool:
    """Whether a fact that is known has settled this already. Facts go before what is told where a reader is slow, and
    a process knows what it appended before it hears what was told just before."""
    if room is None or isinstance(tell, HearingTrouble) or tell.turn is None or tell.turn > len(room.turns):
        return False
    turn = room.turns[tell.turn - 1]
    written = isinstance(tell, Partial) and any(each.id == tell.utterance for each in turn.utterances)
    return written or not turn.open


def still_true(told: tuple[Tell, ...], event: Event) -> tuple[Tell, ...]:
    """What was told, less what this fact has overtaken."""
    match event:
        case e.UtteranceHeard():
            return tuple(t for t in told if not (isinstance(t, Partial) and t.utterance == event.utterance.id))
        case e.TurnClosed() | e.RoomClosed():
            return tuple(t for t in told if t.kind == "hearing_trouble")
        case _:
            return told
