"""The wishes that Greenroom's own processes put to a room: never on a socket, and no person may put one.

Decides their shapes; never whether they are granted (`decide`). People's wishes are `commands`'.
"""

from typing import Annotated, Literal

from pydantic import Field

from rooms.events import Finish, Mode, Profile, Question, Seniority, Terms, TurnNumber
from rooms.evidence import Delivery, JudgePolicy, Score
from rooms.people import Id, Participant
from rooms.transcript import Utterance
from rooms.values import Milliseconds, Value


class OpenRoom(Value):
    kind: Literal["open_room"] = "open_room"
    room: Id
    mode: Mode
    length: Annotated[int, Field(ge=3, le=10)]
    notice: str
    owner: Id
    starts_at: int | None = None
    """Milliseconds since 1970, UTC: when the interview is to begin. None: whenever people are there."""
    profile: Profile = Profile.INTERVIEW
    seniority: Seniority | None = None
    weights: str | None = None
    encoder: str | None = None
    judging: JudgePolicy | None = None
    terms: Terms = ()


class Join(Value):
    kind: Literal["join"] = "join"
    participant: Participant
    connection: Id
    worker: Id
    takeover: bool = True
    """Whether a candidate who is here on another device takes over from it, or is refused."""


class Leave(Value):
    kind: Literal["leave"] = "leave"
    participant: Id
    connection: Id


class Remind(Value):
    """A planned interview begins soon."""

    kind: Literal["remind"] = "remind"


class OpenOnTime(Value):
    """The time has come for which the interview was planned."""

    kind: Literal["open_on_time"] = "open_on_time"


class WarnOfLimit(Value):
    """Tell the candidate when the answer's time will be up."""

    kind: Literal["warn_of_limit"] = "warn_of_limit"
    turn: TurnNumber
    counts_ms: Milliseconds
    """From when the time was counted: if that is not true any more, the warning is stale."""
    ends_ms: Milliseconds


class CallTime(Value):
    """The answer's time is up."""

    kind: Literal["call_time"] = "call_time"
    turn: TurnNumber


class Abandon(Value):
    """Nobody has been here for long: end the interview."""

    kind: Literal["abandon"] = "abandon"
    empty_ms: Milliseconds
    """Since when nobody was here: if that is not true any more, the wish is stale."""


class NameTranscriber(Value):
    kind: Literal["name_transcriber"] = "name_transcriber"
    label: str
    caution: str | None = None


class AskQuestion(Value):
    kind: Literal["ask_question"] = "ask_question"
    turn: TurnNumber
    question: Question


class HearUtterance(Value):
    kind: Literal["hear_utterance"] = "hear_utterance"
    turn: TurnNumber
    utterance: Utterance


class CloseTurn(Value):
    """Every word up to the end of the answer is written; or, with a reason, the answer ends here and now."""

    kind: Literal["close_turn"] = "close_turn"
    turn: TurnNumber
    reason: Literal[Finish.SILENCE] | None = None


class RecordScore(Value):
    kind: Literal["record_score"] = "record_score"
    turn: TurnNumber
    score: Score
    delivery: Delivery


class CloseRoom(Value):
    kind: Literal["close_room"] = "close_room"


class NoteRestoration(Value):
    """The room was written anew from what is kept of it, up to this version."""

    kind: Literal["note_restoration"] = "note_restoration"
    through: Annotated[int, Field(ge=0)]


SystemCommand = (
    OpenRoom
    | Join
    | Leave
    | Remind
    | OpenOnTime
    | WarnOfLimit
    | CallTime
    | Abandon
    | NameTranscriber
    | AskQuestion
    | HearUtterance
    | CloseTurn
    | RecordScore
    | CloseRoom
    | NoteRestoration
)
