"""Who is here: a connection that comes back within the grace is never seen as going."""

from client import Greenroom, Happened
from rooms.people import Role
from rooms.state import Room, after
from tests.server.talker import a_grace_later, inside


async def story(greenroom: Greenroom, room: str) -> list[Happened]:
    return [fact async for fact in greenroom.history(room)]


async def test_who_comes_back_within_the_grace_was_never_away(greenroom: Greenroom, room: str) -> None:
    for role in (Role.CANDIDATE, Role.COACH):
        for _ in range(3):
            async with inside(greenroom, room, role):
                pass
    async with inside(greenroom, room, Role.CANDIDATE), inside(greenroom, room, Role.COACH) as coach:
        await a_grace_later(greenroom, room, coach)  # the last of them would be said by now
        folded: Room | None = None
        here = dict[str, bool]()
        for fact in await story(greenroom, room):
            folded = after(folded, fact.event)
            for person in (p for p in folded.people if p.participant.role is not Role.OBSERVER):
                assert person.here or not here.get(person.participant.id), f"{fact.event} was a departure"
                here[person.participant.id] = person.here
        assert here == {"owner.candidate": True, "owner.coach": True}


async def test_who_does_not_come_back_goes_once(greenroom: Greenroom, room: str) -> None:
    async with greenroom.join(room, Role.COACH) as coach:
        async with inside(greenroom, room, Role.CANDIDATE):
            await coach.until(lambda room: len([p for p in room.people if p.here]) == 2)
        await coach.until(lambda room: [p.here for p in room.people] == [True, False])
    kinds = [fact.event.kind for fact in await story(greenroom, room)]
    assert kinds.count("participant_left") <= 2
