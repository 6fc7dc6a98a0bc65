"""Who can be in a room, and in which role. Never what a role may do (`decide`) or see (`views`)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from rooms.values import Value


class Role(StrEnum):
    CANDIDATE = "candidate"
    INTERVIEWER = "interviewer"
    COACH = "coach"
    OBSERVER = "observer"
    SYSTEM = "system"
    """Greenroom itself: hearing, interviewing, scoring. Never a person, never on a socket."""


Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
"""An identifier made by a shell: never made up inside a core."""


class Participant(Value):
    """A person in a room (or Greenroom itself, as SYSTEM)."""

    id: Id
    name: Annotated[str, Field(min_length=1, max_length=80)]
    role: Role


SYSTEM = Participant(id="greenroom", name="Greenroom", role=Role.SYSTEM)
