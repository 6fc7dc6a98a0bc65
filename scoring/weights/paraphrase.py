"""The figures by which a rubric point is found in other words: learnt with one encoder, versioned, hashed.

Decides whether a file of them is what it claims to be. Never what a figure is used for (`scoring.paraphrase`).
"""

from functools import lru_cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from rooms.values import Value
from scoring.weights.figures import load_figures, parse_figures

Share = Annotated[float, Field(ge=0, le=1)]


class ParaphraseWeights(Value):
    """One version of all figures."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    training_set: str
    sha256: str
    metrics: dict[str, dict[str, float]]
    """What they reached on questions not learnt from, by training set."""
    encoder: str
    """The sha256 of the sentence encoder that they were learnt with."""
    words: Share
    """What counts how far words alone recall a point; this share and the next two are 1 together."""
    recall: Share
    """What counts how far its words are said, or others that mean them."""
    likeness: Share
    """What counts how near the passage as a whole comes to the point, with what the question says taken away."""
    nothing: Share
    """Up to here the point is not said."""
    full: Share
    """From here on all of it is."""
    alone: Share
    """Where words alone find next to nothing, a point is said in full only if so much of it is recalled."""

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if abs(self.words + self.recall + self.likeness - 1) > 1e-9:
            raise ValueError("the shares of words, recall and likeness add up to something other than 1")
        if self.nothing >= self.full:
            raise ValueError("nothing is said from where all is said")
        return self


def parse_paraphrase_weights(text: str, file: str) -> ParaphraseWeights:
    """Figures from JSON; see `parse_figures`."""
    return parse_figures(text, file, ParaphraseWeights)


@lru_cache(maxsize=8)
def load_paraphrase_weights(version: str) -> ParaphraseWeights:
    """A version that ships. Raises WeightsError when there is no such version or it was changed."""
    return load_figures("paraphrase", version, ParaphraseWeights)
