"""When hearing is full, who is refused then, and what operators see of it."""

from collections.abc import Sequence

import pytest

from server.adapters.redis_connection import RedisConnection
from server.adapters.redis_loads import RedisLoads
from server.errors import Failed
from server.loads import Admission, Load, Reporter, middle
from tests.server.hearings import Echo, Rig

FREE = Load(
    worker="w-1",
    transcriber="Echo",
    rooms=3,
    rooms_limit=100,
    voices=2,
    behind_ms=150,
    behind_limit_ms=2_000,
    busy_percent=40,
    busy_limit_percent=75,
)
BUSY = FREE.model_copy(update={"worker": "w-2", "busy_percent": 75})
BEHIND = FREE.model_copy(update={"worker": "w-3", "behind_ms": 2_000, "busy_percent": None})
MUTE = FREE.model_copy(update={"worker": "w-4", "transcriber": None})


class Said:
    """What workers said, as `server.loads.Loads` has it."""

    def __init__(self, *loads: Load) -> None:
        self.loads = loads

    async def say(self, load: Load) -> None:
        self.loads = (*self.loads, load)

    async def all(self) -> Sequence[Load]:
        return self.loads


@pytest.mark.parametrize("loads", [(BUSY,), (BEHIND,), (BUSY, BEHIND), (BUSY, MUTE)])
async def test_where_every_worker_that_hears_has_enough_no_more_microphones_are_opened(loads: tuple[Load, ...]) -> None:
    with pytest.raises(Failed) as failed:
        await Admission(Said(*loads)).admit()
    assert failed.value.problem.code == "hearing_full"
    assert failed.value.problem.retry
    assert "Type" in failed.value.problem.sentence


@pytest.mark.parametrize("loads", [(), (FREE,), (BUSY, FREE, BEHIND), (MUTE,)])
async def test_where_one_has_room_or_nothing_is_known_they_are(loads: tuple[Load, ...]) -> None:
    await Admission(Said(*loads)).admit()


def test_one_room_that_is_far_behind_does_not_stand_for_all() -> None:
    assert middle([]) == 0
    assert middle([60_000]) == 60_000
    assert middle([100, 60_000, 120]) == 120


async def test_a_worker_says_how_busy_its_recogniser_is_where_that_is_measured() -> None:
    class Measured(Echo):
        busy = 0.801

    settings = Rig(hearing_busy_limit_percent=80).settings
    load = Reporter("w-1", settings, Said(), Measured()).load(3, [100, 200, 300])
    assert (load.busy_percent, load.behind_ms, load.voices, load.rooms, load.full) == (80, 200, 3, 3, True)
    assert Reporter("w-1", settings, Said(), Echo()).load(0, []).busy_percent is None
    assert Reporter("w-1", settings, Said(), None).load(0, []).transcriber is None


async def test_what_workers_said_is_there_until_they_say_no_more(any_redis_url: str) -> None:
    async with RedisConnection(any_redis_url, 3_000) as redis:
        loads = RedisLoads(redis)
        assert await loads.all() == []
        for load in (BEHIND, FREE, BUSY, FREE.model_copy(update={"rooms": 4})):
            await loads.say(load)
        await redis.call("SET", "greenroom:hearing:w-2", b'{"of": "another release"}')
        assert await loads.all() == [FREE.model_copy(update={"rooms": 4}), BEHIND]
        await redis.call("DEL", "greenroom:hearing:w-1")  # as it goes by itself
        assert await loads.all() == [BEHIND]
        assert await redis.call("SCARD", "greenroom:hearing:workers") == 2


async def test_hearing_says_how_far_it_is_behind_in_rooms_with_a_voice() -> None:
    rig = Rig()
    async with rig.up(), rig.room() as room, rig.hearing(Echo(), room) as hearing:
        await room.until(lambda: hearing._ears)
        await room.say(bytes(32 * 400))
        rig.clock.ms += 900
        await room.taken_in(hearing)  # until then it is as far behind as the first of it
        (behind_ms,) = hearing.behind_ms
        assert 900 <= behind_ms < 900 + 400
