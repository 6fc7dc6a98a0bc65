"""Rooms over HTTP: open one, list mine, get a ticket or an invitation, look at the question bank."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from rooms.commands import OpenRoom
from rooms.events import Mode, Profile, Seniority, Terms
from rooms.evidence import JudgePolicy
from rooms.interview.bank import Bank
from rooms.lifecycle import Stage, stage
from rooms.people import SYSTEM, Id, Participant, Role
from rooms.phases import Phase
from rooms.refusals import Refusal
from rooms.releases import NewerFact
from rooms.state import Room
from server.errors import Failed
from server.gate import Gate
from server.identity import Identity, Person
from server.ports import Activations, Directory, Leases, Unavailable
from server.revoked import Revoked, of_invitation
from server.settings import Settings
from server.shelf import pinned
from server.story import BrokenChain
from server.writer import Writer

_log = logging.getLogger(__name__)


class NewRoom(BaseModel):
    mode: Mode
    length: Annotated[int, Field(ge=3, le=10)] = 5
    starts_at: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    """Milliseconds since 1970, UTC, at most a year ahead: when the interview is to begin. null: at any time."""
    profile: Profile | None = None
    """How patient hearing is before it takes a silence for the end of an answer. null: as this server is set."""
    seniority: Seniority | None = None
    """The level it is for: which weights mark it."""
    terms: Terms = ()
    """Names and terms that may be said (company, products, CV): it helps to recognise them. Candidates see none."""


class Opened(BaseModel):
    room: str
    url: str


class Overview(BaseModel):
    room: str
    mode: Mode
    length: int
    phase: Phase
    stage: Stage
    opened_at: int
    starts_at: int | None
    """Milliseconds since 1970, UTC: when it is to begin, if that was planned."""
    roles: tuple[Role, ...]
    """The roles that you may take."""


class Overviews(BaseModel):
    rooms: list[Overview]


class TicketFor(BaseModel):
    role: Literal[Role.CANDIDATE, Role.COACH, Role.OBSERVER]
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class Issued(BaseModel):
    ticket: str
    expires_in_s: int
    socket: str
    participant: Participant


Invitable = Literal[Role.CANDIDATE, Role.COACH, Role.OBSERVER]


class InvitationFor(BaseModel):
    role: Invitable


class Invited(BaseModel):
    url: str


class BankQuestion(BaseModel):
    id: str
    text: str
    competence: str
    difficulty: int


class BankQuestions(BaseModel):
    questions: list[BankQuestion]


def routes(
    settings: Settings,
    identity: Identity,
    gate: Gate,
    revoked: Revoked,
    writer: Writer,
    directory: Directory,
    leases: Leases,
    bank: Bank,
    has_report: Callable[[str], Awaitable[bool]],
    admit: Callable[[], Awaitable[None]],
    notice: str,
    judging: JudgePolicy | None,
    activations: Activations,
    reads_with: Callable[[str], str | None],
) -> APIRouter:
    """`reads_with` gives the sentence encoder of rooms that open with a version of the weights."""
    router = APIRouter(prefix="/api", tags=["rooms"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    def entered(room: Room | None, person: Person) -> tuple[Room, tuple[Role, ...]]:
        """The room, and the roles the person may take in it: at least one, or there is no such room for them."""
        roles = gate.roles(person, room) if room else ()
        if room is None or not roles:
            raise Failed("unknown_room")
        return room, roles

    async def readable(room_id: str) -> Room | None:
        """The room; None if its log is gone or cannot be read: one such room must not hide the others."""
        try:
            return await writer.look(room_id)
        except NewerFact:
            return None  # a worker of a newer release shows it
        except (BrokenChain, ValueError):
            _log.exception("a room cannot be read", extra={"room": room_id})
            return None
        except Unavailable as away:
            if away.part != "database":
                raise
            return None  # only the database would know it

    @router.post("/rooms", status_code=201)
    async def open_room(new: NewRoom, person: signed_in) -> Opened:
        """Open a room. An invitation leads into one room and no further: guests open none."""
        if not person.owner:
            raise Failed("owner_only")
        await admit()
        room_id = f"r-{secrets.token_urlsafe(9).replace('_', '-')}"
        version = await pinned(activations, new.mode.value, new.seniority)
        command = OpenRoom(
            room=room_id,
            mode=new.mode,
            length=new.length,
            notice=notice,
            owner=person.id,
            starts_at=new.starts_at,
            profile=new.profile or settings.turn_profile,
            seniority=new.seniority,
            weights=version,
            encoder=reads_with(version),
            judging=judging,
            terms=new.terms,
        )
        opened = await writer.do(room_id, command, SYSTEM, f"open.{room_id}")
        if isinstance(opened, Refusal):
            raise Failed(opened.code.value)
        await directory.add(person.id, room_id)
        await leases.announce(room_id)
        return Opened(room=room_id, url=f"/rooms/{room_id}")

    @router.get("/rooms")
    async def my_rooms(person: signed_in) -> Overviews:
        """My open rooms, newest first."""
        rooms = [room for room_id in await directory.rooms(person.id) if (room := await readable(room_id))]
        for room in rooms:
            if room.phase is Phase.CLOSED:
                await directory.remove(person.id, room.id)  # from now on its report is in the list of reports
        return Overviews(rooms=[_overview(r, gate.roles(person, r)) for r in rooms if r.phase is not Phase.CLOSED])

    @router.get("/rooms/{room_id}")
    async def one_room(room_id: Id, person: signed_in) -> Overview:
        """A room that I may enter."""
        room, roles = entered(await writer.look(room_id), person)
        return _overview(room, roles, kept=room.phase is Phase.CLOSED and await has_report(room_id))

    @router.post("/rooms/{room_id}/tickets", status_code=201)
    async def ticket(room_id: Id, wish: TicketFor, request: Request, person: signed_in) -> Issued:
        """A ticket that opens one socket, once, soon."""
        room, _ = entered(await writer.glance(room_id), person)
        origin = gate.check_origin(request.headers.get("origin", ""))
        secret, participant = await gate.issue(person, room, wish.role, wish.name, origin)
        return Issued(
            ticket=secret,
            expires_in_s=settings.ticket_ttl_s,
            socket=f"/rooms/{room_id}/socket",
            participant=participant,
        )

    @router.post("/rooms/{room_id}/invitations", status_code=201)
    async def invitation(room_id: Id, wish: InvitationFor, person: signed_in) -> Invited:
        """A link that lets somebody else in, in one role. Only the room's owner invites."""
        room, _ = entered(await writer.glance(room_id), person)
        if room.owner != person.id:
            raise Failed("not_your_role")
        await revoked.look()  # what was withdrawn elsewhere a moment ago
        code = identity.invite(room_id, wish.role, revoked.holds_from(of_invitation(room_id, wish.role)))
        return Invited(url=f"{settings.public_url}/invited/{code}")

    @router.delete("/rooms/{room_id}/invitations/{role}", status_code=204)
    async def withdraw(room_id: Id, role: Invitable, person: signed_in) -> None:
        """Withdraw all invitations to this room in one role: their links lead nowhere, and who came by one is out."""
        room, _ = entered(await writer.glance(room_id), person)
        if room.owner != person.id:
            raise Failed("not_your_role")
        await revoked.revoke(of_invitation(room_id, role))

    @router.get("/questions")
    async def questions(mode: Mode, person: signed_in) -> BankQuestions:
        """The question bank of a mode, for a coach's choice. Candidates do not see what may be asked."""
        if not person.owner and Role.COACH not in person.invited.values():
            raise Failed("not_your_role")
        return BankQuestions(
            questions=[
                BankQuestion(id=q.id, text=q.text, competence=q.competence, difficulty=q.difficulty)
                for q in bank.questions(mode)
            ]
        )

    return router


def _overview(room: Room, roles: tuple[Role, ...], *, kept: bool = False) -> Overview:
    return Overview(
        room=room.id,
        mode=room.mode,
        length=room.length,
        phase=room.phase,
        stage=stage(room, kept=kept),
        opened_at=room.opened_at,
        starts_at=room.starts_at,
        roles=roles,
    )
