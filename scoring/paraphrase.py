"""A rubric point said in other words, as far as a sentence encoder can tell.

Decides how near a passage of an answer comes to a point, and which passage that is. Never what words alone found, nor
what both are together (`scoring.recall`).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from scoring.likeness import HE_AND_SHE, model_of, without_names
from scoring.meaning import Encode, Encoder, Words, beside, known_words, recall_of, words_of
from scoring.quoting import passages
from scoring.reading import Reading
from scoring.recall import Index, Meant
from scoring.rubric import Rubric
from scoring.weights import WeightsError
from scoring.weights.paraphrase import ParaphraseWeights

_LOOKED_AT: Final = 2
"""So many passages, those whose words recall most of a point, are encoded as a whole for it: that takes the time."""


class Paraphrases(NamedTuple):
    """Whatever is needed to find points in other words."""

    weights: ParaphraseWeights
    encoder: Encoder

    @property
    def label(self) -> str:
        """What is said of who scored, beside the version of the weights."""
        return f" with {self.encoder.label}"


class _Passage(NamedTuple):
    """Words that may be quoted, from the first token to the last, and what of them is compared."""

    span: tuple[int, int]
    text: str
    words: Words


def paraphrases(weights: ParaphraseWeights, encoder: Encoder) -> Paraphrases:
    """Raises WeightsError where the figures were learnt with another encoder."""
    if encoder.sha256 != weights.encoder:
        raise WeightsError(
            f"the paraphrase weights {weights.version} were learnt with the encoder {weights.encoder}, "
            f"not with {encoder.label} ({encoder.sha256})"
        )
    return Paraphrases(weights, encoder)


def meant(how: Paraphrases, rubric: Rubric, denies: Sequence[bool], reading: Reading, index: Index) -> list[Meant]:
    """For each point of a rubric the passage of an answer that comes nearest to it.

    Names, "he" and "she" are left out of what is compared, and words after a "not" where the point does not deny.
    """
    encode, said = how.encoder.encode, {}
    found = []
    for point, denying in zip(rubric.points, denies, strict=True):
        if denying not in said:
            said[denying] = _passages(encode, rubric, reading, frozenset() if denying else index.denied)
        found.append(_nearest(how, rubric.question, point.text, said[denying]))
    return found


def _nearest(how: Paraphrases, question: str, point: str, said: Sequence[_Passage]) -> Meant:
    encode = how.encoder.encode
    wanted, asked = known_words(encode, point), known_words(encode, question)
    recalled = [(recall_of(wanted, asked, one.words), one) for one in said]
    best = Meant(how.weights, 0.0, 0.0, None)
    for recall, one in sorted(recalled, key=lambda found: -found[0])[:_LOOKED_AT]:
        likeness = max(0.0, beside(*encode((question, one.text, point))))
        if recall + likeness > best.recall + best.likeness:
            best = Meant(how.weights, recall, likeness, one.span)
    return best


def _passages(encode: Encode, rubric: Rubric, reading: Reading, denied: frozenset[int]) -> list[_Passage]:
    counted = set(without_names(reading, model_of(rubric.question, " ".join(point.text for point in rubric.points))))
    found = []
    for first, last in passages(reading):
        places = [at for at in range(first, last + 1) if at not in denied and reading.tokens[at] in counted]
        words = words_of(encode, [reading.tokens[at] for at in places])
        if words.stems:
            told = (reading.tokens[at].word for at in places)
            found.append(_Passage((first, last), " ".join(HE_AND_SHE.get(word, word) for word in told), words))
    return found
