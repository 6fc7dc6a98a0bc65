"""The rules of who asks and what comes next: the AI interviewer's questions, a coach's choice, the chair.

Decides what `rooms.decide` asks it; never who may put a command, or which question is a good one (`rooms.interview`).
"""

from rooms import commands as c
from rooms import events as e
from rooms.events import Event
from rooms.people import Participant
from rooms.phases import Phase
from rooms.refusals import Code, Refusal, refuse
from rooms.state import Presence, Room

Asking = tuple[Event, ...] | Refusal


def ask(room: Room, command: c.AskQuestion, who: Participant, at: int) -> Asking:
    """The next question, by Greenroom itself, or one that a coach chose."""
    if room.turn is not None:
        return refuse(Code.QUESTION_OPEN)
    if room.phase is not Phase.CHOOSING:
        return refuse(Code.NOT_STARTED)
    if command.turn != len(room.turns) + 1:
        return refuse(Code.WRONG_TURN)
    if room.questions_done:
        return refuse(Code.ENDING)
    if room.paused:
        return refuse(Code.PAUSED)
    if room.chair is not None and command.question.kind not in (e.QuestionKind.CHOSEN, e.QuestionKind.OWN):
        return refuse(Code.CHAIR_TAKEN)
    return (e.QuestionAsked(turn=command.turn, question=command.question, by=who.id, at_ms=at),)


def ask_own(room: Room, command: c.AskOwn, who: Participant, at: int) -> Asking:
    """A question of their own, put at once by who sits in the chair."""
    if room.chair != who.id:
        return refuse(Code.NOT_IN_THE_CHAIR)
    if room.phase is Phase.LOBBY:
        return refuse(Code.NOT_STARTED)
    if room.turn is not None:
        return refuse(Code.QUESTION_OPEN)
    if room.ending or room.full:
        return refuse(Code.ENDING)
    if room.paused:
        return refuse(Code.PAUSED)
    return (e.QuestionAsked(turn=len(room.turns) + 1, question=_own(command), by=who.id, at_ms=at),)


def _own(written: c.AskOwn | c.WriteNext) -> e.Question:
    return e.Question(
        id=None, text=written.text, kind=e.QuestionKind.OWN, points=written.points, reference=written.reference.strip()
    )


def write_next(room: Room, command: c.WriteNext, who: Participant) -> Asking:
    """A coach's own question, for the AI interviewer to ask next."""
    if room.ending:
        return refuse(Code.ENDING)
    return (e.NextQuestionChosen(question=e.OWN, own=_own(command), by=who.id),)


def choose(room: Room, command: c.ChooseNext, who: Participant) -> Asking:
    """A question of the bank, for the AI interviewer to ask next."""
    if room.ending:
        return refuse(Code.ENDING)
    return (e.NextQuestionChosen(question=command.question, by=who.id),)


def take_over(room: Room, who: Participant) -> Asking:
    """Sit down in the interviewer's chair, if nobody does."""
    presence, seat = room.presence(who.id), _chair_holder(room)
    if room.chair == who.id:
        return ()
    if presence is None or not presence.here:
        return refuse(Code.NOT_IN_ROOM)  # nobody would hand back for them, and no question would come
    if seat is not None and seat.here:
        return refuse(Code.CHAIR_TAKEN)
    return (e.InterviewerChanged(to=who.id),)


def hand_back(room: Room, who: Participant) -> Asking:
    """Leave the chair to the AI interviewer."""
    return (e.InterviewerChanged(to=None),) if room.chair == who.id else refuse(Code.NOT_IN_THE_CHAIR)


def _chair_holder(room: Room) -> Presence | None:
    return room.presence(room.chair) if room.chair else None
