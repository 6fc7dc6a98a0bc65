from collections.abc import AsyncIterator

import pytest

from rooms.events import Finish
from tests.server.hearings import Echo, Rig, tone
from tests.speech import silence


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    async with rig.up():
        yield rig


async def test_what_was_said_is_written_with_the_rooms_time(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(silence(960) + tone(4, 640) + silence(1000))
        await room.until(lambda: room.texts)
        (utterance,) = room.turn.utterances
        assert utterance.text == "4x640"
        assert (utterance.words[0].start_ms, utterance.words[0].end_ms) == (960, 1600)
        assert utterance.start_ms == 640  # 300 ms of pre-roll, and the rest of the window that this begins in
        assert utterance.end_ms == 1800


async def test_silence_ends_the_turn(rig: Rig) -> None:
    async with rig.room() as room, rig.hearing(Echo(), room):
        await room.say(tone(4, 640) + silence(4000))
        turn = await room.closed()
        assert turn.finished is not None
        assert turn.finished.reason is Finish.SILENCE
