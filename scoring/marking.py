"""Evidence into marks: a level for each rubric point, exact quotes, and a reason in a sentence.

Decides the level and which words are quoted for it. Never a number of the score.
"""

from collections.abc import Sequence

from rooms.evidence import Level, Mark
from rooms.transcript import Quote
from scoring.quoting import quotes_of
from scoring.reading import Reading
from scoring.recall import Evidence
from scoring.rubric import Criterion
from scoring.weights import Recall


def mark(point: Criterion, evidence: Evidence, reading: Reading, figures: Recall) -> Mark:
    """The mark of one point: its level, exact quotes, and the reason in a sentence."""
    quotes = quotes_of(reading, evidence.spans)
    how = " in other words" if evidence.in_other_words else ""
    if evidence.strength >= figures.present and quotes:
        level, reason = Level.PRESENT, f"Says it{how}: {_said(quotes)}."
    elif evidence.strength >= figures.partial and quotes:
        level, reason = Level.PARTIAL, f"Touches it{how} with {_said(quotes)}, but leaves part of it out."
    elif evidence.strength >= figures.nearest and quotes:
        level, quotes, reason = Level.ABSENT, quotes[:1], f"Not said; the nearest is {_said(quotes[:1])}."
    else:
        level, quotes, reason = Level.ABSENT, (), "Nothing in the answer shows this."
    return Mark(point=point.id, criterion=point.text, level=level, quotes=quotes, reason=reason)


def _said(quotes: Sequence[Quote]) -> str:
    return " and ".join(f"“{quote.text}”" for quote in quotes)
