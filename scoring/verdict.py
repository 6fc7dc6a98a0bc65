"""A judge's reply into checked marks. A mark that rests on words which were not said is void, whoever made it.

Decides whether a reply can be used and which of its marks stand; never a level, and never a number.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from rooms.evidence import Dimension, Level, Mark
from rooms.transcript import Quote, Transcript, Utterance, quote
from rooms.values import Value
from scoring.prompt import MOST_QUOTES
from scoring.reading import Reading
from scoring.rubric import Anchors, Rubric, anchors_of

VOID = "Void: the words quoted for it are not in the answer."
LONGEST_REASON = 300
_WRAPPING = " \t\r\n\"'“”‘’«»….,;:"


class Fault(StrEnum):
    """What is wrong with a reply that cannot be used."""

    EMPTY = "empty"
    PROSE = "prose"
    """No JSON."""
    SHAPE = "shape"
    """JSON of another shape than was asked for."""
    UNKNOWN_POINT = "unknown_point"
    TOO_MANY_MARKS = "too_many_marks"
    MISSING_MARKS = "missing_marks"
    FALSE_QUOTES = "false_quotes"
    """Not one of its quotes was said."""


class UnusableReply(ValueError):
    """A reply that cannot be used. Holds no word of it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Ballot(NamedTuple):
    """The marks of one reply, checked: one for each rubric point and one for each dimension."""

    points: Mapping[str, Mark]
    dimensions: Mapping[Dimension, Mark]


def ballot(reply: str, rubric: Rubric, reading: Reading) -> Ballot:
    """The marks of a reply. Raises UnusableReply.

    A quote is found in the answer whatever its case, its typographic marks and its spaces, and is kept as it was said.
    """
    said = _parsed(reply)
    # A question without points of its own has none to mark, whatever a judge makes up.
    points = _one_each((p.point for p in said.points), [p.id for p in rubric.points]) if rubric.points else {}
    names = _one_each((d.dimension for d in said.dimensions), list(Dimension))
    texts = {point.id: point.text for point in rubric.points}
    anchors = anchors_of(rubric.family)
    words = folded_words(reading)
    found = {name: _mark(name, texts[name], said.points[i], reading, words) for name, i in points.items()}
    judged = {}
    for name, i in names.items():
        level = said.dimensions[i].level
        judged[name] = _mark(str(name), _anchor(level, anchors[name]), said.dimensions[i], reading, words)
    quoting = [mark for mark in (*said.points, *said.dimensions) if mark.level is not Level.ABSENT]
    standing = [mark for mark in (*found.values(), *judged.values()) if mark.level is not Level.ABSENT]
    if quoting and not standing:
        raise UnusableReply(Fault.FALSE_QUOTES)
    return Ballot(found, judged)


def checked(marks: Iterable[Mark], transcript: Transcript) -> tuple[Mark, ...]:
    """The marks with those voided that quote something the candidate did not say.

    A void mark is an absent one that says why, so every point still has a verdict with a reason.
    """
    return tuple(mark if all(transcript.holds(quote) for quote in mark.quotes) else void(mark) for mark in marks)


def void(mark: Mark) -> Mark:
    """The mark as it counts once its quote has proved false."""
    return Mark(point=mark.point, criterion=mark.criterion, level=Level.ABSENT, reason=VOID)


def folded_words(reading: Reading) -> "list[_Folded]":
    """The utterances of an answer as quotes are looked up in them: made once for all quotes of a reply."""
    return [_folded(utterance.text) for utterance in reading.transcript.utterances]


def find(text: str, reading: Reading, words: "Sequence[_Folded] | None" = None) -> Quote | None:
    """Where these words were said, as whole words; None where nowhere, or only in words that spoke to the marker."""
    wanted = _folded(text.strip(_WRAPPING)).text
    if not any(char.isalnum() for char in wanted):
        return None
    for utterance, folded in zip(reading.transcript.utterances, words or folded_words(reading), strict=True):
        found = _find_in(utterance, folded, wanted)
        if found is not None:
            held = [aside for aside in reading.asides if aside.utterance == utterance.id]
            return None if any(found.text in aside.text for aside in held) else found
    return None


# --- parsing --------------------------------------------------------------------------------------------------


class _Said(Value):
    level: Level
    quotes: Annotated[tuple[str, ...], Field(max_length=20)]
    reason: Annotated[str, Field(min_length=1)]


class _Point(_Said):
    point: str


class _Judged(_Said):
    dimension: str


class _Reply(Value):
    points: tuple[_Point, ...]
    dimensions: tuple[_Judged, ...]


def _parsed(reply: str) -> _Reply:
    text = reply.strip()
    if text.startswith("```"):  # some servers fence their JSON
        text = text.removeprefix("```").removeprefix("json").removesuffix("```").strip()
    if not text:
        raise UnusableReply(Fault.EMPTY)
    try:
        raw: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableReply(Fault.PROSE) from None
    try:
        return _Reply.model_validate(raw)
    except ValidationError:
        raise UnusableReply(Fault.SHAPE) from None


def _one_each(said: Iterable[str], wanted: list[Any]) -> dict[Any, int]:
    """The place of each wanted name among those said."""
    places: dict[str, int] = {}
    known = {str(name) for name in wanted}
    for place, name in enumerate(said):
        if name not in known:
            raise UnusableReply(Fault.UNKNOWN_POINT)
        if name in places:
            raise UnusableReply(Fault.TOO_MANY_MARKS)
        places[name] = place
    if len(places) < len(wanted):
        raise UnusableReply(Fault.MISSING_MARKS)
    return {name: places[str(name)] for name in wanted}


def _mark(name: str, criterion: str, said: _Said, reading: Reading, words: "Sequence[_Folded]") -> Mark:
    found = [find(text, reading, words) for text in said.quotes[:MOST_QUOTES]]
    quotes = tuple(dict.fromkeys(one for one in found if one is not None))
    reason = " ".join("".join(char if char.isprintable() else " " for char in said.reason).split())[:LONGEST_REASON]
    mark = Mark(point=name, criterion=criterion, level=Level.ABSENT, quotes=quotes, reason=reason or VOID)
    if said.level is Level.ABSENT:
        return mark
    return void(mark) if None in found or not quotes else mark.model_copy(update={"level": said.level})


def _anchor(level: Level, anchors: Anchors) -> str:
    texts = {Level.PRESENT: anchors.high, Level.PARTIAL: anchors.middle, Level.ABSENT: anchors.low}
    return texts[level]


# --- quotes ---------------------------------------------------------------------------------------------------


class _Folded(NamedTuple):
    """A text as it is compared: small letters, plain marks, single spaces; and where each character comes from."""

    text: str
    places: list[int]


def _folded(text: str) -> _Folded:
    folded: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        plain = _PLAIN.get(char) or unicodedata.normalize("NFKC", char).lower()
        for one in plain:
            one = " " if one.isspace() or not one.isprintable() else one
            if one != " " or (folded and folded[-1] != " "):
                folded.append(one)
                places.append(place)
    return _Folded("".join(folded), places)


_PLAIN = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}


def _find_in(utterance: Utterance, said: _Folded, wanted: str) -> Quote | None:
    folded, places = said
    at = folded.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        begins = at == 0 or not (folded[at - 1].isalnum() and wanted[0].isalnum())
        ends = end == len(folded) or not (folded[end].isalnum() and wanted[-1].isalnum())
        if begins and ends:
            return quote(utterance, places[at], places[end - 1] + 1)
        at = folded.find(wanted, at + 1)
    return None
