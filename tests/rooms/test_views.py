"""What each role sees, event by event. That no view ever leaks is a law: tests/laws/test_room_laws.py."""

import pytest

from rooms import events as e
from rooms.events import EVENT
from rooms.people import Role
from rooms.protocol import DeliverySoFar, HearingTrouble, IsTyping, Partial, SoundQuality, Speaking
from rooms.state import replay
from rooms.views import Sight, hears, seen_by, sight, snapshot, view
from tests.laws.mirror_fixture import story

STAFF = {Role.COACH, Role.INTERVIEWER, Role.SYSTEM}
ALL = set(Role)
SEEN: dict[str, set[Role]] = {
    "note_taken": STAFF,
    "next_question_chosen": STAFF,
    "whispered": ALL - {Role.OBSERVER},
    "turn_scored": ALL - {Role.CANDIDATE},
}
"""Who sees a fact, where not all do."""
BY_KIND: dict[str, e.Event] = {event.kind: event for event in story()}


def test_the_story_holds_every_kind_of_event() -> None:
    assert set(BY_KIND) == set(EVENT.json_schema()["discriminator"]["mapping"])


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_a_fact_is_seen_by_those_in_its_row(kind: str) -> None:
    assert seen_by(BY_KIND[kind]) == SEEN.get(kind, ALL)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("event", story(), ids=lambda event: event.kind)
def test_a_fact_that_is_seen_is_seen_as_it_is_but_for_a_candidates_question(event: e.Event, role: Role) -> None:
    seen = view(event, role)
    if role not in seen_by(event):
        assert seen is None
    elif isinstance(event, e.QuestionAsked) and role is Role.CANDIDATE:
        assert isinstance(seen, e.QuestionAsked)
        assert seen.question == event.question.model_copy(update={"why": None, "difficulty": None})
    else:
        assert seen == event


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("event", story(), ids=lambda event: event.kind)
def test_how_a_role_sees_a_kind_is_what_its_view_does(event: e.Event, role: Role) -> None:
    seen, how = view(event, role), sight(event.kind, role)
    if how is Sight.AS_IT_IS:
        assert seen is event
    else:
        assert how is (Sight.HIDDEN if seen is None else Sight.RETOLD)


def test_a_view_leaves_the_fact_itself_alone() -> None:
    asked = next(event for event in story() if isinstance(event, e.QuestionAsked) and event.question.why)
    view(asked, Role.CANDIDATE)
    assert asked.question.why


def test_what_a_candidate_sees_of_a_room_lacks_scores_notes_and_reasons() -> None:
    room = snapshot(story(), Role.CANDIDATE)
    assert room is not None
    assert room.turns
    assert all(turn.score is None and turn.delivery is None for turn in room.turns)
    assert all(turn.question.why is None and turn.question.difficulty is None for turn in room.turns)
    assert room.notes == ()
    assert room.whispers != ()


def test_what_an_observer_sees_lacks_whispers_and_notes() -> None:
    room = snapshot(story(), Role.OBSERVER)
    assert room is not None
    assert (room.whispers, room.notes) == ((), ())
    assert any(turn.score for turn in room.turns)


@pytest.mark.parametrize("role", sorted(STAFF))
def test_staff_see_the_room_as_it_is(role: Role) -> None:
    assert snapshot(story(), role) == replay(story())


def test_nobody_sees_a_room_without_events() -> None:
    assert all(snapshot([], role) is None for role in Role)


def test_running_figures_are_not_told_to_the_one_who_speaks() -> None:
    figures = DeliverySoFar(turn=1, words=9, words_per_minute=140.0, fillers=1, pauses=0, longest_pause_ms=0)
    assert {role for role in Role if not hears(figures, role)} == {Role.CANDIDATE}


@pytest.mark.parametrize(
    "tell",
    [
        Partial(turn=1, utterance="u-1", stable="we", unstable="cut"),
        Speaking(turn=1, on=True),
        IsTyping(turn=1),
        HearingTrouble(code="hearing_behind", sentence="Hearing is behind. Typing still works."),
        SoundQuality(turn=1),
    ],
    ids=lambda tell: tell.kind,
)
def test_all_else_is_told_to_all(tell: Partial | Speaking | IsTyping | HearingTrouble | SoundQuality) -> None:
    assert all(hears(tell, role) for role in Role)


@pytest.mark.parametrize(("role", "seen"), [(Role.COACH, ("Kafka",)), (Role.CANDIDATE, ()), (Role.OBSERVER, ())])
def test_the_terms_that_may_be_said_are_not_for_who_answers(role: Role, seen: tuple[str, ...]) -> None:
    opened = next(event for event in story() if isinstance(event, e.RoomOpened)).but(terms=("Kafka",))
    shown = view(opened, role)
    assert isinstance(shown, e.RoomOpened)
    assert shown.terms == seen
    room = snapshot([opened], role)
    assert room
    assert room.terms == seen
