"""Where an interview stands, and which event moves it on: one table, from which the docs' diagram is drawn.

Decides nothing about who may cause an event (that is `decide`). Being paused is not a phase but a flag beside
it: what was under way goes on from where it was.
"""

from enum import StrEnum
from types import MappingProxyType


class Phase(StrEnum):
    LOBBY = "lobby"
    """People arrive, the candidate reads the notice and consents."""
    CHOOSING = "choosing"
    """The interviewer owes the next question, or the end."""
    ASKING = "asking"
    """A question is being put to the candidate."""
    ANSWERING = "answering"
    """The candidate has the floor."""
    SETTLING = "settling"
    """The answer is finished; its last words are still being written down."""
    CLOSED = "closed"
    """The interview is over. The room is read-only."""


TABLE = MappingProxyType(
    {
        (Phase.LOBBY, "interview_started"): Phase.CHOOSING,
        (Phase.CHOOSING, "question_asked"): Phase.ASKING,
        (Phase.ASKING, "answer_began"): Phase.ANSWERING,
        (Phase.ASKING, "answer_finished"): Phase.SETTLING,
        (Phase.ANSWERING, "answer_finished"): Phase.SETTLING,
        (Phase.SETTLING, "turn_closed"): Phase.CHOOSING,
        (Phase.LOBBY, "room_closed"): Phase.CLOSED,
        (Phase.CHOOSING, "room_closed"): Phase.CLOSED,
    }
)
"""(phase, kind of event) -> the phase after it. An event that is not here leaves the phase as it is."""


def following(phase: Phase, kind: str) -> Phase:
    """The phase after an event of this kind."""
    return TABLE.get((phase, kind), phase)
