"""Questions that come while one is on its way are asked together, next.

Decides what is asked together; never what is asked, or how long anybody waits for an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Together(Generic[Answer]):
    """Asks about many names at once, at most so many: a question costs the same for one as for fifty, about."""

    def __init__(self, ask: Callable[[Sequence[str]], Awaitable[Mapping[str, Answer]]], most: int) -> None:
        self._ask, self._most = ask, most
        self._turn = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[Answer | None]] = {}
        """Those that no question on its way includes: what is answered was asked after somebody came for it."""

    async def of(self, name: str) -> Answer | None:
        """The answer for this name; None where there is none. Raises what asking raises, to whoever asked."""
        answer = self._waiting.get(name)
        if answer is None:
            answer = self._waiting[name] = asyncio.get_running_loop().create_future()
        async with self._turn:
            if not answer.done():
                await self._ask_for(name, answer)
        return answer.result()

    async def _ask_for(self, name: str, answer: "asyncio.Future[Answer | None]") -> None:
        others = tuple(islice((other for other in self._waiting if other != name), self._most - 1))
        asked = {name: answer} | {other: self._waiting.pop(other) for other in others}
        if self._waiting.get(name) is answer:
            del self._waiting[name]
        try:
            found = await self._ask(tuple(asked))
        except BaseException:
            self._waiting = asked | self._waiting  # it failed for who asked; the next one asks anew
            raise
        for other, waiting in asked.items():
            waiting.set_result(found.get(other))
