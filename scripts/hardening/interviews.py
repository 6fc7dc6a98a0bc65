"""The interviews of a round: who comes into which room, in which role, and who looks back afterwards.

Decides who is there; never what they do (`people`).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import time

from client import Greenroom, GreenroomError, Visit, connect
from rooms.people import Role
from scripts.hardening import history as h
from scripts.hardening.people import LENGTH, PATIENCE_S, TO_BE_LET_IN, Candidate, Coach, Person
from scripts.hardening.stage import Stage
from tests.deployment import TOKEN

PLANNED = 1
PLANNED_IN_S = (3.0, 6.0)
"""From the opening of the room until the planned time. The reminder comes 2 s before it."""
MODES = ("behavioural", "technical", "system_design")


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
        urls, history = self._stage.cluster.urls(self._chance), self._stage.history
        since_ms = history.now_ms()
        try:
            async with connect(urls=urls, token=TOKEN) as greenroom:
                mode = MODES[self._number % len(MODES)]
                self.room = (await greenroom.open_room(mode, LENGTH, starts_at=self._planned())).room
                self._stage.rooms.append(self.room)
                history.note(h.Waited(room=self.room, who="host", owed="a room", since_ms=since_ms))
                async with asyncio.TaskGroup() as people:
                    people.create_task(self._candidate())
                    people.create_task(self._visit("coach", Role.COACH, self._sit_as_coach))
                    if self._number % 2:
                        people.create_task(self._visit("observer", Role.OBSERVER, self._look_in))
        except GreenroomError as error:
            self._is_stuck("candidate", f"no room: {error.sentence}")
        finally:
            self.began.set()

    @property
    def _aloud(self) -> bool:
        return self._number == 0 and self._stage.cluster.hears

    def _planned(self) -> int | None:
        """One interview of a round is planned: its reminder and its beginning come due while things break."""
        if self._number != PLANNED:
            return None
        self.began.set()
        return int(1000 * (time() + self._chance.uniform(*PLANNED_IN_S)))

    def _is_stuck(self, who: str, sentence: str) -> None:
        self._stage.history.note(h.Stuck(room=self.room, who=who, sentence=sentence))

    async def look_back(self) -> None:
        """Come once more, in each role, as somebody who never was here."""
        async with connect(urls=self._stage.cluster.urls(self._chance), token=TOKEN) as greenroom:
            for role in (Role.CANDIDATE, Role.COACH, Role.OBSERVER):
                try:
                    async with AsyncExitStack() as stay:
                        join = greenroom.join(self.room, role, patience_s=PATIENCE_S)
                        with self._stage.history.waiting(self.room, f"late {role.value}", TO_BE_LET_IN):
                            visit = await stay.enter_async_context(join)
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
                AsyncExitStack() as stay,
            ):
                with self._stage.history.waiting(self.room, who, TO_BE_LET_IN):
                    visit = await stay.enter_async_context(greenroom.join(self.room, role, patience_s=PATIENCE_S))
                await sit(greenroom, visit, chance)
        except GreenroomError as error:
            self._is_stuck(who, f"{type(error).__name__}: {error.sentence}")

    async def _candidate(self) -> None:
        chance = random.Random(f"{self._chance.random()}/candidate")
        try:
            async with (
                connect(urls=self._stage.cluster.urls(chance), token=TOKEN) as greenroom,
                AsyncExitStack() as devices,
            ):
                candidate = Candidate(self._stage, greenroom, self.room, chance, devices)
                await candidate.arrive()
                candidate.lingers = self._number % 4 != 3
                candidate.speaks = self._aloud
                await candidate.sit(self.began)
        except GreenroomError as error:
            self._is_stuck("candidate", f"{type(error).__name__}: {error.sentence}")

    async def _sit_as_coach(self, greenroom: Greenroom, visit: Visit, chance: random.Random) -> None:
        coach = Coach(self._stage, visit, self.room, "coach", chance)
        coach.calm = self._aloud
        async with AsyncExitStack() as devices:
            with self._stage.history.waiting(self.room, "coach-tablet", TO_BE_LET_IN):
                join = greenroom.join(self.room, Role.COACH, patience_s=PATIENCE_S)
                coach.also = await devices.enter_async_context(join)
            tablet = Person(self._stage, coach.also, self.room, "coach-tablet", chance)
            await coach.sit()
            await tablet.until_closed()

    async def _look_in(self, _: Greenroom, visit: Visit, chance: random.Random) -> None:
        await Person(self._stage, visit, self.room, "observer", chance).look_on()

    async def _read_report(self, greenroom: Greenroom) -> None:
        try:
            with self._stage.history.waiting(self.room, "reader", "the report"):
                report = await greenroom.wait_for_report(self.room, PATIENCE_S)
        except GreenroomError as error:
            self._is_stuck("candidate", f"report: {error.sentence}")
            return
        answers = tuple(
            tuple(utterance["text"] for utterance in turn["transcript"]["utterances"]) for turn in report["turns"]
        )
        self._stage.history.note(h.Reported(room=self.room, answers=answers))
