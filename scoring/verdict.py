"""Whether the words a mark rests on were really said. Whoever made the mark, a rule or a model.

Decides whether a mark stands; never its level.
"""

from collections.abc import Iterable

from rooms.evidence import Level, Mark
from rooms.transcript import Transcript

VOID = "Void: the words quoted for it are not in the answer."


def checked(marks: Iterable[Mark], transcript: Transcript) -> tuple[Mark, ...]:
    """The marks with those voided that quote something the candidate did not say.

    A void mark is an absent one that says why, so every point still has a verdict with a reason.
    """
    return tuple(mark if all(transcript.holds(quote) for quote in mark.quotes) else void(mark) for mark in marks)


def void(mark: Mark) -> Mark:
    """The mark as it counts once its quote has proved false."""
    return Mark(point=mark.point, criterion=mark.criterion, level=Level.ABSENT, reason=VOID)
