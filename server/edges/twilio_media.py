"""Twilio Media Streams, spoken over a room: a candidate on the telephone.

Decides how a call's frames become a voice: mu-law at 8 kHz in pieces of 20 ms, each with a number and the time on the
call's clock. Late pieces are put in their place within a tenth of a second; lost ones leave the gap that they are, so
that the room knows of it. `#` says "I am done", `*` asks for a moment. Nothing is said back: a room has no voice of
its own here, so whoever runs the telephone reads the questions out (docs/HEARING.md).
"""

from base64 import b64decode
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rooms.events import RoomClosed
from rooms.protocol import (
    VERSION,
    Accepted,
    AudioSafe,
    Goodbye,
    Happened,
    Hello,
    Refused,
    ServerMessage,
    Welcome,
)
from server.edges.interpreted import HANGUP, Hangup, Said, ToRoom
from server.edges.sound import Decoder, Encoding
from server.edges.voice import Voice
from server.errors import Failed

CLIENT: Final = "twilio-media-streams"
WAIT_CHUNKS: Final = 5
"""So many later pieces may come before one that is missing counts as lost: 100 ms."""
DONE: Final = "#"
MOMENT: Final = "*"
Number = Annotated[int, Field(ge=0)]  # numbers come as text


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Connected(_Frame):
    event: Literal["connected"]


class _Format(_Frame):
    encoding: Literal["audio/x-mulaw"]
    sampleRate: Literal[8000]
    channels: Literal[1]


class _Started(_Frame):
    customParameters: dict[str, str] = {}
    mediaFormat: _Format


class _Start(_Frame):
    event: Literal["start"]
    start: _Started


class _Piece(_Frame):
    track: str = "inbound"
    chunk: Number
    timestamp: Number
    """Milliseconds since the stream began."""
    payload: str


class _Media(_Frame):
    event: Literal["media"]
    media: _Piece


class _Pressed(_Frame):
    digit: str


class _Dtmf(_Frame):
    event: Literal["dtmf"]
    dtmf: _Pressed


class _Mark(_Frame):
    event: Literal["mark"]


class _Stop(_Frame):
    event: Literal["stop"]


_FRAME: TypeAdapter[_Connected | _Start | _Media | _Dtmf | _Mark | _Stop] = TypeAdapter(
    Annotated[_Connected | _Start | _Media | _Dtmf | _Mark | _Stop, Field(discriminator="event")]
)


class TwilioMedia:
    """One call: an `Interpreter`."""

    def __init__(self) -> None:
        self._voice = Voice(None)
        self._decoder = Decoder(Encoding.PCMU)
        self._started = False
        self._early: dict[int, _Piece] = {}
        """Pieces that came before one that should have come first, by number."""
        self._next: int | None = None
        self.lost = 0
        """Pieces that never came."""

    @property
    def full(self) -> bool:
        return self._started and self._voice.full

    def begin(self) -> Iterable[Said]:
        return ()

    def heard(self, message: str | bytes, now_s: float) -> Iterable[Said]:
        try:
            frame = _FRAME.validate_json(message)
        except ValidationError:
            raise Failed("message_invalid") from None
        match frame:
            case _Start(start=start) if not self._started:
                return self._start(start.customParameters)
            case _ if not self._started and not isinstance(frame, _Connected):
                raise Failed("hello_expected")
            case _Media(media=piece) if piece.track.startswith("inbound"):
                return self._media(piece, now_s)
            case _Dtmf(dtmf=pressed):
                return self._pressed(pressed.digit)
            case _Stop():
                return [*self._all_early(now_s), *self._voice.flush(), Hangup(1000, "the call is over")]
            case _:
                return ()

    def told(self, message: ServerMessage) -> Iterable[Said]:
        match message:
            case Welcome():
                return self._voice.welcomed(message)
            case Happened(event=RoomClosed()):
                return [HANGUP]
            case Happened(event=event):
                return self._voice.happened(event)
            case Accepted():
                return self._voice.accepted(message)
            case AudioSafe():
                return self._voice.safe(message)
            case Refused():
                self._voice.refused(message)
                return ()
            case Goodbye():  # the close code says it
                return ()
            case _:
                return ()

    def _start(self, parameters: dict[str, str]) -> list[Said]:
        ticket = parameters.get("ticket", "")
        if not 1 <= len(ticket) <= 200:
            raise Failed("ticket_invalid")
        self._started = True
        self._voice = Voice(parameters.get("consent"))
        return [ToRoom(Hello(protocol=VERSION, ticket=ticket, client=CLIENT).model_dump_json())]

    def _media(self, piece: _Piece, now_s: float) -> list[Said]:
        if self._next is None:
            self._next = piece.chunk
        if piece.chunk < self._next:
            return []  # it was heard, or given up
        self._early[piece.chunk] = piece
        said = self._in_order(now_s)
        while len(self._early) > WAIT_CHUNKS:
            first = min(self._early)
            self.lost += first - self._next
            self._next = first
            said += self._in_order(now_s)
        return said

    def _in_order(self, now_s: float) -> list[Said]:
        said: list[Said] = []
        while self._next is not None and (piece := self._early.pop(self._next, None)):
            self._next += 1
            said += self._heard(piece, now_s)
        return said

    def _all_early(self, now_s: float) -> list[Said]:
        """The call is over: nothing that is missing will come."""
        pieces = [self._early.pop(number) for number in sorted(self._early)]
        return [said for piece in pieces for said in self._heard(piece, now_s)]

    def _heard(self, piece: _Piece, now_s: float) -> list[Said]:
        try:
            pcm = self._decoder.decode(b64decode(piece.payload, validate=True))
        except ValueError:  # no base 64
            self.lost += 1
            return []
        return self._voice.speak(pcm, now_s, at_ms=piece.timestamp)

    def _pressed(self, digit: str) -> list[Said]:
        if digit == DONE:
            return self._voice.finish_answer()
        return self._voice.hold() if digit == MOMENT else []
