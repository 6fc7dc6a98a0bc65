"""An outbox that outlives its process: wishes in a file, until they are refused or durable.

Decides how they lie there; never which are kept (`client.outbox`). The file is one JSON object a line: the room first,
then what was put and what is gone, in that order. It holds what a person wrote, so only its owner may read it, and it
is deleted when nothing is left to keep.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from client.errors import GreenroomError
from rooms.protocol import Do


class KeptOutbox:
    """Wishes of one room in a file. One program at a time; it is a `Shelf` for `client.outbox.Outbox`."""

    def __init__(self, path: Path, room: str) -> None:
        """Open or make the file. Raises GreenroomError where it belongs to another room or program, or cannot be."""
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as wrong:
            raise GreenroomError(f"The outbox {path} cannot be opened: {wrong.strerror}.") from wrong
        try:
            _lock(self._file, path)
            os.fchmod(self._file, 0o600)
            of, wishes = _read(path)
            if of not in (None, room) and wishes:
                raise GreenroomError(f"The outbox {path} belongs to room {of}. Join that one, or delete the file.")
        except BaseException:
            os.close(self._file)
            raise
        self.wishes: tuple[Do, ...] = tuple(wishes.values())
        """What an earlier process left."""
        self._ids = set(wishes)
        self._first = _line({"room": room})
        if not wishes:
            self._begin()

    def put(self, message: Do) -> None:
        """Keep this, behind what is kept already. It survives this process at once, and this machine after `sync`."""
        self._ids.add(message.id)
        self._write({"put": message.model_dump(mode="json")})

    def gone(self, id: str) -> None:
        """Let it go."""
        self._ids.discard(id)
        if self._ids:
            self._write({"gone": id})
        else:
            self._begin()

    def sync(self) -> None:
        """Bring what was put to the disk."""
        os.fsync(self._file)

    def close(self, over: bool) -> None:
        """Leave the file for the next process; delete it if the room is `over`, or nothing is kept."""
        if over or not self._ids:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _begin(self) -> None:
        os.ftruncate(self._file, 0)
        os.write(self._file, self._first)

    def _write(self, entry: dict[str, Any]) -> None:
        # On a line of its own, also where the last one was torn by a crash or a full disk.
        os.write(self._file, b"\n" + _line(entry))


def room_of(path: Path) -> str | None:
    """The room that an earlier process was in with this file. None: there was none, or it left in good order."""
    try:
        return _read(path)[0]
    except OSError:
        return None


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise GreenroomError(f"The outbox {path} is in use by another program.") from None


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


def _read(path: Path) -> tuple[str | None, dict[str, Do]]:
    """The room, and what is still kept, by id, in order. The last line may be torn: it was never sent."""
    room: str | None = None
    wishes: dict[str, Do] = {}
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
            if "room" in entry:
                room = str(entry["room"])
            elif "put" in entry:
                wish = Do.model_validate(entry["put"])
                wishes[wish.id] = wish
            else:
                wishes.pop(entry["gone"], None)
        except (ValueError, KeyError, TypeError, ValidationError):
            continue
    return room, wishes
