"""Reviews over HTTP: rate answers blind, then see the machine's marks, and put a person's word in their place.

Decides who may review an interview: its owner, and whoever was invited into it as a coach, once it is over.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from rooms.evidence import Dimension
from rooms.people import Id, Role
from scoring.agreement import Agreement, agreement
from scoring.report import Override, Report
from scoring.review import HalfPoints, Note, Rating, between_people, pairs
from server.api.reports import Look, why_none
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.ports import Clock, ReportStore, Reviews
from server.reviewing import Sheet, SheetTurn, seen_live, sheet

MOST_WAITING = 100
MOST_OVERRIDES = 60
"""Of one answer, by everybody: ten for each of its sides. None is taken back, and each is read with the report."""

TurnPath = Annotated[int, Field(ge=1, le=1_000)]


class NewRating(BaseModel):
    """All six dimensions, each in half points from 0 to 5; null where you cannot tell."""

    scores: dict[Dimension, HalfPoints | None]
    note: Note = ""


class NewOverride(BaseModel):
    dimension: Dimension
    score: HalfPoints
    reason: Annotated[str, Field(min_length=3, max_length=1_000)]
    """Shown beside the score, also to the candidate."""
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """What you are called there."""


class WaitingAnswer(BaseModel):
    room: str
    turn: int
    mode: str
    question: str
    abstained: str
    """Why the machine gave no score."""
    closed_at: int


class Queue(BaseModel):
    waiting: list[WaitingAnswer]
    """Answers without a score that wait for a person, the oldest first."""


class PersonsAgreement(BaseModel):
    by: str
    with_machine: Agreement


class DimensionAgreement(BaseModel):
    dimension: Dimension
    with_machine: Agreement
    """Of all people's blind ratings together. A bias above 0: the machine is milder than people."""
    between_people: Agreement
    people: list[PersonsAgreement]


class Agreements(BaseModel):
    dimensions: list[DimensionAgreement]


def routes(gate: Gate, look: Look, store: ReportStore, reviews: Reviews, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["reviews"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    async def reviewed(room_id: str, person: Person) -> Report:
        """The machine's report of a room that this person may review."""
        kept = await store.report(room_id)
        if kept is None:
            raise Failed(await why_none(gate, look, room_id, person))
        row, report = kept
        roles = gate.roles_in(person, room_id, row.owner)
        if not roles:
            raise Failed("unknown_room")
        if Role.COACH not in roles:
            raise Failed("not_your_role")
        return Report.model_validate_json(report, extra="ignore")

    async def sheet_of(report: Report, person: Person) -> Sheet:
        seen = seen_live([record async for record in store.records(report.room)], person.id)
        mine = [one for one in await reviews.ratings([report.room]) if one.by == person.id]
        shown = await reviews.shown(report.room, person.id)
        return sheet(report, seen, shown, mine, await reviews.overrides(report.room))

    @router.get("/reviews")
    async def queue(person: signed_in) -> Queue:
        """Answers that the machine would not score and nobody has given a word on yet, in rooms that I may review."""
        invited = [room for room, role in person.invited.items() if role is Role.COACH]
        found = await reviews.waiting(person.id, invited, MOST_WAITING)
        return Queue(waiting=[WaitingAnswer(**one._asdict()) for one in found])

    @router.get("/reviews/{room_id}")
    async def one_sheet(room_id: Id, person: signed_in) -> Sheet:
        """A finished interview to rate. The machine's marks of an answer are in it once I have rated that answer."""
        return await sheet_of(await reviewed(room_id, person), person)

    @router.post("/reviews/{room_id}/turns/{turn}/rating", status_code=201)
    async def rate(room_id: Id, turn: TurnPath, given: NewRating, person: signed_in) -> SheetTurn:
        """Rate an answer, once. Gives it back with the machine's marks."""
        report = await reviewed(room_id, person)
        before = await sheet_of(report, person)
        rating = Rating(
            room=room_id,
            turn=_turn(before, turn).number,
            by=person.id,
            scores={dimension: given.scores.get(dimension) for dimension in Dimension},
            note=given.note,
            blind=_turn(before, turn).blind,
            own=before.own,
            at=clock.now_ms(),
        )
        if not await reviews.rate(rating):
            raise Failed("rated_already")
        return _turn(await sheet_of(report, person), turn)

    @router.post("/reviews/{room_id}/turns/{turn}/overrides", status_code=201)
    async def override(room_id: Id, turn: TurnPath, word: NewOverride, person: signed_in) -> SheetTurn:
        """Put my number in the place of the machine's. It wins in the report; before, after and why are kept."""
        report = await reviewed(room_id, person)
        known = _turn(await sheet_of(report, person), turn)
        if known.machine is None:
            raise Failed("rate_first")
        if len(known.overrides) >= MOST_OVERRIDES:
            raise Failed("overridden_often")
        machine = next((one.score for one in known.machine.dimensions if one.dimension is word.dimension), None)
        said = Override(
            turn=turn,
            dimension=word.dimension,
            before=machine,
            after=word.score,
            by=person.id,
            name=word.name or person.name,
            reason=word.reason,
            at=clock.now_ms(),
        )
        await reviews.override(room_id, said)
        return _turn(await sheet_of(report, person), turn)

    @router.get("/agreement")
    async def agreements(person: signed_in) -> Agreements:
        """How people and the machine agree, by dimension and person. Only blind ratings of others' answers count."""
        if not person.owner:
            raise Failed("owner_only")
        reports = [
            Report.model_validate_json(each, extra="ignore") for each in (await reviews.scored(person.id)).values()
        ]
        scores = {(each.room, turn.number): turn.score for each in reports for turn in each.turns if turn.score}
        ratings = await reviews.ratings([each.room for each in reports])
        machine, people = pairs(ratings, scores), between_people(ratings)
        return Agreements(
            dimensions=[
                DimensionAgreement(
                    dimension=dimension,
                    with_machine=agreement([pair for found in machine[dimension].values() for pair in found]),
                    between_people=agreement(people[dimension]),
                    people=[
                        PersonsAgreement(by=by, with_machine=agreement(found))
                        for by, found in sorted(machine[dimension].items())
                    ],
                )
                for dimension in Dimension
            ]
        )

    return router


def _turn(whole: Sheet, number: int) -> SheetTurn:
    found = next((turn for turn in whole.turns if turn.number == number), None)
    if found is None:
        raise Failed("unknown_turn")
    return found
