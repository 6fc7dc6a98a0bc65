"""What each role may see: `view(event, role)` gives the event as that role sees it, or None.

A view of a room is the room in which unseen facts did not happen: fold the seen events with `state.after`.
Nothing reaches a socket except through here.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from functools import cache
from types import MappingProxyType
from typing import assert_never

from rooms import events as e
from rooms.events import KINDS, Event
from rooms.people import Role
from rooms.protocol import DeliverySoFar, Tell
from rooms.state import Room, replay

_STAFF = frozenset({Role.COACH, Role.INTERVIEWER, Role.SYSTEM})
_ALL = frozenset(Role)
_NOT_THE_CANDIDATE = _ALL - {Role.CANDIDATE}
_NOT_THE_OBSERVER = _ALL - {Role.OBSERVER}


class Sight(Enum):
    """How a role sees a kind of event."""

    HIDDEN = auto()
    RETOLD = auto()
    """With something left out: only `view` knows what."""
    AS_IT_IS = auto()
    """Word for word as the log has it: its JSON may be passed on."""


_RETOLD: Mapping[type[Event], frozenset[Role]] = MappingProxyType(
    {e.QuestionAsked: frozenset({Role.CANDIDATE}), e.RoomOpened: frozenset({Role.CANDIDATE, Role.OBSERVER})}
)


def seen_by(event: Event) -> frozenset[Role]:
    """The roles that see this fact at all."""
    match event:
        case e.NoteTaken() | e.NextQuestionChosen():
            return _STAFF
        case e.Whispered():
            return _NOT_THE_OBSERVER
        case e.TurnScored():
            return _NOT_THE_CANDIDATE  # the candidate reads scores in the report, not while being interviewed
        case (
            e.RoomOpened()
            | e.ParticipantJoined()
            | e.ParticipantLeft()
            | e.StartingSoon()
            | e.LobbyOpened()
            | e.ConsentGiven()
            | e.ConsentWithdrawn()
            | e.InterviewStarted()
            | e.TranscriberNamed()
            | e.MicrophoneOpened()
            | e.QuestionAsked()
            | e.QuestionRepeated()
            | e.AnswerBegan()
            | e.UtteranceHeard()
            | e.TurnHeld()
            | e.TurnLimitNear()
            | e.AnswerFinished()
            | e.TurnClosed()
            | e.InterviewerChanged()
            | e.InterviewPaused()
            | e.InterviewResumed()
            | e.EndRequested()
            | e.RoomClosed()
            | e.RoomRestored()
        ):
            return _ALL
        case _:
            assert_never(event)


def view(event: Event, role: Role) -> Event | None:
    """The event as this role sees it, or None where the role does not."""
    match sight(event.kind, role):
        case Sight.HIDDEN:
            return None
        case Sight.AS_IT_IS:
            return event
        case Sight.RETOLD:
            return _retold(event)
        case never:
            assert_never(never)


def _retold(event: Event) -> Event:
    match event:
        case e.QuestionAsked():
            return event.but(question=event.question.but(why=None, difficulty=None, points=(), reference=""))
        case e.RoomOpened():
            return event.but(terms=())
        case _:
            raise AssertionError(f"nobody wrote how {event.kind} is retold")


@cache
def sight(kind: str, role: Role) -> Sight:
    """How this role sees events of this kind. Whoever passes events on unread asks here; `view` does too."""
    made = KINDS[kind]
    if role not in seen_by(made.model_construct()):
        return Sight.HIDDEN
    return Sight.RETOLD if role in _RETOLD.get(made, ()) else Sight.AS_IT_IS


def snapshot(events: Iterable[Event], role: Role) -> Room | None:
    """The room as this role sees it."""
    return replay(seen for event in events if (seen := view(event, role)) is not None)


def hears(tell: Tell, role: Role) -> bool:
    """Whether this role is told: running figures would only distract the one who speaks."""
    return not (isinstance(tell, DeliverySoFar) and role is Role.CANDIDATE)
