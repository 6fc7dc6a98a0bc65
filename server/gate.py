"""Who may enter: origin, person, role, ticket.

Decides entry, for HTTP requests and sockets alike; never what happens inside a room (`rooms.decide`).
"""

from typing import Final

from starlette.requests import HTTPConnection, Request

from rooms.people import Participant, Role
from rooms.state import Room
from server.errors import Failed
from server.identity import Identity, Person
from server.ports import Grounds, Purses, Ticket, Tickets
from server.settings import Settings

ENTRIES_S: Final = 30
"""Over so long entries are counted: shorter than any client of ours waits before it gives up."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TAKEN_BY_PEOPLE = (Role.CANDIDATE, Role.COACH, Role.OBSERVER)


def participant_id(person: str, role: Role) -> str:
    """The id under which this person takes part in this role."""
    return f"{person}.{role.value}"


def person_of(participant: Participant) -> str:
    """The id of the person who takes part."""
    return participant.id.removesuffix(f".{participant.role.value}")


class Gate:
    def __init__(self, settings: Settings, identity: Identity, tickets: Tickets, purses: Purses) -> None:
        self._settings, self._identity, self._tickets, self._purses = settings, identity, tickets, purses

    def check_origin(self, origin: str) -> str:
        """The origin of a request ("" for programs, which send none); Failed if it is not on the list."""
        if origin and origin not in self._settings.origins:
            raise Failed("origin_refused")
        return origin

    async def signed_in(self, request: Request) -> Person:
        """The person behind a request. A request that changes something must come from one of our own pages."""
        if request.method not in _SAFE:
            self.check_origin(request.headers.get("origin", ""))
        person = self._identity.person(request)
        if person is None:
            raise Failed("signed_out")
        return person

    @staticmethod
    def roles(person: Person, room: Room) -> tuple[Role, ...]:
        """The roles that this person may take in the room."""
        return Gate.roles_in(person, room.id, room.owner)

    @staticmethod
    def roles_in(person: Person, room_id: str, owner: str) -> tuple[Role, ...]:
        """The roles that this person may take in an owner's room, or could take when it was open."""
        if person.id == owner:
            return _TAKEN_BY_PEOPLE
        invited = person.invited.get(room_id)
        return (invited,) if invited else ()

    async def issue(
        self, person: Person, room: Room, role: Role, name: str | None, origin: str
    ) -> tuple[str, Participant]:
        """A ticket for one socket. Failed if the person may not take this role, or took too many tickets lately."""
        roles = self.roles(person, room)
        if not roles:
            raise Failed("unknown_room")  # a stranger does not learn which rooms there are
        if role not in roles:
            raise Failed("not_your_role")
        # The owner may sit an interview and watch it from another browser: those are two participants.
        participant = Participant(id=participant_id(person.id, role), name=name or person.name, role=role)
        await self.count_entry(room.id, participant)
        ticket = Ticket(room.id, participant, origin, person.grounds(room.id, role, room.owner))
        return await self._tickets.issue(ticket, self._settings.ticket_ttl_s), participant

    async def count_entry(self, room: str, who: Participant) -> None:
        """Failed where they came into this room too often lately: each time adds to its log, and all in it are told."""
        # The braces: a cluster keeps it where it keeps the room. Without it nobody can be let in there anyway.
        purse = f"entries:{{{room}}}:{who.id}"
        if not await self._purses.spend(purse, 1, self._settings.entries_per_half_minute, ENTRIES_S):
            raise Failed("entered_often")

    def behind(self, opening: HTTPConnection, origin: str) -> Person | None:
        """Who is signed in on the page that opens a socket. None for a program, which signs in for its tickets only."""
        return self._identity.person(opening) if origin else None

    @staticmethod
    def let_back(who: Participant, room: Room, origin: str, page: Person | None) -> Grounds:
        """What their place rests on from now on. Failed where a page comes back that would not get a new ticket: it is
        not signed in as this person any more, or they may not take this role any more."""
        if not origin:
            return ()
        if page is None or page.id != person_of(who) or who.role not in Gate.roles(page, room):
            raise Failed("ticket_invalid")
        return page.grounds(room.id, who.role, room.owner)

    def places(self, role: Role) -> int:
        """How many connections to a room a worker may hold with one more in this role. The last fifth is left to
        coaches: whoever looks on, or has a link for that, keeps nobody out who is needed."""
        most = self._settings.connections_per_room
        return most if role is Role.COACH else most - most // 5

    async def admit(self, secret: str, room: str, origin: str) -> Ticket:
        """What this ticket says, once. Failed if it does not fit this room and origin."""
        ticket = await self._tickets.spend(secret)
        if ticket is None or ticket.room != room or ticket.origin != origin:
            raise Failed("ticket_invalid")
        return ticket

    def why_not(self, grounds: Grounds) -> str | None:
        """The code of the problem where somebody's place has lost its grounds; None while they may stay."""
        return self._identity.why_not(grounds)
