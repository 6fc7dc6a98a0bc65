"""The room as a state machine: people of every role wish for things while others leave, come back, and look on.

After each step everybody who is here has the room before their eyes that a newcomer of their role is shown, whether
they were there all the time, came back, or began with a snapshot; nobody has what is not theirs; and a writer on a log
says what `decide` says. Longer: LAW_EXAMPLES=2000 LAW_STEPS=200 pytest tests/laws/test_room_machine.py.
"""

import asyncio
import os
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rooms.commands import Command
from rooms.decide import decide
from rooms.events import EVENT, Event
from rooms.people import SYSTEM, Participant, Role
from rooms.refusals import Refusal
from rooms.state import Room, after, replay
from rooms.timers import Limits, standing
from rooms.views import snapshot, view
from server.writer import Done, Writer
from tests.laws.walks import OPENED_AT, SECRET_OF, commands
from tests.memory_log import MemoryRoomLog

HIDDEN_FROM = {
    Role.CANDIDATE: ("note", "why", "score", "chosen", "expected"),
    Role.OBSERVER: ("note", "whisper", "chosen"),
}
ROLES = st.sampled_from([Role.CANDIDATE, Role.COACH, Role.INTERVIEWER, Role.OBSERVER])
LIMITS = Limits(answer_ms=60_000, warning_ms=10_000, reminder_ms=5_000, abandoned_ms=90_000, unbegun_ms=120_000)


class Step(NamedTuple):
    command: Command
    who: Participant
    id: str
    done: Done


class Visitor:
    """Somebody with a room before their eyes, who may be away."""

    def __init__(self, role: Role, room: Room | None, version: int) -> None:
        self.role, self.room, self.version = role, room, version
        self.here = True

    def catch_up(self, events: list[Event]) -> None:
        for event in events[self.version :]:
            if (seen := view(event, self.role)) is not None:
                self.room = after(self.room, EVENT.validate_json(EVENT.dump_json(seen)))
        self.version = len(events)


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = OPENED_AT
        self.room: Room | None = None
        self.events: list[Event] = []
        self.steps: list[Step] = []
        self.visitors: list[Visitor] = []
        self.log = MemoryRoomLog()
        self.writer = Writer(self.log, None, self)
        self.runner = asyncio.Runner()
        self.number = 0

    def now_ms(self) -> int:
        return self.now

    def teardown(self) -> None:
        self.runner.close()

    # --- what happens ---

    @rule(data=st.data(), passes_ms=st.integers(-50, 5_000))
    def somebody_wishes(self, data: st.DataObject, passes_ms: int) -> None:
        self.now += passes_ms
        self._wish(*data.draw(commands(self.room)))

    @precondition(lambda self: bool(self.room and standing(self.room, LIMITS)))
    @rule(late_ms=st.integers(0, 5_000))
    def a_timer_comes_due(self, late_ms: int) -> None:
        assert self.room is not None
        timer = standing(self.room, LIMITS)[0]
        self.now = max(self.now, timer.at_ms + late_ms)
        before = len(self.events)
        self._wish(timer.command, SYSTEM)
        assert len(self.events) > before, f"{timer.name} was due and came to nothing"
        assert timer.name not in [later.name for later in standing(self.room, LIMITS)]

    @precondition(lambda self: self.steps)
    @rule(place=st.integers(0, 10_000))
    def a_wish_comes_again(self, place: int) -> None:
        """By a client that never heard the answer: it is not done again, whatever the room is like by now."""
        step = self.steps[place % len(self.steps)]
        again = self.runner.run(self.writer.do("r-1", step.command, step.who, step.id))
        assert again == Done(step.done.cursor, ())

    def _wish(self, command: Command, who: Participant) -> None:
        self.number += 1
        decision = decide(self.room, command, who, self.now)
        assert decide(self.room, command, who, self.now) == decision
        outcome = self.runner.run(self.writer.do("r-1", command, who, f"c-{self.number}"))
        if isinstance(decision, Refusal):
            assert outcome == decision
            return
        assert isinstance(outcome, Done)
        assert outcome.cursor.version == len(self.events) + len(decision)
        self.steps.append(Step(command, who, f"c-{self.number}", outcome))
        for event in decision:
            self.room = after(self.room, event)
            self.events.append(event)

    # --- who looks on ---

    @rule(role=ROLES)
    def somebody_comes(self, role: Role) -> None:
        self.visitors.append(Visitor(role, _kept(snapshot(self.events, role)), len(self.events)))

    @precondition(lambda self: self.visitors)
    @rule(place=st.integers(0, 100))
    def somebody_leaves_or_comes_back(self, place: int) -> None:
        visitor = self.visitors[place % len(self.visitors)]
        visitor.here = not visitor.here

    # --- what is so at every moment ---

    @invariant()
    def replay_is_live(self) -> None:
        assert replay(self.events) == self.room

    @invariant()
    def whoever_is_here_sees_what_a_newcomer_is_shown(self) -> None:
        for visitor in self.visitors:
            if visitor.here:
                visitor.catch_up(self.events)
                assert visitor.room == snapshot(self.events, visitor.role)

    @invariant()
    def nobody_sees_what_is_not_theirs(self) -> None:
        for visitor in self.visitors:
            told = visitor.room.model_dump_json() if visitor.room else ""
            assert not [what for what in HIDDEN_FROM.get(visitor.role, ()) if SECRET_OF[what] in told]


def _kept(room: Room | None) -> Room | None:
    """As it travels."""
    return Room.model_validate_json(room.model_dump_json()) if room else None


TestRoom = RoomMachine.TestCase
TestRoom.settings = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "15")),
    stateful_step_count=int(os.environ.get("LAW_STEPS", "40")),
    deadline=None,
    derandomize="LAW_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
