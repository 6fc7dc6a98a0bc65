"""Every rule of a room: `decide(room, command, who, now_ms)` gives the events that follow, or a Refusal.

Who may put which command and the interview as a whole are here; the rest is asked of `entry` (before the first
question), `answering`, `asking` and `due` (what comes by itself). Decides what may happen; never when it is tried, who
is told, or where it is kept. No events and no refusal means that the wish is already true.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import assert_never

from rooms import answering, asking, due, entry
from rooms import commands as c
from rooms import events as e
from rooms.commands import Command
from rooms.events import Event
from rooms.people import Participant, Role
from rooms.phases import Phase
from rooms.refusals import Code, Refusal, refuse
from rooms.state import Room, replay

Decision = tuple[Event, ...] | Refusal

_LINES = frozenset({c.Whisper, c.TakeNote})

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
    match command:  # the most frequent first: each case is asked in turn
        case c.HearUtterance():
            return answering.hear(room, command.turn, command.utterance, at)
        case c.Whisper():
            return (e.Whispered.known(kind="whispered", by=who.id, text=command.text, at_ms=at),)
        case c.TakeNote():
            return (e.NoteTaken.known(kind="note_taken", by=who.id, text=command.text, at_ms=at),)
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
            return answering.begin(room, command, at)
        case c.TypeAnswer():
            return answering.typed(room, command, at)
        case c.HoldTurn():
            return answering.hold(room, command)
        case c.FinishAnswer():
            return answering.finish(room, command)
        case c.SkipQuestion():
            return answering.skip(room, command)
        case c.RepeatQuestion():
            return answering.repeat(room, command)
        case c.PauseInterview():
            return _pause(room, who, at)
        case c.ResumeInterview():
            return (e.InterviewResumed(by=who.id, at_ms=at),) if room.paused else refuse(Code.NOT_PAUSED)
        case c.EndInterview():
            return _end(room, who)
        case c.ChooseNext():
            return asking.choose(room, command, who)
        case c.TakeOver():
            return asking.take_over(room, who)
        case c.HandBack():
            return asking.hand_back(room, who)
        case c.AskOwn():
            return asking.ask_own(room, command, who, at)
        case c.WriteNext():
            return asking.write_next(room, command, who)
        case c.AskQuestion():
            return asking.ask(room, command, who, at)
        case c.CloseTurn():
            return answering.close_turn(room, command, at)
        case c.RecordScore():
            return answering.score(room, command)
        case c.CloseRoom():
            return _close(room, at)
        case c.NoteRestoration():
            return (e.RoomRestored(through=command.through, at_ms=at),)
        case _:
            assert_never(command)


def decide_all(
    room: Room | None, commands: Iterable[Command], who: Participant, now_ms: int
) -> tuple[list[tuple[Event, ...]], Room | None] | Refusal:
    """What follows from each of the commands that one person put together, and the room behind the last; or the first
    refusal. As if each were decided in the room that those before it made.

    No rule looks at lines: a room is made of them when another command comes, or when all are decided.
    """
    decided, lines = list[tuple[Event, ...]](), list[Event]()
    for command in commands:
        is_line = type(command) in _LINES
        if lines and not is_line:
            room, lines = replay(lines, room), []
        decision = decide(room, command, who, now_ms)
        if isinstance(decision, Refusal):
            return decision
        decided.append(decision)
        if is_line:
            lines += decision
        else:
            room = replay(decision, room)
    return decided, replay(lines, room)


# --- the interview as a whole ------------------------------------------------------------------------------------


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
