"""Signing in, invitations and the notice."""

import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from rooms.people import Role
from rooms.phases import Phase
from server.api.reports import Look
from server.errors import Failed
from server.gate import Gate
from server.identity import Identity, Invitation, Person
from server.notice import Notice
from server.ports import Unavailable


class Me(BaseModel):
    id: str
    name: str
    owner: bool


def routes(identity: Identity, gate: Gate, shown: Notice, look: Look) -> APIRouter:
    router = APIRouter(tags=["sessions"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/sign-in", include_in_schema=False)
    async def sign_in(token: str) -> RedirectResponse:
        """Where the link that was printed leads: signs the owner in and leaves the token out of the address bar."""
        person = identity.owner(token)
        if person is None:
            raise Failed("sign_in_refused")
        response = RedirectResponse("/", status_code=303)
        identity.remember(response, person)
        return response

    @router.get("/invited/{code}", include_in_schema=False)
    async def invited(code: str, request: Request) -> RedirectResponse:
        """Where an invitation leads: signs a guest in for one room and role."""
        person, invitation = identity.accept(code, identity.person(request))
        response = RedirectResponse(await page_of(invitation), status_code=303)
        identity.remember(response, person)
        return response

    async def page_of(invitation: Invitation) -> str:
        """A coach who comes when all is over is led to the answers alone: the room would show its marks."""
        if invitation.role is Role.CANDIDATE:
            return f"/rooms/{invitation.room}"
        over = False
        with contextlib.suppress(Unavailable):
            room = await look(invitation.room) if invitation.role is Role.COACH else None
            over = room is not None and room.phase is Phase.CLOSED
        return f"/reports/{invitation.room}/review" if over else f"/rooms/{invitation.room}/coach"

    @router.get("/api/me")
    async def me(person: signed_in) -> Me:
        """Who is signed in."""
        return Me(id=person.id, name=person.name, owner=person.owner)

    @router.get("/api/notice")
    async def notice() -> Notice:
        """What a candidate consents to before anything is heard."""
        return shown

    return router
