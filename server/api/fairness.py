"""Fairness over HTTP: an owner's interviews by groups that people declared, handed in with the request and not kept.

Decides who may ask and whose interviews count: the owner, and the owner's own with a report. No group is ever stored,
and none reaches a scorer.
"""

from collections.abc import Sequence
from statistics import mean
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from rooms.people import Id
from scoring.agreement import Pair
from scoring.fairness import Case, Fairness, fairness
from scoring.report import Report
from scoring.review import Rating
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.ports import ReportStore, Reviews

MOST_ROWS = 500
"""A request's body holds no more (`web.MAX_BODY_BYTES`)."""
Group = Annotated[str, Field(min_length=1, max_length=60)]


class Declared(BaseModel):
    """One interview and the group its candidate declared."""

    room: Id
    group: Group
    candidate: Annotated[str, Field(max_length=60)] = ""
    """Rows of the same candidate are one person; empty: each row is."""
    word_error: Annotated[float, Field(ge=0, le=10)] | None = None
    """Where somebody wrote down what was really said: the share of words that the recogniser got wrong."""


class Asked(BaseModel):
    rows: Annotated[list[Declared], Field(min_length=1, max_length=MOST_ROWS)]
    cut: Annotated[float, Field(ge=0, le=5)] = 3.0
    """An overall from here on counts as passed."""
    reference: Group | None = None


class Found(BaseModel):
    fairness: Fairness
    unknown: list[str]
    """Rooms of the request that are not yours or have no report: they count nowhere."""


def routes(gate: Gate, store: ReportStore, reviews: Reviews) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["fairness"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.post("/fairness")
    async def by_group(asked: Asked, person: signed_in) -> Found:
        """Whether declared groups fare alike in my interviews. The machine's own scores, before people's word."""
        if not person.owner:
            raise Failed("fairness_owner_only")
        reports: dict[str, Report] = {}
        for room in dict.fromkeys(row.room for row in asked.rows):
            kept = await store.report(room)
            if kept is not None and kept[0].owner == person.id:
                reports[room] = Report.model_validate_json(kept[1], extra="ignore")
        ratings = await reviews.ratings(list(reports)) if reports else ()
        rows = [row for row in asked.rows if row.room in reports]
        cases = cases_of(rows, reports, ratings)
        found = fairness(cases, cut=asked.cut, reference=asked.reference)
        return Found(fairness=found, unknown=[row.room for row in asked.rows if row.room not in reports])

    return router


def cases_of(rows: Sequence[Declared], reports: dict[str, Report], ratings: Sequence[Rating]) -> list[Case]:
    """A case for each person: interviews of one candidate and group count together."""
    people: dict[tuple[str, str], dict[str, Declared]] = {}
    for row in rows:
        people.setdefault((row.group, row.candidate or row.room), {})[row.room] = row
    return [_case(group, own, reports, ratings) for (group, _), own in people.items()]


def _case(group: str, own: dict[str, Declared], reports: dict[str, Report], ratings: Sequence[Rating]) -> Case:
    mine = [reports[room] for room in own]
    scores = [report.overall for report in mine if report.overall is not None]
    errors = [row.word_error for row in own.values() if row.word_error is not None]
    return Case(
        group=group,
        score=mean(scores) if scores else None,
        answers=sum(report.scored + report.abstained for report in mine),
        abstained=sum(report.abstained for report in mine),
        pairs=tuple(pair for rating in ratings if rating.room in own and (pair := _pair(rating, reports))),
        word_error=mean(errors) if errors else None,
    )


def _pair(rating: Rating, reports: dict[str, Report]) -> Pair | None:
    """A person's and the machine's mean over the sides of an answer that both gave a number."""
    turn = next((turn for turn in reports[rating.room].turns if turn.number == rating.turn), None)
    if not rating.counts or turn is None or turn.score is None:
        return None
    machine = {one.dimension: one.score for one in turn.score.dimensions if one.score is not None}
    both = [(score, machine[side]) for side, score in rating.scores.items() if score is not None and side in machine]
    return Pair(mean(one for one, _ in both), mean(other for _, other in both)) if both else None
