"""What interviews, streams, answers and questions can be: the values that facts and wishes have in common.

Decides their names and limits; never what follows from them.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from rooms.values import Value


class Mode(StrEnum):
    BEHAVIOURAL = "behavioural"
    TECHNICAL = "technical"
    SYSTEM_DESIGN = "system_design"


class Profile(StrEnum):
    """How turns are taken: how long a silence must be to end an answer (`rooms.patience`)."""

    INTERVIEW = "interview"
    """Patient: people think before they go on."""
    RAPID = "rapid"
    """Short answers, quickly asked: a cut-off now and then is the price."""


class Seniority(StrEnum):
    """The level a candidate is interviewed for. It decides which weights mark, and nothing else."""

    JUNIOR = "junior"
    MID = "mid"
    SENIOR = "senior"


class Encoding(StrEnum):
    """How the sound of a stream travels. What hearing gets is the same."""

    PCM16 = "pcm16"
    """Frames of samples: 16 bits, little-endian, one channel, 16 kHz."""
    WEBM_OPUS = "webm_opus"
    """Pieces of one WebM recording with Opus, as a browser's MediaRecorder makes them."""


class Finish(StrEnum):
    """Why an answer ended."""

    DONE = "done"
    """The candidate said so."""
    SILENCE = "silence"
    SKIPPED = "skipped"
    LIMIT = "limit"
    """The turn reached its time limit."""
    ENDED = "ended"
    """The interview was ended during the answer."""


class Closing(StrEnum):
    """Why an interview ended."""

    FINISHED = "finished"
    """All questions were asked."""
    ENDED = "ended"
    """Somebody ended it."""
    ABANDONED = "abandoned"
    """Nobody was there any more."""
    WITHDRAWN = "withdrawn"
    """The candidate took consent back."""


class QuestionKind(StrEnum):
    NEW = "new"
    FOLLOW_UP = "follow_up"
    CHOSEN = "chosen"
    """A coach chose it from the bank."""
    OWN = "own"
    """A person wrote it: from the interviewer's chair, or for the AI interviewer to ask."""


class Expected(Value):
    """Something a strong answer says, as a coach wrote it for a question of their own."""

    text: Annotated[str, Field(min_length=3, max_length=200)]
    weight: Annotated[int, Field(ge=1, le=5)] = 1
    """Its share relative to the question's other points."""


MAX_QUESTION_CHARS = 1_000
MAX_EXPECTED = 8
MAX_REFERENCE_CHARS = 2_000


class Question(Value):
    """A question as it was put."""

    id: str | None
    """Its id in the question bank; None for a person's own question."""
    follow_up_of: str | None = None
    text: Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]
    competence: str | None = None
    difficulty: Annotated[int, Field(ge=1, le=5)] | None = None
    kind: QuestionKind
    why: str | None = None
    """Why this question now, for the coach. A candidate never sees it."""
    points: Annotated[tuple[Expected, ...], Field(max_length=MAX_EXPECTED)] = ()
    """Of a person's own question: what a strong answer says. A candidate never sees it; the bank's are in the bank."""
    reference: Annotated[str, Field(max_length=MAX_REFERENCE_CHARS)] = ""
    """Of a person's own question: its model answer, if any. A candidate never sees it."""


Terms = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=40)], ...], Field(max_length=50)]
