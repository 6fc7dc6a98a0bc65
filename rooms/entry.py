"""The rules before an interview's first question: opening a room, coming and going, consent, the start.

Decides what `rooms.decide` asks it; never who may put a command.
"""

from rooms import commands as c
from rooms import due
from rooms import events as e
from rooms.events import Event
from rooms.people import Participant, Role
from rooms.phases import Phase
from rooms.refusals import Code, Refusal, refuse
from rooms.state import Room

LONGEST_PLAN_MS = 366 * 24 * 3_600_000
"""How far ahead an interview may be planned."""
LATE_MS = 5 * 60_000
"""A planned time may be so long past when its room is opened: it then begins at once."""

Entry = tuple[Event, ...] | Refusal


def open_room(command: c.OpenRoom, now_ms: int) -> Entry:
    """A new room."""
    starts_at = command.starts_at
    if starts_at is not None and not now_ms - LATE_MS <= starts_at <= now_ms + LONGEST_PLAN_MS:
        return refuse(Code.BAD_START)
    opened = e.RoomOpened(
        room=command.room,
        mode=command.mode,
        length=command.length,
        notice=command.notice,
        owner=command.owner,
        opened_at=now_ms,
        starts_at=starts_at,
        profile=command.profile,
        seniority=command.seniority,
        weights=command.weights,
        encoder=command.encoder,
        judging=command.judging,
        terms=command.terms,
    )
    return (opened,)


def join(room: Room, command: c.Join, at: int) -> Entry:
    """Somebody comes in, or comes back. `at`: the room's time."""
    who = command.participant
    if who.role is Role.CANDIDATE and _seat_is_taken(room, who):
        return refuse(Code.SEAT_TAKEN)
    before = room.presence(who.id)
    if before and command.connection in before.connections:
        return ()
    if before and before.participant.role is not who.role and (before.here or who.id == room.candidate):
        return refuse(Code.NOT_YOUR_ROLE)  # nobody coaches the interview that they sit
    if before and before.here and who.role is Role.CANDIDATE and not command.takeover:
        return refuse(Code.ALREADY_HERE)
    return (e.ParticipantJoined(participant=who, connection=command.connection, worker=command.worker, at_ms=at),)


def _seat_is_taken(room: Room, who: Participant) -> bool:
    """Whether somebody else sits in the candidate's seat: for good once they consented, before that while here."""
    if room.candidate in (None, who.id):
        return False
    holder = room.presence(room.candidate)
    return room.consented or (holder is not None and holder.here)


def has_joined(room: Room, who: Participant) -> bool:
    """Whether this person ever entered in this role. Being away for a moment does not undo it."""
    presence = room.presence(who.id)
    return presence is not None and presence.participant.role is who.role


def leave(room: Room, command: c.Leave, at: int) -> Entry:
    """A connection is gone."""
    before = room.presence(command.participant)
    if before is None or command.connection not in before.connections:
        return ()
    left = e.ParticipantLeft(participant=command.participant, connection=command.connection, at_ms=at)
    if room.chair == command.participant and before.connections == (command.connection,):
        return (left, e.InterviewerChanged(to=None))
    return (left,)


def consent(room: Room, command: c.GiveConsent, who: Participant) -> Entry:
    """To the notice that the room shows, and no other."""
    if command.notice != room.notice:
        return refuse(Code.WRONG_NOTICE)
    if room.withdrawn:
        return refuse(Code.ENDING)
    return () if room.consented else (e.ConsentGiven(participant=who.id, notice=command.notice),)


def start(room: Room, who: Participant, now_ms: int) -> Entry:
    """A planned interview starts when its time has come, also where nobody has noticed that yet."""
    if room.phase is not Phase.LOBBY:
        return refuse(Code.ALREADY_STARTED)
    if room.scheduled and not due.has_come(room, now_ms):
        return refuse(Code.TOO_EARLY)
    if not room.consented:
        return refuse(Code.CONSENT_NEEDED)
    return (e.LobbyOpened(by=who.id), e.InterviewStarted()) if room.scheduled else (e.InterviewStarted(),)


def open_microphone(room: Room, command: c.OpenMicrophone, at: int) -> Entry:
    """After consent only."""
    if not room.consented:
        return refuse(Code.CONSENT_NEEDED)
    if command.sample_rate != c.SAMPLE_RATE_HZ:
        return refuse(Code.WRONG_SAMPLE_RATE)
    if room.microphone and room.microphone.stream == command.stream:
        return ()
    return (e.MicrophoneOpened(stream=command.stream, offset_ms=at, encoding=command.encoding),)
