"""The wishes that can be put to a room, in the imperative. `decide` answers each with events or a refusal.

Decides what can be wished for and its limits; never whether it is granted. A command from a person arrives on a
socket (`PersonCommand`); the others come from Greenroom's own processes.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from rooms.events import (
    MAX_EXPECTED,
    Encoding,
    Expected,
    Finish,
    Mode,
    Profile,
    Question,
    Seniority,
    Stream,
    Terms,
    TurnNumber,
)
from rooms.evidence import Delivery, Score
from rooms.people import Id, Participant
from rooms.transcript import Utterance
from rooms.values import Milliseconds, Value

Line = Annotated[str, Field(min_length=1, max_length=1_000)]
"""A whisper, a note, or a question of one's own."""
Answer = Annotated[str, Field(min_length=1, max_length=10_000)]
"""One typed message of an answer."""
MAX_TYPED_CHARACTERS = 40_000
"""Of one answer, in all its messages: about 40 minutes of speech."""
FrameNumber = Annotated[int, Field(ge=0, le=2**32 - 1)]


# --- what people may wish -------------------------------------------------------------------------------------


class GiveConsent(Value):
    kind: Literal["give_consent"] = "give_consent"
    notice: Annotated[str, Field(max_length=40)]


class WithdrawConsent(Value):
    """Take consent back: the audio is erased, nothing more is heard or scored, an interview under way ends."""

    kind: Literal["withdraw_consent"] = "withdraw_consent"


class OpenLobby(Value):
    """Begin a planned interview early: from now on the candidate may start."""

    kind: Literal["open_lobby"] = "open_lobby"


class StartInterview(Value):
    kind: Literal["start_interview"] = "start_interview"


class OpenMicrophone(Value):
    """Announce a numbered stream of audio: frames of samples, or pieces of a recording."""

    kind: Literal["open_microphone"] = "open_microphone"
    stream: Stream
    sample_rate: int
    """Of the samples, 16000; of a recording, what it is made into: the same."""
    encoding: Encoding = Encoding.PCM16


class BeginAnswer(Value):
    """The question was read out (or its reading cut short): the candidate takes the floor."""

    kind: Literal["begin_answer"] = "begin_answer"
    turn: TurnNumber


class TypeAnswer(Value):
    kind: Literal["type_answer"] = "type_answer"
    turn: TurnNumber
    text: Answer


class HoldTurn(Value):
    """Give me a moment: silence is not to end this answer."""

    kind: Literal["hold_turn"] = "hold_turn"
    turn: TurnNumber


class FinishAnswer(Value):
    """I'm done. Words up to frame `through` of `stream` still belong to the answer."""

    kind: Literal["finish_answer"] = "finish_answer"
    turn: TurnNumber
    stream: Stream | None = None
    through: FrameNumber | None = None


class SkipQuestion(Value):
    kind: Literal["skip_question"] = "skip_question"
    turn: TurnNumber


class RepeatQuestion(Value):
    kind: Literal["repeat_question"] = "repeat_question"
    turn: TurnNumber


class PauseInterview(Value):
    kind: Literal["pause_interview"] = "pause_interview"


class ResumeInterview(Value):
    kind: Literal["resume_interview"] = "resume_interview"


class EndInterview(Value):
    kind: Literal["end_interview"] = "end_interview"


class Whisper(Value):
    kind: Literal["whisper"] = "whisper"
    text: Line


class TakeNote(Value):
    kind: Literal["take_note"] = "take_note"
    text: Line


class ChooseNext(Value):
    """Ask this question from the bank next."""

    kind: Literal["choose_next"] = "choose_next"
    question: Id


class TakeOver(Value):
    """Sit down in the interviewer's chair; the AI interviewer falls silent."""

    kind: Literal["take_over"] = "take_over"


class HandBack(Value):
    kind: Literal["hand_back"] = "hand_back"


class _Written(Value):
    """A question of one's own, with what a strong answer to it says."""

    text: Line
    points: Annotated[tuple[Expected, ...], Field(max_length=MAX_EXPECTED)] = ()


class AskOwn(_Written):
    """From the interviewer's chair: ask this, now."""

    kind: Literal["ask_own"] = "ask_own"


class WriteNext(_Written):
    """Have the interviewer ask this next."""

    kind: Literal["write_next"] = "write_next"


PersonCommand = (
    GiveConsent
    | WithdrawConsent
    | OpenLobby
    | StartInterview
    | OpenMicrophone
    | BeginAnswer
    | TypeAnswer
    | HoldTurn
    | FinishAnswer
    | SkipQuestion
    | RepeatQuestion
    | PauseInterview
    | ResumeInterview
    | EndInterview
    | Whisper
    | TakeNote
    | ChooseNext
    | TakeOver
    | HandBack
    | AskOwn
    | WriteNext
)

# --- what Greenroom's own processes wish ----------------------------------------------------------------------


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

Command = PersonCommand | SystemCommand

PERSON_COMMAND: TypeAdapter[PersonCommand] = TypeAdapter(Annotated[PersonCommand, Field(discriminator="kind")])

SAMPLE_RATE_HZ = 16_000
"""The one sample rate of the audio lane. Clients resample before sending."""

__all__ = ["SAMPLE_RATE_HZ", "Command", "Milliseconds", "PersonCommand", "SystemCommand"]
