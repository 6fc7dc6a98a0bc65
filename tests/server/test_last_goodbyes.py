"""The worker, when a room is archived: whoever a dead web worker left behind still leaves; then it is let go."""

from rooms import commands as c
from rooms.people import SYSTEM, Participant, Role
from server.feed import Feed
from server.pen import Pen
from tests.server.hearings import Rig
from tests.server.test_worker import TTL_MS, MemoryLeases, working
from tests.waiting import until

COACH = Participant(id="ben", name="Ben", role=Role.COACH)


async def archived(feed: Feed, pen: Pen) -> None:
    """A reader that has nothing left to do."""


async def test_a_web_worker_that_died_just_before_the_end_leaves_no_ghosts() -> None:
    rig, leases = Rig(worker_ttl_ms=TTL_MS), MemoryLeases()
    async with rig.up(), rig.room() as room:
        leases.open, leases.living = {"r-1"}, {"c", "web-2"}  # its time to live has not run out yet
        await room.do(c.Join(participant=COACH, connection="web-2.b", worker="web-2"), SYSTEM)
        async with working(rig, leases, archived):
            await until(lambda: "r-1" in leases.holder)
            leases.open, leases.living = set(), {"c"}
            await room.until(lambda: not room.room.people[1].here)
            await until(lambda: "r-1" not in leases.holder)
        assert room.room.people[0].here


async def test_a_room_that_everybody_has_left_is_let_go_at_once() -> None:
    rig, leases = Rig(worker_ttl_ms=60_000), MemoryLeases()
    async with rig.up(), rig.room() as room:
        leases.open = {"r-1"}
        await room.do(c.Leave(participant=room.room.people[0].participant.id, connection="c"), SYSTEM)
        async with working(rig, leases, archived):
            await until(lambda: leases.taken)
            leases.open = set()
            await until(lambda: "r-1" not in leases.holder)
