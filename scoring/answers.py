"""A short answer against its model answer: signed parts that add up to a score, calibrated on people's grades.

Decides the score of a question that has a model answer and no rubric points, and its 90% interval. The parts are a
sum and nothing else, so anybody can add them up. Never looks at how something was said.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rooms.evidence import Contribution, Dimension, Score
from scoring.context import IN_CONTEXT, measured_in_context
from scoring.context import LABELS as CONTEXT_LABELS
from scoring.likeness import LABELS as PLAIN_LABELS
from scoring.likeness import Model, likeness, model_of, nothing_in_common
from scoring.meaning import LABELS as ENCODED_LABELS
from scoring.meaning import Encoder, Measured, measured
from scoring.rated import Learnt, Traits, beyond, learn, traits
from scoring.reading import Reading
from scoring.rubric import Family, Rubric
from scoring.weights import WeightsError
from scoring.weights.answers import AnswerModel, AnswerWeights, Sum, Widths

STEP = 64
"""Parts are whole 64ths of a point: binary floats hold them exactly, so sums are exact too."""
OFF_TOPIC, OFF_TOPIC_COSTS = 0.1, 0.8
"""So far from question and model answer was one graded answer in a hundred, and two in three to something else."""
WORDS_CANNOT_TELL = (
    "None of its words are in the question or the model answer, so words cannot tell what it is worth; "
    "a person should read it."
)

LABELS = PLAIN_LABELS | ENCODED_LABELS | CONTEXT_LABELS
USUAL = "What people gave on average"
SAYS_NONE = "Says that there is no answer"
_BEGINS = (USUAL, SAYS_NONE)
"""The first part of every answer that was held against its model answer, of all releases, and of no other."""


class Graded(NamedTuple):
    """The score of an answer in tenths, the parts that add up to it, and its 90% interval."""

    score: float
    low: float
    high: float
    parts: tuple[Contribution, ...]


class Grader(NamedTuple):
    """Whatever is needed to grade answers: figures, an encoder or none, and what rated answers taught."""

    weights: AnswerWeights
    encoder: Encoder | None = None
    learnt: Learnt | None = None

    @property
    def figures(self) -> AnswerModel:
        return self.weights.encoded if self.encoder else self.weights.plain

    @property
    def label(self) -> str:
        """What is said of who scored, beside the version of the weights."""
        with_encoder = f" with {self.encoder.label}" if self.encoder else ""
        return with_encoder + (f", {self.learnt.number} rated answers to the question" if self.learnt else "")

    def grade(self, rubric: Rubric, reading: Reading, wider: float = 0.0) -> Graded:
        """`wider` is added to both sides of the interval: doubtful words, say. `reading`: without the question."""
        model = model_of(rubric.question, rubric.reference)
        found = self.measured(model, reading)
        parts = _parts(self.sum_for(model), found.figures)
        if found.nearness < OFF_TOPIC:
            lost = -OFF_TOPIC_COSTS * sum(part.value for part in parts)
            parts.append(Contribution(label="Means something else altogether", value=_stepped(lost)))
        familiar = None
        if self.learnt:
            gained, familiar = beyond(self.learnt, traits(reading, model, found.vector), self.figures.rated)
            label = f"Rated answers like it: {self.learnt.number} to this question"
            parts.append(Contribution(label=label, value=_stepped(gained)))
        return _graded(parts, self.widths(model), familiar, wider)

    def cannot_tell(self, rubric: Rubric, reading: Reading) -> str | None:
        """Why words alone cannot grade this answer, or None. An encoder can, or rated answers."""
        alone = self.encoder is None and self.learnt is None
        lost = alone and nothing_in_common(model_of(rubric.question, rubric.reference), reading)
        return WORDS_CANNOT_TELL if lost else None

    def measured(self, model: Model, reading: Reading) -> Measured:
        """The figures of an answer, with an encoder or without."""
        if self.encoder is None:
            return Measured(likeness(model, reading))
        if tuple(self.figures.effects) == IN_CONTEXT:
            assert self.encoder.in_context is not None, "asked for in grader()"
            return measured_in_context(model, reading, self.encoder.in_context, self.figures.read_whole)
        return measured(model, reading, self.encoder.encode)

    def sum_for(self, model: Model) -> Sum:
        """What answers to this question are added up by."""
        return self.figures.sum_for(long=self._long(model))

    def _long(self, model: Model) -> bool:
        return model.content >= self.weights.long_from_words

    def widths(self, model: Model) -> Widths:
        long = self._long(model)
        if self.learnt:
            return self.figures.rated_long if long else self.figures.rated_short
        return self.figures.long if long else self.figures.short

    def taught(self, rubric: Rubric, rated: Sequence[tuple[Reading, float]]) -> "Grader":
        """The grader for one question, with what people gave to other answers; no other where these are too few."""
        model = model_of(rubric.question, rubric.reference)
        found: list[Traits] = []
        more: list[float] = []
        for reading, given in rated:
            figures, vector, _ = self.measured(model, reading)
            found.append(traits(reading, model, vector))
            more.append(given - expected(self.sum_for(model), figures))
        return self._replace(learnt=learn(found, more, self.figures.rated))


def grader(weights: AnswerWeights, encoder: Encoder | None = None) -> Grader:
    """A grader with these weights. Raises WeightsError where they were learnt with another encoder."""
    if encoder is not None and encoder.sha256 != weights.encoder:
        raise WeightsError(
            f"the weights {weights.version} were learnt with the encoder {weights.encoder or 'none'}, "
            f"not with {encoder.label} ({encoder.sha256})"
        )
    if encoder is not None and encoder.in_context is None and tuple(weights.encoded.effects) == IN_CONTEXT:
        raise WeightsError(f"the weights {weights.version} read words where they stand; {encoder.label} cannot")
    return Grader(weights, encoder)


def graded_by_reference(rubric: Rubric) -> bool:
    """Whether an answer is held against a model answer: where there is one, and no points to look for."""
    return rubric.family is Family.TECHNICAL and bool(rubric.reference.strip()) and not rubric.points


def relevance_is_all(score: Score) -> bool:
    """Whether this score was held against a model answer: then its relevance is the whole, and nothing else counts."""
    relevance = next((one for one in score.dimensions if one.dimension is Dimension.RELEVANCE), None)
    return relevance is not None and bool(parts := relevance.contributions) and parts[0].label in _BEGINS


def expected(figures: Sum, found: dict[str, float]) -> float:
    """The sum of the parts before any rounding, within 0 to 5."""
    more = (effect.points * (found[name] - effect.usual) for name, effect in figures.effects.items())
    return min(5.0, max(0.0, figures.usual + sum(more)))


def _parts(figures: Sum, found: dict[str, float]) -> list[Contribution]:
    parts = [Contribution(label=USUAL, value=_stepped(figures.usual))]
    for name, effect in figures.effects.items():
        value = _stepped(effect.points * (found[name] - effect.usual))
        if value:
            parts.append(Contribution(label=LABELS[name], value=value))
    total = sum(part.value for part in parts)
    return [*parts, *_within_the_scale(total)]


def _within_the_scale(total: float) -> list[Contribution]:
    kept = min(5.0, max(0.0, total))
    return [Contribution(label="Kept within 0 to 5", value=kept - total)] if kept != total else []


def _graded(parts: list[Contribution], widths: Widths, familiar: float | None, wider: float) -> Graded:
    parts += _within_the_scale(sum(part.value for part in parts))
    total = sum(part.value for part in parts)
    score = math.floor(total * 10 + 0.5) / 10
    if score != total:
        parts.append(Contribution(label="Rounded to tenths", value=score - total))
    below = float(np.interp(total, widths.at, widths.below))
    if familiar is not None and widths.familiar:
        below *= float(np.interp(familiar, widths.familiar, widths.times))
    low = total - below - wider
    high = total + float(np.interp(total, widths.at, widths.above)) + wider
    return Graded(score, *_ends(score, low, high), tuple(parts))


def _ends(score: float, low: float, high: float) -> tuple[float, float]:
    """The ends of the interval in hundredths, within 0 to 5 and around the score."""
    return max(0.0, min(score, round(low, 2))), min(5.0, max(score, round(high, 2)))


def _stepped(value: float) -> float:
    return math.floor(value * STEP + 0.5) / STEP
