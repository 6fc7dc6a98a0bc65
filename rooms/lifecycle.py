"""The stages in a room's life, from its planning to its being kept: one table, from which the docs are drawn.

Decides what stage a room is in, which is what people see of it in lists and what a shell asks for. What moves within an
interview is `rooms.phases`'; that a stage forbids something is `rooms.decide`'s.
"""

from enum import StrEnum
from types import MappingProxyType

from rooms.phases import Phase
from rooms.state import Room


class Stage(StrEnum):
    SCHEDULED = "scheduled"
    LOBBY = "lobby"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"
    ARCHIVED = "archived"


MEANING = MappingProxyType(
    {
        Stage.SCHEDULED: "Planned for later: people may come, consent and see when; a coach may open it early.",
        Stage.LOBBY: "People arrive; the candidate reads the notice, consents, and starts when ready.",
        Stage.LIVE: "Questions are asked and answered.",
        Stage.PAUSED: "Nothing is heard and no time runs; what was under way goes on from where it was.",
        Stage.ENDED: "Over, and read-only: people come and go, and nothing else happens. Its report is being written.",
        Stage.ARCHIVED: "Its report and all that happened are in the database, to be read and replayed.",
    }
)

REPORT_KEPT = "report_kept"
"""Not an event of a room, as a log cannot tell of its own keeping: the archiver kept the report."""

OPENING = MappingProxyType({"room_opened, for later": Stage.SCHEDULED, "room_opened": Stage.LOBBY})
"""How a room begins."""

TABLE = MappingProxyType(
    {
        (Stage.SCHEDULED, "lobby_opened"): Stage.LOBBY,
        (Stage.SCHEDULED, "room_closed"): Stage.ENDED,
        (Stage.LOBBY, "interview_started"): Stage.LIVE,
        (Stage.LOBBY, "room_closed"): Stage.ENDED,
        (Stage.LIVE, "interview_paused"): Stage.PAUSED,
        (Stage.LIVE, "room_closed"): Stage.ENDED,
        (Stage.PAUSED, "interview_resumed"): Stage.LIVE,
        (Stage.PAUSED, "end_requested"): Stage.LIVE,
        (Stage.PAUSED, "room_closed"): Stage.ENDED,
        (Stage.ENDED, REPORT_KEPT): Stage.ARCHIVED,
    }
)
"""(stage, kind of event) -> the stage after it. An event that is not here leaves the stage as it is.

That rooms keep to it, whatever happens in them, is a law: tests/laws/test_room_laws.py.
"""


def stage(room: Room, *, kept: bool = False) -> Stage:
    """The stage that a room is in. `kept`: whether its report is kept."""
    if room.phase is Phase.CLOSED:
        return Stage.ARCHIVED if kept else Stage.ENDED
    if room.phase is not Phase.LOBBY:
        return Stage.PAUSED if room.paused else Stage.LIVE
    return Stage.SCHEDULED if room.scheduled else Stage.LOBBY
