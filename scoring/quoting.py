"""Which words a number rests on: exact quotes around what was found, or the nearest words where nothing was.

Decides what is quoted, and says so where the words show a lack. Never a level or a number.
"""

from collections.abc import Sequence, Set
from itertools import groupby
from typing import NamedTuple

from rooms.evidence import Dimension
from rooms.transcript import Quote
from scoring.reading import Reading
from scoring.words import weight_of

QUOTE_WORDS = 22
"""A quote is a phrase to recognise, not the whole answer."""
MOST_QUOTES = 2
WANTED_WORTH = 2.0
"""What a word that was asked for counts when the nearest passage is looked for; others count as topic, 0 to 1."""

LACKS = {
    Dimension.RELEVANCE: "Nothing that was asked for; the nearest words are quoted",
    Dimension.STRUCTURE: "No part of a whole answer stands out; how it begins is quoted",
    Dimension.SPECIFICITY: "Nothing one could see or count; the nearest words are quoted",
    Dimension.DEPTH: "No reason given; the nearest words are quoted",
    Dimension.RESULT: "No result or check named; how it ends is quoted",
    Dimension.CLARITY: "Hard to follow, or too little to follow; the longest sentence is quoted",
}
"""What is said of words that are quoted because nothing better is there."""

Span = tuple[int, int]


class Grounds(NamedTuple):
    """The words a dimension's number rests on, and a note where they show what is missing."""

    quotes: tuple[Quote, ...]
    lack: str | None


def grounds(
    dimension: Dimension,
    marked: Sequence[Quote],
    raised: Sequence[Span],
    lowered: Sequence[Span],
    reading: Reading,
    wanted: Set[str],
) -> Grounds:
    """What a number rests on: the words that raised it, else the words nearest to what is missing.

    `marked` are quotes of marks that already raised it; `raised` and `lowered` are token spans, weightiest first.
    Words that lowered it are quoted last. There is a quote whenever anything was said.
    """
    if marked:
        return Grounds(tuple(dict.fromkeys(marked))[:MOST_QUOTES], None)
    if raised:
        return Grounds(quotes_of(reading, [*raised, *lowered]), None)
    return Grounds(quotes_of(reading, [_shows_lack(dimension, reading, wanted), *lowered]), LACKS[dimension])


def quotes_of(reading: Reading, spans: Sequence[Span], most: int = MOST_QUOTES) -> tuple[Quote, ...]:
    """Exact quotes around token spans, widened to the phrase they stand in; at most `most`, none twice."""
    quotes: list[Quote] = []
    covered: list[Span] = []
    for first, last in spans:
        if len(quotes) < most and not any(a <= first and last <= b for a, b in covered):
            a, b = _widen(reading, first, last)
            covered.append((a, b))
            quotes.append(reading.quote(a, b))
    return tuple(quotes)


def longest_sentence(reading: Reading) -> Span:
    """The first and last token of the longest sentence, or of the longest utterance without full stops."""
    return max(_sentences(reading), key=lambda span: span[1] - span[0])


def nearest(reading: Reading, wanted: Set[str]) -> Span:
    """The passage, no longer than a quote, that holds most of what was asked for, or else most of any topic."""
    worth = [WANTED_WORTH if token.stem in wanted else weight_of(token.stem) for token in reading.tokens]
    best, found = -1.0, (0, 0)
    for first, last in _sentences(reading):
        for start in range(first, max(first, last - QUOTE_WORDS + 1) + 1):
            end = min(last, start + QUOTE_WORDS - 1)
            total = sum(worth[start : end + 1])
            if total > best:
                best, found = total, (start, end)
    return found


def passages(reading: Reading) -> list[Span]:
    """The sentences of an answer; of one that is longer than a quote, such as bare speech, halves that overlap."""
    found = []
    for first, last in _sentences(reading):
        found += [
            (start, min(last, start + QUOTE_WORDS - 1))
            for start in range(first, max(first, last - QUOTE_WORDS // 2) + 1, QUOTE_WORDS // 2)
        ]
    return found


def _shows_lack(dimension: Dimension, reading: Reading, wanted: Set[str]) -> Span:
    """Where a listener would look for what is missing: a result at the end, a beginning at the beginning."""
    end = len(reading.tokens) - 1
    match dimension:
        case Dimension.STRUCTURE:
            return 0, 0
        case Dimension.RESULT:
            return end, end
        case Dimension.CLARITY:
            return longest_sentence(reading)
        case _:
            return nearest(reading, wanted)


def _sentences(reading: Reading) -> list[Span]:
    spans, first = [], 0
    for _, tokens in groupby(reading.tokens, key=lambda token: (token.utterance, token.sentence)):
        last = first + sum(1 for _ in tokens) - 1
        spans.append((first, last))
        first = last + 1
    return spans


def _widen(reading: Reading, first: int, last: int) -> Span:
    """Out to the ends of the sentence, but no further than QUOTE_WORDS words, and never out of the utterance."""
    tokens = reading.tokens
    home, sentences = tokens[first].utterance, {tokens[first].sentence, tokens[last].sentence}
    while last > first and tokens[last].utterance != home:
        last -= 1
    last = min(last, first + QUOTE_WORDS - 1)
    while last - first + 1 < QUOTE_WORDS:
        before = first > 0 and tokens[first - 1].utterance == home and tokens[first - 1].sentence in sentences
        after = last + 1 < len(tokens) and tokens[last + 1].utterance == home and tokens[last + 1].sentence in sentences
        if not before and not after:
            break
        first -= 1 if before else 0
        last += 1 if after and last - first + 1 < QUOTE_WORDS else 0
    return first, last
