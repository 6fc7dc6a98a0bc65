"""The figures by which a short answer is held against its model answer: learnt from people's grades, versioned, hashed.

Decides whether a file of them is what it claims to be. Never what a figure is used for (`scoring.answers`).
"""

from functools import lru_cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from rooms.values import Value
from scoring.context import IN_CONTEXT
from scoring.likeness import PLAIN
from scoring.meaning import ENCODED
from scoring.rated import RatedFigures
from scoring.weights.figures import load_figures, parse_figures

Half = Annotated[float, Field(ge=0, le=5)]


class Effect(Value):
    """What one figure does: `points` for each unit by which it is above `usual`."""

    usual: float
    points: float


class Widths(Value):
    """How far people's grades lay below and above scores like these on questions not learnt from: a 90% interval.

    Between the scores of `at` the reach is in proportion. Conformal: what was left out decides (Romano 2019).
    """

    at: Annotated[tuple[float, ...], Field(min_length=2)]
    below: tuple[Half, ...]
    above: tuple[Half, ...]
    familiar: tuple[float, ...] = ()
    """How well rated answers know an answer; none: that changes nothing."""
    times: tuple[Half, ...] = ()
    """So many times as far grades lay below scores of answers as familiar as that."""

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not len(self.at) == len(self.below) == len(self.above) or not _rising(self.at):
            raise ValueError("each score needs a reach below and above, in rising order")
        if len(self.familiar) != len(self.times) or not _rising(self.familiar):
            raise ValueError("each familiarity needs how many times as far, in rising order")
        return self


def _rising(some: tuple[float, ...]) -> bool:
    return list(some) == sorted(set(some))


class Sum(Value):
    """What people gave an ordinary answer, and what each figure adds to that."""

    usual: float
    effects: dict[str, Effect]


class AnswerModel(Sum):
    """The sum, and how far off it was."""

    encoder: str | None = None
    """The sha256 of the sentence encoder whose figures are among them."""
    read_whole: Annotated[int, Field(ge=0)] | None = None
    """Texts of so many pieces are read whole by the encoder; of longer ones its later layers read only the words of
    content. None: all texts are read whole.
    """
    to_long: Sum | None = None
    """The sum of the same figures for long model answers, of which people expect more; None: the same one."""
    short: Widths
    """For model answers of few words."""
    long: Widths
    rated: RatedFigures
    rated_short: Widths
    rated_long: Widths

    @model_validator(mode="after")
    def _same_figures(self) -> Self:
        if self.to_long is not None and tuple(self.to_long.effects) != tuple(self.effects):
            raise ValueError("long model answers are held to other figures")
        return self

    def sum_for(self, *, long: bool) -> Sum:
        return self.to_long if long and self.to_long is not None else self


class AnswerWeights(Value):
    """One version of all figures."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    training_set: str
    sha256: str
    metrics: dict[str, dict[str, float]]
    """What they reached on questions not learnt from, by training set."""
    long_from_words: Annotated[int, Field(ge=1)]
    """From so many words of content on a model answer is a long one."""
    plain: AnswerModel
    encoded: AnswerModel

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if tuple(self.plain.effects) != PLAIN:
            raise ValueError("the effects are not those of the figures that are measured")
        if self.plain.encoder is not None or self.encoded.encoder is None:
            raise ValueError("the encoded figures, and only they, name their encoder")
        return self

    @property
    def encoder(self) -> str | None:
        """The sha256 of the encoder these weights can use; None where they want figures that are measured no longer.

        Those of 1.0.0 are: no room had an encoder then, so no score that was kept rests on them.
        """
        return self.encoded.encoder if tuple(self.encoded.effects) in (ENCODED, IN_CONTEXT) else None


def parse_answer_weights(text: str, file: str) -> AnswerWeights:
    """Figures from JSON; see `parse_figures`."""
    return parse_figures(text, file, AnswerWeights)


@lru_cache(maxsize=8)
def load_answer_weights(version: str) -> AnswerWeights:
    """A version that ships. Raises WeightsError when there is no such version or it was changed."""
    return load_figures("answers", version, AnswerWeights)
