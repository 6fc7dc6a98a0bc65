"""The offline scorer: a rubric and the words of an answer into a score. No key, no network, always the same bytes.

Decides whether there is enough to go on, then marks every rubric point and hands over to `combine`. Never looks at
how something was said.
"""

from collections.abc import Mapping

from rooms.evidence import Contribution, Dimension, DimensionScore, Level, Mark, Score
from rooms.transcript import Transcript
from scoring.answers import SAYS_NONE, Graded, Grader, graded_by_reference, grader
from scoring.combine import combine, doubt
from scoring.dimensions import LABELS, Feature, measure, own_stems, says_no_answer
from scoring.marking import mark
from scoring.paraphrase import Paraphrases, meant
from scoring.reading import Reading, read, without_question
from scoring.recall import Index, index, weigh_points
from scoring.rubric import Rubric
from scoring.targets import Compiled, compile_rubric
from scoring.verdict import checked
from scoring.weights import Weights, load_weights
from scoring.weights.answers import load_answer_weights
from scoring.words import word_lists

SCORER = "local"
ONLY_THE_QUESTION = "The answer only says the question back."
ASIDE_CAUTION = "A sentence that spoke to the marker was set aside."
NO_ANSWER = Graded(0.0, 0.0, 0.5, (Contribution(label=SAYS_NONE, value=0.0),))
"""Zero evidence is certain, and not too little data."""
FORMULA_SHARE = 0.2
"""A short answer of so many figures is a calculation and need not read like English; graded ones had .22 and more."""
NO_ANSWER_WORDS = 12
"""With fewer words of one's own, "I don't know" is the answer and not a way into one."""


def score(
    rubric: Rubric,
    transcript: Transcript,
    weights: Weights | None = None,
    *,
    caution: str | None = None,
    grading: Grader | None = None,
    other_words: Paraphrases | None = None,
) -> Score:
    """What the content of an answer is worth.

    `caution` is what a reader should know before trusting the words, such as an unreliable recogniser: it widens
    the interval and is shown. `grading` holds short answers against a model answer, with an encoder or with what
    rated answers taught; if None, by the plain figures of the weights. `other_words` finds rubric points that are
    paraphrased; if None, words alone do. The result abstains, with the reason, when there is too little to go on.
    """
    weights = weights or load_weights()
    compiled = compile_rubric(rubric, weights.recall.question_words)
    whole = read(transcript)
    noted = cautions(caution, whole)
    reading = without_question(whole, rubric.question)
    where = index(reading)
    grading = _grading(rubric, weights, grading)
    reason = too_little(reading, where, compiled, weights, short=grading is not None)
    if whole.tokens and not reading.tokens:
        reason = ONLY_THE_QUESTION
    empty_handed = says_no_answer(where) and len(own_stems(reading, compiled)) < NO_ANSWER_WORDS
    if reason is None and grading and not empty_handed:
        reason = grading.cannot_tell(rubric, reading)
    if reason is not None:
        return _abstained(rubric, weights, reason, noted)
    if empty_handed:
        marks = tuple(_absent(rubric, "The answer says that there is none."))
        features: Mapping[str, Feature] = {name: Feature(0.0, label) for name, label in LABELS.items()}
        graded = NO_ANSWER if grading else None
    else:
        denies = [target.denies for target in compiled.points]
        means = meant(other_words, rubric, denies, reading, where) if other_words else None
        weighed = weigh_points(compiled, reading, where, weights.recall, means)
        found = [mark(point, one, reading, weights.recall) for point, one in zip(rubric.points, weighed, strict=True)]
        marks = checked(found, transcript)
        features = measure(reading, compiled, where, rubric.family, weights)
        graded = grading.grade(rubric, reading, doubt(transcript, weights, noted)) if grading else None
    scorer = SCORER + (grading.label if grading else other_words.label if other_words and rubric.points else "")
    return combine(rubric, marks, features, reading, weights, scorer=scorer, caution=noted, graded=graded)


def _grading(rubric: Rubric, weights: Weights, given: Grader | None) -> Grader | None:
    """What holds this answer against its model answer; None where there is none, or the weights are of before."""
    if weights.answers is None or not graded_by_reference(rubric):
        return None
    return given or grader(load_answer_weights(weights.answers))


def cautions(known: str | None, reading: Reading) -> str | None:
    """All that a reader should know before trusting the words of an answer."""
    return " ".join(note for note in (known, ASIDE_CAUTION if reading.asides else None) if note) or None


def too_little(
    reading: Reading, index: Index, compiled: Compiled, weights: Weights, *, short: bool = False
) -> str | None:
    """Why there is no telling, or None. Words that merely miss the point are enough to tell: they score low.

    A `short` answer is asked for where there is a model answer: one word may be all of it.
    """
    figures = weights.abstain
    if not reading.spoken:
        return "Nothing was said."
    if not reading.tokens:
        return "Only the marker was spoken to; nothing answers the question."
    own = own_stems(reading, compiled)
    few = len(own) < figures.own_words
    if not own & compiled.wanted and not says_no_answer(index):
        if (not own if short else few) and _echoes(reading, compiled):
            return ONLY_THE_QUESTION
        enough = short or (len(reading.tokens) >= figures.words and not few)
        if not enough and len(reading.tokens) < figures.telling_words:
            return f"Too little was said: {len(reading.tokens)} words, {len(own)} of them its own."
    formula = short and sum(token.numeric for token in reading.tokens) >= FORMULA_SHARE * len(reading.tokens)
    if len(reading.tokens) >= figures.english_from_words and not (formula and own & compiled.wanted):
        everyday = sum(token.word in word_lists().function for token in reading.tokens) / len(reading.tokens)
        if everyday < figures.english_share:
            return "The words do not read like English sentences."
    return None


def _echoes(reading: Reading, compiled: Compiled) -> bool:
    return sum(token.stem in compiled.question for token in reading.tokens) >= 3


def _absent(rubric: Rubric, reason: str) -> list[Mark]:
    return [Mark(point=p.id, criterion=p.text, level=Level.ABSENT, reason=reason) for p in rubric.points]


def _abstained(rubric: Rubric, weights: Weights, reason: str, caution: str | None) -> Score:
    return Score(
        overall=None,
        dimensions=tuple(DimensionScore(dimension=d, score=None, abstained=reason) for d in Dimension),
        marks=tuple(_absent(rubric, reason)),
        scorer=SCORER,
        weights=weights.version,
        abstained=reason,
        caution=caution,
    )
