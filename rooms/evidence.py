"""What an answer was found to be worth, with the words it rests on.

Decides the one shape in which a score travels: from the scorer, through the log, to the screen and the
database. Never how a score is reached (that is `scoring`).
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from rooms.transcript import Quote
from rooms.values import Milliseconds, Value


class Dimension(StrEnum):
    """The six content dimensions, each 0 to 5. Delivery is not among them."""

    RELEVANCE = "relevance"
    STRUCTURE = "structure"
    SPECIFICITY = "specificity"
    DEPTH = "depth"
    RESULT = "result"
    CLARITY = "clarity"


class Level(StrEnum):
    """How far an answer reaches one rubric point."""

    PRESENT = "present"
    PARTIAL = "partial"
    ABSENT = "absent"


Points5 = Annotated[float, Field(ge=0, le=5)]


class Mark(Value):
    """A level for one rubric point, and the exact words it rests on.

    A present or partial mark without a quote cannot be built: evidence is not optional.
    """

    point: str
    """The rubric point's id."""
    criterion: str
    """The rubric point in words, as a reader sees it."""
    level: Level
    quotes: tuple[Quote, ...] = ()
    reason: str
    """Why this level, in one sentence."""

    @model_validator(mode="after")
    def _rests_on_words(self) -> Self:
        if self.level is not Level.ABSENT and not self.quotes:
            raise ValueError("a present or partial mark needs a quote")
        return self


class Contribution(Value):
    """One signed part of a dimension's score. The parts add up to the score exactly."""

    label: str
    value: float


class DimensionScore(Value):
    """One dimension's score (half points, 0 to 5) with its 90% interval, or why there is none.

    A score without a quote cannot be built: a low one quotes the words that show what is missing.
    """

    dimension: Dimension
    score: Points5 | None
    low: Points5 | None = None
    high: Points5 | None = None
    contributions: tuple[Contribution, ...] = ()
    quotes: tuple[Quote, ...] = ()
    abstained: str | None = None
    """The reason, where `score` is None."""
    judged: Mark | None = None
    """A judge's mark by the anchors of the dimension, where a judge marked: its `criterion` is the anchor."""

    @model_validator(mode="after")
    def _scored_or_abstained(self) -> Self:
        if (self.score is None) == (self.abstained is None):
            raise ValueError("a dimension has either a score or a reason why there is none")
        if self.score is not None and not self.quotes:
            raise ValueError("a score needs a quote of the words it rests on")
        return self


class Score(Value):
    """What the content of a turn is worth. Delivery has no part in it."""

    overall: Points5 | None
    low: Points5 | None = None
    high: Points5 | None = None
    dimensions: tuple[DimensionScore, ...] = ()
    marks: tuple[Mark, ...] = ()
    scorer: str
    """Who marked: rules ("local", and what helped them), or the judges' names. Which of both, `weights` says."""
    weights: str
    """The semantic version of the weights that turned marks into numbers; a judge's as "judge-1.0.0"."""
    abstained: str | None = None
    """The reason, where `overall` is None."""
    caution: str | None = None
    """What a reader should know before trusting the number, such as unreliable words."""
    agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    """How far a judge's runs agreed, where a judge marked."""
    prompt: str | None = None
    """The version of what judges were asked, where they marked."""


class JudgePolicy(Value):
    """How judges mark an interview: pinned when its room opens, so that a change in its middle does not go unsaid."""

    judges: tuple[str, ...]
    """Whom to ask, in this order: model, where it is asked, and in which manner."""
    panel: Annotated[int, Field(ge=1)]
    """How many of them mark together."""
    prompt: str
    """The version of what they are asked."""
    weights: str
    """The version of the weights that turn their marks into numbers."""


class Pause(Value):
    """A silence of at least 250 ms between two words of an answer (a usual threshold)."""

    start_ms: Milliseconds
    end_ms: Milliseconds
    in_clause: bool = False
    """Whether it breaks a clause, which listeners mind most; as far as words and punctuation can tell."""


class Delivery(Value):
    """How an answer was spoken. Coaching only: it never counts in a content score or a hiring view.

    Figures that need timed speech are None for typed answers.
    """

    words: Annotated[int, Field(ge=0)]
    speaking_ms: Milliseconds
    """From the first word to the last; thinking before the answer is not part of it."""
    words_per_minute: float | None = None
    articulation_rate: float | None = None
    """Syllables a second, pauses left out."""
    pauses: tuple[Pause, ...] = ()
    fillers: tuple[Quote, ...] = ()
    fillers_per_minute: float | None = None
    repairs: tuple[Quote, ...] = ()
    """Sentences begun again: words said twice in a row, or words such as "no wait"."""
    thinking_ms: Milliseconds | None = None
    """From the end of the question to the first word. Shown, never judged."""
