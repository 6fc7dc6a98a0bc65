"""The stages of a room, and rooms that are planned. That rooms keep to the table is a law: tests/laws."""

from collections.abc import Callable

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.events import EVENT
from rooms.lifecycle import MEANING, OPENING, REPORT_KEPT, TABLE, Stage, stage
from rooms.people import SYSTEM, Role
from rooms.refusals import Code
from tests.rooms import stages as at
from tests.rooms.stages import ADA, GRACE, OLA, STARTS_AT
from tests.rooms.test_decide import EXAMPLES

KINDS = frozenset(EVENT.json_schema()["discriminator"]["mapping"])


def test_the_table_speaks_of_events_that_exist_and_of_the_report() -> None:
    assert {kind for _, kind in TABLE} <= KINDS | {REPORT_KEPT}


def test_every_stage_is_reached_and_leads_to_being_archived() -> None:
    reached = set(OPENING.values()) | set(TABLE.values())
    assert reached == set(Stage) == set(MEANING)
    assert {before for before, _ in TABLE} == set(Stage) - {Stage.ARCHIVED}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (at.scheduled, Stage.SCHEDULED),
        (at.consented, Stage.LOBBY),
        (at.answering, Stage.LIVE),
        (at.paused, Stage.PAUSED),
        (at.ending, Stage.LIVE),
        (at.closed, Stage.ENDED),
    ],
)
def test_a_room_is_in_the_stage_that_people_see(made: Callable[[], at.Stage], expected: Stage) -> None:
    assert stage(made().room) is expected


def test_a_closed_room_whose_report_is_kept_is_archived() -> None:
    assert stage(at.closed().room, kept=True) is Stage.ARCHIVED
    assert stage(at.lobby().room, kept=True) is Stage.LOBBY


# --- planned for later ----------------------------------------------------------------------------------------


def test_people_may_come_before_the_time_and_see_when_it_begins() -> None:
    room = at.scheduled().room
    assert (room.starts_at, room.scheduled, room.consented) == (STARTS_AT, True, True)
    assert len(room.people) == 4


def test_a_coach_may_open_the_lobby_early_and_only_once() -> None:
    planned = at.scheduled()
    assert planned.done(c.OpenLobby(), GRACE) == (e.LobbyOpened(by=GRACE.id),)
    assert planned.done(c.OpenLobby(), GRACE) == ()
    assert planned.done(c.StartInterview(), ADA) == (e.InterviewStarted(),)


def test_a_candidate_may_not_open_it() -> None:
    assert at.scheduled().refused(c.OpenLobby(), ADA) is Code.NOT_YOUR_ROLE


def test_the_lobby_opens_when_its_time_has_come() -> None:
    planned = at.scheduled()
    planned.now = STARTS_AT
    assert planned.done(c.OpenOnTime()) == (e.LobbyOpened(by=SYSTEM.id),)
    assert planned.done(c.OpenOnTime()) == ()


def test_the_interview_starts_on_time_though_nobody_opened_the_lobby() -> None:
    planned = at.scheduled()
    planned.now = STARTS_AT
    assert planned.done(c.StartInterview(), ADA) == (e.LobbyOpened(by=ADA.id), e.InterviewStarted())


def test_a_reminder_is_said_once() -> None:
    planned = at.scheduled()
    assert planned.done(c.Remind()) == (e.StartingSoon(starts_at=STARTS_AT),)
    assert planned.done(c.Remind()) == ()


def test_a_time_that_has_just_passed_needs_no_waiting() -> None:
    late = at.nowhere()
    late.done(at.OPEN.model_copy(update={"starts_at": late.now - 60_000}))
    assert stage(late.room) is Stage.LOBBY


# --- over -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", set(EXAMPLES) - {c.OpenRoom, c.Join, c.Leave}, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("who", at.EVERYBODY, ids=lambda who: who.role.value)
def test_nothing_happens_in_a_room_that_is_over(kind: type[c.Command], who: at.Participant) -> None:
    assert at.closed().refused(EXAMPLES[kind], who) in {Code.ROOM_CLOSED, Code.NOT_YOUR_ROLE}


def test_people_come_and_go_in_a_room_that_is_over() -> None:
    over = at.closed()
    over.leave(OLA)
    assert over.join(OLA)
    assert stage(over.room) is Stage.ENDED


@pytest.mark.parametrize(
    ("made", "why"), [(at.closed, e.Closing.ENDED), (at.scored, e.Closing.FINISHED)], ids=["ended", "finished"]
)
def test_a_closed_room_knows_why_it_ended(made: Callable[[], at.Stage], why: e.Closing) -> None:
    over = made()
    while not over.room.questions_done:
        at.whole_turn(over)
    over.put(c.CloseRoom())
    assert over.room.closing is why


def test_whoever_everybody_left_is_brought_to_an_end() -> None:
    left = at.spoken_to()
    for who in at.EVERYBODY[:-1]:
        left.leave(who)
    assert left.room.empty_ms == 10_000
    ended = left.done(c.Abandon(empty_ms=10_000))
    assert ended == (e.EndRequested(by=SYSTEM.id), e.AnswerFinished(turn=1, reason=e.Finish.ENDED))
    left.done(c.CloseTurn(turn=1))
    left.done(at.record(1))
    left.done(c.CloseRoom())
    assert left.room.closing is e.Closing.ABANDONED


def test_whoever_came_back_is_not_abandoned() -> None:
    back = at.answering()
    for who in at.EVERYBODY[:-1]:
        back.leave(who)
    back.join(OLA)
    assert back.room.empty_ms is None
    assert back.refused(c.Abandon(empty_ms=10_000)) is Code.NOT_DUE


# --- the candidate's second device ----------------------------------------------------------------------------


def test_a_second_device_takes_over_or_is_refused_by_its_choice() -> None:
    here = at.lobby()
    refused = c.Join(participant=ADA, connection="w-1.x", worker="w-1", takeover=False)
    assert here.refused(refused) is Code.ALREADY_HERE
    here.done(refused.model_copy(update={"takeover": True}))
    presence = here.room.presence(ADA.id)
    assert presence is not None
    assert presence.connections == ("w-1.x",)


def test_who_is_away_is_let_in_by_any_device() -> None:
    away = at.lobby()
    away.leave(ADA)
    away.done(c.Join(participant=ADA, connection="w-1.x", worker="w-1", takeover=False))


def test_a_coach_may_be_here_twice() -> None:
    here = at.lobby()
    here.done(c.Join(participant=GRACE, connection="w-1.x", worker="w-1", takeover=False))
    presence = here.room.presence(GRACE.id)
    assert presence is not None
    assert len(presence.connections) == 2
    assert GRACE.role is Role.COACH
