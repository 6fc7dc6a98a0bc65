"""A candidate's voice on its way into a room, for edges: consent, start, microphone, frames, and sending them again.

Decides in which order a client that only sends sound puts the wishes that our own clients put by hand, and keeps what
is not safe yet. Never consents by itself: who connects says which notice the candidate agreed to.
"""

import secrets
from collections import deque
from typing import Final

from rooms.commands import (
    SAMPLE_RATE_HZ,
    FinishAnswer,
    GiveConsent,
    HoldTurn,
    OpenMicrophone,
    PersonCommand,
    StartInterview,
)
from rooms.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    InterviewStarted,
    LobbyOpened,
    QuestionAsked,
    TurnClosed,
)
from rooms.phases import Phase
from rooms.protocol import Accepted, AudioSafe, Do, Frame, Refused, Welcome, pack_frame
from rooms.refusals import Code
from server.edges.interpreted import Said, ToRoom

FRAME_BYTES: Final = 32 * 40
"""As our own clients send: 40 ms."""
UNSAFE_FRAMES: Final = 250
"""10 s that are not safe yet; then nothing more is taken from the client until some is."""
STILL_S: Final = 2.0
"""A client that sent nothing for so long has stopped its microphone: what comes then is a new stream."""
REFUSED_S: Final = 1.0
"""After a microphone was refused it is asked for again so much later."""
JITTER_SAMPLES: Final = 10 * 16
AHEAD_S: Final = 5.0
"""So much further than the time since it began may a client's clock be."""
_HARMLESS: Final = frozenset({Code.ALREADY_STARTED.value})
"""Refusals of wishes that were put to be on the safe side."""


class Voice:
    """One connection's."""

    def __init__(self, consent: str | None) -> None:
        self._consent = consent
        self._consented = self._started = False
        self._allowed = False
        """Whether the welcome came: before it nothing may be put."""
        self._stream: str | None = None
        self._opening: str | None = None
        """The wish that opens the stream, until it is accepted."""
        self._seq = 0
        self._samples = 0
        self._clock_ms = 0
        """The client's clock when the stream began, where it has one."""
        self._heard_s = self._opened_s = float("-inf")
        self._rest = b""
        self._unsafe: deque[tuple[int, bytes]] = deque()
        self._ids = secrets.token_hex(4)
        self._wishes = 0
        self.turn: int | None = None
        """The number of the open turn."""
        self._before_ms = 0
        """How much audio was sent in streams before the open one."""
        self._agreeing = ""
        """The wish that gives consent."""
        self._not_before_s = float("-inf")

    @property
    def needs_consent(self) -> bool:
        """Whether nothing may be heard, as far as is known."""
        return self._allowed and not self._consented and not self._consent

    @property
    def full(self) -> bool:
        """Whether the client should wait: for the welcome, or for audio to become safe."""
        return not self._allowed or len(self._unsafe) >= UNSAFE_FRAMES

    @property
    def sent_ms(self) -> int:
        """All audio so far."""
        return self._before_ms + self._samples // 16

    def welcomed(self, welcome: Welcome) -> list[Said]:
        room = welcome.room
        assert room is not None, "an edge never resumes"
        self._allowed, self._consented, self._started = True, room.consented, room.phase is not Phase.LOBBY
        self.turn = room.turn.number if room.turn else None
        if self._consent and not self._consented:
            wish = self._wish(GiveConsent(notice=self._consent))
            self._agreeing = self._last_id
            return [wish]
        return []

    def happened(self, event: Event) -> list[Said]:
        match event:
            case ConsentGiven():
                self._consented = True
            case ConsentWithdrawn():
                self._consented, self._consent = False, None
                self._stream = self._opening = None
                self._rest = b""
                self._unsafe.clear()
            case InterviewStarted():
                self._started = True
            case LobbyOpened() if self._stream and not self._started:
                return [self._wish(StartInterview())]
            case QuestionAsked(turn=turn):
                self.turn = turn
            case TurnClosed():
                self.turn = None
            case _:
                pass
        return []

    def speak(self, pcm: bytes, now_s: float, at_ms: int | None = None) -> list[Said]:
        """More audio, 16 kHz; `at_ms` is the client's own clock at its first sample, where it has one."""
        if not self._allowed or self.needs_consent or now_s < self._not_before_s:
            return []  # what cannot be kept is not passed on
        said = self._open(now_s)
        if said:
            self._clock_ms = at_ms or 0
        self._heard_s = now_s
        if at_ms is not None:
            said += self._skip_to((at_ms - self._clock_ms) * 16, now_s)
        self._rest += pcm
        while len(self._rest) >= FRAME_BYTES:
            said += self._frame(self._rest[:FRAME_BYTES])
            self._rest = self._rest[FRAME_BYTES:]
        return said

    def flush(self) -> list[Said]:
        """Pass on what is not a whole frame yet."""
        whole = len(self._rest) // 2 * 2
        pcm, self._rest = self._rest[:whole], b""
        return self._frame(pcm) if pcm else []

    def hold(self) -> list[Said]:
        """The candidate asks for a moment."""
        return [self._wish(HoldTurn(turn=self.turn))] if self.turn else []

    def finish_answer(self) -> list[Said]:
        """The candidate is done with this answer."""
        said = self.flush()
        if self.turn:
            through = self._seq - 1 if self._seq else None
            said.append(self._wish(FinishAnswer(turn=self.turn, stream=self._stream, through=through)))
        return said

    def accepted(self, message: Accepted) -> list[Said]:
        if message.id != self._opening:
            return []
        self._opening = None
        return [ToRoom(frame) for _, frame in self._unsafe]

    def refused(self, message: Refused) -> bool:
        """Whether the client is to be told."""
        if message.id is not None and message.id == self._agreeing:
            self._consent = None  # to another notice than the room's
        if message.id is not None and message.id == self._opening:
            self._opening = self._stream = None
            self._unsafe.clear()
            self._not_before_s = self._heard_s + REFUSED_S
        return message.code not in _HARMLESS

    def safe(self, message: AudioSafe) -> list[Said]:
        """Forget what is safe; send the rest again where the room asks for it."""
        if message.stream != self._stream:
            return []
        through = -1 if message.through is None else message.through
        while self._unsafe and self._unsafe[0][0] <= through:
            self._unsafe.popleft()
        if not message.again or self._opening:
            return []
        return [ToRoom(frame) for _, frame in self._unsafe]

    def _open(self, now_s: float) -> list[Said]:
        """Open a microphone at the first sound, and again after the client was still for a while."""
        if self._stream and (now_s - self._heard_s < STILL_S or self._unsafe):
            return []
        said: list[Said] = [] if self._started else [self._wish(StartInterview())]
        self._before_ms, self._samples, self._seq, self._rest = self.sent_ms, 0, 0, b""
        self._stream, self._opened_s = f"edge-{secrets.token_hex(6)}", now_s
        wish = self._wish(OpenMicrophone(stream=self._stream, sample_rate=SAMPLE_RATE_HZ))
        self._opening = self._last_id
        return [*said, wish]

    def _skip_to(self, sample: int, now_s: float) -> list[Said]:
        """Their clock shows that something was left out, and so will ours. A clock that runs ahead is not believed."""
        missing = sample - self._samples - len(self._rest) // 2
        if missing <= JITTER_SAMPLES or sample > (now_s - self._opened_s + AHEAD_S) * SAMPLE_RATE_HZ:
            return []
        said = self.flush()
        self._samples = sample
        return said

    def _frame(self, pcm: bytes) -> list[Said]:
        packed = pack_frame(Frame(self._seq, self._samples // 16, pcm))
        self._unsafe.append((self._seq, packed))
        self._seq += 1
        self._samples += len(pcm) // 2
        return [] if self._opening else [ToRoom(packed)]

    def _wish(self, command: PersonCommand) -> ToRoom:
        self._wishes += 1
        return ToRoom(Do(id=self._last_id, command=command).model_dump_json())

    @property
    def _last_id(self) -> str:
        """Of the latest wish."""
        return f"{self._ids}.{self._wishes}"
