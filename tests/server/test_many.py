"""That audio is brought to rooms as long as there are any, and nothing is looked for while there is none."""

import asyncio

import pytest

from server.hearing import Hearing, many
from tests.server.hearings import Rig


async def test_a_worker_without_a_room_looks_for_no_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    async def look(self: Hearing, pool: object) -> None:
        looks.append(len(self._ears))

    monkeypatch.setattr(Hearing, "_bring", look)
    monkeypatch.setattr(many, "READ_EVERY_S", 0.0)
    rig = Rig()
    async with rig.up(), rig.hearing(None):
        for _ in range(100):
            await asyncio.sleep(0.0001)
    assert looks == []
    async with rig.up(), rig.room() as room, rig.hearing(None, room):
        await room.until(lambda: looks.count(1) > 2)
