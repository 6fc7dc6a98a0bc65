"""A story told again: its lines, its times, and nobody who comes twice."""

from collections.abc import AsyncIterator
from io import StringIO

import pytest

from client.replay import replay
from client.screen import Screen
from rooms.events import Event
from rooms.protocol import Happened
from tests.laws.mirror_fixture import story

OPENED_AT = 1_795_000_000_000


async def told(*events: Event, every_ms: int = 1_000) -> AsyncIterator[Happened]:
    for version, event in enumerate(events, 1):
        yield Happened(version=version, after=version - 1, tag="t", at=OPENED_AT + every_ms * version, event=event)


class Clock:
    def __init__(self) -> None:
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.mark.parametrize(("speed", "each_s"), [(1.0, 1.0), (4.0, 0.25)])
async def test_a_story_takes_its_own_time_or_less(speed: float, each_s: float) -> None:
    clock, events = Clock(), story()
    assert await replay(told(*events), Screen(StringIO()), speed, clock.sleep) == len(events)
    assert clock.waited == [each_s] * (len(events) - 1)


async def test_at_once_waits_for_nothing() -> None:
    clock = Clock()
    await replay(told(*story()), Screen(StringIO()), None, clock.sleep)
    assert clock.waited == []


async def test_clocks_of_two_workers_that_differ_turn_no_time_back() -> None:
    clock = Clock()
    await replay(told(*story(), every_ms=-1), Screen(StringIO()), 1.0, clock.sleep)
    assert clock.waited == []


async def test_who_only_got_another_connection_did_not_come_again() -> None:
    out = StringIO()
    await replay(told(*story()), Screen(out), None)
    lines = out.getvalue()
    assert lines.count("Ben joined as coach.") == 1  # on two devices, one of which left
    assert lines.count("Ana joined as candidate.") == 3  # she was away twice
    assert lines.count("Ana left.") == 2


async def test_a_program_is_told_everything() -> None:
    out = StringIO()
    await replay(told(*story()), Screen(out, as_json=True), None)
    assert len(out.getvalue().splitlines()) == len(story())
