"""The terminal: a line for everything that happens, or a JSON object a line for programs.

Decides how a change is written; partial words rewrite one line where the output is a terminal, and are left out
elsewhere. Never what is worth showing (`client.lines`).
"""

import json
from contextlib import aclosing
from typing import Any, TextIO

from client.lines import lines_of, plain, words_of
from client.news import Back, Change, Lost, Moved, Unkept, Whole
from client.visit import Visit
from rooms.events import ParticipantJoined, RoomClosed
from rooms.phases import Phase
from rooms.protocol import DeliverySoFar, Happened, Partial, Telling
from rooms.state import Room


class Screen:
    """Where `greenroom play` and `greenroom watch` write."""

    def __init__(self, out: TextIO, *, as_json: bool = False) -> None:
        self._out, self._json = out, as_json
        self._passing = 0
        """How many columns of the line under the cursor will be written over."""
        self._here = frozenset[str]()

    def show(self, change: Change, room: Room) -> None:
        """One change of the room; `room` is the room after it."""
        before, self._here = self._here, frozenset(p.participant.id for p in room.people if p.here)
        if self._json:
            self._dump(_as_json(change))
        elif isinstance(change, Telling) and isinstance(change.what, Partial | DeliverySoFar):
            self._pass(lines_of(change, room)[0])
        elif not _is_back(change, before):
            for line in lines_of(change, room):
                self._line(line)

    def say(self, text: str, **facts: Any) -> None:
        """Something of this program's own; in JSON only what `facts` hold."""
        if not self._json:
            for line in text.splitlines():
                self._line(plain(line))
        elif facts:
            self._dump(facts)

    def _line(self, line: str) -> None:
        self._out.write(f"\r{' ' * self._passing}\r{line}\n" if self._passing else f"{line}\n")
        self._out.flush()
        self._passing = 0

    def _pass(self, line: str) -> None:
        if self._out.isatty():
            line = line[-100:]
            self._out.write(f"\r{line}{' ' * max(0, self._passing - len(line))}")
            self._out.flush()
            self._passing = len(line)

    def _dump(self, value: dict[str, Any]) -> None:
        self._out.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._out.flush()


async def show_until_over(visit: Visit, screen: Screen) -> None:
    """Show everything that happens in a room, up to the end of its interview."""
    async with aclosing(visit.changes()) as changes:
        async for change in changes:
            screen.show(change, visit.room)
            if _is_over(change):
                return


def _is_back(change: Change, here: frozenset[str]) -> bool:
    """Whether somebody who was here all along got another connection: nobody came."""
    joined = change.event if isinstance(change, Happened) else None
    return isinstance(joined, ParticipantJoined) and joined.participant.id in here


def _is_over(change: Change) -> bool:
    match change:
        case Whole():
            return change.room.phase is Phase.CLOSED
        case Happened():
            return isinstance(change.event, RoomClosed)
        case _:
            return False


def _as_json(change: Change) -> dict[str, Any]:
    match change:
        case Whole():
            return {"type": "room", "reason": change.reason.value, "room": change.room.model_dump(mode="json")}
        case Lost():
            return {"type": "lost", "code": change.code}
        case Back():
            return {"type": "back", "missed": change.missed}
        case Moved():
            return {"type": "moved", "missed": change.missed}
        case Unkept():
            command, refused = change.command, change.refused
            said = {"type": "unkept", "kind": command.kind, "code": refused.code, "sentence": refused.sentence}
            return said | ({"text": words} if (words := words_of(command)) else {})
        case _:
            return change.model_dump(mode="json")
