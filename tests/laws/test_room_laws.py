"""The laws of a room, on thousands of walks through it. Each law is one test; walks.py makes the walks."""

import os
from itertools import pairwise
from operator import itemgetter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms import commands as c
from rooms import events as e
from rooms import lifecycle
from rooms.decide import decide_all
from rooms.events import EVENT
from rooms.people import SYSTEM, Role
from rooms.phases import TABLE, Phase
from rooms.protocol import Happened, happened_json
from rooms.refusals import Code, Refusal
from rooms.state import Room, after, replay
from rooms.timers import Limits, standing
from rooms.views import Sight, sight, snapshot, view
from server.adapters.redis_records import packed, unpacked
from server.ports import Record
from server.writer import Done, Writer
from tests.laws.walks import OPENED_AT, PEOPLE, SECRET_OF, Walk, commands, walks
from tests.memory_log import MemoryRoomLog

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "50"))
"""More of them for a long look: LAW_EXAMPLES=5000 pytest tests/laws/test_room_laws.py."""
law = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

HIDDEN_FROM = {
    Role.CANDIDATE: ("note", "why", "score", "chosen", "expected"),
    Role.OBSERVER: ("note", "whisper", "chosen"),
    Role.COACH: (),
    Role.INTERVIEWER: (),
}


@law
@given(walk=walks())
def test_replay_is_live(walk: Walk) -> None:
    assert replay(walk.events) == walk.room


@law
@given(walk=walks(), data=st.data())
def test_a_snapshot_and_the_tail_are_the_whole(walk: Walk, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(walk.events)))
    room = _kept(replay(walk.events[:cut]))
    for event in walk.events[cut:]:
        room = after(room, EVENT.validate_json(EVENT.dump_json(event)))
    assert room == walk.room


@law
@given(walk=walks(), data=st.data())
def test_coming_back_at_any_point_is_never_having_left(walk: Walk, data: st.DataObject) -> None:
    role = data.draw(st.sampled_from(list(HIDDEN_FROM)))
    left = data.draw(st.integers(0, len(walk.events)))
    back = data.draw(st.integers(left, len(walk.events)))
    room = _kept(snapshot(walk.events[:left], role))
    for event in (*walk.events[left:back], *walk.events[back:]):
        if (seen := view(event, role)) is not None:
            room = after(room, seen)
    assert room == snapshot(walk.events, role)


@law
@given(walk=walks())
def test_no_view_ever_holds_what_its_role_may_not_see(walk: Walk) -> None:
    for role, hidden in HIDDEN_FROM.items():
        room = snapshot(walk.events, role)
        told = "".join(seen.model_dump_json() for event in walk.events if (seen := view(event, role)))
        written = told + (room.model_dump_json() if room else "")
        for what in hidden:
            assert SECRET_OF[what] not in written
        if room and role is Role.CANDIDATE:
            assert all(turn.score is None and turn.delivery is None for turn in room.turns)
            assert all(turn.question.difficulty is None for turn in room.turns)


@law
@given(walk=walks())
def test_staff_see_all(walk: Walk) -> None:
    for role in (Role.COACH, Role.INTERVIEWER, Role.SYSTEM):
        assert snapshot(walk.events, role) == walk.room


@law
@given(walk=walks())
def test_deciding_ends_in_events_that_fold_or_in_a_refusal_with_a_sentence(walk: Walk) -> None:
    """That deciding and folding never raise is shown by the walk having been made."""
    for step in walk.steps:
        if isinstance(step.decision, Refusal):
            assert step.decision.code in Code
            assert step.decision.sentence.endswith(".")
        else:
            assert all(EVENT.validate_python(event) == event for event in step.decision)


@law
@given(walk=walks())
def test_deciding_again_on_the_same_room_says_the_same(walk: Walk) -> None:
    again = Walk()
    for step in walk.steps:
        again.put(step.command, step.who, step.now)
    assert again.steps == walk.steps


@law
@given(walk=walks(), data=st.data())
def test_what_is_decided_together_is_what_is_decided_one_by_one(walk: Walk, data: st.DataObject) -> None:
    before, now = walk.room, max((step.now for step in walk.steps), default=OPENED_AT)
    here = [presence.participant for presence in before.people] if before else []
    who = data.draw(st.sampled_from([*here, *PEOPLE]))
    lines = st.sampled_from([c.Whisper(text="On."), c.TakeNote(text="Good.")])
    together = data.draw(st.lists(lines | commands(before).map(itemgetter(0)), max_size=8))
    decisions = []
    for command in together:
        walk.put(command, who, now)
        decisions.append(walk.steps[-1].decision)
    refusal = next((decision for decision in decisions if isinstance(decision, Refusal)), None)
    assert decide_all(before, together, who, now) == (refusal or (decisions, walk.room))


@law
@given(walk=walks())
def test_a_room_is_never_at_odds_with_itself(walk: Walk) -> None:
    room: Room | None = None
    for event in walk.events:
        room = after(room, event)
        _assert_sound(room)


@law
@given(walk=walks())
def test_a_room_keeps_to_the_table_of_stages(walk: Walk) -> None:
    room: Room | None = None
    for event in walk.events:
        before, room = room, after(room, event)
        if before is None:
            assert (
                lifecycle.stage(room)
                is lifecycle.OPENING["room_opened, for later" if room.scheduled else "room_opened"]
            )
        else:
            was = lifecycle.stage(before)
            assert lifecycle.stage(room) is lifecycle.TABLE.get((was, event.kind), was)
        assert (room.empty_ms is None) == any(person.here for person in room.people)


LIMITS = Limits(answer_ms=9_000, warning_ms=3_000, reminder_ms=2_000, abandoned_ms=9_000, unbegun_ms=30_000)


@law
@given(walk=walks())
def test_what_comes_due_is_granted_at_its_time_and_comes_once(walk: Walk) -> None:
    """Fire each timer as it comes due until none is left."""
    now, fired = max((step.now for step in walk.steps), default=0), set[str]()
    while walk.room and (due := standing(walk.room, LIMITS)):
        timer = due[0]
        now = max(now, timer.at_ms)
        assert timer.name not in fired
        fired.add(timer.name)
        walk.put(timer.command, SYSTEM, now)
        decision = walk.steps[-1].decision
        assert not isinstance(decision, Refusal), (timer, decision)
        assert decision, timer


@law
@given(walk=walks())
def test_a_room_is_opened_first_and_once_and_nothing_but_coming_and_going_follows_its_close(walk: Walk) -> None:
    kinds = [event.kind for event in walk.events]
    assert kinds[:1] in ([], ["room_opened"])
    assert "room_opened" not in kinds[1:]
    if "room_closed" in kinds:
        assert set(kinds[kinds.index("room_closed") + 1 :]) <= {
            "participant_joined",
            "participant_left",
            "interviewer_changed",
        }


@law
@given(walk=walks())
def test_each_turn_is_asked_finished_closed_and_scored_at_most_once_and_in_that_order(walk: Walk) -> None:
    order = ("question_asked", "answer_finished", "turn_closed", "turn_scored")
    for number in range(1, len(walk.room.turns) + 1 if walk.room else 1):
        kinds = [event.kind for event in walk.events if getattr(event, "turn", None) == number]
        told = [kind for kind in kinds if kind in order]
        assert told == list(order[: len(told)])


@law
@given(walk=walks())
def test_no_word_is_added_to_a_closed_turn(walk: Walk) -> None:
    closed: set[int] = set()
    for event in walk.events:
        if isinstance(event, e.TurnClosed):
            closed.add(event.turn)
        assert not (isinstance(event, e.UtteranceHeard) and event.turn in closed)


@law
@given(walk=walks())
def test_every_quote_in_the_log_was_said(walk: Walk) -> None:
    room = walk.room
    for event in walk.events:
        if isinstance(event, e.TurnScored) and room:
            transcript = room.turns[event.turn - 1].transcript
            assert all(transcript.holds(quote) for mark in event.score.marks for quote in mark.quotes)


@law
@given(walk=walks())
def test_a_record_comes_back_from_the_log_as_it_was(walk: Walk) -> None:
    for version, event in enumerate(walk.events, 1):
        record = Record(version, f"t{version}", f"t{version - 1}", 1_795_000_000_000, 'c "1"', event)
        assert unpacked(packed(record)) == record
        assert unpacked(packed(record)).kind == event.kind


@law
@given(walk=walks(), role=st.sampled_from(Role))
def test_what_is_passed_on_as_it_is_written_is_what_the_view_would_say(walk: Walk, role: Role) -> None:
    """No role is shown more by a record's own JSON than by its view, and no less."""
    for version, event in enumerate(walk.events, 1):
        seen, how = view(event, role), sight(event.kind, role)
        assert (seen is None) == (how is Sight.HIDDEN)
        if how is Sight.AS_IT_IS:
            assert seen == event
            record = unpacked(packed(Record(version, "t", "", 1_795_000_000_000, "c", event)))
            message = Happened(version=version, after=version - 1, tag="t", at=record.at, event=event)
            said = happened_json(version, version - 1, "t", record.at, record.text)
            assert said.decode() == message.model_dump_json()


class Told:
    """A clock that says what it is told."""

    now = 0

    def now_ms(self) -> int:
        return self.now


@law
@given(walk=walks(most=40), data=st.data())
async def test_the_same_command_twice_is_the_command_once(walk: Walk, data: st.DataObject) -> None:
    """Granted commands come again at any later time, through a writer that knows them or through another one."""
    log, clock = MemoryRoomLog(), Told()
    writers = [Writer(log, None, clock), Writer(log, None, clock)]
    granted: dict[int, Done] = {}
    for number, step in enumerate(walk.steps):
        clock.now = step.now
        outcome = await data.draw(st.sampled_from(writers)).do("r-1", step.command, step.who, f"c-{number}")
        assert isinstance(outcome, Refusal) == isinstance(step.decision, Refusal)
        if isinstance(outcome, Done):
            granted[number] = outcome
        comes_again = data.draw(st.booleans())
        if granted and comes_again:
            again = data.draw(st.sampled_from(sorted(granted)))
            repeated = walk.steps[again]
            done = await data.draw(st.sampled_from(writers)).do("r-1", repeated.command, repeated.who, f"c-{again}")
            assert done == Done(granted[again].cursor, ())
    assert [record.event for record in await log.read("r-1", 0, 10_000)] == walk.events


def _kept(room: Room | None) -> Room | None:
    """The room after a trip through JSON, as a snapshot makes it."""
    return Room.model_validate_json(room.model_dump_json()) if room else None


def _assert_sound(room: Room) -> None:
    assert [turn.number for turn in room.turns] == list(range(1, len(room.turns) + 1))
    assert all(not turn.open for turn in room.turns[:-1])
    assert (room.turn is not None) == (room.phase in (Phase.ASKING, Phase.ANSWERING, Phase.SETTLING))
    if room.turn is not None:
        assert (room.turn.finished is not None) == (room.phase is Phase.SETTLING)
        if room.phase is not Phase.SETTLING:
            assert (room.turn.began_ms is not None) == (room.phase is Phase.ANSWERING)
    assert (room.closed_ms is not None) == (room.phase is Phase.CLOSED)
    assert room.phase in {Phase.LOBBY, *TABLE.values()}
    ids = [presence.participant.id for presence in room.people]
    assert len(ids) == len(set(ids))
    candidates = [p.participant.id for p in room.people if p.participant.role is Role.CANDIDATE]
    assert candidates == ([room.candidate] if room.candidate else [])
    chair = room.presence(room.chair) if room.chair else None
    assert room.chair is None or (chair is not None and chair.participant.role in (Role.COACH, Role.INTERVIEWER))
    held = [connection for presence in room.people for connection in presence.connections]
    assert all(len(p.connections) == len(set(p.connections)) for p in room.people), held
    for turn in room.turns:
        assert turn.score is None or not turn.open
        assert all(one.id != two.id for one, two in pairwise(turn.utterances))
