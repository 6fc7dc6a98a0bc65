"""The people of a round, on the real client: a candidate who types, a coach who whispers and notes, an observer.

Decides what each of them does, from a seed; nobody ever says the same words twice, so that every word can be found
back. What reaches them is noted by `witness`; whoever cannot go on says so and leaves.
"""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from client import Greenroom, GreenroomError, RefusedError, Visit, connect
from rooms import commands as c
from rooms.people import Role
from rooms.phases import Phase
from rooms.state import Room
from scripts.hardening import history as h
from scripts.hardening.stage import Stage
from scripts.hardening.witness import note_end, watch
from tests.deployment import TOKEN

PATIENCE_S = 60.0
"""How long anybody waits for an answer, a question or a connection before they count as stuck."""
LENGTH = 3
MODES = ("behavioural", "technical", "system_design")
SPEECH = (
    "I measured where the time went because the release broke, decided to cache the result, asked two colleagues, and "
    "in ten weeks failures fell by 60 percent; the trade-off was stale figures, which the team took and I wrote down"
)
WORDS = tuple(SPEECH.split())


class Person:
    """One visitor who does things, one after the other."""

    def __init__(self, stage: Stage, visit: Visit, room: str, who: str, chance: random.Random) -> None:
        self.stage, self.visit, self.room, self.who, self.chance = stage, visit, room, who, chance
        self._said = 0
        watch(visit, room, who, stage.history)

    def words(self) -> str:
        """A sentence that nobody said before."""
        self._said += 1
        some = " ".join(self.chance.choices(WORDS, k=self.chance.randint(4, 20)))
        return f"{some} ({self.who} {self._said} {self.room}.)"

    async def do(self, command: c.PersonCommand) -> None:
        """Put a command until it is answered; in a time of doubling, once more with the same id."""
        id = f"{self.who}-{secrets.token_hex(6)}"
        await self.visit.insist(command, PATIENCE_S, id=id)
        if self.stage.doubling:
            await self.visit.do(command, PATIENCE_S, id=id)

    async def pause(self, shortest_s: float, longest_s: float) -> None:
        await asyncio.sleep(self.chance.uniform(shortest_s, longest_s))

    async def until(self, ready: Callable[[Room], bool], awaited: str) -> Room:
        return await self.visit.until(ready, PATIENCE_S, f"waited {PATIENCE_S:.0f} s in vain for {awaited}")

    async def until_closed(self) -> None:
        await self.until(closed, "the end of the interview")
        note_end(self.visit, self.room, self.who, self.stage.history)


class Candidate(Person):
    """Consents, starts, and types answers in pieces. Who `lingers` keeps typing the last one until all is healed."""

    lingers = False

    async def sit(self, began: asyncio.Event) -> None:
        await self.do(c.GiveConsent(notice=self.visit.room.notice))
        await self.do(c.StartInterview())
        for number in range(1, LENGTH + 1):
            await self.until(partial(_asked, number), f"question {number}")
            began.set()
            await self._answer(number)
        await self.until_closed()

    async def _answer(self, turn: int) -> None:
        if self.chance.random() < 0.1:
            await self.do(c.SkipQuestion(turn=turn))
            return
        for habit in (c.BeginAnswer, c.RepeatQuestion, c.HoldTurn):
            if self.chance.random() < 0.3:
                await self.do(habit(turn=turn))
        pieces = self.chance.randint(2, 8)
        while pieces > 0 or (turn == LENGTH and self.lingers and not self.stage.quiet.is_set()):
            self.visit.typing(turn)
            await self.do(c.TypeAnswer(turn=turn, text=self.words()))
            await self.pause(0.02, 0.3)
            pieces -= 1
        await self.do(c.FinishAnswer(turn=turn))


class Coach(Person):
    """Whispers, notes, and now and then holds the interview up for a moment."""

    also: Visit | None = None
    """The same coach on a second device."""

    async def sit(self) -> None:
        while not closed(self.visit.room):
            try:
                await self._meddle()
            except RefusedError as refused:
                if refused.code not in ("room_closed", "not_paused", "paused", "no_open_turn"):
                    raise
            await self.pause(0.05, 0.7)
        await self.until_closed()

    async def _meddle(self) -> None:
        match self.chance.choices(("whisper", "note", "pause"), (5, 5, 1))[0]:
            case "whisper":
                await self.do(c.Whisper(text=self.words()))
            case "note":
                await self.do(c.TakeNote(text=self.words()))
            case _:
                await self.do(c.PauseInterview())
                await self.pause(0.1, 0.5)
                await self.do(c.ResumeInterview())

    async def do(self, command: c.PersonCommand) -> None:
        """As everybody; in a time of doubling at the same moment on both devices, with one id."""
        if not (self.stage.doubling and self.also):
            return await super().do(command)
        id = f"{self.who}-{secrets.token_hex(6)}"
        both = (visit.do(command, PATIENCE_S, id=id) for visit in (self.visit, self.also))
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


class Interview:
    """One room of a round."""

    def __init__(self, stage: Stage, number: int, seed: str) -> None:
        self._stage, self._number = stage, number
        self._chance = random.Random(f"{seed}/{number}")
        self.room = ""
        self.began = asyncio.Event()
        """The first question is asked, or it came to nothing."""

    async def hold(self) -> None:
        """From opening the room to everybody's leaving. Never raises: who is stuck is in the history."""
        urls = self._stage.cluster.urls(self._chance)
        try:
            async with connect(urls=urls, token=TOKEN) as greenroom:
                self.room = (await greenroom.open_room(MODES[self._number % len(MODES)], LENGTH)).room
                self._stage.rooms.append(self.room)
                async with asyncio.TaskGroup() as people:
                    people.create_task(self._visit("candidate", Role.CANDIDATE, self._sit_as_candidate))
                    people.create_task(self._visit("coach", Role.COACH, self._sit_as_coach))
                    if self._number % 2:
                        people.create_task(self._visit("observer", Role.OBSERVER, self._look_in))
        except GreenroomError as error:
            self._is_stuck("candidate", f"no room: {error.sentence}")
        finally:
            self.began.set()

    def _is_stuck(self, who: str, sentence: str) -> None:
        self._stage.history.note(h.Stuck(room=self.room, who=who, sentence=sentence))

    async def look_back(self) -> None:
        """Come once more, in each role, as somebody who never was here."""
        async with connect(urls=self._stage.cluster.urls(self._chance), token=TOKEN) as greenroom:
            for role in (Role.CANDIDATE, Role.COACH, Role.OBSERVER):
                try:
                    async with greenroom.join(self.room, role, patience_s=PATIENCE_S) as visit:
                        mirror = visit.mirror
                        assert mirror.cursor is not None
                        self._stage.history.note(
                            h.Afresh(room=self.room, role=role, cursor=mirror.cursor, state=visit.room)
                        )
                except GreenroomError as error:
                    self._is_stuck(role.value, f"back: {error.sentence}")
            await self._read_report(greenroom)

    async def _visit(
        self, who: str, role: Role, sit: Callable[[Greenroom, Visit, random.Random], Awaitable[None]]
    ) -> None:
        """Each person has a client and chance of their own."""
        chance = random.Random(f"{self._chance.random()}/{who}")
        try:
            async with (
                connect(urls=self._stage.cluster.urls(chance), token=TOKEN) as greenroom,
                greenroom.join(self.room, role, patience_s=PATIENCE_S) as visit,
            ):
                await sit(greenroom, visit, chance)
        except GreenroomError as error:
            self._is_stuck(who, f"{type(error).__name__}: {error.sentence}")

    async def _sit_as_candidate(self, _: Greenroom, visit: Visit, chance: random.Random) -> None:
        candidate = Candidate(self._stage, visit, self.room, "candidate", chance)
        candidate.lingers = self._number % 4 != 3
        await candidate.sit(self.began)

    async def _sit_as_coach(self, greenroom: Greenroom, visit: Visit, chance: random.Random) -> None:
        coach = Coach(self._stage, visit, self.room, "coach", chance)
        async with AsyncExitStack() as devices:
            coach.also = await devices.enter_async_context(greenroom.join(self.room, Role.COACH, patience_s=PATIENCE_S))
            tablet = Person(self._stage, coach.also, self.room, "coach-tablet", chance)
            await coach.sit()
            await tablet.until_closed()

    async def _look_in(self, _: Greenroom, visit: Visit, chance: random.Random) -> None:
        await Person(self._stage, visit, self.room, "observer", chance).until_closed()

    async def _read_report(self, greenroom: Greenroom) -> None:
        try:
            report = await greenroom.wait_for_report(self.room, PATIENCE_S)
        except GreenroomError as error:
            self._is_stuck("candidate", f"report: {error.sentence}")
            return
        answers = tuple(
            tuple(utterance["text"] for utterance in turn["transcript"]["utterances"]) for turn in report["turns"]
        )
        self._stage.history.note(h.Reported(room=self.room, answers=answers))


def _asked(number: int, room: Room) -> bool:
    return len(room.turns) >= number


def closed(room: Room) -> bool:
    return room.phase is Phase.CLOSED
