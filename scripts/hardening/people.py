"""The people of a round, on the real client: a candidate who types, a coach who whispers and notes, an observer.

Decides what each of them does, from a seed; nobody ever says the same words twice, so that every word can be found
back. What reaches them is noted by `witness`; whoever cannot go on says so and leaves.
"""

import asyncio
import random
import secrets
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic, time
from typing import Any

from client import ClosedError, Greenroom, GreenroomError, Microphone, RefusedError, Visit
from rooms import commands as c
from rooms.people import Role
from rooms.phases import Phase
from rooms.protocol import Close
from rooms.state import Room
from scripts.hardening import history as h
from scripts.hardening.muddle import muddle
from scripts.hardening.post import COMES_UP_S
from scripts.hardening.stage import Stage
from scripts.hardening.witness import note_end, watch

PATIENCE_S = COMES_UP_S + 60.0
"""How long anybody waits for an answer, a question or a connection before they give up: longer than all that was
killed may take to come up again, on however slow a machine, so that it is seen whether it comes at all. That it was
far too long is for an invariant to say (`nobody_waits_for_long`)."""
MOVE_DEADLINE_S = 20.0
TIME_IS_UP = frozenset({"wrong_turn", "no_open_turn", "already_finished", "ending"})
"""What somebody is told who still answers when the answer's limit has come; after the last answer also that all is
over, which it then is without anybody's doing."""
TO_BE_LET_IN = "the door"
LENGTH = 3
LOUD_WORDS = 130
"""What a loud whisper has: nearly as much as one may."""
LOUD_PAUSE_S = 0.1, 0.2
"""After three whispers on each device: with less, on a quick machine, they come to more than a person may say."""
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
        self._watched(visit, who)

    def _watched(self, visit: Visit, who: str) -> None:
        muddle(visit, self.room, who, self.stage, self.chance)
        watch(visit, self.room, who, self.stage.history)

    def words(self, count: int | None = None) -> str:
        """A sentence that nobody said before."""
        self._said += 1
        some = " ".join(self.chance.choices(WORDS, k=count or self.chance.randint(4, 20)))
        return f"{some} ({self.who} {self._said} {self.room}.)"

    async def do(self, command: c.PersonCommand) -> None:
        """Put a command until it is answered; in a time of doubling, once more with the same id."""
        id = f"{self.who}-{secrets.token_hex(6)}"
        await self.visit.insist(command, PATIENCE_S, id=id)
        if self.stage.doubling:
            await self.visit.do(command, PATIENCE_S, id=id)

    async def do_all(self, *commands: c.PersonCommand) -> None:
        """Put several: one after the other, or, in a time of muddle, at once."""
        if self.stage.muddling:
            await _all(self.do(command) for command in commands)
        else:
            for command in commands:
                await self.do(command)

    async def pause(self, shortest_s: float, longest_s: float) -> None:
        await asyncio.sleep(self.chance.uniform(shortest_s, longest_s))

    async def until(self, ready: Callable[[Room], bool], awaited: str, due_in_ms: int = 0) -> Room:
        with self.stage.history.waiting(self.room, self.who, awaited, due_in_ms):
            return await self.visit.until(ready, PATIENCE_S, f"waited {PATIENCE_S:.0f} s in vain for {awaited}")

    async def look_on(self) -> None:
        """Wait for the end, which is as far away as the others make it."""
        await self.visit.until(closed, PATIENCE_S, "the interview that was looked on never ended")
        await self.until_closed()

    async def until_closed(self) -> None:
        await self.until(closed, "the end of the interview")
        note_end(self.visit, self.room, self.who, self.stage.history)


class Candidate(Person):
    """Consents, starts, and types answers in pieces. Who `lingers` keeps typing the last one until all is healed."""

    lingers = False
    speaks = False
    """Answers the second question aloud."""

    def __init__(
        self, stage: Stage, greenroom: Greenroom, room: str, chance: random.Random, devices: AsyncExitStack
    ) -> None:
        self._greenroom, self._devices = greenroom, devices
        self._seat = AsyncExitStack()
        self._has_moved = self._has_died = False
        self.stage, self.room, self.who, self.chance, self._said = stage, room, "candidate", chance, 0

    async def arrive(self, who: str = "candidate", outbox: str = "candidate") -> None:
        """Be in the room, as `who`, with what is kept in this outbox."""
        self.who, self._seat = who, AsyncExitStack()
        self._devices.push_async_exit(self._seat)
        path = self.stage.cluster.directory / f"{self.room}.{outbox}.outbox"
        join = self._greenroom.join(self.room, Role.CANDIDATE, patience_s=PATIENCE_S, outbox=path)
        with self.stage.history.waiting(self.room, who, TO_BE_LET_IN):
            self.visit = await self._seat.enter_async_context(join)
        self._watched(self.visit, who)

    async def sit(self, began: asyncio.Event) -> None:
        due_in_ms = (self.visit.room.starts_at or 0) - int(1000 * time())
        await self.until(lambda room: not room.scheduled, "the planned time", due_in_ms)
        await self.do(c.GiveConsent(notice=self.visit.room.notice))
        await self.do(c.StartInterview())
        for number in range(1, LENGTH + 1):
            await self.until(partial(_asked, number), f"question {number}")
            began.set()
            try:
                await self._answer(number)
            except RefusedError as refused:
                if refused.code not in TIME_IS_UP and (refused.code, number) != ("room_closed", LENGTH):
                    raise
        await self.until_closed()

    async def _answer(self, turn: int) -> None:
        if self.speaks and turn == 2:
            return await self._speak(turn)
        if self.chance.random() < 0.1:
            await self.do(c.SkipQuestion(turn=turn))
            return
        for habit in (c.BeginAnswer, c.RepeatQuestion, c.HoldTurn):
            if self.chance.random() < 0.3:
                await self.do(habit(turn=turn))
        pieces = self.chance.randint(2, 8)
        while pieces > 0 or (turn == LENGTH and self.lingers and not self.stage.quiet.is_set()):
            await self._type(turn)
            await self.pause(0.02, 0.3)
            pieces -= 1
            if self.stage.silent and turn == LENGTH:
                self.stage.history.note(h.Silent(room=self.room, who=self.who, turn=turn))
                return
        await self.do(c.FinishAnswer(turn=turn))

    async def _speak(self, turn: int) -> None:
        from scripts.hardening.voice import SAID, say

        microphone = await self._microphone()
        await self.do(c.BeginAnswer(turn=turn))
        self.stage.speaking.set()
        await say(microphone)
        await self.do(c.FinishAnswer(turn=turn, stream=microphone.stream, through=microphone.through))
        self.stage.history.note(h.Spoken(room=self.room, who=self.who, turn=turn, text=SAID))

    async def _microphone(self) -> Microphone:
        until = monotonic() + PATIENCE_S
        while True:
            try:
                return await self.visit.open_microphone(PATIENCE_S)
            except RefusedError as refused:
                if not refused.retry or monotonic() > until:
                    raise
            await self.pause(0.2, 0.5)

    async def _type(self, turn: int) -> None:
        self.visit.typing(turn)
        if self.stage.moving and not self._has_moved:
            await self._move(c.TypeAnswer(turn=turn, text=self.words()))
        if self.stage.dying and not self._has_died:
            await self._die([c.TypeAnswer(turn=turn, text=self.words()) for _ in range(3)])
        sentences = 3 if self.stage.muddling else 1
        await self.do_all(*(c.TypeAnswer(turn=turn, text=self.words()) for _ in range(sentences)))

    async def _move(self, command: c.PersonCommand) -> None:
        """Go on from a second device, with a command under way on the first: put on both with one id, done once."""
        self._has_moved, first, id = True, self.visit, f"{self.who}-{secrets.token_hex(6)}"
        under_way = asyncio.create_task(first.insist(command, MOVE_DEADLINE_S, id=id))
        await self.arrive("candidate.phone", "phone")
        try:
            await under_way
            await first.until(lambda _: False, MOVE_DEADLINE_S)
        except ClosedError as ended:
            shown_the_door = ended.close == Close.TAKEN_OVER
        except GreenroomError:
            shown_the_door = False
        if not shown_the_door:
            sentence = "the first device was not taken over by the second"
            self.stage.history.note(h.Stuck(room=self.room, who="candidate", sentence=sentence))
        await self.visit.insist(command, PATIENCE_S, id=id)

    async def _die(self, wishes: Sequence[c.PersonCommand]) -> None:
        """Be killed with these under way, and come back as a new program that knows only what lies in the outbox."""
        self._has_died = True
        under_way = [asyncio.create_task(self.visit.do(wish, PATIENCE_S)) for wish in wishes]
        await self.pause(0.0, 0.03)
        if wire := self.visit._lifeline._in_use:
            wire.transport.abort()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._seat.aclose()
        self.stage.history.note(h.Killed(room=self.room, who=self.who))
        await self.pause(0.1, 1.0)
        await self.arrive("candidate.again")
        await self.until(lambda _: self.visit.standing.pending == 0, "what was kept to be answered")


class Coach(Person):
    """Whispers, notes, and now and then holds the interview up for a moment."""

    also: Visit | None = None
    """The same coach on a second device."""
    calm = False
    """Never pauses an interview."""

    async def sit(self) -> None:
        while not closed(self.visit.room):
            try:
                await self._meddle()
            except RefusedError as refused:
                if refused.code not in ("room_closed", "not_paused", "paused", "no_open_turn", "not_started"):
                    raise
            await self.pause(*(LOUD_PAUSE_S if self.stage.loud else (0.05, 0.7)))
        await self.until_closed()

    async def _meddle(self) -> None:
        if self.stage.loud:
            return await self._shout()
        match self.chance.choices(("whisper", "note", "pause"), (5, 5, not self.calm))[0]:
            case "whisper":
                await self.do_all(c.Whisper(text=self.words()), c.TakeNote(text=self.words()))
            case "note":
                await self.do(c.TakeNote(text=self.words()))
            case _:
                await self.do(c.PauseInterview())
                await self.pause(0.1, 0.5)
                await self.do(c.ResumeInterview())

    async def _shout(self) -> None:
        """As much as the limits let two devices say."""
        devices = [visit for visit in (self.visit, self.also) if visit]
        whispers = [(visit, c.Whisper(text=self.words(LOUD_WORDS))) for visit in devices for _ in range(3)]
        await _all(visit.insist(whisper, PATIENCE_S) for visit, whisper in whispers)

    async def do(self, command: c.PersonCommand) -> None:
        """As everybody; in a time of doubling at the same moment on both devices, with one id."""
        if not (self.stage.doubling and self.also):
            return await super().do(command)
        id = f"{self.who}-{secrets.token_hex(6)}"
        await _all(visit.do(command, PATIENCE_S, id=id) for visit in (self.visit, self.also))


async def _all(wishes: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Put several at once and hear all answers out: who left on the first refusal would leave others unanswered."""
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _asked(number: int, room: Room) -> bool:
    return len(room.turns) >= number


def closed(room: Room) -> bool:
    return room.phase is Phase.CLOSED
