"""How a record is written as JSON in Redis: [version, tag, before, at, command, event].

The same text lies in the log and travels on the channel, where a line break parts the records of one command. So an
event is written as JSON once, and what is in front of it is all that is read to know where a record belongs.
"""

from collections.abc import Iterable
from json.encoder import encode_basestring_ascii as quoted

from pydantic import TypeAdapter

from server.ports import Record

_HEAD: TypeAdapter[tuple[int, str, str, int, str]] = TypeAdapter(tuple[int, str, str, int, str])
_validate = _HEAD.validator.validate_json
_EVENT_BEGINS = b',{"kind":"'
"""Never within a string: there, quotation marks are escaped."""


def packed(record: Record) -> bytes:
    """A record as JSON, on one line. Its tags are ours: nothing in them is escaped."""
    head = f'[{record.version},"{record.tag}","{record.before}",{record.at},{quoted(record.command)},'
    return b"%b%b]" % (head.encode(), record.text)


def unpacked(text: bytes) -> Record:
    """The record in a JSON array, of whatever kind its event is. ValueError if it is none."""
    at = text.find(_EVENT_BEGINS)
    if at < 0:
        raise ValueError("a record without an event that begins with its kind")
    head: tuple[int, str, str, int, str] = _validate(text[:at] + b"]")
    begin = at + len(_EVENT_BEGINS)
    return Record(*head, text[at + 1 : -1], text[begin : text.index(b'"', begin)].decode())


def as_message(written: Iterable[bytes]) -> bytes:
    """Packed records on lines of their own, as append.lua publishes them."""
    return b"\n".join(written)


def unpacked_all(text: bytes) -> list[Record]:
    """The records on several lines."""
    return [unpacked(line) for line in text.split(b"\n")]
