"""Whether declared groups fare alike: means, distances, agreement with people, word error, abstention, impact ratio.

Decides the figures and what is withheld because too few people stand behind it. Never who belongs to which group (that
is declared, and handed in), and nothing here ever reaches a score.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import mean, stdev
from typing import Annotated, NamedTuple

from pydantic import Field

from rooms.values import Value
from scoring.agreement import Pair

FEWEST = 5
"""Groups of fewer people have their figures withheld: they would say more about a person than about a group."""
SMALL = 30
"""Figures of fewer people are marked: chance alone moves them far."""
FOUR_FIFTHS = Fraction(4, 5)
"""EEOC, Uniform Guidelines 1978, 29 CFR 1607.4 D: a lower ratio of selection rates is evidence of adverse impact."""
FEWEST_PAIRS = 8
"""A correlation over fewer answers says nothing."""


class Case(NamedTuple):
    """One person, with what is known of her interviews together."""

    group: str
    score: float | None
    """The mean overall, 0 to 5; None where no interview has one."""
    answers: int
    abstained: int
    """Answers without a score."""
    pairs: tuple[Pair, ...] = ()
    """(person, machine) of answers that people rated blind."""
    word_error: float | None = None
    """Words that the recogniser got wrong, as a share, where somebody wrote down what was really said."""


class GroupFigures(Value):
    """One group beside the reference group. What too few people cannot tell is None."""

    group: str
    people: int
    withheld: bool = False
    """Fewer people than may be told about."""
    small: bool = False
    reference: bool = False
    scored: int = 0
    mean: float | None = None
    deviation: float | None = None
    distance: float | None = None
    """Standardised mean difference from the reference group (Hedges' g); below 0 this group's scores are lower."""
    passed: int = 0
    """0, too, where fewer than may be told about have a score."""
    rate: float | None = None
    """The share of those with a score that reach the cut."""
    impact_ratio: float | None = None
    """Its rate over the highest rate of all groups that are told."""
    adverse: bool = False
    """Whether the ratio is below four fifths."""
    one_more_changes_it: bool = False
    """Whether one person more at the cut would lift the ratio to four fifths: then it rests on one person."""
    correlation: float | None = None
    """Machine with people, over answers rated blind."""
    correlation_gap: float | None = None
    """Its correlation less the reference group's."""
    word_error: float | None = None
    word_error_gap: float | None = None
    abstention: float | None = None
    """The share of answers without a score."""
    abstention_gap: float | None = None


class Fairness(Value):
    """All groups, the largest first."""

    cut: Annotated[float, Field(ge=0, le=5)]
    reference: str | None
    """The group that the others are compared with: the one asked for, else the largest."""
    groups: tuple[GroupFigures, ...]
    notes: tuple[str, ...] = ()


def fairness(cases: Sequence[Case], *, cut: float, reference: str | None = None) -> Fairness:
    """The figures of each group. `reference` names a group that is there; without one the largest is taken."""
    by_group: dict[str, list[Case]] = {}
    for case in cases:
        by_group.setdefault(case.group, []).append(case)
    order = sorted(by_group, key=lambda group: (-len(by_group[group]), group))
    told = {group for group in order if len(by_group[group]) >= FEWEST}
    base = reference if reference in told else next((group for group in order if group in told), None)
    figures = [_alone(group, by_group[group], cut) for group in order]
    best = max((rate for one in figures if (rate := _rate(one)) is not None), default=None)
    known = next((one for one in figures if one.group == base), None)
    groups = tuple(_beside(one, known, by_group, best) for one in figures)
    return Fairness(cut=cut, reference=base, groups=groups, notes=_notes(groups, reference, base))


def _alone(group: str, cases: Sequence[Case], cut: float) -> GroupFigures:
    if len(cases) < FEWEST:
        return GroupFigures(group=group, people=len(cases), withheld=True, small=True)
    scores = [case.score for case in cases if case.score is not None]
    told, passed = len(scores) >= FEWEST, sum(score >= cut for score in scores)
    errors = [case.word_error for case in cases if case.word_error is not None]
    answers = sum(case.answers for case in cases)
    return GroupFigures(
        group=group,
        people=len(cases),
        small=len(cases) < SMALL,
        scored=len(scores),
        mean=_rounded(mean(scores)) if told else None,
        deviation=_rounded(stdev(scores)) if told else None,
        passed=passed if told else 0,
        rate=_rounded(passed / len(scores)) if told else None,
        correlation=_rounded(_correlation([pair for case in cases for pair in case.pairs])),
        word_error=_rounded(mean(errors)) if len(errors) >= FEWEST else None,
        abstention=_rounded(sum(case.abstained for case in cases) / answers) if answers else None,
    )


def _beside(
    one: GroupFigures, base: GroupFigures | None, by_group: dict[str, list[Case]], best: Fraction | None
) -> GroupFigures:
    if one.withheld or base is None:
        return one
    rate = _rate(one)
    ratio = rate / best if rate is not None and best else None
    adverse = ratio is not None and ratio < FOUR_FIFTHS
    lifted = Fraction(one.passed + 1, one.scored) if one.scored else Fraction(0)
    same = one.group == base.group
    return one.but(
        reference=same,
        distance=None if same else _rounded(_hedges(by_group[one.group], by_group[base.group])),
        impact_ratio=None if ratio is None else _rounded(float(ratio)),
        adverse=adverse,
        one_more_changes_it=adverse and best is not None and lifted / best >= FOUR_FIFTHS,
        correlation_gap=None if same else _gap(one.correlation, base.correlation),
        word_error_gap=None if same else _gap(one.word_error, base.word_error),
        abstention_gap=None if same else _gap(one.abstention, base.abstention),
    )


def _rate(one: GroupFigures) -> Fraction | None:
    """Its selection rate, exact: rounded ones may fall on the wrong side of four fifths."""
    return None if one.rate is None else Fraction(one.passed, one.scored)


def _hedges(cases: Sequence[Case], base: Sequence[Case]) -> float | None:
    """Hedges' g: the difference of means over the pooled deviation, corrected for small groups (Hedges 1981)."""
    ours = [case.score for case in cases if case.score is not None]
    theirs = [case.score for case in base if case.score is not None]
    free = len(ours) + len(theirs) - 2
    if min(len(ours), len(theirs)) < FEWEST:
        return None
    pooled = math.sqrt(((len(ours) - 1) * stdev(ours) ** 2 + (len(theirs) - 1) * stdev(theirs) ** 2) / free)
    return (mean(ours) - mean(theirs)) / pooled * (1 - 3 / (4 * free - 1)) if pooled else None


def _correlation(pairs: Sequence[Pair]) -> float | None:
    if len(pairs) < FEWEST_PAIRS:
        return None
    one, other = [pair.one for pair in pairs], [pair.other for pair in pairs]
    middle_one, middle_other = mean(one), mean(other)
    together = math.fsum((a - middle_one) * (b - middle_other) for a, b in pairs)
    apart = math.sqrt(math.fsum((a - middle_one) ** 2 for a in one) * math.fsum((b - middle_other) ** 2 for b in other))
    return together / apart if apart else None


def _gap(one: float | None, base: float | None) -> float | None:
    return None if one is None or base is None else _rounded(one - base)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _notes(groups: Sequence[GroupFigures], wanted: str | None, base: str | None) -> tuple[str, ...]:
    """What a reader should know before any number."""
    notes = []
    if wanted is not None and wanted != base:
        notes.append(f"“{wanted}” has too few people to compare with.")
    if any(one.withheld for one in groups):
        notes.append(f"Groups of fewer than {FEWEST} people are named without figures.")
    if any(one.small and not one.withheld for one in groups):
        notes.append(f"Groups of fewer than {SMALL} people are marked small: chance alone moves their figures far.")
    for one in groups:
        if one.adverse:
            rests = ", which one person more would change" if one.one_more_changes_it else ""
            notes.append(f"“{one.group}”: impact ratio {one.impact_ratio:.2f}, below four fifths{rests}.")
    return tuple(notes)
