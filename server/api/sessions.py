"""Signing in and out, invitations and the notice."""

import contextlib
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from rooms.people import Role
from rooms.phases import Phase
from server.api.reports import Look
from server.errors import Failed
from server.gate import Gate
from server.identity import Identity, Invitation, Person
from server.notice import Notice
from server.ports import Purses, Unavailable
from server.revoked import Revoked, of_session
from server.settings import Settings

_log = logging.getLogger(__name__)


class Me(BaseModel):
    id: str
    name: str
    owner: bool


def routes(
    settings: Settings, identity: Identity, gate: Gate, revoked: Revoked, purses: Purses, shown: Notice, look: Look
) -> APIRouter:
    router = APIRouter(tags=["sessions"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/sign-in", include_in_schema=False)
    async def sign_in(token: str, request: Request) -> RedirectResponse:
        """Where the link that was printed leads: signs the owner in and leaves the token out of the address bar."""
        before = identity.person(request)
        person = identity.sign_in(token, before)
        if person is None:
            raise Failed("sign_in_refused")
        return await signed_in_as(person, before, "/")

    async def signed_in_as(person: Person, before: Person | None, page: str) -> RedirectResponse:
        """Sign them in on this browser, and whoever was signed in on it before, out of it: also on its other pages."""
        if before and before.session not in ("", person.session):
            try:
                await revoked.revoke(of_session(before.session))
            except Unavailable:  # whoever comes in by their link is let in also while the database is away
                _log.warning("who was signed in here before could not be signed out", extra={"person": before.id})
        response = RedirectResponse(page, status_code=303)
        identity.remember(response, person)
        return response

    @router.post("/api/sign-out", status_code=204)
    async def sign_out(person: signed_in) -> Response:
        """Sign out on this browser: all of its pages leave their rooms, on every worker. Other browsers stay."""
        if person.session:
            await revoked.revoke(of_session(person.session))
        response = Response(status_code=204)
        identity.forget(response)
        return response

    @router.get("/invited/{code}", include_in_schema=False)
    async def invited(code: str, request: Request) -> RedirectResponse:
        """Where an invitation leads: signs a guest in for one room and role."""
        before = identity.person(request)
        person, invitation = identity.accept(code, before)
        page = await page_of(invitation)
        if person.owner:
            return RedirectResponse(page, status_code=303)
        if before is None or before.session != person.session:
            await count(invitation)
        return await signed_in_as(person, before, page)

    async def count(invitation: Invitation) -> None:
        """A session begins by this link: no more than may be ended, as each end is kept for long."""
        link = f"sessions:{invitation.room}:{invitation.role.value}:{invitation.made}"
        with contextlib.suppress(Unavailable):  # as above
            if not await purses.spend(link, 1, settings.sessions_per_invitation, settings.invitation_ttl_s):
                raise Failed("invitation_used_up")

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
