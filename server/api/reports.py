"""Reports over HTTP: the list of mine, and one of them whole.

Decides who may read a report: the room's owner, and whoever was invited into the room. To everybody else there is no
such room.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ValidationError

from rooms.events import Mode
from rooms.evidence import Dimension
from rooms.people import Id, Role
from rooms.phases import Phase
from rooms.state import Room
from scoring.report import Override, Report
from scoring.review import overridden, with_shares
from scoring.rubric import Family
from scoring.weights import WeightsError
from server.errors import Failed
from server.gate import Gate, participant_id
from server.identity import Person
from server.ports import Clock, ReportRow, ReportStore, Reviews
from server.shelf import Shelf

PAGE = 50

_log = logging.getLogger(__name__)

Look = Callable[[str], Awaitable[Room | None]]
"""A room as its log has it; None for one that never was."""


class ReportOverview(BaseModel):
    room: str
    mode: Mode
    opened_at: int
    """Milliseconds since 1970, UTC, as `closed_at`."""
    closed_at: int
    overall: float | None
    """0 to 5, with people's word in it; null where too little was said to tell, or where it is `withheld`."""
    withheld: bool
    """Whether the overall is kept from you until you have rated every answer, or looked at the report."""
    questions: int


class ReportOverviews(BaseModel):
    reports: list[ReportOverview]


def routes(
    gate: Gate, look: Look, store: ReportStore, reviews: Reviews, clock: Clock, shelf: Shelf | None = None
) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["reports"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]
    weights = shelf or Shelf()

    def shares(name: str, mode: str) -> Mapping[Dimension, float] | None:
        try:
            return weights.named(name).families[Family(mode)].overall
        except WeightsError as wrong:  # a file that went from WEIGHTS_DIR must not take reports with it
            _log.error("weights of a report are not here", extra={"why": str(wrong)})
            return None

    def with_words(report: bytes, words: Sequence[Override]) -> Report:
        """The report with people's word in it."""
        return overridden(Report.model_validate_json(report, extra="ignore"), words, shares)

    @router.get("/reports")
    async def my_reports(
        person: signed_in, before: Annotated[int | None, Query(ge=0, le=2**53 - 1)] = None
    ) -> ReportOverviews:
        """My reports, newest first. For the next page, ask for those `before` the last one's `closed_at`."""
        mine = await store.reports(person.id, PAGE, before)
        as_candidate = participant_id(person.id, Role.CANDIDATE)
        known = await reviews.known([row.room for row in mine], person.id, as_candidate)
        overruled = await reviews.overruled([row.room for row in mine if row.room in known])
        changed = {room: with_words(*said).overall for room, said in overruled.items()}
        told = [_overview(row, changed.get(row.room, row.overall), row.room not in known) for row in mine]
        return ReportOverviews(reports=told)

    @router.get("/reports/{room_id}", responses={200: {"model": Report}})
    async def one_report(room_id: Id, person: signed_in) -> Response:
        """A report, whole, with people's word in the place of the machine's where they gave one, and with the shares
        by which each overall can be added up.

        Who could review the interview and is shown it here rates it blind no more.
        """
        kept = await store.report(room_id)
        if kept is None:
            raise Failed(await why_none(gate, look, room_id, person))
        row, report = kept
        if not _may_read(person, row):
            raise Failed("unknown_room")
        if Role.COACH in gate.roles_in(person, room_id, row.owner):
            await reviews.show(room_id, person.id, clock.now_ms())
        words = await reviews.overrides(room_id)
        try:
            report = with_shares(with_words(report, words), shares).model_dump_json().encode()
        except ValidationError:
            if words:  # the number that a person changed must not be told as it was
                raise
        return Response(report, media_type="application/json", headers={"cache-control": "private, no-cache"})

    return router


async def why_none(gate: Gate, look: Look, room_id: str, person: Person) -> str:
    """Why this person is shown no report, as a code."""
    room = await look(room_id)
    if room is None or not gate.roles(person, room):
        return "unknown_room"
    return "report_not_ready" if room.phase is Phase.CLOSED else "interview_open"


def _may_read(person: Person, row: ReportRow) -> bool:
    return person.id == row.owner or row.room in person.invited


def _overview(row: ReportRow, overall: float | None, withheld: bool) -> ReportOverview:
    return ReportOverview(
        room=row.room,
        mode=Mode(row.mode),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        overall=None if withheld else overall,
        withheld=withheld,
        questions=row.questions,
    )
