"""What to look for in an answer: a rubric's points as weighed stems and cues.

Decides which words of a point count, and how much. Never whether an answer has them (`recall`).
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from scoring.cues import CLASSES, general_phrases
from scoring.rubric import Rubric
from scoring.words import NUMBER, TOKEN, stem, stems_of, weight_of, word_lists


class Telling(StrEnum):
    """How much the words of a cue tell by being there."""

    PHRASE = "phrase"
    """Several words of content together, or a rare word in its phrase."""
    WORD = "word"
    """One rare word, or a phrase of everyday words."""
    COMMON = "common"
    """One everyday word."""


class Cue(NamedTuple):
    text: str
    stems: tuple[str, ...]
    telling: Telling
    exact: bool
    """Whether the words must stand as they are; else they may stand in any order with words between."""
    denies: bool
    """Whether the cue itself is a "not"."""
    general: bool
    """Whether it shows something in any story, such as "in the end"."""


class Target(NamedTuple):
    """What to look for: the weighted stems of a text, and its cues."""

    stems: dict[str, float]
    total: float
    cues: tuple[Cue, ...]
    classes: tuple[str, ...]
    """Kinds of phrases that are evidence too, such as any that names a result."""
    denies: bool
    """Whether the text itself says "not", so that a "not" in the answer takes nothing back."""


class Compiled(NamedTuple):
    """A rubric made ready for matching."""

    question: frozenset[str]
    wanted: frozenset[str]
    """Every stem that is evidence for something and not the question's own."""
    points: tuple[Target, ...]
    reference: Target


@lru_cache(maxsize=2_000)
def compile_rubric(rubric: Rubric, question_words: float) -> Compiled:
    """The stems and cues of a rubric, weighed once. A stem that several points share tells less about each.

    `question_words` is what a word of the question is worth, 0 to 1: saying the question back must not pay.
    """
    question = frozenset(s for s in stems_of(rubric.question) if weight_of(s) > 0)
    texts = [_content(point.text, question, question_words, word_lists().criterion) for point in rubric.points]
    shared: dict[str, int] = {}
    for stems in texts:
        for found in stems:
            shared[found] = shared.get(found, 0) + 1
    points = tuple(
        _target({s: w / shared[s] for s, w in stems.items()}, point.cues, question, _denies(point.text))
        for stems, point in zip(texts, rubric.points, strict=True)
    )
    outline = _content(rubric.reference, question, question_words, frozenset())
    reference = _target(outline, (), question, _denies(rubric.reference))
    evidence = {s for target in (*points, reference) for s in target.stems}
    evidence |= {s for target in points for cue in target.cues for s in cue.stems}
    return Compiled(question, frozenset(evidence - question - {NUMBER}), points, reference)


def _content(text: str, question: frozenset[str], question_words: float, left_out: frozenset[str]) -> dict[str, float]:
    found = {}
    for match in TOKEN.finditer(text):
        word = match.group().lower()
        stemmed = stem(word)
        if word not in word_lists().function and stemmed not in left_out:
            weight = weight_of(stemmed) * (question_words if stemmed in question else 1.0)
            if weight > 0:
                found[stemmed] = weight
    return found


def _target(stems: dict[str, float], cues: Iterable[str], question: frozenset[str], denies: bool) -> Target:
    compiled = []
    cues = tuple(cues)
    for cue in (cue for cue in cues if cue not in CLASSES):
        parts = stems_of(cue)
        content = tuple(s for s in parts if s == NUMBER or weight_of(s) > 0)
        # "asked him" or "now I" hold one content word or none: only as a whole do they mean something.
        exact = len(parts) > 1 and len(content) < 2
        if not content or not all(s in question for s in content):
            words = parts if exact else content or parts
            compiled.append(Cue(cue, words, _telling(parts, content), exact, _denies(cue), parts in general_phrases()))
    return Target(
        stems, sum(stems.values()), tuple(compiled), tuple(CLASSES[cue] for cue in cues if cue in CLASSES), denies
    )


def _telling(parts: tuple[str, ...], content: tuple[str, ...]) -> Telling:
    rare = any(s == NUMBER or weight_of(s) >= 1 for s in content)
    if len(parts) == 1:
        return Telling.WORD if rare else Telling.COMMON
    return Telling.PHRASE if rare or len(content) > 1 else Telling.WORD


def _denies(text: str) -> bool:
    return not word_lists().negations.isdisjoint(text.lower().replace("’", "'").split())
