"""What comes due by itself comes once, though the worker that set the timer is killed and Redis crashes meanwhile."""

import asyncio
import time
from collections.abc import Callable

from client import Greenroom, connect
from rooms.commands import TypeAnswer
from rooms.people import Role
from rooms.protocol import Happened
from tests.deployment import TOKEN, deployed
from tests.journeys.people import begin, next_turn
from tests.servers import Redis
from tests.waiting import DEADLINE_S

SHORT = {
    "ABANDONED_ROOM_S": "2",
    "EMPTY_ROOM_S": "1",
    "RECONNECT_GRACE_MS": "300",
    "REDIS_TIMEOUT_MS": "1000",
    "START_REMINDER_S": "2",
    "WORKER_TTL_MS": "1500",
}
PLANNED = 5


async def story(greenroom: Greenroom, room: str) -> list[Happened]:
    return [fact async for fact in greenroom.history(room)]


async def test_timers_fire_once_over_killed_workers_and_a_crash_of_redis(
    killable_redis: Callable[[], Redis],
) -> None:
    redis = killable_redis()
    with deployed(redis.url, **SHORT) as deployment:
        first, web = deployment.worker(), deployment.web()
        async with connect(web.url, token=TOKEN) as greenroom:
            left = await greenroom.open_room("behavioural")
            async with greenroom.join(left) as candidate:
                await begin(candidate)
                await next_turn(candidate, 1)
                await candidate.do(TypeAnswer(turn=1, text="I measured it and wrote it down."))
            starts_at = int(time.time() * 1000) + 6_000  # a loaded machine needs as long to open them and come in
            planned = [(await greenroom.open_room("technical", starts_at=starts_at)).room for _ in range(PLANNED)]
            async with greenroom.join(planned[0], Role.COACH) as coach:
                deployment.worker()
                await coach.until(lambda room: room.reminded)  # the timers are known, and one has fired
                first.kill()
                redis.kill()
                redis.start()
                await coach.until(lambda room: not room.scheduled)
            report = await greenroom.wait_for_report(left.room)
            async with asyncio.timeout(DEADLINE_S):
                while any([(await greenroom.room(room)).stage == "scheduled" for room in planned]):
                    await asyncio.sleep(0.05)
            for room in planned:
                facts = await story(greenroom, room)
                kinds = [fact.event.kind for fact in facts]
                assert (kinds.count("starting_soon"), kinds.count("lobby_opened")) == (1, 1), kinds
                assert next(fact.at for fact in facts if fact.event.kind == "lobby_opened") >= starts_at
            assert [turn["transcript"]["utterances"][0]["text"] for turn in report["turns"]] == [
                "I measured it and wrote it down."
            ]
            over = await story(greenroom, left.room)
            closings = [fact.event.model_dump(mode="json") for fact in over if fact.event.kind == "room_closed"]
            assert [closing["reason"] for closing in closings] == ["abandoned"]
        assert '"internal"' not in deployment.logs
