"""How a record is written as JSON in Redis: [version, tag, before, at, command, event].

The same text lies in the log and travels on the channel, so that an event is written as JSON once.
"""

import json
from typing import Annotated

from pydantic import Field, TypeAdapter

from rooms.events import Event
from server.ports import Record

_Row = tuple[int, str, str, int, str, Annotated[Event, Field(discriminator="kind")]]
_ROW: TypeAdapter[_Row] = TypeAdapter(_Row)
_ROWS: TypeAdapter[list[_Row]] = TypeAdapter(list[_Row])


def packed(record: Record) -> str:
    """A record as JSON."""
    head = json.dumps(record[:5], separators=(",", ":"))
    return f"{head[:-1]},{record.event.model_dump_json()}]"


def unpacked(text: bytes) -> Record:
    """The record in a JSON array. ValidationError if it is none that this release knows."""
    return Record(*_ROW.validate_json(text))


def unpacked_all(text: bytes) -> list[Record]:
    """The records in a JSON array of them."""
    return [Record(*row) for row in _ROWS.validate_json(text)]
