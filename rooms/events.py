"""The facts of a room, in the past tense, frozen. A room is the list of these and nothing else.

Decides what is worth remembering; never whether it may happen (`decide`). Partials and audio levels are not
facts: they are told and forgotten. Modes, reasons and questions, which facts have in common with wishes, are `kinds`'.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter

from rooms.evidence import Delivery, JudgePolicy, Score
from rooms.kinds import MAX_EXPECTED as MAX_EXPECTED
from rooms.kinds import MAX_REFERENCE_CHARS as MAX_REFERENCE_CHARS
from rooms.kinds import Closing as Closing
from rooms.kinds import Encoding as Encoding
from rooms.kinds import Expected as Expected
from rooms.kinds import Finish as Finish
from rooms.kinds import Mode as Mode
from rooms.kinds import Profile as Profile
from rooms.kinds import Question as Question
from rooms.kinds import QuestionKind as QuestionKind
from rooms.kinds import Seniority as Seniority
from rooms.kinds import Terms as Terms
from rooms.people import Id, Participant
from rooms.transcript import Utterance
from rooms.values import Milliseconds, Value

MAX_TURNS = 1_000

TurnNumber = Annotated[int, Field(ge=1, le=MAX_TURNS)]
"""Turns are numbered from 1 within a room."""

Stream = Id
"""One microphone's numbered frames, from opening to closing; survives reconnects."""


class RoomOpened(Value):
    kind: Literal["room_opened"] = "room_opened"
    room: Id
    mode: Mode
    length: Annotated[int, Field(ge=1, le=20)]
    """How many questions are planned, follow-ups included."""
    notice: str
    """The version of the notice that the candidate must consent to."""
    owner: Id
    opened_at: int
    """Milliseconds since 1970, UTC. Every other time in the room counts from here."""
    starts_at: int | None = None
    """Milliseconds since 1970, UTC: when the interview is to begin, if that was planned."""
    profile: Profile = Profile.INTERVIEW
    seniority: Seniority | None = None
    weights: str | None = None
    """The version of the weights that mark this room, for as long as it is kept. None: the newest that ships."""
    encoder: str | None = None
    """The sha256 of the sentence encoder that reads answers to questions with a model answer. None: words alone."""
    judging: JudgePolicy | None = None
    """How judges mark besides the rules. None: rules alone, or nothing was said of it."""
    terms: Terms = ()
    """Names and terms that may be said: of the company, its products, the candidate's CV. For hearing and coaches."""


class ParticipantJoined(Value):
    kind: Literal["participant_joined"] = "participant_joined"
    participant: Participant
    connection: Id
    worker: Id
    """The web worker that holds the connection: if it dies, its connections are gone too."""
    at_ms: Milliseconds | None = None


class ParticipantLeft(Value):
    kind: Literal["participant_left"] = "participant_left"
    participant: Id
    connection: Id
    at_ms: Milliseconds | None = None


class StartingSoon(Value):
    """A reminder: the planned time has nearly come."""

    kind: Literal["starting_soon"] = "starting_soon"
    starts_at: int


class LobbyOpened(Value):
    """A planned interview may begin: its time has come, or somebody opened it early."""

    kind: Literal["lobby_opened"] = "lobby_opened"
    by: Id


class ConsentGiven(Value):
    kind: Literal["consent_given"] = "consent_given"
    participant: Id
    notice: str


class ConsentWithdrawn(Value):
    """From here on nothing is heard, written down or scored; the audio that waited is erased."""

    kind: Literal["consent_withdrawn"] = "consent_withdrawn"
    participant: Id
    at_ms: Milliseconds


class InterviewStarted(Value):
    kind: Literal["interview_started"] = "interview_started"


class TranscriberNamed(Value):
    """Which recogniser writes the words, and what to know before trusting them."""

    kind: Literal["transcriber_named"] = "transcriber_named"
    label: str
    caution: str | None = None


class MicrophoneOpened(Value):
    kind: Literal["microphone_opened"] = "microphone_opened"
    stream: Stream
    offset_ms: Milliseconds
    """The room's time when the stream's own clock stood at 0."""
    encoding: Encoding = Encoding.PCM16


class QuestionAsked(Value):
    kind: Literal["question_asked"] = "question_asked"
    turn: TurnNumber
    question: Question
    by: Id
    at_ms: Milliseconds | None = None


class QuestionRepeated(Value):
    kind: Literal["question_repeated"] = "question_repeated"
    turn: TurnNumber


class AnswerBegan(Value):
    """The candidate has the floor."""

    kind: Literal["answer_began"] = "answer_began"
    turn: TurnNumber
    at_ms: Milliseconds


class UtteranceHeard(Value):
    kind: Literal["utterance_heard"] = "utterance_heard"
    turn: TurnNumber
    utterance: Utterance


class TurnHeld(Value):
    """The candidate wants time (a moment to think, or to type): silence does not end this answer."""

    kind: Literal["turn_held"] = "turn_held"
    turn: TurnNumber


class TurnLimitNear(Value):
    """The answer's time is nearly up. A pause, or being away, stops the clock; then this is said anew."""

    kind: Literal["turn_limit_near"] = "turn_limit_near"
    turn: TurnNumber
    at_ms: Milliseconds
    ends_ms: Milliseconds
    """The room's time at which the answer is ended."""


class AnswerFinished(Value):
    kind: Literal["answer_finished"] = "answer_finished"
    turn: TurnNumber
    reason: Finish
    stream: Stream | None = None
    through: Annotated[int, Field(ge=0)] | None = None
    """The last audio frame that belongs to the answer, where the client knows: words up to there still count."""


class TurnClosed(Value):
    """The last word of the turn is written. From here on its transcript is final."""

    kind: Literal["turn_closed"] = "turn_closed"
    turn: TurnNumber
    reason: Finish
    at_ms: Milliseconds


class TurnScored(Value):
    kind: Literal["turn_scored"] = "turn_scored"
    turn: TurnNumber
    score: Score
    delivery: Delivery


OWN = "own"


class NextQuestionChosen(Value):
    kind: Literal["next_question_chosen"] = "next_question_chosen"
    question: Id
    """Its id in the bank; OWN for one that a coach wrote."""
    own: Question | None = None
    by: Id


class InterviewerChanged(Value):
    """Who sits in the interviewer's chair: a person's id, or None for the AI interviewer."""

    kind: Literal["interviewer_changed"] = "interviewer_changed"
    to: Id | None


class Whispered(Value):
    """A hint to the candidate."""

    kind: Literal["whispered"] = "whispered"
    by: Id
    text: str
    at_ms: Milliseconds


class NoteTaken(Value):
    """A coach's private note."""

    kind: Literal["note_taken"] = "note_taken"
    by: Id
    text: str
    at_ms: Milliseconds


class InterviewPaused(Value):
    kind: Literal["interview_paused"] = "interview_paused"
    by: Id
    at_ms: Milliseconds | None = None


class InterviewResumed(Value):
    kind: Literal["interview_resumed"] = "interview_resumed"
    by: Id
    at_ms: Milliseconds | None = None


class EndRequested(Value):
    """No further question will be asked. What was said before is still heard out and scored."""

    kind: Literal["end_requested"] = "end_requested"
    by: Id
    """Greenroom itself, where everybody had left for good."""


class RoomClosed(Value):
    kind: Literal["room_closed"] = "room_closed"
    at_ms: Milliseconds
    reason: Closing | None = None
    """None only in rooms that were closed before reasons were kept."""


class RoomRestored(Value):
    """The log was lost or had fallen behind, and was written anew from what is kept elsewhere.

    What was said in the last moment before may be missing; whoever said it still has it and says it again.
    """

    kind: Literal["room_restored"] = "room_restored"
    through: Annotated[int, Field(ge=0)]
    """Up to this version the room is as it was."""
    at_ms: Milliseconds


Event = (
    RoomOpened
    | ParticipantJoined
    | ParticipantLeft
    | StartingSoon
    | LobbyOpened
    | ConsentGiven
    | ConsentWithdrawn
    | InterviewStarted
    | TranscriberNamed
    | MicrophoneOpened
    | QuestionAsked
    | QuestionRepeated
    | AnswerBegan
    | UtteranceHeard
    | TurnHeld
    | TurnLimitNear
    | AnswerFinished
    | TurnClosed
    | TurnScored
    | NextQuestionChosen
    | InterviewerChanged
    | Whispered
    | NoteTaken
    | InterviewPaused
    | InterviewResumed
    | EndRequested
    | RoomClosed
    | RoomRestored
)

EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
"""Reads an event from JSON, by its kind."""

KINDS: Mapping[str, type[Any]] = MappingProxyType({kind.model_fields["kind"].default: kind for kind in get_args(Event)})
"""Every kind of event, by its name."""
