"""Throws everything that can be wrong at rooms in every phase, as everybody who may be in them.

Decides who throws what where; the rooms are brought into their phases with the real client, and tickets come from the
real door. Texts are cut into sockets, as each forgives only so many mistakes.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NamedTuple

from client import Greenroom, Visit
from rooms.commands import EndInterview, GiveConsent, PauseInterview, StartInterview, TakeOver
from rooms.people import Role
from rooms.phases import Phase
from rooms.protocol import SPOKEN, Hello
from scripts.fuzz import frames, messages
from scripts.fuzz.messages import Bad
from scripts.fuzz.thrower import FORGIVEN, Notes, NotLetInError, Thrower, wish

ROLES: Final = (Role.CANDIDATE, Role.COACH, Role.OBSERVER)
STAGES: Final = ("lobby", "consented", "answering", "paused", "taken over", "closed")
ENDS: Final = ("withdraw_consent", "end_interview")
MOVES: Final = frozenset({"give_consent", "start_interview", "finish_answer", "skip_question", *ENDS})
"""Commands after which a room is elsewhere: put last, where a room is to stay as it is."""
QUESTION_S: Final = 30.0
SEAT_S: Final = 10.0
AT_THE_DOOR: Final = 16
GOOD_FRAMES: Final = 200
"""Behind the wrong ones."""
AT_A_TIME: Final = 50
"""Commands, or kinds of wrong frames, under way at a time."""


Ticket = Callable[[str, Role], Awaitable[str]]
"""Gets a ticket for a room in a role."""


class Place(NamedTuple):
    """A room in a phase."""

    room: str
    stage: str


async def placed(greenroom: Greenroom, stage: str) -> Place:
    """A new room, brought into this phase, with everybody gone home."""
    opened = await greenroom.open_room("behavioural", 3)
    async with AsyncExitStack() as people:
        candidate = await people.enter_async_context(greenroom.join(opened))
        await _bring(candidate, greenroom, people, stage)
    return Place(opened.room, stage)


async def _bring(candidate: Visit, greenroom: Greenroom, people: AsyncExitStack, stage: str) -> None:
    if stage == "lobby":
        return
    await candidate.do(GiveConsent(notice=candidate.room.notice))
    if stage == "consented":
        return
    await candidate.do(StartInterview())
    await candidate.until(lambda room: len(room.turns) > 0, QUESTION_S)
    match stage:
        case "paused":
            await candidate.do(PauseInterview())
        case "taken over":
            coach = await people.enter_async_context(greenroom.join(candidate.room.id, Role.COACH))
            await coach.do(TakeOver())
        case "closed":
            await candidate.do(EndInterview())
            await candidate.until(lambda room: room.phase is Phase.CLOSED, QUESTION_S)


class Campaign:
    """Against one web worker."""

    def __init__(self, ticket: Ticket, port: int, notes: Notes, seed: int) -> None:
        self._ticket, self._port, self.notes, self._chance = ticket, port, notes, random.Random(seed)

    @asynccontextmanager
    async def entered(self, place: Place, role: Role) -> AsyncIterator[Thrower]:
        """A thrower in this room, who leaves in the end."""
        thrower = await self._enter(place, role)
        try:
            yield thrower
        finally:
            thrower.leave()

    async def _enter(self, place: Place, role: Role) -> Thrower:
        """Waits for a seat, as those who left may not have been missed yet."""
        async with asyncio.timeout(SEAT_S):
            while True:
                thrower = Thrower(self.notes, role.value, f"{place.stage}, {role.value}")
                ticket = await self._ticket(place.room, role)
                try:
                    await thrower.enter(self._port, place.room, ticket)
                    return thrower
                except NotLetInError as why:
                    if str(why) != "room_full":
                        raise

    async def hellos(self, place: Place, bads: Sequence[Bad]) -> None:
        """Each of them as the first thing that is said; none of them lets anybody in."""
        gate = asyncio.Semaphore(AT_THE_DOOR)

        async def begin_with(bad: Bad) -> None:
            async with gate:
                code = await Thrower(self.notes, "observer", "at the door").begin_with(self._port, place.room, bad)
            if code != at_the_door(bad):
                self.notes.fault(f"at the door: {bad.name} is answered with {code or 'a welcome'}")

        async with asyncio.TaskGroup() as tasks:
            for bad in bads:
                tasks.create_task(begin_with(bad))

    async def texts(self, places: Sequence[Place], bads: Sequence[Bad], times: int = 2) -> None:
        """Each text somewhere as somebody, so many times at the same place by the same role.

        What can be read after all is thrown by observers, who may do nothing: the rooms stay in their phases.
        """
        shuffled = self._chance.sample(bads, len(bads))
        read = [bad for bad in shuffled if messages.understood(bad.text)]
        unread = [bad for bad in shuffled if not messages.understood(bad.text)]
        async with asyncio.TaskGroup() as tasks:
            for texts, roles in ((unread, ROLES), (read, (Role.OBSERVER,))):
                posts = [(place, role) for place in places for role in roles]
                for number, (place, role) in enumerate(posts):
                    tasks.create_task(self._throw_all(place, role, texts[number :: len(posts)] * times))

    async def commands(self, place: Place) -> None:
        """Every command by everybody, twice each with ids of their own; those that move the room come last."""
        stays = [command for command in messages.commands() if command["kind"] not in MOVES]
        moves = [command for command in messages.commands() if command["kind"] in MOVES]
        for role in ROLES:
            async with self.entered(place, role) as thrower:
                for command in stays:
                    for _ in range(2):
                        await thrower.throw([wish(command)])
        for number, command in enumerate(sorted(moves, key=lambda command: command["kind"] in ENDS)):
            for role in ROLES:
                async with self.entered(Place(place.room, f"{place.stage}, moved {number}"), role) as thrower:
                    await thrower.throw([wish(command)])

    async def commands_of_onlookers(self, places: Sequence[Place], count: int) -> None:
        """So many well shaped commands, all of which observers may not put, by one observer a room."""
        every = messages.commands()

        async def put(place: Place) -> None:
            async with self.entered(place, Role.OBSERVER) as thrower:
                for start in range(0, count // len(places), AT_A_TIME):
                    wishes = [wish(every[number % len(every)]) for number in range(start, start + AT_A_TIME)]
                    await thrower.throw(wishes)

        async with asyncio.TaskGroup() as tasks:
            for place in places:
                tasks.create_task(put(place))

    async def frames(self, place: Place, bads: Sequence[frames.BadFrames]) -> int:
        """Audio that is wrong, on an open microphone; gives the last frame that was safe in the end."""
        async with self.entered(place, Role.CANDIDATE) as thrower:
            stream = f"m-{self._chance.randrange(10**6)}"
            opened = await thrower.do({"kind": "open_microphone", "stream": stream, "sample_rate": 16_000})
            if opened != "accepted":
                self.notes.fault(f"{place.stage}: a microphone is answered with {opened}")
            shuffled = self._chance.sample(bads, len(bads))
            for start in range(0, len(shuffled), AT_A_TIME):
                await thrower.throw_frames([one for bad in shuffled[start : start + AT_A_TIME] for one in bad.messages])
            return await thrower.speak(GOOD_FRAMES)

    async def _throw_all(self, place: Place, role: Role, bads: Sequence[Bad]) -> None:
        for batch in _forgiven(bads):
            async with self.entered(place, role) as thrower:
                await thrower.throw(batch)


def at_the_door(bad: Bad) -> str:
    """The code for a socket that begins with this."""
    match messages.understood(bad.text):
        case Hello(protocol=protocol):
            return "ticket_invalid" if protocol in SPOKEN else "protocol_unknown"
        case _:
            return "hello_expected"


def _forgiven(bads: Sequence[Bad]) -> Iterator[list[Bad]]:
    """Cut into what one socket is forgiven."""
    for start in range(0, len(bads), FORGIVEN):
        yield list(bads[start : start + FORGIVEN])
