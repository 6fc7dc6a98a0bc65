"""Tellings of one room: its log, what is kept of it elsewhere, and whether the one goes on from the other.

Decides from places alone: version and tag name a record wherever it lies, because each record names the tag before it.
Never reads or writes any of them, and never decides what is done about a log that fell behind (`server.restoring`).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar


class Place(NamedTuple):
    """A place in a room's story, whichever telling it is read in."""

    version: int
    tag: str


BEGINNING = Place(0, "")


class Link(Protocol):
    """A record, as far as it matters here."""

    @property
    def version(self) -> int: ...

    @property
    def tag(self) -> str: ...

    @property
    def before(self) -> str:
        """The tag at version - 1."""


L = TypeVar("L", bound=Link)


class Standing(StrEnum):
    """How a log stands to what is known of the room elsewhere."""

    WHOLE = "whole"
    """It holds all that is known."""
    GONE = "gone"
    """There is none any more, and something is known of it."""
    BEHIND = "behind"
    """It is the beginning of what is known: the rest was lost, and is put back."""
    FORKED = "forked"
    """Both went on from somewhere, another way each. The log is right: people have seen it since."""


def continuation(end: Place, telling: Iterable[L]) -> list[L]:
    """What a telling has behind this place, as far as it goes on from there without a break."""
    found: list[L] = []
    for link in telling:
        if link.version <= end.version:
            continue
        if (link.version, link.before) != (end.version + 1, end.tag):
            break
        found.append(link)
        end = Place(link.version, link.tag)
    return found


def standing(log: Place | None, known: Place | None, goes_on: bool, log_there: str | None) -> Standing:
    """How a log stands to the end of what is known of it.

    `goes_on`: what is known goes on from the log's end. `log_there`: the tag that the log has at the version of
    `known`; None where it has forgotten that record (it does so only with what is known elsewhere), or never had it.
    """
    if log is None:
        return Standing.GONE if known else Standing.WHOLE
    if goes_on:
        return Standing.BEHIND
    if known is None:
        return Standing.WHOLE
    if known.version > log.version or log_there not in (None, known.tag):
        return Standing.FORKED
    return Standing.WHOLE


def is_behind(log: Place, seen: Place) -> bool:
    """Whether a log of the same life has less, or something else, than what was seen of it."""
    return log.version < seen.version or (log.version == seen.version and log.tag != seen.tag)
