"""Questions that are asked together."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from server.together import Together


class Asked:
    """Answers with the name in capitals, when it is let; knows no "x"."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, ...]] = []
        self.go = asyncio.Event()
        self.broken = False

    async def __call__(self, names: Sequence[str]) -> Mapping[str, str]:
        self.questions.append(tuple(names))
        await self.go.wait()
        if self.broken:
            self.broken = False
            raise OSError("broken")
        return {name: name.upper() for name in names if name != "x"}


async def begun(together: Together[str], *names: str) -> list[asyncio.Task[str | None]]:
    tasks = [asyncio.create_task(together.of(name)) for name in names]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_one_is_asked_is_asked_together_and_anew() -> None:
    asked = Asked()
    together = Together(asked, 3)
    tasks = await begun(together, "a", "b", "x", "a", "c", "d")
    asked.go.set()
    assert await asyncio.gather(*tasks) == ["A", "B", None, "A", "C", "D"]
    assert asked.questions == [("a",), ("b", "x", "a"), ("c", "d")]
    assert await together.of("a") == "A"
    assert asked.questions[-1] == ("a",)


async def test_a_question_that_fails_or_is_given_up_leaves_the_others_to_ask_again() -> None:
    asked = Asked()
    together = Together(asked, 3)
    first, second, third = await begun(together, "a", "b", "c")
    first.cancel()
    await asyncio.wait([first])
    while len(asked.questions) < 2:
        await asyncio.sleep(0)
    asked.broken = True
    asked.go.set()
    with pytest.raises(OSError, match="broken"):
        await second
    assert await third == "C"
    assert [sorted(question) for question in asked.questions] == [["a"], ["a", "b", "c"], ["a", "b", "c"]]
