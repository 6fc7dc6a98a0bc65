"""One run of one judge: a question within its budget and its deadline, and once more where that may help.

Decides what is spent, what is tried again, and what the breaker learns of it. Never logs a word of question or reply.
"""

import asyncio
import logging
import time
from enum import StrEnum
from typing import NamedTuple

from scoring.prompt import Request, request
from scoring.reading import Reading
from scoring.rubric import Rubric
from scoring.verdict import Ballot, UnusableReply, ballot
from server.breaker import Breaker
from server.judge_settings import JudgeSettings
from server.ports import Clock, Judge, JudgeFailed, Purses, Unavailable

REPLY_TOKENS = 1_500
"""What a reply is reckoned to take before it is there."""
CHARACTERS_A_TOKEN = 3
"""Reckoned low, so that more is set aside than will be used."""
RETRY_PAUSE_S = 0.3
ROOM_S = 7 * 24 * 3600
DAY_S = 24 * 3600

_log = logging.getLogger(__name__)


class Silence(StrEnum):
    """Why no judge's marks are there: said with the score."""

    NO_ANSWER = "The judge did not answer; marked by rules."
    UNUSABLE = "The judge's reply could not be used; marked by rules."
    BUDGET = "The judge's budget is spent; marked by rules."
    TOO_LONG = "The answer is too long for the judge; marked by rules."


class Answer(NamedTuple):
    """Whose answer it is. Its words go into the question; the ids only into seeds and budgets."""

    room: str
    owner: str
    turn: int
    rubric: Rubric
    reading: Reading


class Overspent(Exception):
    """The budget does not hold another question."""


class Provider(NamedTuple):
    judge: Judge
    settings: JudgeSettings
    breaker: Breaker


class Run:
    """Make one for each run; `go` never raises but when it is cancelled."""

    def __init__(self, provider: Provider, purses: Purses, clock: Clock, answer: Answer, number: int) -> None:
        self._judge, self._settings, self._breaker = provider
        self._purses, self._answer = purses, answer
        self._request: Request = request(answer.rubric, answer.reading, f"{answer.room}/{answer.turn}/{number}")
        self._reckoned = self._request.characters // CHARACTERS_A_TOKEN + REPLY_TOKENS
        self._tries = 0
        name, day = self._judge.label.replace(" ", "_"), clock.now_ms() // (DAY_S * 1000)
        self._room_purse, self._owner_purse = f"room:{answer.room}:{name}", f"owner:{answer.owner}:{day}:{name}"

    async def go(self) -> Ballot | Silence:
        began = time.monotonic()
        found, fault = await self._asked(began)
        line = {
            "room": self._answer.room,
            "turn": self._answer.turn,
            "judge": self._judge.label,
            "fault": fault,
            "tries": self._tries,
            "judge_ms": round((time.monotonic() - began) * 1000),
        }
        _log.info("judge", extra=line)
        return found

    async def _asked(self, began: float) -> tuple[Ballot | Silence, str | None]:
        """What came of it, and a word for what went wrong."""
        if not self._breaker.lets_through(began):
            return Silence.NO_ANSWER, "breaker_open"
        try:
            async with asyncio.timeout(self._settings.total_ms / 1000):
                found = await self._twice_at_most(began)
        except (JudgeFailed, TimeoutError) as failed:
            self._breaker.failed(time.monotonic())
            return Silence.NO_ANSWER, failed.fault if isinstance(failed, JudgeFailed) else "deadline"
        except UnusableReply as unusable:
            # It may be this answer that confuses it: one candidate must not take the judge from all others.
            self._breaker.gave_up()
            return Silence.UNUSABLE, unusable.fault.value
        except Overspent:
            self._breaker.gave_up()
            return Silence.BUDGET, "budget"
        except BaseException:  # we were told to stop: nobody knows how it would have gone
            self._breaker.gave_up()
            raise
        self._breaker.succeeded()
        return found, None

    async def _twice_at_most(self, began: float) -> Ballot:
        try:
            return await self._once()
        except UnusableReply:
            pause_s = 0.0
        except JudgeFailed as failed:
            if not failed.again:
                raise
            pause_s = RETRY_PAUSE_S if failed.after_s is None else failed.after_s
            if time.monotonic() + pause_s >= began + self._settings.total_ms / 1000:
                raise
        await asyncio.sleep(pause_s)
        return await self._once()

    async def _once(self) -> Ballot:
        if not await self._take(self._reckoned):
            raise Overspent
        self._tries += 1
        used = None
        try:
            reply = await self._judge.ask(self._request)
            used = reply.tokens
        except JudgeFailed as failed:
            used = failed.tokens
            raise
        finally:
            if used is not None:  # where nobody knows, what was reckoned stays spent
                await self._settle(used - self._reckoned)
        return await asyncio.to_thread(ballot, reply.text, self._answer.rubric, self._answer.reading)

    async def _take(self, tokens: int) -> bool:
        """Whether both budgets hold so many more. What cannot be counted is not spent."""
        try:
            if not await self._purses.spend(self._room_purse, tokens, self._settings.tokens_per_room, ROOM_S):
                return False
            limit = self._settings.tokens_per_owner_day
            if await self._purses.spend(self._owner_purse, tokens, limit, 2 * DAY_S):
                return True
            await self._purses.settle(self._room_purse, -tokens)
        except Unavailable:
            _log.warning("the judge's budget cannot be counted", extra={"room": self._answer.room})
        return False

    async def _settle(self, difference: int) -> None:
        try:
            for purse in (self._room_purse, self._owner_purse):
                await self._purses.settle(purse, difference)
        except Unavailable:
            _log.warning("the judge's budget stays as it was reckoned", extra={"room": self._answer.room})
