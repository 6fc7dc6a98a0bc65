"""What travels on a room's socket, both ways: messages, audio frames, close codes, limits, and the version.

Decides the wire's shapes and limits; never what a message leads to. The browser's types are generated from here.
Text messages are JSON objects with a `type`; binary messages are audio frames from the candidate.
"""

import struct
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter

from rooms.commands import FrameNumber, PersonCommand
from rooms.events import Event, Stream, TurnNumber
from rooms.people import Id, Participant
from rooms.state import Room
from rooms.transcript import Flaw, Word
from rooms.values import Value

VERSION = 2
"""The protocol's version. A server speaks this one and, for one release, the one before (`rooms.editions`)."""
SPOKEN = (1, 2)

# --- limits ---------------------------------------------------------------------------------------------------

MAX_MESSAGE_BYTES = 64 * 1024
"""A longer message, text or binary, closes the socket with MESSAGE_TOO_BIG."""
MAX_FRAME_BYTES = 12 + 2 * 16 * 200
"""An audio frame holds at most 200 ms of 16-bit audio at 16 kHz behind its header of 12 bytes."""
MAX_PIECE_BYTES = 12 + 32 * 1024
"""A piece of a recording has at most so many bytes behind the same header: 4 s of the best Opus for speech."""
HELLO_SECONDS = 5
"""A socket that has not said hello by then is closed with HELLO_EXPECTED."""


class Cursor(Value):
    """A place in a room's log. `version` alone lies after a failover; with `epoch` and `tag` it cannot."""

    epoch: Annotated[str, Field(max_length=64)]
    """Which life of the log."""
    version: Annotated[int, Field(ge=0)]
    """How many events the room has up to here."""
    tag: Annotated[str, Field(max_length=16)]
    """The short name of the event at `version`; another tag at the same version means that the log forked."""


# --- client to server -----------------------------------------------------------------------------------------


class Hello(Value):
    """The first message. With `resume`, the server sends what was missed instead of the whole room."""

    type: Literal["hello"] = "hello"
    protocol: int
    ticket: Annotated[str, Field(min_length=1, max_length=200)]
    """One-use, from POST /api/rooms/{room}/tickets; or the `return_ticket` of your last welcome."""
    resume: Cursor | None = None
    client: Annotated[str, Field(max_length=80)] = "unknown"
    takeover: bool = True
    """Whether a candidate who is here on another device takes over from it, or is refused. Who resumes always does."""


class Do(Value):
    """A wish. `id` is made by the client: sending the same one twice does it once."""

    type: Literal["do"] = "do"
    id: Annotated[Id, Field(max_length=40)]
    command: Annotated[PersonCommand, Field(discriminator="kind")]


class Typing(Value):
    """The candidate is writing. Told to the room, not kept."""

    type: Literal["typing"] = "typing"
    turn: TurnNumber


class Ping(Value):
    """Is anybody there? Answered with `pong`. For pages, which cannot send a WebSocket's own pings; since version 2."""

    type: Literal["ping"] = "ping"


ClientMessage = Hello | Do | Typing | Ping
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


# --- server to client -----------------------------------------------------------------------------------------


class ResetReason(StrEnum):
    """Why a room is sent whole instead of what was missed."""

    FIRST = "first"
    EPOCH = "epoch"
    """The log began a new life."""
    FORK = "fork"
    """The log went another way than the one the client saw."""
    TRIMMED = "trimmed"
    """What was missed is not in the log any more."""


class Welcome(Value):
    """Let in. Either `resumed` (the missed events follow) or `reset` with the whole `room`."""

    type: Literal["welcome"] = "welcome"
    protocol: int
    you: Participant
    cursor: Cursor
    """Where `room` stands, or, on a resume, where the missed events will have brought you."""
    resumed: int | None = None
    reset: ResetReason | None = None
    room: Room | None = None
    told: tuple["Telling", ...] = ()
    """The latest of what is told but not kept."""
    audio_through: int | None = None
    """The last frame of the open microphone stream that is safe."""
    durable: int = 0
    """How far the log is kept in the database as well; from here on `durable` messages say it."""
    return_ticket: str | None = None
    """Says hello once more in place of a new ticket: in this room, from this origin, in place of this connection, until
    you count as gone; from a page, while that is signed in as you. Refused with TICKET_INVALID where it does not hold
    any more: then get a new ticket, at once."""
    return_after_ms: int = 0
    """Your place in the line: when this connection is cut off, wait so long and a moment (up to 0.3 s) more before you
    come back, so that all who were on this worker find a free one."""


class Happened(Value):
    """A fact. Between the versions `after` and `version` nothing happened that you may see.

    With a cursor at `after` or behind it, all is well; with one before it, something was missed: come back and resume.
    """

    type: Literal["event"] = "event"
    version: int
    after: int
    tag: str
    at: int
    """Milliseconds since 1970, UTC."""
    event: Annotated[Event, Field(discriminator="kind")]


def happened_json(version: int, after: int, tag: str, at: int, event: bytes) -> bytes:
    """A `Happened` as JSON, around an event that is JSON already. `tag` is one of ours: nothing in it is escaped."""
    return b'{"type":"event","version":%d,"after":%d,"tag":"%b","at":%d,"event":%b}' % (
        version,
        after,
        tag.encode(),
        at,
        event,
    )


class Partial(Value):
    """An utterance under way. `stable` is certain: its final text begins with it. `unstable` is a guess at the rest."""

    kind: Literal["partial"] = "partial"
    turn: TurnNumber
    utterance: str
    stable: str
    unstable: str


class Speaking(Value):
    """Whether the candidate's voice is heard right now."""

    kind: Literal["speaking"] = "speaking"
    turn: TurnNumber | None
    on: bool


class DeliverySoFar(Value):
    """Running figures of the open turn, for the coach."""

    kind: Literal["delivery_so_far"] = "delivery_so_far"
    turn: TurnNumber
    words: int
    words_per_minute: float | None
    fillers: int
    pauses: int
    longest_pause_ms: int


class IsTyping(Value):
    kind: Literal["is_typing"] = "is_typing"
    turn: TurnNumber


class HearingTrouble(Value):
    """Hearing cannot keep up or has failed; `code` as in docs/ERRORS.md. Typing still works."""

    kind: Literal["hearing_trouble"] = "hearing_trouble"
    code: str
    sentence: str


class SoundQuality(Value):
    """What is wrong with the sound of the candidate's voice right now, and what to do about it; no flaws: nothing."""

    kind: Literal["sound_quality"] = "sound_quality"
    turn: TurnNumber
    flaws: tuple[Flaw, ...] = ()
    """The worst first."""
    to_candidate: str = ""
    to_others: str = ""


class TurnEnding(Value):
    """Hearing takes the silence for the likely end of the answer: who goes on speaking takes it back (`on` false)."""

    kind: Literal["turn_ending"] = "turn_ending"
    turn: TurnNumber
    on: bool


Tell = Partial | Speaking | DeliverySoFar | IsTyping | HearingTrouble | SoundQuality | TurnEnding
TELL: TypeAdapter[Tell] = TypeAdapter(Annotated[Tell, Field(discriminator="kind")])


class Telling(Value):
    """Something told and not kept: only the latest of each kind matters."""

    type: Literal["telling"] = "telling"
    what: Annotated[Tell, Field(discriminator="kind")]


class Accepted(Value):
    """Your command `id` is in the log: the room now has `version` events.

    Keep it until it is durable too: after a reset for another reason than `first`, put it again with the same id.
    """

    type: Literal["accepted"] = "accepted"
    id: str
    version: int


class Durable(Value):
    """The log is kept in the database up to `version`: whatever happens to Redis, what was accepted there stays."""

    type: Literal["durable"] = "durable"
    version: int


def accepted_json(id: Id, version: int) -> bytes:
    """An `Accepted` as JSON. Nothing in an id is escaped."""
    return b'{"type":"accepted","id":"%b","version":%d}' % (id.encode(), version)


class Refused(Value):
    """Your command `id` was not done. `retry`: the same command may succeed later."""

    type: Literal["refused"] = "refused"
    id: str | None
    code: str
    sentence: str
    retry: bool


class AudioSafe(Value):
    """Frames up to `through` are safe: the client may forget them. `through` None: none are yet."""

    type: Literal["audio_safe"] = "audio_safe"
    stream: Stream
    through: FrameNumber | None
    again: bool = False
    """Frames behind `through` arrived but were not kept (a gap, or hearing is behind): send from there again."""


class Pong(Value):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"


class Moving(Value):
    """This worker is going away: connect again within `within_ms`; another one answers."""

    type: Literal["moving"] = "moving"
    within_ms: int


class Goodbye(Value):
    """Said before the socket is closed with the code that goes with it."""

    type: Literal["goodbye"] = "goodbye"
    code: str
    sentence: str
    retry: bool


ServerMessage = Welcome | Happened | Telling | Accepted | Durable | Refused | AudioSafe | Pong | Moving | Goodbye
SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(Annotated[ServerMessage, Field(discriminator="type")])


# --- audio frames ---------------------------------------------------------------------------------------------

FRAME_VERSION = 1
PIECE_VERSION = 2
"""Of a piece of a recording, in a stream that was announced as one; since protocol 2."""
RESTED = 1
"""The one flag of a frame; since protocol 2. A server that speaks 1 takes no frame with it."""
_HEADER = struct.Struct(">BBHII")


class Frame(NamedTuple):
    """Some tens of milliseconds of audio.

    `seq` counts frames of the stream from 0. `capture_ms` is the stream's own clock when the frame's first sample
    was taken: frames that were never sent (a muted microphone) leave a gap in it, not in `seq`. `pcm` is signed
    16-bit little-endian, one channel, 16 kHz. `rested`: what lies between this frame and the one before was left out on
    purpose (muted, paused, a question read out); a gap in `capture_ms` without it is audio that is missing.
    """

    seq: int
    capture_ms: int
    pcm: bytes
    rested: bool = False

    @property
    def duration_ms(self) -> int:
        return len(self.pcm) // 32


def pack_frame(frame: Frame) -> bytes:
    """The binary message: version, flags, 0, seq, capture_ms (big-endian: u8 u8 u16 u32 u32), then the samples."""
    return _HEADER.pack(FRAME_VERSION, RESTED * frame.rested, 0, frame.seq, frame.capture_ms) + frame.pcm


class BadFrame(ValueError):
    """A binary message that is no audio frame. Its text says why."""


def unpack_frame(data: bytes, *, kept: bool = False) -> Frame:
    """The frame in a binary message; BadFrame if it is none.

    `kept`: as the audio log has it, where a piece of a recording came to more samples than travel at once, or to none.
    """
    if len(data) > MAX_FRAME_BYTES and not kept:
        raise BadFrame(f"a frame has at most {MAX_FRAME_BYTES} bytes, not {len(data)}")
    if len(data) < _HEADER.size + (0 if kept else 2):
        raise BadFrame("a frame has a header of 12 bytes and at least one sample")
    if (len(data) - _HEADER.size) % 2:
        raise BadFrame("samples are 16 bits: an even number of bytes")
    return _unpacked(data, FRAME_VERSION)


def pack_piece(piece: Frame) -> bytes:
    """A piece of a recording as a binary message: like a frame, PIECE_VERSION first, its bytes last."""
    return _HEADER.pack(PIECE_VERSION, RESTED * piece.rested, 0, piece.seq, piece.capture_ms) + piece.pcm


def unpack_piece(data: bytes) -> Frame:
    """The piece in a binary message, its bytes in the place of samples; BadFrame if it is none."""
    if not _HEADER.size < len(data) <= MAX_PIECE_BYTES:
        raise BadFrame(f"a piece has a header of 12 bytes, and {MAX_PIECE_BYTES} bytes at most")
    return _unpacked(data, PIECE_VERSION)


def _unpacked(data: bytes, expected: int) -> Frame:
    version, flags, reserved, seq, capture_ms = _HEADER.unpack_from(data)
    if version != expected or flags & ~RESTED or reserved:
        raise BadFrame(f"it begins with the bytes {expected} 0 0 0, or {expected} {RESTED} 0 0")
    return Frame(seq, capture_ms, data[_HEADER.size :], bool(flags))


# --- closing --------------------------------------------------------------------------------------------------


class Close(IntEnum):
    """Close codes. 4000 to 4499: come back (with your cursor). 4500 and up: do not, until something changes."""

    GOING_AWAY = 1012
    """The worker restarts. Come back at once: another one answers."""
    TRY_AGAIN = 4001
    """A part of Greenroom is away (Redis, say). Come back with growing pauses."""
    TOO_SLOW = 4002
    """You read too slowly. Come back; you resume where you were."""
    LOST_TRACK = 4003
    """The server could not keep your story whole. Come back; you get the room anew."""
    HELLO_EXPECTED = 4501
    TICKET_INVALID = 4502
    """Get a new ticket, then connect: this one is spent, expired, or for another room."""
    PROTOCOL_UNKNOWN = 4503
    MESSAGE_INVALID = 4504
    MESSAGE_TOO_BIG = 1009
    REFUSED = 4505
    """The room's rules refuse you entry; the goodbye says why."""
    TAKEN_OVER = 4506
    """You joined from another device; this one is done."""
    ORIGIN_REFUSED = 4507
    TOO_MUCH = 4508
    """More messages or audio than a person can make."""
    SIGNED_OUT = 4509
    """You signed out, or your invitation was withdrawn. Sign in again, then come back."""


MAY_RETURN = MappingProxyType({code: code == Close.GOING_AWAY or 4000 <= code < 4500 for code in Close})
"""Whether a client reconnects by itself after this code. It also does after 1006: the network dropped."""


class Wire(Value):
    """Every message in one value, from which the browser's types and the docs' schema are generated."""

    client: Annotated[ClientMessage, Field(discriminator="type")]
    server: Annotated[ServerMessage, Field(discriminator="type")]
    words: tuple[Word, ...] = ()


def schema() -> dict[str, Any]:
    """The JSON schema of the wire."""
    return Wire.model_json_schema(mode="serialization")
