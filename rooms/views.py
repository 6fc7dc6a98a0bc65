"""What each role may see: `view(event, role)` gives the event as that role sees it, or None.

A view of a room is the room in which unseen facts did not happen: fold the seen events with `state.after`.
Nothing reaches a socket except through here.
"""

from collections.abc import Iterable
from typing import assert_never

from rooms import events as e
from rooms.events import Event
from rooms.people import Role
from rooms.protocol import DeliverySoFar, Tell
from rooms.state import Room, replay

_STAFF = frozenset({Role.COACH, Role.INTERVIEWER, Role.SYSTEM})
_ALL = frozenset(Role)
_NOT_THE_CANDIDATE = _ALL - {Role.CANDIDATE}
_NOT_THE_OBSERVER = _ALL - {Role.OBSERVER}


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
    if role not in seen_by(event):
        return None
    if isinstance(event, e.QuestionAsked) and role is Role.CANDIDATE:
        question = event.question.model_copy(update={"why": None, "difficulty": None})
        return event.model_copy(update={"question": question})
    return event


def snapshot(events: Iterable[Event], role: Role) -> Room | None:
    """The room as this role sees it."""
    return replay(seen for event in events if (seen := view(event, role)) is not None)


def hears(tell: Tell, role: Role) -> bool:
    """Whether this role is told: running figures would only distract the one who speaks."""
    return not (isinstance(tell, DeliverySoFar) and role is Role.CANDIDATE)
