"""A model's word on whether a turn is complete: one more summand, and never needed."""

import pytest

from rooms.events import Mode
from rooms.state import Room
from server.hearing.waiting import Waiting
from server.settings import Settings
from tests.memory_log import MemoryRoomLog
from tests.rooms.test_patience import LONG, turn


class Model:
    def __init__(self, complete: float | Exception) -> None:
        self.said, self.heard = complete, b""

    def complete(self, pcm: bytes) -> float:
        self.heard = pcm
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


async def waited(model: Model | None) -> int:
    settings = Settings.model_validate({"redis_url": "x", "database_url": "x", "secret_key": "x" * 32})
    room = Room(id="r", mode=Mode.TECHNICAL, length=3, notice="1", owner="o", opened_at=0, turns=(turn(LONG * 4),))
    waiting = Waiting(settings, MemoryRoomLog(), "r", model)
    waiting.hear(1, b"\1\0" * 512)
    await waiting.listen()
    return waiting.patience_ms(room)


async def test_a_voice_that_sounds_complete_is_waited_for_less() -> None:
    assert await waited(Model(0.9)) < await waited(None) < await waited(Model(0.1))


async def test_a_model_hears_the_turns_own_audio() -> None:
    model = Model(0.5)
    await waited(model)
    assert model.heard == b"\1\0" * 512


@pytest.mark.parametrize("said", [RuntimeError(), float("nan"), 7.0])
async def test_a_model_that_fails_or_says_nonsense_changes_nothing(said: float | Exception) -> None:
    assert await waited(Model(said)) == await waited(None)


async def test_however_sure_a_model_is_it_ends_no_answer_by_itself() -> None:
    assert await waited(Model(1.0)) == await waited(Model(0.95))
