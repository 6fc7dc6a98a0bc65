"""How like a model answer an answer is, as a few figures that people's grades were found to follow.

Decides what is measured. Never how many points that is (`scoring.answers`). Names and pronouns are left out of every
figure, and words of the question count little: saying it back must not pay.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from scoring.reading import Reading
from scoring.words import Token, tokens_of, weight_of, word_lists

PLAIN: Final = ("recall", "recall_all", "letters", "order", "focus", "length", "first_words", "brief", "denial")
LABELS: Final = {
    "recall": "Words of the model answer that the question does not hold",
    "recall_all": "Words of the model answer",
    "letters": "Spelt like the model answer, piece by piece",
    "order": "In the order of the model answer",
    "focus": "Of the answer's words, those that the model answer has too",
    "length": "As long as the model answer",
    "first_words": "Any of its words at all",
    "brief": "Hardly more than a word",
    "denial": "One says “not” where the other does not",
}
_QUESTION_WORDS: Final = 0.15
_SOME_QUESTION_WORDS: Final = 0.4
_ORDER_WORDS: Final = 400
"""Order is looked at over so many words; the work grows with the product of both lengths."""
_SHORTEST, _LONGEST = -2.5, 1.0
"""Logarithms of how many times as long as the model answer; beyond these length tells no more."""
_PIECE: Final = 4
_SEVERAL: Final = 4
_MAY_BE_TAG: Final = "<"
_TAG: Final = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|li|ul|ol|code|pre|font|a|h[1-6]|table|tbody|tr|td|th)(?:\s[^<>]*)?/?>"
    r"|<(script|style)\b[^>]*>.*?</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
"""Marks of a web page that somebody pasted. `vector<int>` is none."""
HE_AND_SHE: Final = {
    "he": "they", "she": "they", "him": "them", "her": "their", "his": "their", "hers": "theirs",
    "himself": "themselves", "herself": "themselves",
}  # fmt: skip


class Model(NamedTuple):
    """A question and its model answer made ready."""

    asked: str
    outline: str
    question: frozenset[str]
    known: frozenset[str]
    """Every word of both: a capital does not make a name of one of them."""
    stems: dict[str, float]
    threes: dict[str, tuple[str, ...]]
    """Which of the stems hold three letters in a row: a word is looked for only among those it shares some with."""
    words: tuple[str, ...]
    content: int
    pieces: frozenset[str]
    denies: bool


@lru_cache(maxsize=2_000)
def model_of(question: str, reference: str) -> Model:
    asked, wanted = tokens_of(question), tokens_of(reference)
    stems = weighed(wanted)
    return Model(
        question,
        reference,
        frozenset(weighed(asked)),
        frozenset(token.word for token in (*asked, *wanted)),
        stems,
        _by_threes(stems),
        tuple(token.stem for token in wanted[:_ORDER_WORDS]),
        sum(token.content for token in wanted),
        pieces(reference),
        any(token.word in word_lists().negations for token in wanted),
    )


def likeness(model: Model, reading: Reading) -> dict[str, float]:
    """The figures of `PLAIN` for an answer."""
    tokens = list(without_names(reading, model))
    if not tokens:
        return dict.fromkeys(PLAIN, 0.0) | {"length": _SHORTEST, "brief": 1.0}
    said = weighed(tokens)
    relatives = {stem: kin(stem, model.asked, model.outline) for stem in said}
    found = dict.fromkeys(model.stems, 0.0)
    for near in relatives.values():
        for stem, nearness in near:
            found[stem] = max(found[stem], nearness)
    recall = _share(found, {s: w * (_QUESTION_WORDS if s in model.question else 1) for s, w in model.stems.items()})
    shared = {stem: max((nearness for _, nearness in near), default=0.0) for stem, near in relatives.items()}
    some = {s: w * (_SOME_QUESTION_WORDS if s in model.question else 1) for s, w in model.stems.items()}
    said_pieces = pieces(" ".join(token.word for token in tokens))
    denies = any(token.word in word_lists().negations for token in tokens)
    return {
        "recall": recall,
        "recall_all": _share(found, some),
        "letters": len(said_pieces & model.pieces) / max(1, len(model.pieces)),
        "order": _in_order([t.stem for t in tokens[:_ORDER_WORDS]], model.words) / max(1, len(model.words)),
        "focus": _share(shared, said),
        "length": length(model, tokens),
        "first_words": math.sqrt(max(0.0, recall)),
        "brief": float(len(tokens) <= 3),
        "denial": float(denies != model.denies),
    }


def length(model: Model, tokens: Iterable[Token]) -> float:
    """How many times as long as the model answer, as a logarithm within its bounds; words of content count."""
    content = sum(token.content for token in tokens)
    return max(_SHORTEST, min(_LONGEST, math.log((content + 1) / (model.content + 1))))


def nothing_in_common(model: Model, reading: Reading) -> bool:
    """Whether several words of content are said, and none of them is, or is nearly, one of question or model answer.

    People gave 3.9 of 5 to such answers of students, for other words may say the same; an answer to something else
    looks alike. Words cannot tell them apart.
    """
    said: set[str] = set()
    for token in without_names(reading, model):  # most answers share a word of their first ones
        if _weight(token) > 0:
            if token.stem in model.question or kin(token.stem, model.asked, model.outline):
                return False
            said.add(token.stem)
    return len(said) >= _SEVERAL


def without_names(reading: Reading, model: Model) -> Iterator[Token]:
    """The tokens that do not name somebody (a capital within a sentence, on a word that the question does not know).

    The marks of web pages are none either.
    """
    texts = [utterance.text for utterance in reading.transcript.utterances]
    tags = [[found.span() for found in _TAG.finditer(text)] if _MAY_BE_TAG in text else [] for text in texts]
    sentence = -1
    for token in reading.tokens:
        marks = tags[token.utterance]
        if marks and any(start <= token.start < end for start, end in marks):
            continue
        opens, sentence = token.sentence != sentence, token.sentence
        raw = texts[token.utterance][token.start : token.end]
        # TCP and ArrayList name no person.
        plain = raw[1:].islower() and not token.numeric and token.named and token.word not in model.known
        if not plain or (opens and token.word not in word_lists().first_names):
            yield token


def without_persons(reading: Reading, model: Model) -> str:
    """The words that count, with their punctuation, names left out and everybody a "they"."""
    told: list[str] = []
    before: Token | None = None
    texts = [utterance.text for utterance in reading.transcript.utterances]
    for token in without_names(reading, model):
        if before is not None and (before.utterance, before.sentence) != (token.utterance, token.sentence):
            told.append(".")
        raw = texts[token.utterance][token.start : token.end]
        told.append(HE_AND_SHE.get(token.word, raw))
        before = token
    return re.sub(r" \.", ".", " ".join(told)) or "-"


def weighed(tokens: Sequence[Token]) -> dict[str, float]:
    """The stems of content, and how much each counts."""
    found: dict[str, float] = {}
    for token in tokens:
        weight = _weight(token)
        if weight > found.get(token.stem, 0.0):
            found[token.stem] = weight
    return found


def _weight(token: Token) -> float:
    return 1.0 if token.numeric else weight_of(token.stem) if token.content else 0.0


def _share(found: dict[str, float], weights: dict[str, float]) -> float:
    total = sum(weights.values())
    return sum(weight * found[stem] for stem, weight in weights.items()) / total if total else 0.0


@lru_cache(maxsize=100_000)
def kin(stem: str, question: str, reference: str) -> tuple[tuple[str, float], ...]:
    """The stems of a model answer that are this one, or nearly, and how nearly."""
    model = model_of(question, reference)
    if stem in model.stems:
        return ((stem, 1.0),)
    near = dict.fromkeys(other for three in _threes(stem) for other in model.threes.get(three, ()))
    return tuple((other, nearness) for other in near if (nearness := _alike(stem, other)) > 0)


def _by_threes(stems: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for stem in stems:
        for three in _threes(stem):
            found.setdefault(three, []).append(stem)
    return {three: tuple(some) for three, some in found.items()}


def _alike(a: str, b: str) -> float:
    """How far two stems are one word, misspelt or bent: shared threes of letters, or a shared beginning."""
    if len(a) < 4 or len(b) < 4:
        return 0.0
    one, other = _threes(a), _threes(b)
    dice = 2 * len(one & other) / (len(one) + len(other))
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    prefix = start / max(len(a), len(b)) if start >= 4 else 0.0
    best = max(dice if a[0] == b[0] else 0.9 * dice, prefix)
    return 0.9 * best if best >= 0.5 else 0.0


@lru_cache(maxsize=50_000)
def _threes(word: str) -> frozenset[str]:
    padded = f"<{word}>"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def pieces(text: str) -> frozenset[str]:
    """Every run of four letters of a text, blanks between words being letters too."""
    plain = f" {re.sub(r'[^a-z0-9]+', ' ', text.lower()).strip()} "
    return frozenset(plain[i : i + _PIECE] for i in range(len(plain) - _PIECE + 1))


def _in_order(said: Sequence[str], wanted: Sequence[str]) -> int:
    """Length of the longest run of words, gaps allowed, that both have in the same order.

    In the bits of one whole number (Hyyrö 2004), for the table of both lengths would take a hundred times as long.
    """
    where: dict[str, int] = {}
    for i, stem in enumerate(wanted):
        where[stem] = where.get(stem, 0) | 1 << i
    full = (1 << len(wanted)) - 1
    row = full
    for stem in said:
        met = row & where.get(stem, 0)
        row = ((row + met) | (row - met)) & full
    return len(wanted) - row.bit_count()
