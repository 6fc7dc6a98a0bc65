"""Which rooms' audio is judged before which, and that nothing is looked for while there is no room."""

import asyncio

import pytest

from rooms.protocol import Frame
from server.hearing import Hearing, many
from server.hearing.many import _USUAL_FRAMES, _slices
from tests.server.hearings import Rig


def test_where_somebody_may_just_begin_is_judged_before_who_speaks_and_before_who_catches_up() -> None:
    little, much = [("m-1", Frame(0, 0, b""))], [("m-1", Frame(n, 40 * n, b"")) for n in range(_USUAL_FRAMES + 1)]
    found = {"behind": ("3", much), "speaking": ("1", little), "quiet": ("2", little), "still": ("4", little)}
    assert [set(some) for some in _slices(found, {"speaking", "behind"})] == [
        {"quiet", "still"},
        {"speaking"},
        {"behind"},
    ]


def test_nothing_is_judged_where_nothing_came() -> None:
    assert not [*_slices({}, set())]


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
