"""Evidence into marks: a level for each rubric point, exact quotes, and a reason in a sentence.

Decides the level and which words are quoted for it. Never a number of the score.
"""

from collections.abc import Sequence

from rooms.evidence import Level, Mark
from rooms.transcript import Quote
from scoring.reading import Reading
from scoring.recall import Evidence
from scoring.rubric import Criterion
from scoring.weights import Recall

QUOTE_WORDS = 22
"""A quote is a phrase to recognise, not the whole answer."""


def mark(point: Criterion, evidence: Evidence, reading: Reading, figures: Recall) -> Mark:
    """The mark of one point: its level, exact quotes, and the reason in a sentence."""
    quotes = quotes_of(reading, evidence.spans)
    if evidence.strength >= figures.present and quotes:
        level, reason = Level.PRESENT, f"Says it: {_said(quotes)}."
    elif evidence.strength >= figures.partial and quotes:
        level, reason = Level.PARTIAL, f"Touches it with {_said(quotes)}, but leaves part of it out."
    else:
        level, quotes, reason = Level.ABSENT, (), "Nothing in the answer shows this."
    return Mark(point=point.id, criterion=point.text, level=level, quotes=quotes, reason=reason)


def quotes_of(reading: Reading, spans: Sequence[tuple[int, int]], most: int = 2) -> tuple[Quote, ...]:
    """Exact quotes around token spans, widened to the phrase they stand in; at most `most`, none twice."""
    quotes: list[Quote] = []
    covered: list[tuple[int, int]] = []
    for first, last in spans:
        if len(quotes) < most and not any(a <= first and last <= b for a, b in covered):
            a, b = _widen(reading, first, last)
            covered.append((a, b))
            quotes.append(reading.quote(a, b))
    return tuple(quotes)


def _widen(reading: Reading, first: int, last: int) -> tuple[int, int]:
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


def _said(quotes: Sequence[Quote]) -> str:
    return " and ".join(f"“{quote.text}”" for quote in quotes)
