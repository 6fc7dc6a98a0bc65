"""Marking ahead of the end of an answer: what it saves, and that nobody sees what was taken back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rooms import commands as c
from rooms.interview.bank import load_bank
from rooms.protocol import TurnEnding
from rooms.state import Room, Turn
from server.marker import Marked, Marker
from server.scorer import Scorer
from server.shelf import Shelf
from tests.server.hearings import Echo, Heard, Rig, tone
from tests.speech import silence


class Slow(Marker):
    """Takes as long as it is told to, and remembers what it was asked to mark."""

    def __init__(self) -> None:
        super().__init__(load_bank(), Shelf())
        self.asked: list[str] = []
        self.cancelled = 0
        self.fails = 0
        self.go = asyncio.Event()

    async def mark(self, room: Room, turn: Turn) -> Marked:
        self.asked.append(turn.transcript.text)
        if self.fails:
            self.fails -= 1
            raise RuntimeError("no judge")
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await super().mark(room, turn)


@asynccontextmanager
async def heard(marker: Marker) -> AsyncIterator[Heard]:
    rig = Rig(turn_silence_ms=4_000)
    async with rig.up(), rig.room() as room, rig.hearing(Echo(), room), rig.feeds.follow(room.id) as feed:
        scoring = asyncio.create_task(Scorer(marker).serve(feed, rig.pen(room.id)))
        yield room
        scoring.cancel()


def ending(room: Heard) -> list[bool]:
    return [tell.on for tell in room.told("turn_ending") if isinstance(tell, TurnEnding)]


@pytest.fixture
async def marker() -> Slow:
    return Slow()


async def test_an_answer_is_marked_before_it_is_over_and_only_once(marker: Slow) -> None:
    async with heard(marker) as room:
        await room.say(tone(4, 640) + silence(3_500))
        await room.until(lambda: marker.asked == ["4x640"])
        assert room.turn.open
        assert ending(room) == [True]
        marker.go.set()
        await room.say(silence(2_000))
        await room.until(lambda: room.room.turns[0].score)
        assert marker.asked == [room.room.turns[0].transcript.text]


async def test_who_goes_on_takes_it_back_and_nobody_sees_what_was_marked(marker: Slow) -> None:
    async with heard(marker) as room:
        await room.say(tone(4, 640) + silence(3_500))
        await room.until(lambda: marker.asked)
        await room.say(tone(5, 640))
        await room.until(lambda: marker.cancelled)
        marker.go.set()
        await room.say(silence(6_000))
        await room.until(lambda: room.room.turns[0].score)
        assert marker.asked[-1] == room.room.turns[0].transcript.text == "4x640 5x640"
        assert ending(room)[:2] == [True, False]
        kinds = [record.event.kind for record in await room._rig.log.read(room.id, 0, 100)]
        assert kinds.count("turn_scored") == 1


async def test_a_moment_asked_for_takes_it_back_too(marker: Slow) -> None:
    async with heard(marker) as room:
        await room.say(tone(4, 640) + silence(3_500))
        await room.until(lambda: marker.asked)
        await room.do(c.HoldTurn(turn=1))
        await room.say(silence(500))
        await room.until(lambda: marker.cancelled)
        await room.say(silence(9_000))
        assert room.turn.open
        assert ending(room) == [True, False]


async def test_words_that_come_after_all_are_marked_with_the_rest(marker: Slow) -> None:
    marker.go.set()
    async with heard(marker) as room:
        await room.say(tone(4, 640) + silence(3_500))
        await room.until(lambda: marker.asked)
        await room.do(c.TypeAnswer(turn=1, text="And it is still so."))
        await room.finish()
        await room.until(lambda: room.room.turns[0].score)
        assert marker.asked[-1] == "4x640 And it is still so."


async def test_what_could_not_be_marked_early_is_marked_when_it_is_over(marker: Slow) -> None:
    marker.fails = 1
    marker.go.set()
    async with heard(marker) as room:
        await room.say(tone(4, 640) + silence(3_500))
        await room.until(lambda: marker.asked)
        await room.say(silence(2_000))
        await room.until(lambda: room.room.turns[0].score)
        assert len(marker.asked) == 2
