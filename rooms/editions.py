"""How what is said looks to a member who speaks the version before: nothing in it that was born since.

Decides what is left out and what is said in an older word, all in one place, to be emptied with the next version.
Never who may see anything (`views`). Who adds a kind of message, event or telling, a field, or a word lists it here;
tests/rooms/test_editions.py walks the schema and fails when one was forgotten.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rooms import events as e
from rooms.evidence import DimensionScore, Pause, Score
from rooms.protocol import (
    SPOKEN,
    VERSION,
    Durable,
    Happened,
    Pong,
    ServerMessage,
    SoundQuality,
    Telling,
    TurnEnding,
    Welcome,
)
from rooms.state import Room, Turn
from rooms.transcript import Utterance
from rooms.values import Value

NEW_KINDS: frozenset[type[Value]] = frozenset(
    {
        Durable,
        Pong,
        SoundQuality,
        TurnEnding,
        e.ConsentWithdrawn,
        e.StartingSoon,
        e.LobbyOpened,
        e.TurnLimitNear,
        e.RoomRestored,
    }
)
"""Messages, events and tellings that the version before does not know. They are left out: between the versions that a
member is shown, `Happened.after` says that nothing is missing."""

NEW_FIELDS: Mapping[type[Value], frozenset[str]] = MappingProxyType(
    {
        Welcome: frozenset({"durable", "return_ticket", "return_after_ms"}),
        Room: frozenset(
            {
                "starts_at",
                "scheduled",
                "reminded",
                "profile",
                "seniority",
                "weights",
                "encoder",
                "judging",
                "terms",
                "stopped_ms",
                "empty_ms",
                "closing",
                "restored",
                "written",
            }
        ),
        Turn: frozenset({"counts_ms", "limit_ms"}),
        Utterance: frozenset({"audio"}),
        e.MicrophoneOpened: frozenset({"encoding"}),
        e.RoomOpened: frozenset({"starts_at", "profile", "seniority", "weights", "encoder", "judging", "terms"}),
        e.ParticipantJoined: frozenset({"at_ms"}),
        e.ParticipantLeft: frozenset({"at_ms"}),
        e.Question: frozenset({"points", "reference"}),
        e.NextQuestionChosen: frozenset({"own"}),
        e.QuestionAsked: frozenset({"at_ms"}),
        e.InterviewPaused: frozenset({"at_ms"}),
        e.InterviewResumed: frozenset({"at_ms"}),
        e.RoomClosed: frozenset({"reason"}),
        Score: frozenset({"agreement", "prompt"}),
        DimensionScore: frozenset({"judged"}),
        Pause: frozenset({"in_clause"}),
    }
)
"""Fields that the version before does not know, of values that it does."""

OLDER_WORDS: Mapping[StrEnum, StrEnum] = MappingProxyType({})
"""What is said instead of a word (a phase, a reason) that the version before does not know."""


def knows(kind: type[Value], protocol: int) -> bool:
    """Whether who speaks this version knows such events, tellings or messages at all."""
    return protocol >= VERSION or kind not in NEW_KINDS


def said(message: ServerMessage, protocol: int) -> str | None:
    """The message as JSON, in words of this version; None where that has none for it."""
    if protocol >= VERSION:
        return message.model_dump_json()
    return None if _is_new(message) else json.dumps(_older(message), separators=(",", ":"))


def _older(value: object) -> Any:
    match value:
        case Value():
            left_out = NEW_FIELDS.get(type(value), frozenset[str]())
            return {name: _older(field) for name, field in value if name not in left_out}
        case tuple():
            return [_older(one) for one in value if not _is_new(one)]
        case StrEnum():
            return OLDER_WORDS.get(value, value).value
        case _:
            return value


def _is_new(value: object) -> bool:
    match value:
        case Happened():
            return type(value.event) in NEW_KINDS
        case Telling():
            return type(value.what) in NEW_KINDS
        case _:
            return type(value) in NEW_KINDS


assert SPOKEN == (VERSION - 1, VERSION), "this page is about one version before"
