"""Conversations in trouble, as the Python client had them, for the browser's client to be held to.

Run `python -m tests.laws.conversation_traces` to write client/web/src/room/conversation.fixture.json after the
protocol, the rooms' fold or a client's rules changed. Each trace is a row of what came in, with what the client said
to it, its cursor, and how many of its commands were unanswered, accepted and durable after it, and the room it had in
the end.
"""

import json
import random
from pathlib import Path
from typing import Any

from rooms.protocol import Close
from tests.client.troubled import Troubled

FIXTURE = Path(__file__).parents[2] / "client" / "web" / "src" / "room" / "conversation.fixture.json"
TRACES, TURNS = 10, 26
CODES = (1006, Close.GOING_AWAY, Close.TRY_AGAIN, Close.LOST_TRACK)


def story(seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    told = Troubled()
    told.come_back()
    told.arrive_down(1)
    for _ in range(TURNS):
        _something_happens(told, chance)
        told.check()
    told.settle()
    assert told.talk.mirror.room is not None
    return {"steps": told.trace, "room": told.talk.mirror.room.model_dump(mode="json")}


def _something_happens(told: Troubled, chance: random.Random) -> None:
    match chance.randrange(16):
        case 0 | 1 | 2 | 3:
            told.come_back()
            told.arrive_down(20)
            for _ in range(chance.randrange(3)):
                told.type()
            told.arrive_up(20)
            told.arrive_down(chance.randrange(12))
        case 4:
            told.type()
        case 5:
            told.coach_writes(chance.random() < 0.5)
        case 6:
            told.pause_or_go_on()
        case 7:
            told.drop(chance.choice(CODES))
        case 8 | 9:
            told.open_second()
        case 10 | 11:
            told.second_welcomes(chance.randrange(3))
        case 12:
            told.come_back()
            told.arrive_down(20)
            told.coach_writes(True)
            told.coach_writes(True)
            chance.choice((told.lose_one, told.double_one, told.swap_two))()
            told.arrive_down(2)
        case 13:
            told.archive(chance.randrange(1, 5))
        case 14:
            told.fail_over(chance.randrange(6))
            told.come_back()
            told.arrive_down(1)
            if chance.random() < 0.5:
                told.fault(chance.random() < 0.5)
        case 15:
            told.killed_and_restored()


def fixture() -> str:
    """One step a line, so that a change can be read."""
    stories = []
    for seed in range(TRACES):
        told = story(seed)
        lines = ",\n".join(json.dumps(step) for step in told["steps"])
        stories.append(f'{{"steps": [\n{lines}\n],\n"room": {json.dumps(told["room"])}}}')
    return "[\n" + ",\n".join(stories) + "\n]\n"


if __name__ == "__main__":
    FIXTURE.write_text(fixture())
