"""Erasing a room over HTTP: its owner's right, once its interview is over."""

from typing import Annotated

from fastapi import APIRouter, Depends

from rooms.people import Id
from rooms.phases import Phase
from server.api.reports import Look
from server.erasing import Eraser
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.ports import ReportStore


def routes(gate: Gate, look: Look, store: ReportStore, eraser: Eraser) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["rooms"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.delete("/rooms/{room_id}", status_code=204)
    async def erase(room_id: Id, person: signed_in) -> None:
        """Forget a room whose interview is over: words, marks, report and audio. It cannot be undone."""
        room, kept = await look(room_id), await store.report(room_id)
        owner = room.owner if room else kept[0].owner if kept else None
        if owner is None or not gate.roles_in(person, room_id, owner):
            raise Failed("unknown_room")
        if person.id != owner:
            raise Failed("not_your_role")
        if room is not None and room.phase is not Phase.CLOSED:
            raise Failed("not_over")
        if kept is None and room is not None and eraser.is_settling(room) and not await _half_erased(room_id):
            raise Failed("report_not_ready")  # whoever writes it now would keep it again
        await eraser.erase(room_id, owner)

    async def _half_erased(room_id: str) -> bool:
        """Whether the archive has nothing of a closed room: erasing it was begun."""
        return await store.archived(room_id) == 0

    return router
