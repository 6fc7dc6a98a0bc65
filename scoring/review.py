"""A person's word on a machine's marks: blind ratings, and overrides that win.

Decides what a rating holds, whose ratings count, and how a report reads with a person's word in it. Never who may give
one (the shell), and it changes no kept report: what the machine said stays beside what the person said.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from rooms.evidence import Contribution, Dimension, DimensionScore, Score
from rooms.transcript import Quote, quote
from rooms.values import Value
from scoring.agreement import Pair
from scoring.answers import relevance_is_all
from scoring.report import Override, Report, ReportTurn, summed_up

PERSONS_WORD = "A person's word"
NOT_MARKED = "Not marked."

UNKNOWN_SHARES = "How much each side counts is not known here (their weights are away), so the whole stays as it was."

Shares = Callable[[str, str], Mapping[Dimension, float] | None]
"""Version of the weights, mode -> how much each dimension counts in an overall; together 1. None: not known."""

HalfPoints = Annotated[float, Field(ge=0, le=5, multiple_of=0.5)]
Note = Annotated[str, Field(max_length=2_000)]


class Rating(Value):
    """What a person makes of one answer, dimension by dimension, before seeing the machine's marks."""

    room: str
    turn: Annotated[int, Field(ge=1)]
    by: str
    scores: Mapping[Dimension, HalfPoints | None]
    """None: this person cannot tell."""
    note: Note = ""
    blind: bool
    """Whether the machine's marks of this answer had never been shown to this person."""
    own: bool
    """Whether it is the person's own answer."""
    at: int
    """Milliseconds since 1970, UTC."""

    @model_validator(mode="after")
    def _all_dimensions(self) -> Self:
        if set(self.scores) != set(Dimension):
            raise ValueError("a rating has all six dimensions, or says of each that it cannot tell")
        return self

    @property
    def counts(self) -> bool:
        """Whether agreement and calibration may rest on it: blind, and of somebody else's answer."""
        return self.blind and not self.own


def pairs(ratings: Iterable[Rating], scores: Mapping[tuple[str, int], Score]) -> dict[Dimension, dict[str, list[Pair]]]:
    """Person and machine on the same answers, by dimension and person. Only ratings that count."""
    found: dict[Dimension, dict[str, list[Pair]]] = {dimension: {} for dimension in Dimension}
    for rating in ratings:
        score = scores.get((rating.room, rating.turn))
        if score is None or not rating.counts:
            continue
        for machine in score.dimensions:
            person = rating.scores[machine.dimension]
            if person is not None and machine.score is not None:
                found[machine.dimension].setdefault(rating.by, []).append(Pair(person, machine.score))
    return found


def between_people(ratings: Iterable[Rating]) -> dict[Dimension, list[Pair]]:
    """Two people on the same answer, each pair of them once."""
    by_answer: dict[tuple[str, int], list[Rating]] = {}
    for rating in ratings:
        if rating.counts:
            by_answer.setdefault((rating.room, rating.turn), []).append(rating)
    found: dict[Dimension, list[Pair]] = {dimension: [] for dimension in Dimension}
    for raters in by_answer.values():
        raters.sort(key=lambda rating: rating.by)
        for place, one in enumerate(raters):
            for other in raters[place + 1 :]:
                for dimension in Dimension:
                    a, b = one.scores[dimension], other.scores[dimension]
                    if a is not None and b is not None:
                        found[dimension].append(Pair(a, b))
    return found


# --- overrides ------------------------------------------------------------------------------------------------


def with_shares(report: Report, shares: Shares) -> Report:
    """The report with how much each dimension counts in each overall, so that anybody can add it up."""
    return report.but(
        turns=tuple(
            turn.but(shares=_shares(turn.score, report.mode, shares)) if turn.score and turn.score.dimensions else turn
            for turn in report.turns
        )
    )


def overridden(report: Report, overrides: Sequence[Override], shares: Shares) -> Report:
    """The report with people's word in the machine's place; the same report where nobody gave any.

    Of several overrides of one dimension the last wins; all of them are shown. `shares` says how much each dimension
    counts: an overall moves by the shares of the weights that its score was made with.
    """
    if not overrides:
        return report
    by_turn = {turn.number: [one for one in overrides if one.turn == turn.number] for turn in report.turns}
    return summed_up(report, [_turn(turn, by_turn[turn.number], report.mode, shares) for turn in report.turns])


def _turn(turn: ReportTurn, overrides: Sequence[Override], mode: str, shares: Shares) -> ReportTurn:
    if not overrides or turn.score is None:
        return turn
    last = {one.dimension: one.after for one in overrides}
    machine = {each.dimension: each for each in turn.score.dimensions}
    quotes = _all_said(turn)
    dimensions = tuple(_dimension(machine.get(each), each, last.get(each), quotes) for each in Dimension)
    score = turn.score.but(dimensions=dimensions, **_overall(turn.score, dimensions, _shares(turn.score, mode, shares)))
    return turn.but(score=score, overrides=tuple(overrides))


def _shares(score: Score, mode: str, shares: Shares) -> Mapping[Dimension, float] | None:
    """Of an answer that was held against its model answer only relevance counts, whatever the weights say."""
    if relevance_is_all(score):
        return {each: float(each is Dimension.RELEVANCE) for each in Dimension}
    return shares(score.weights, mode)


def _all_said(turn: ReportTurn) -> tuple[Quote, ...]:
    return tuple(quote(utterance, 0, len(utterance.text)) for utterance in turn.transcript.utterances)


def _dimension(
    machine: DimensionScore | None, dimension: Dimension, word: float | None, said: tuple[Quote, ...]
) -> DimensionScore:
    """A person's number has no interval: it is what this person says. The parts still add up to it exactly.

    Where the machine found no words to rest on, a person's number rests on the whole answer.
    """
    known = machine or DimensionScore(dimension=dimension, score=None, abstained=NOT_MARKED)
    if word is None or not (known.quotes or said):
        return known
    moved = Contribution(label=PERSONS_WORD, value=word - (known.score or 0.0))
    parts = (*known.contributions, moved) if moved.value else known.contributions
    return DimensionScore(
        dimension=dimension, score=word, low=word, high=word, contributions=parts, quotes=known.quotes or said
    )


def _overall(
    machine: Score, dimensions: Sequence[DimensionScore], shares: Mapping[Dimension, float] | None
) -> dict[str, Any]:
    """The whole with people's word in it: what its dimensions add up to, each by its share, as the machine reckons it.

    Where the machine had none, there is one as soon as all six dimensions have a number. What people alone said has no
    interval, as their numbers have none.
    """
    missing = [each.dimension for each in dimensions if each.score is None]
    if machine.overall is None and missing:
        return {"abstained": f"No overall: nobody has rated {', '.join(missing)}."}
    if shares is None:
        return {"caution": " ".join(one for one in (UNKNOWN_SHARES, machine.caution) if one)}
    before = {each.dimension: each.score or 0.0 for each in machine.dimensions}
    moved = sum(shares[each.dimension] * ((each.score or 0.0) - before.get(each.dimension, 0.0)) for each in dimensions)
    whole = sum(shares[each.dimension] * (each.score or 0.0) for each in dimensions)
    overall = _within(moved + (machine.overall or 0.0) if missing else whole)
    by_people = not missing and all(each.low == each.high for each in dimensions if shares[each.dimension])
    low = overall if by_people or machine.low is None else _within(machine.low + moved)
    high = overall if by_people or machine.high is None else _within(machine.high + moved)
    return {"overall": overall, "low": min(low, overall), "high": max(high, overall), "abstained": None}


def _within(score: float) -> float:
    return min(5.0, max(0.0, round(score + 1e-9, 1)))
