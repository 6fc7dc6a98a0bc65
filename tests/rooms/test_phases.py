"""The table of phases: what it holds, and that rules and events keep to it."""

import pytest

from rooms.events import EVENT
from rooms.phases import TABLE, Phase, following

KINDS = frozenset(EVENT.json_schema()["discriminator"]["mapping"])


def test_the_table_speaks_of_events_that_exist() -> None:
    assert {kind for _, kind in TABLE} <= KINDS


def test_every_phase_is_reached_from_the_lobby() -> None:
    reached, grows = {Phase.LOBBY}, True
    while grows:
        new = {after for (before, _), after in TABLE.items() if before in reached} - reached
        reached, grows = reached | new, bool(new)
    assert reached == set(Phase)


def test_nothing_leads_out_of_a_closed_room() -> None:
    assert all(following(Phase.CLOSED, kind) is Phase.CLOSED for kind in KINDS)


def test_every_other_phase_can_end_in_a_closed_room() -> None:
    ends, grows = {Phase.CLOSED}, True
    while grows:
        new = {before for (before, _), after in TABLE.items() if after in ends} - ends
        ends, grows = ends | new, bool(new)
    assert ends == set(Phase)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_event_that_is_not_in_the_table_leaves_the_phase(phase: Phase, kind: str) -> None:
    assert following(phase, kind) is TABLE.get((phase, kind), phase)


def test_pausing_is_no_phase() -> None:
    assert not {kind for _, kind in TABLE} & {"interview_paused", "interview_resumed"}
