"""What happened in a room, page by page, for those who may see it: from its log, or from the archive when that is gone.

Decides who may read it and where it is read; what a role sees of it is `rooms.views`'.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from rooms.events import TurnScored
from rooms.people import Id, Role
from rooms.protocol import Happened
from rooms.views import view
from server.api.reports import Look
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.ports import Clock, Record, ReportStore, Reviews, RoomLog

PAGE, MOST = 200, 500

_SEEING_MOST_FIRST = (Role.COACH, Role.OBSERVER, Role.CANDIDATE)


class History(BaseModel):
    room: str
    role: Role
    """In whose view it is told."""
    events: list[Happened]
    """With the times at which they happened. Those that the role does not see are left out."""
    through: int
    """Up to this version it is told: ask on with `after` = this."""
    more: bool


def routes(gate: Gate, look: Look, log: RoomLog, store: ReportStore, reviews: Reviews, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["rooms"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/rooms/{room_id}/events")
    async def events(
        room_id: Id,
        person: signed_in,
        after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
        role: Literal[Role.CANDIDATE, Role.COACH, Role.OBSERVER] | None = None,
    ) -> History:
        """What happened in a room that I may enter or could, also when it is over. Without `role`: as I see most.

        Who is shown the machine's marks here rates them blind no more.
        """
        seen_as = _role(await _roles(room_id, person), role)
        page = await _page(room_id, after, limit)
        told = _told(page, after, seen_as)
        if any(isinstance(fact.event, TurnScored) for fact in told):
            await reviews.show(room_id, person.id, clock.now_ms())
        through = page[-1].version if page else after
        return History(room=room_id, role=seen_as, events=told, through=through, more=len(page) == limit)

    async def _roles(room_id: str, person: Person) -> tuple[Role, ...]:
        room = await look(room_id)
        if room is not None:
            return gate.roles(person, room)
        kept = await store.report(room_id)
        return gate.roles_in(person, room_id, kept[0].owner) if kept else ()

    async def _page(room_id: str, after: int, limit: int) -> Sequence[Record]:
        """At most `limit` records behind `after`. A log keeps only its tail; what is gone from there is archived."""
        page = await log.read(room_id, after, limit)
        if page and page[0].version == after + 1:
            return page
        if page or await log.head(room_id) is None:
            return await _archived(room_id, after, limit)
        return ()

    async def _archived(room_id: str, after: int, limit: int) -> Sequence[Record]:
        page = list[Record]()
        async for record in store.records(room_id, after):
            page.append(record)
            if len(page) == limit:
                break
        return page

    return router


def _role(roles: Sequence[Role], wished: Role | None) -> Role:
    if not roles:
        raise Failed("unknown_room")
    if wished is not None and wished not in roles:
        raise Failed("not_your_role")
    return wished or next(role for role in _SEEING_MOST_FIRST if role in roles)


def _told(page: Sequence[Record], after: int, role: Role) -> list[Happened]:
    told = list[Happened]()
    for record in page:
        seen = view(record.event, role)
        if seen is not None:
            told.append(Happened(version=record.version, after=after, tag=record.tag, at=record.at, event=seen))
            after = record.version
    return told
