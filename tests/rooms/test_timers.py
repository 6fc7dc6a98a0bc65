"""What comes due by itself in a room, and when."""

from collections.abc import Callable

import pytest

from rooms import commands as c
from rooms import events as e
from rooms.due import LEAST_NOTICE_MS
from rooms.people import SYSTEM
from rooms.refusals import Code
from rooms.timers import Limits, Timer, standing
from tests.rooms import stages as at
from tests.rooms.stages import ADA, GRACE, OPENED_AT, STARTS_AT, Stage

LIMITS = Limits(
    answer_ms=300_000, warning_ms=60_000, reminder_ms=120_000, abandoned_ms=3_600_000, unbegun_ms=86_400_000
)


def timers(stage: Stage) -> dict[str, Timer]:
    return {timer.name.partition(".")[0]: timer for timer in standing(stage.room, LIMITS)}


def due(stage: Stage, name: str) -> tuple[e.Event, ...]:
    """Let a timer fire at its time."""
    timer = timers(stage)[name]
    stage.now = timer.at_ms
    return stage.done(timer.command, SYSTEM)


# --- answers --------------------------------------------------------------------------------------------------


def test_an_answers_time_is_announced_and_then_called_once() -> None:
    stage = at.answering()
    (near,) = due(stage, "warn")
    assert near == e.TurnLimitNear(turn=1, at_ms=250_000, ends_ms=310_000)
    assert "warn" not in timers(stage)
    assert due(stage, "limit") == (e.AnswerFinished(turn=1, reason=e.Finish.LIMIT),)
    assert timers(stage) == {}


def test_time_counts_from_the_floor_and_not_from_the_reading_of_the_question() -> None:
    assert timers(at.asking())["warn"].at_ms == OPENED_AT + 240_000
    assert timers(at.answering())["warn"].at_ms == OPENED_AT + 250_000


def test_a_pause_stops_the_clock_and_takes_the_announcement_back() -> None:
    stage = at.answering()
    due(stage, "warn")
    stage.done(c.PauseInterview(), ADA)
    assert timers(stage) == {}
    assert stage.refused(c.CallTime(turn=1)) is Code.NOT_DUE
    stage.now += 1_000_000
    stage.done(c.ResumeInterview(), ADA)
    (near,) = due(stage, "warn")
    assert near == e.TurnLimitNear(turn=1, at_ms=1_250_000, ends_ms=1_310_000)


def test_the_clock_stands_still_while_the_candidate_is_away() -> None:
    stage = at.answering()
    stage.now += 10_000
    stage.leave(ADA)
    assert timers(stage) == {}
    stage.now += 500_000
    stage.join(ADA)
    assert timers(stage)["warn"].at_ms == OPENED_AT + 750_000


def test_away_within_a_pause_counts_once() -> None:
    stage = at.answering()
    stage.done(c.PauseInterview(), GRACE)
    stage.now += 1_000
    stage.leave(ADA)
    stage.now += 1_000
    stage.done(c.ResumeInterview(), GRACE)
    assert timers(stage) == {}
    stage.now += 1_000
    stage.join(ADA)
    assert stage.room.turns[0].counts_ms == 13_000


def test_a_question_asked_while_the_candidate_was_away_gives_its_whole_time() -> None:
    stage = at.choosing()
    stage.leave(ADA)
    stage.now += 50_000
    at.ask(stage)
    stage.now += 70_000
    stage.join(ADA)
    assert stage.room.turns[0].counts_ms == 120_000


def test_nobodys_time_runs_out_in_the_moment_they_come_back() -> None:
    stage = at.answering()
    stage.now = OPENED_AT + 309_000
    stage.done(c.PauseInterview(), ADA)
    stage.now += 60_000
    stage.done(c.ResumeInterview(), ADA)
    (near,) = stage.done(timers(stage)["warn"].command)
    assert isinstance(near, e.TurnLimitNear)
    assert near.ends_ms - near.at_ms == LEAST_NOTICE_MS


def test_a_stale_warning_is_refused() -> None:
    stage = at.answering()
    stale = timers(stage)["warn"].command
    stage.done(c.PauseInterview(), ADA)
    stage.now += 5_000
    stage.done(c.ResumeInterview(), ADA)
    assert stage.refused(stale) is Code.NOT_DUE


def test_time_is_not_called_before_it_is_up() -> None:
    stage = at.answering()
    due(stage, "warn")
    assert stage.refused(c.CallTime(turn=1)) is Code.NOT_DUE


@pytest.mark.parametrize("made", [at.settling, at.between, at.choosing])
def test_only_an_open_answer_has_a_limit(made: Callable[[], Stage]) -> None:
    assert not timers(made()).keys() & {"warn", "limit"}


# --- planned rooms --------------------------------------------------------------------------------------------


def test_a_planned_room_has_a_reminder_and_an_opening() -> None:
    stage = at.scheduled()
    assert [timer.at_ms for timer in standing(stage.room, LIMITS)] == [STARTS_AT - 120_000, STARTS_AT]
    assert due(stage, "remind") == (e.StartingSoon(starts_at=STARTS_AT),)
    assert due(stage, "open") == (e.LobbyOpened(by=SYSTEM.id),)
    assert timers(stage) == {}


def test_a_room_planned_for_in_a_moment_needs_no_reminder() -> None:
    stage = at.nowhere()
    stage.done(at.OPEN.model_copy(update={"starts_at": OPENED_AT + 60_000}))
    assert "remind" not in timers(stage)


# --- rooms that nobody is in ----------------------------------------------------------------------------------


def test_a_room_that_nobody_ever_came_to_ends_some_day() -> None:
    stage = at.nowhere()
    stage.done(at.OPEN)
    assert timers(stage)["abandoned"].at_ms == OPENED_AT + 86_400_000
    assert due(stage, "abandoned") == (e.EndRequested(by=SYSTEM.id),)
    stage.done(c.CloseRoom())
    assert stage.room.closing is e.Closing.ABANDONED


def test_a_planned_room_is_waited_for_from_its_time_on() -> None:
    stage = at.nowhere()
    stage.done(at.OPEN.model_copy(update={"starts_at": STARTS_AT}))
    assert timers(stage)["abandoned"].at_ms == STARTS_AT + 86_400_000


def test_an_interview_under_way_is_abandoned_when_the_last_person_was_gone_for_long() -> None:
    stage = at.answering()
    for who in at.EVERYBODY[:-1]:
        assert "abandoned" not in timers(stage)
        stage.now += 1_000
        stage.leave(who)
    assert timers(stage)["abandoned"].at_ms == stage.now + 3_600_000
    stage.join(GRACE)
    assert "abandoned" not in timers(stage)


def test_a_room_that_ends_or_is_over_has_no_timers() -> None:
    assert standing(at.ending().room, LIMITS) == standing(at.closed().room, LIMITS) == ()
