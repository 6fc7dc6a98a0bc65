"""The wishes that can be put to a room, in the imperative. `decide` answers each with events or a refusal.

Decides what can be wished for and its limits; never whether it is granted. A command from a person arrives on a
socket (`PersonCommand`); the others come from Greenroom's own processes (`own_commands`).
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from rooms.events import MAX_EXPECTED, MAX_REFERENCE_CHARS, Encoding, Expected, Stream, TurnNumber
from rooms.kinds import MAX_QUESTION_CHARS
from rooms.own_commands import Abandon as Abandon
from rooms.own_commands import AskQuestion as AskQuestion
from rooms.own_commands import CallTime as CallTime
from rooms.own_commands import CloseRoom as CloseRoom
from rooms.own_commands import CloseTurn as CloseTurn
from rooms.own_commands import HearUtterance as HearUtterance
from rooms.own_commands import Join as Join
from rooms.own_commands import Leave as Leave
from rooms.own_commands import NameTranscriber as NameTranscriber
from rooms.own_commands import NoteRestoration as NoteRestoration
from rooms.own_commands import OpenOnTime as OpenOnTime
from rooms.own_commands import OpenRoom as OpenRoom
from rooms.own_commands import RecordScore as RecordScore
from rooms.own_commands import Remind as Remind
from rooms.own_commands import SystemCommand as SystemCommand
from rooms.own_commands import WarnOfLimit as WarnOfLimit
from rooms.people import Id
from rooms.values import Value

Line = Annotated[str, Field(min_length=1, max_length=1_000)]
"""A whisper, a note, or a question of one's own."""
Answer = Annotated[str, Field(min_length=1, max_length=10_000)]
"""One typed message of an answer."""
MAX_TYPED_CHARACTERS = 40_000
"""Of one answer, in all its messages: about 40 minutes of speech."""
FrameNumber = Annotated[int, Field(ge=0, le=2**32 - 1)]


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


class InTurn(Value):
    """What is said to one question."""

    turn: TurnNumber
    question: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)] | None = None
    """The text of that question, as it was shown: a log that lost its end may have another one at this turn by now, and
    an answer to one is none to the other. None: whichever is open there. Since version 2 of the protocol."""


class BeginAnswer(InTurn):
    """The question was read out (or its reading cut short): the candidate takes the floor."""

    kind: Literal["begin_answer"] = "begin_answer"


class TypeAnswer(InTurn):
    kind: Literal["type_answer"] = "type_answer"
    text: Answer


class HoldTurn(InTurn):
    """Give me a moment: silence is not to end this answer."""

    kind: Literal["hold_turn"] = "hold_turn"


class FinishAnswer(InTurn):
    """I'm done. Words up to frame `through` of `stream` still belong to the answer."""

    kind: Literal["finish_answer"] = "finish_answer"
    stream: Stream | None = None
    through: FrameNumber | None = None


class SkipQuestion(InTurn):
    kind: Literal["skip_question"] = "skip_question"


class RepeatQuestion(InTurn):
    kind: Literal["repeat_question"] = "repeat_question"


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
    reference: Annotated[str, Field(max_length=MAX_REFERENCE_CHARS)] = ""
    """A model answer: where there are no points, a technical answer is held against it."""


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

Command = PersonCommand | SystemCommand

PERSON_COMMAND: TypeAdapter[PersonCommand] = TypeAdapter(Annotated[PersonCommand, Field(discriminator="kind")])

SAMPLE_RATE_HZ = 16_000
"""The one sample rate of the audio lane. Clients resample before sending."""
