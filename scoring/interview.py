"""A whole interview: what was shown of what was asked for, how even the answers were, how they grew, how ready it is.

Decides what may be said of all answers together, each with words it rests on, and when there is too little to say
anything. Rests on the content scores alone: delivery has no part in it. The rule of readiness is a file to be read.
"""

import tomllib
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from statistics import mean
from typing import Annotated

from pydantic import Field

from rooms.evidence import Dimension, DimensionScore, Level, Points5, Score
from rooms.values import Value
from scoring.coaching import NAMES
from scoring.contradictions import Answer, Contradiction, Said, contradictions

SHOWN_FROM = 3.0
"""Of 5: an answer worth so much, with a point of its question reached, shows its competence."""
TOUCHED_FROM = 1.5
EVEN_WITHIN = 1.0
UNEVEN_FROM = 2.0
"""Points between the best answer and the weakest."""
GREW_BY = 0.5
"""Points between the halves of an interview that are more than chance from answer to answer."""
GROWTH_FROM = 4
CONSISTENCY_FROM = 3
MOST_QUOTES = 3
Share = Annotated[float, Field(ge=0, le=1)]


class Reach(StrEnum):
    SHOWN = "shown"
    TOUCHED = "touched"
    NOT_SHOWN = "not_shown"
    UNKNOWN = "unknown"
    """Asked for, and too little was said to tell."""
    NOT_ASKED = "not_asked"


class Competence(Value):
    """One competence of the mode: whether answers showed it, and by which words."""

    name: str
    reach: Reach
    said: tuple[Said, ...] = ()


class Consistency(Value):
    """How far apart the best answer and the weakest are."""

    spread: Points5
    sentence: str
    said: tuple[Said, ...]
    """The best first."""


class Growth(Value):
    """The later half of the answers against the earlier one. Questions differ too: a hint, no proof."""

    change: Annotated[float, Field(ge=-5, le=5)]
    sentence: str
    said: tuple[Said, ...]
    """Of the side that changed most: an early answer, then a late one."""


class Ready(StrEnum):
    NOT_YET = "not_yet"
    NEARLY = "nearly"
    READY = "ready"


class Condition(Value):
    """One line of the rule, whether it holds, and words to look at."""

    level: Ready
    sentence: str
    met: bool
    said: tuple[Said, ...] = ()


class Readiness(Value):
    """How ready the answers show somebody to be, by a rule that anybody can read; or why nothing is said."""

    level: Ready | None
    rule: str
    """The version of the rule."""
    conditions: tuple[Condition, ...] = ()
    abstained: str | None = None


class Interview(Value):
    """What is said of all answers together."""

    competences: tuple[Competence, ...]
    contradictions: tuple[Contradiction, ...]
    consistency: Consistency | None = None
    growth: Growth | None = None
    readiness: Readiness


class Bar(Value):
    """One level of the rule. How it reads: `scoring/readiness.toml`."""

    name: Ready
    overall: Points5
    weakest: Points5
    shown: Share
    contradictions: Annotated[int, Field(ge=0)]


class Rule(Value):
    version: str
    least_scored: Annotated[int, Field(ge=1)]
    widest_interval: Annotated[float, Field(gt=0)]
    level: tuple[Bar, ...]
    """The highest first."""


@lru_cache(maxsize=1)
def rule() -> Rule:
    return Rule.model_validate(tomllib.loads((files("scoring") / "readiness.toml").read_text(encoding="utf-8")))


class _Scored(Value):
    turn: int
    competence: str | None
    score: Score

    @property
    def overall(self) -> float:
        return self.score.overall or 0.0

    def of(self, dimension: Dimension) -> DimensionScore | None:
        return next((d for d in self.score.dimensions if d.dimension is dimension and d.score is not None), None)

    def score_of(self, dimension: Dimension) -> float:
        found = self.of(dimension)
        return (found.score if found else None) or 0.0

    def words(self, dimension: Dimension = Dimension.RELEVANCE) -> tuple[Said, ...]:
        found = self.of(dimension)
        return tuple(Said(turn=self.turn, quote=quote) for quote in found.quotes[:1]) if found else ()


def interview(answers: Sequence[Answer], competences: Sequence[str] = ()) -> Interview:
    """What the answers show together. `competences` are those of the mode; what was not asked for is said, too."""
    scored = [
        _Scored(turn=answer.turn, competence=answer.competence, score=answer.score)
        for answer in answers
        if answer.score is not None and answer.score.overall is not None
    ]
    unfitting = contradictions(answers)
    shown = _coverage(answers, scored, competences)
    return Interview(
        competences=shown,
        contradictions=unfitting,
        consistency=_consistency(scored),
        growth=_growth(scored),
        readiness=_readiness(scored, shown, unfitting),
    )


# --- competences ----------------------------------------------------------------------------------------------


def _coverage(
    answers: Sequence[Answer], scored: Sequence[_Scored], competences: Sequence[str]
) -> tuple[Competence, ...]:
    asked = [answer.competence for answer in answers if answer.competence]
    return tuple(
        _competence(name, [one for one in scored if one.competence == name], name in asked)
        for name in dict.fromkeys([*asked, *competences])
    )


def _competence(name: str, scored: Sequence[_Scored], asked: bool) -> Competence:
    if not scored:
        return Competence(name=name, reach=Reach.UNKNOWN if asked else Reach.NOT_ASKED)
    best = max(scored, key=lambda one: one.overall)
    levels = {mark.level for mark in best.score.marks}
    if best.overall >= SHOWN_FROM and (Level.PRESENT in levels or not best.score.marks):
        return Competence(name=name, reach=Reach.SHOWN, said=_evidence(best))
    if best.overall >= TOUCHED_FROM or Level.PRESENT in levels:
        return Competence(name=name, reach=Reach.TOUCHED, said=_evidence(best))
    return Competence(name=name, reach=Reach.NOT_SHOWN, said=best.words())


def _evidence(one: _Scored) -> tuple[Said, ...]:
    """The words of the points that were reached, or else those the answer's relevance rests on."""
    reached = sorted((m for m in one.score.marks if m.quotes), key=lambda m: m.level is not Level.PRESENT)
    quotes = dict.fromkeys(mark.quotes[0] for mark in reached)
    return tuple(Said(turn=one.turn, quote=quote) for quote in quotes)[:MOST_QUOTES] or one.words()


# --- evenness and growth --------------------------------------------------------------------------------------


def _consistency(scored: Sequence[_Scored]) -> Consistency | None:
    if len(scored) < CONSISTENCY_FROM:
        return None
    best, weakest = max(scored, key=lambda s: s.overall), min(scored, key=lambda s: s.overall)
    spread = round(best.overall - weakest.overall, 1)
    how = "even" if spread <= EVEN_WITHIN else "uneven" if spread >= UNEVEN_FROM else "fairly even"
    sentence = (
        f"The answers were {how}: from {weakest.overall:.1f} (answer {weakest.turn})"
        f" to {best.overall:.1f} (answer {best.turn})."
    )
    return Consistency(spread=spread, sentence=sentence, said=(*best.words(), *weakest.words()))


def _growth(scored: Sequence[_Scored]) -> Growth | None:
    """The halves against each other; with an odd number of answers the middle one is in neither."""
    if len(scored) < GROWTH_FROM:
        return None
    half = len(scored) // 2
    early, late = scored[:half], scored[-half:]
    change = _change(early, late, lambda one: one.overall)
    sides = [d for d in Dimension if all(one.of(d) for one in (*early, *late))]
    moved = {side: _change(early, late, _on(side)) for side in sides}
    if abs(change) < GREW_BY or not moved:
        sentence = "The later answers were worth about as much as the earlier ones."
        return Growth(change=round(change, 1), sentence=sentence, said=(*early[0].words(), *late[-1].words()))
    most = max(moved, key=lambda side: moved[side] * (1 if change > 0 else -1))
    way = "more" if change > 0 else "less"
    sentence = f"The later answers were worth {abs(change):.1f} {way}, most of all in {NAMES[most].lower()}."
    return Growth(change=round(change, 1), sentence=sentence, said=(*early[0].words(most), *late[-1].words(most)))


def _on(side: Dimension) -> Callable[[_Scored], float]:
    return lambda one: one.score_of(side)


def _change(early: Sequence[_Scored], late: Sequence[_Scored], worth: Callable[[_Scored], float]) -> float:
    return mean(map(worth, late)) - mean(map(worth, early))


# --- readiness ------------------------------------------------------------------------------------------------


def _readiness(scored: Sequence[_Scored], shown: Sequence[Competence], unfitting: Sequence[Contradiction]) -> Readiness:
    bars = rule()
    why = _too_little(scored, bars)
    if why:
        return Readiness(level=None, rule=bars.version, abstained=why)
    conditions = [condition for bar in bars.level for condition in _conditions(bar, scored, shown, unfitting)]
    levels = (bar.name for bar in bars.level if all(c.met for c in conditions if c.level is bar.name))
    return Readiness(level=next(levels, Ready.NOT_YET), rule=bars.version, conditions=tuple(conditions))


def _too_little(scored: Sequence[_Scored], bars: Rule) -> str | None:
    if len(scored) < bars.least_scored:
        return f"{len(scored)} scored of the {bars.least_scored} answers that it takes to say how ready somebody is."
    if mean((one.score.high or 0.0) - (one.score.low or 0.0) for one in scored) > bars.widest_interval:
        return "The scores are too unsure to say how ready somebody is."
    return None


def _conditions(
    bar: Bar, scored: Sequence[_Scored], shown: Sequence[Competence], unfitting: Sequence[Contradiction]
) -> tuple[Condition, ...]:
    overall = round(mean(one.overall for one in scored) + 1e-9, 1)
    weakest, low, words = _weakest_side(scored)
    asked = [one for one in shown if one.reach in (Reach.SHOWN, Reach.TOUCHED, Reach.NOT_SHOWN)]
    reached = [one for one in asked if one.reach is Reach.SHOWN]
    best = max(scored, key=lambda one: one.overall)

    def condition(sentence: str, met: bool, *said: Said) -> Condition:
        return Condition(level=bar.name, sentence=sentence, met=met, said=said[:MOST_QUOTES])

    return (
        condition(f"All answers together {bar.overall:g} or more: {overall:g}", overall >= bar.overall, *best.words()),
        condition(f"No side below {bar.weakest:g}: {NAMES[weakest].lower()} is {low:g}", low >= bar.weakest, *words),
        condition(
            f"{bar.shown:.0%} of the competences asked for were shown: {len(reached)} of {len(asked)}",
            len(reached) >= bar.shown * len(asked),
            *(said for one in reached for said in one.said[:1]),
        ),
        condition(
            f"Answers that do not fit together, {bar.contradictions} at most: {len(unfitting)}",
            len(unfitting) <= bar.contradictions,
            *(said for one in unfitting for said in (one.first, one.second)),
        ),
    )


def _weakest_side(scored: Sequence[_Scored]) -> tuple[Dimension, float, tuple[Said, ...]]:
    found: dict[Dimension, list[_Scored]] = {d: [one for one in scored if one.of(d)] for d in Dimension}
    means = {d: round(mean(one.score_of(d) for one in those) + 1e-9, 1) for d, those in found.items() if those}
    weakest = min(means, key=lambda side: means[side])
    lowest = min(found[weakest], key=lambda one: one.score_of(weakest))
    return weakest, means[weakest], lowest.words(weakest)
