"""Every rule of a room: `decide(room, command, who, now_ms)` gives the events that follow, or a Refusal.

Decides what may happen; never when it is tried, who is told, or where it is kept. No events and no refusal means
that the wish is already true.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from rooms import commands as c
from rooms import due, entry
from rooms import events as e
from rooms.commands import Command
from rooms.events import Event
from rooms.people import Participant, Role
from rooms.phases import Phase
from rooms.refusals import Code, Refusal, refuse
from rooms.state import Presence, Room, Turn
from rooms.transcript import Source, Utterance

Decision = tuple[Event, ...] | Refusal

_CANDIDATE = frozenset({Role.CANDIDATE})
_STAFF = frozenset({Role.COACH, Role.INTERVIEWER})
_SEATED = _CANDIDATE | _STAFF
_SYSTEM = frozenset({Role.SYSTEM})

PERMITTED: Mapping[type[Command], frozenset[Role]] = MappingProxyType(
    {
        c.GiveConsent: _CANDIDATE,
        c.WithdrawConsent: _CANDIDATE,
        c.OpenLobby: _STAFF,
        c.StartInterview: _CANDIDATE,
        c.OpenMicrophone: _CANDIDATE,
        c.BeginAnswer: _CANDIDATE,
        c.TypeAnswer: _CANDIDATE,
        c.HoldTurn: _CANDIDATE,
        c.FinishAnswer: _CANDIDATE,
        c.SkipQuestion: _CANDIDATE,
        c.RepeatQuestion: _CANDIDATE,
        c.PauseInterview: _SEATED,
        c.ResumeInterview: _SEATED,
        c.EndInterview: _SEATED,
        c.Whisper: _STAFF,
        c.TakeNote: _STAFF,
        c.ChooseNext: _STAFF,
        c.TakeOver: _STAFF,
        c.HandBack: _STAFF,
        c.AskOwn: _STAFF,
        c.WriteNext: _STAFF,
        c.OpenRoom: _SYSTEM,
        c.Join: _SYSTEM,
        c.Leave: _SYSTEM,
        c.Remind: _SYSTEM,
        c.OpenOnTime: _SYSTEM,
        c.WarnOfLimit: _SYSTEM,
        c.CallTime: _SYSTEM,
        c.Abandon: _SYSTEM,
        c.NameTranscriber: _SYSTEM,
        c.AskQuestion: _SYSTEM,
        c.HearUtterance: _SYSTEM,
        c.CloseTurn: _SYSTEM,
        c.RecordScore: _SYSTEM,
        c.CloseRoom: _SYSTEM,
        c.NoteRestoration: _SYSTEM,
    }
)
"""Which roles may put which command. A human can always pause, end and take over."""


def decide(room: Room | None, command: Command, who: Participant, now_ms: int) -> Decision:
    """The events that follow from a command, or why there are none.

    `now_ms` is milliseconds since 1970, UTC. The role is the one under which `who` was let in.
    """
    if who.role not in PERMITTED[type(command)]:
        return refuse(Code.NOT_YOUR_ROLE)
    if isinstance(command, c.OpenRoom):
        return refuse(Code.ROOM_EXISTS) if room else entry.open_room(command, now_ms)
    if room is None:
        return refuse(Code.UNKNOWN_ROOM)
    at = max(0, now_ms - room.opened_at)
    if isinstance(command, c.Join):
        return entry.join(room, command, at)
    if isinstance(command, c.Leave):
        return entry.leave(room, command, at)
    if room.phase is Phase.CLOSED:
        return refuse(Code.ROOM_CLOSED)
    if who.role is not Role.SYSTEM and not entry.has_joined(room, who):
        return refuse(Code.NOT_IN_ROOM)
    match command:
        case c.GiveConsent():
            return entry.consent(room, command, who)
        case c.WithdrawConsent():
            return _withdraw(room, who, at)
        case c.StartInterview():
            return entry.start(room, who, now_ms)
        case c.OpenLobby():
            return (e.LobbyOpened(by=who.id),) if room.scheduled else ()
        case c.Remind():
            return due.remind(room)
        case c.OpenOnTime():
            return due.open_on_time(room, who, now_ms)
        case c.WarnOfLimit():
            return due.warn(room, command, at)
        case c.CallTime():
            return due.call_time(room, command.turn, at)
        case c.Abandon():
            return _end(room, who) if room.empty_ms == command.empty_ms else refuse(Code.NOT_DUE)
        case c.NameTranscriber():
            named = e.TranscriberNamed(label=command.label, caution=command.caution)
            return () if room.transcriber == named else (named,)
        case c.OpenMicrophone():
            return entry.open_microphone(room, command, at)
        case c.BeginAnswer():
            return _begin(room, command.turn, at)
        case c.TypeAnswer():
            return _type(room, command, at)
        case c.HoldTurn():
            turn = _answerable(room, command.turn)
            return turn if isinstance(turn, Refusal) else () if turn.held else (e.TurnHeld(turn=turn.number),)
        case c.FinishAnswer():
            return _finish(room, command.turn, e.Finish.DONE, command.stream, command.through)
        case c.SkipQuestion():
            return _finish(room, command.turn, e.Finish.SKIPPED)
        case c.RepeatQuestion():
            turn = _answerable(room, command.turn)
            return turn if isinstance(turn, Refusal) else (e.QuestionRepeated(turn=turn.number),)
        case c.PauseInterview():
            return _pause(room, who, at)
        case c.ResumeInterview():
            return (e.InterviewResumed(by=who.id, at_ms=at),) if room.paused else refuse(Code.NOT_PAUSED)
        case c.EndInterview():
            return _end(room, who)
        case c.Whisper():
            return (e.Whispered(by=who.id, text=command.text, at_ms=at),)
        case c.TakeNote():
            return (e.NoteTaken(by=who.id, text=command.text, at_ms=at),)
        case c.ChooseNext():
            return _choose(room, command, who)
        case c.TakeOver():
            return _take_over(room, who)
        case c.HandBack():
            return (e.InterviewerChanged(to=None),) if room.chair == who.id else refuse(Code.NOT_IN_THE_CHAIR)
        case c.AskOwn():
            return _ask_own(room, command, who, at)
        case c.WriteNext():
            return (
                refuse(Code.ENDING)
                if room.ending
                else (e.NextQuestionChosen(question=e.OWN, own=_own(command), by=who.id),)
            )
        case c.AskQuestion():
            return _ask(room, command, who, at)
        case c.HearUtterance():
            return _hear(room, command.turn, command.utterance, at)
        case c.CloseTurn():
            return _close_turn(room, command, at)
        case c.RecordScore():
            return _score(room, command)
        case c.CloseRoom():
            return _close(room, at)
        case c.NoteRestoration():
            return (e.RoomRestored(through=command.through, at_ms=at),)
        case _:
            assert_never(command)


# --- the answer -----------------------------------------------------------------------------------------------


def _answerable(room: Room, number: int) -> Turn | Refusal:
    """The open turn that a person means, if it can still be answered."""
    if room.phase is Phase.LOBBY:
        return refuse(Code.NOT_STARTED)
    turn = room.turn
    if turn is None:
        return refuse(Code.NO_OPEN_TURN)
    if turn.number != number:
        return refuse(Code.WRONG_TURN)
    if turn.finished:
        return refuse(Code.ALREADY_FINISHED)
    return refuse(Code.PAUSED) if room.paused else turn


def _began(room: Room, turn: Turn, at: int) -> tuple[Event, ...]:
    return (e.AnswerBegan(turn=turn.number, at_ms=at),) if room.phase is Phase.ASKING else ()


def _begin(room: Room, number: int, at: int) -> Decision:
    turn = _answerable(room, number)
    return turn if isinstance(turn, Refusal) else _began(room, turn, at)


def _type(room: Room, command: c.TypeAnswer, at: int) -> Decision:
    turn = _answerable(room, command.turn)
    if isinstance(turn, Refusal):
        return turn
    written = sum(len(known.text) for known in turn.utterances if known.source is Source.TYPED)
    if written + len(command.text) > c.MAX_TYPED_CHARACTERS:
        return refuse(Code.ANSWER_TOO_LONG)
    typed = Utterance(
        id=f"{turn.number}.typed.{len(turn.utterances)}",
        source=Source.TYPED,
        text=command.text,
        start_ms=at,
        end_ms=at,
    )
    return (*_began(room, turn, at), e.UtteranceHeard(turn=turn.number, utterance=typed))


def _finish(
    room: Room, number: int, reason: e.Finish, stream: str | None = None, through: int | None = None
) -> Decision:
    turn = _answerable(room, number)
    if isinstance(turn, Refusal):
        return turn
    return (e.AnswerFinished(turn=turn.number, reason=reason, stream=stream, through=through),)


def _hear(room: Room, number: int, utterance: Utterance, at: int) -> Decision:
    """Words that were spoken are kept as long as their turn is open, paused or not: nothing said is lost."""
    turn = room.turn
    if turn is None:
        return refuse(Code.NO_OPEN_TURN)
    if turn.number != number:
        return refuse(Code.WRONG_TURN)
    if room.withdrawn:
        return refuse(Code.CONSENT_NEEDED)
    if any(known.id == utterance.id or _overlap(known, utterance) for known in turn.utterances):
        return ()  # heard before, perhaps by another worker with another idea of where it began
    began = () if turn.finished else _began(room, turn, min(at, utterance.start_ms))
    return (*began, e.UtteranceHeard(turn=number, utterance=utterance))


def _overlap(known: Utterance, new: Utterance) -> bool:
    return known.source is new.source is Source.VOICE and new.start_ms < known.end_ms and known.start_ms < new.end_ms


def _close_turn(room: Room, command: c.CloseTurn, at: int) -> Decision:
    turn = room.turn
    if turn is None:
        return refuse(Code.NO_OPEN_TURN)
    if turn.number != command.turn:
        return refuse(Code.WRONG_TURN)
    if turn.finished:
        return (e.TurnClosed(turn=turn.number, reason=turn.finished.reason, at_ms=at),)
    if command.reason is None:
        return refuse(Code.NOTHING_SAID_YET)
    if room.paused:
        return refuse(Code.PAUSED)
    if command.reason is e.Finish.SILENCE and not turn.may_end_by_silence:
        return refuse(Code.TURN_HELD if turn.held else Code.NOTHING_SAID_YET)
    finished = e.AnswerFinished(turn=turn.number, reason=command.reason)
    return (finished, e.TurnClosed(turn=turn.number, reason=command.reason, at_ms=at))


def _score(room: Room, command: c.RecordScore) -> Decision:
    if command.turn > len(room.turns):
        return refuse(Code.WRONG_TURN)
    turn = room.turns[command.turn - 1]
    if turn.open:
        return refuse(Code.QUESTION_OPEN)
    if turn.score is not None:
        return refuse(Code.ALREADY_SCORED)
    if room.withdrawn:
        return refuse(Code.CONSENT_NEEDED)
    quotes = [
        *(q for mark in command.score.marks for q in mark.quotes),
        *(q for dimension in command.score.dimensions for q in dimension.quotes),
        *(q for dimension in command.score.dimensions if dimension.judged for q in dimension.judged.quotes),
        *command.delivery.fillers,
    ]
    if not all(turn.transcript.holds(quote) for quote in quotes):
        return refuse(Code.QUOTE_NOT_SAID)
    return (e.TurnScored(turn=command.turn, score=command.score, delivery=command.delivery),)


# --- the interviewer ------------------------------------------------------------------------------------------


def _ask(room: Room, command: c.AskQuestion, who: Participant, at: int) -> Decision:
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


def _ask_own(room: Room, command: c.AskOwn, who: Participant, at: int) -> Decision:
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
    return e.Question(id=None, text=written.text, kind=e.QuestionKind.OWN, points=written.points)


def _choose(room: Room, command: c.ChooseNext, who: Participant) -> Decision:
    if room.ending:
        return refuse(Code.ENDING)
    return (e.NextQuestionChosen(question=command.question, by=who.id),)


def _take_over(room: Room, who: Participant) -> Decision:
    presence, seat = room.presence(who.id), _chair_holder(room)
    if room.chair == who.id:
        return ()
    if presence is None or not presence.here:
        return refuse(Code.NOT_IN_ROOM)  # nobody would hand back for them, and no question would come
    if seat is not None and seat.here:
        return refuse(Code.CHAIR_TAKEN)
    return (e.InterviewerChanged(to=who.id),)


def _chair_holder(room: Room) -> Presence | None:
    return room.presence(room.chair) if room.chair else None


def _pause(room: Room, who: Participant, at: int) -> Decision:
    if room.phase is Phase.LOBBY:
        return refuse(Code.NOT_STARTED)
    return () if room.paused else (e.InterviewPaused(by=who.id, at_ms=at),)


def _end(room: Room, who: Participant) -> tuple[Event, ...]:
    if room.ending:
        return ()
    requested = e.EndRequested(by=who.id)
    turn = room.turn
    if turn is not None and not turn.finished:
        return (requested, e.AnswerFinished(turn=turn.number, reason=e.Finish.ENDED))
    return (requested,)


def _withdraw(room: Room, who: Participant, at: int) -> Decision:
    """In the lobby it can be given again. An interview that is under way ends: nothing may be heard any more."""
    if not room.consented:
        return ()
    withdrawn = e.ConsentWithdrawn(participant=who.id, at_ms=at)
    if room.phase is Phase.LOBBY:
        return (withdrawn,)
    ended = _end(room, who)
    return (*ended[:1], withdrawn, *ended[1:])


def _close(room: Room, at: int) -> Decision:
    if room.turn is not None:
        return refuse(Code.QUESTION_OPEN)
    if not room.questions_done:
        return refuse(Code.NOT_ENDING)
    if not room.all_scored:
        return refuse(Code.SCORES_MISSING)
    return (e.RoomClosed(at_ms=at, reason=room.closing or e.Closing.FINISHED),)
