"""Asks the judges about one answer: a panel of them, the others standing in where one fails.

Decides who is asked and when to give up; then the marks by rules stand, with a sentence that says so. How one is
asked is `judge_run`'s.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from scoring.prompt import LONGEST
from scoring.verdict import Ballot
from server.breaker import Breaker
from server.judge_run import Answer, Provider, Run, Silence
from server.judge_settings import JudgeSettings
from server.ports import Clock, Judge, Purses

__all__ = ["Answer", "Heard", "Judges", "Silence"]


class Heard(NamedTuple):
    """What judges said: at least one ballot."""

    ballots: Sequence[Ballot]
    label: str


class Judges:
    """`panel`: how many providers mark together. All of it takes `deadline_s` at most."""

    def __init__(
        self,
        judges: Sequence[tuple[Judge, JudgeSettings]],
        purses: Purses,
        clock: Clock,
        *,
        deadline_s: float,
        panel: int = 1,
    ) -> None:
        self._providers = [Provider(judge, settings, Breaker()) for judge, settings in judges]
        self._purses, self._clock = purses, clock
        self._deadline_s, self._panel = deadline_s, panel

    async def close(self) -> None:
        for provider in self._providers:
            await provider.judge.close()

    async def ask(self, answer: Answer) -> Heard | Silence:
        """The ballots of as many providers as sit on the panel, or why there are none."""
        if sum(len(utterance.text) for utterance in answer.reading.transcript.utterances) > LONGEST:
            return Silence.TOO_LONG
        heard: list[Heard] = []
        why, waiting = Silence.NO_ANSWER, list(self._providers)
        try:
            async with asyncio.timeout(self._deadline_s):
                while waiting and len(heard) < self._panel:
                    wanted = self._panel - len(heard)
                    asked, waiting = waiting[:wanted], waiting[wanted:]
                    for said in await asyncio.gather(*(self._ask(provider, answer) for provider in asked)):
                        if isinstance(said, Silence):
                            why = said
                        else:
                            heard.append(said)
        except TimeoutError:
            why = Silence.NO_ANSWER
        if not heard:
            return why
        labels = " and ".join(dict.fromkeys(one.label for one in heard))
        return Heard([ballot for one in heard for ballot in one.ballots], labels)

    async def _ask(self, provider: Provider, answer: Answer) -> Heard | Silence:
        """All runs of one provider, side by side; those that failed are left out."""
        runs = [Run(provider, self._purses, self._clock, answer, n) for n in range(provider.settings.runs)]
        said = await asyncio.gather(*(run.go() for run in runs))
        ballots = [one for one in said if not isinstance(one, Silence)]
        if not ballots:
            return next(one for one in said if isinstance(one, Silence))
        return Heard(ballots, provider.judge.label)
