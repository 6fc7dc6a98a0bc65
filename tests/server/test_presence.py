"""Who is here: a connection that comes back within the grace is never seen as going."""

from contextlib import AsyncExitStack

from client import Greenroom, Happened
from rooms.people import Role
from rooms.state import Room, after
from tests.server.talker import Talker, a_grace_later, inside, knocking


async def story(greenroom: Greenroom, room: str) -> list[Happened]:
    return [fact async for fact in greenroom.history(room)]


async def in_and_out(greenroom: Greenroom, room: str, role: Role, stays: AsyncExitStack) -> Talker:
    """Three times, and then in for as long as `stays` lasts. Whoever leaves stands at the door again already: the way
    there may take longer than the grace on a busy machine."""
    last = AsyncExitStack()
    for ticket in [(await greenroom.ticket(room, role)).ticket for _ in range(4)]:
        this = AsyncExitStack()
        talker = await this.enter_async_context(knocking(greenroom, room))
        await last.aclose()
        await talker.hello(ticket)
        last = this
    stays.push_async_exit(last)
    return talker


async def test_who_comes_back_within_the_grace_was_never_away(greenroom: Greenroom, room: str) -> None:
    async with AsyncExitStack() as stays:
        await in_and_out(greenroom, room, Role.CANDIDATE, stays)
        coach = await in_and_out(greenroom, room, Role.COACH, stays)
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
