"""A room on the other end of the wire, kept in memory: the real rules, views and messages, with no server around them.

Tests put it behind queues of their own or a real socket, and cut it off wherever they like.
"""

from collections.abc import Sequence

from rooms import commands as c
from rooms.commands import Command
from rooms.decide import decide
from rooms.events import Event, Mode, Question, QuestionKind
from rooms.people import SYSTEM, Participant, Role
from rooms.protocol import (
    CLIENT_MESSAGE,
    VERSION,
    Accepted,
    AudioSafe,
    Cursor,
    Do,
    Durable,
    Happened,
    Hello,
    Refused,
    ResetReason,
    ServerMessage,
    Typing,
    Welcome,
    unpack_frame,
)
from rooms.refusals import Refusal
from rooms.state import Room, after
from rooms.views import snapshot, view

ADA = Participant(id="ada", name="Ada", role=Role.CANDIDATE)
GRACE = Participant(id="grace", name="Grace", role=Role.COACH)


class ToyRoom:
    """One room: its log, the commands done, the audio kept, and who is connected."""

    def __init__(self, room: str = "r-1", length: int = 3) -> None:
        self.id = room
        self.epoch, self.now = "life-1", 1_000_000
        self.log: list[tuple[str, Event]] = []
        self.done: dict[str, int] = {}
        self.order: list[str] = []
        self.audio: dict[str, list[bytes]] = {}
        self.room: Room | None = None
        self.connected: dict[str, tuple[Participant, list[ServerMessage]]] = {}
        self.shown: dict[str, int] = {}
        self.keeps_audio = True
        self.durable = 0
        """How far the log is in the archive, from which it comes back after a disaster."""
        opening = c.OpenRoom(room=room, mode=Mode.BEHAVIOURAL, length=length, notice="2026-11", owner="owner")
        self.command(opening, SYSTEM)

    # --- the log ---

    def cursor(self) -> Cursor:
        return Cursor(epoch=self.epoch, version=len(self.log), tag=self.log[-1][0])

    def command(self, command: Command, who: Participant) -> Refusal | None:
        """Put a command; tell its events to everybody connected."""
        self.now += 10
        decision = decide(self.room, command, who, self.now)
        if isinstance(decision, Refusal):
            return decision
        for event in decision:
            self.append(event)
        return None

    def append(self, event: Event) -> None:
        self.room = after(self.room, event)
        self.log.append((f"t{len(self.log) + 1}{self.epoch[-1]}", event))
        for connection, (participant, outbox) in self.connected.items():
            story = self.story(participant.role, len(self.log) - 1, self.shown[connection])
            outbox += story
            self.shown[connection] = story[-1].version if story else self.shown[connection]

    def story(self, role: Role, behind: int, shown: int) -> list[Happened]:
        """What the role saw happen behind a version; it was last shown version `shown`."""
        told = []
        for version, (tag, event) in enumerate(self.log, start=1):
            seen = view(event, role) if version > behind else None
            if seen is not None:
                told.append(Happened(version=version, after=shown, tag=tag, at=self.now, event=seen))
                shown = version
        return told

    def seen_by(self, role: Role) -> Room | None:
        return snapshot((event for _, event in self.log), role)

    def ask(self, text: str = "Why?") -> None:
        self.command(self.question(text), SYSTEM)

    def question(self, text: str) -> c.AskQuestion:
        assert self.room is not None
        question = Question(id="q", text=text, kind=QuestionKind.NEW, why="Because.")
        return c.AskQuestion(turn=len(self.room.turns) + 1, question=question)

    def coach(self, command: Command) -> None:
        """Grace, who is in the room, puts a command that is granted."""
        if self.room is None or self.room.presence(GRACE.id) is None:
            self.command(c.Join(participant=GRACE, connection="s-grace", worker="w"), SYSTEM)
        refusal = self.command(command, GRACE)
        assert refusal is None, refusal

    # --- a connection ---

    def connect(self, connection: str, text: str | bytes, who: Participant) -> list[ServerMessage]:
        """Answer a hello. The list is the connection's way out: whatever happens is put there."""
        hello = CLIENT_MESSAGE.validate_json(text)
        assert isinstance(hello, Hello)
        self.command(c.Join(participant=who, connection=connection, worker="w"), SYSTEM)
        outbox: list[ServerMessage] = [*self.welcome(hello.resume, who)]
        self.connected[connection], self.shown[connection] = (who, outbox), len(self.log)
        return outbox

    def welcome(self, resume: Cursor | None, who: Participant) -> Sequence[ServerMessage]:
        stream = self.room.microphone.stream if self.room and self.room.microphone else None
        kept = self.audio.get(stream or "", [])
        plain = Welcome(
            protocol=VERSION,
            you=who,
            cursor=self.cursor(),
            audio_through=len(kept) - 1 if kept and stream else None,
            durable=self.durable,
        )
        reason = self.reset_reason(resume)
        if reason is not None or resume is None:
            return [plain.model_copy(update={"reset": reason, "room": self.seen_by(who.role)})]
        story = self.story(who.role, resume.version, resume.version)
        return [plain.model_copy(update={"resumed": len(story)}), *story]

    def reset_reason(self, resume: Cursor | None) -> ResetReason | None:
        if resume is None:
            return ResetReason.FIRST
        if resume.epoch != self.epoch:
            return ResetReason.EPOCH
        if resume.version > len(self.log) or self.log[resume.version - 1][0] != resume.tag:
            return ResetReason.FORK
        return None

    def hang_up(self, connection: str) -> None:
        who, _ = self.connected.pop(connection)
        self.command(c.Leave(participant=who.id, connection=connection), SYSTEM)

    def receive(self, connection: str, message: str | bytes) -> None:
        """One message of a connection that has said hello."""
        who, outbox = self.connected[connection]
        if isinstance(message, bytes):
            outbox += self.heard(message)
            return
        wish = CLIENT_MESSAGE.validate_json(message)
        if isinstance(wish, Do):
            outbox.append(self.do(wish, who))
        else:
            assert isinstance(wish, Typing)

    def do(self, wish: Do, who: Participant) -> Accepted | Refused:
        if wish.id not in self.done:
            refusal = self.command(wish.command, who)
            if refusal is not None:
                return Refused(id=wish.id, code=refusal.code, sentence=refusal.sentence, retry=refusal.retry)
            self.done[wish.id] = len(self.log)
            self.order.append(wish.id)
        return Accepted(id=wish.id, version=self.done[wish.id])

    def heard(self, message: bytes) -> list[ServerMessage]:
        stream = self.room.microphone.stream if self.room and self.room.microphone else None
        if stream is None:
            return [Refused(id=None, code="no_microphone", sentence="Open one.", retry=True)]
        frame, kept = unpack_frame(message), self.audio.setdefault(stream, [])
        if frame.seq == len(kept) and self.keeps_audio:
            kept.append(frame.pcm)
        through = len(kept) - 1
        return [AudioSafe(stream=stream, through=through if kept else None, again=frame.seq > through)]

    def archive(self, versions: int | None = None) -> None:
        """The archive has so many more facts, or all; everybody connected is told."""
        self.durable = len(self.log) if versions is None else min(len(self.log), self.durable + versions)
        for _, outbox in self.connected.values():
            outbox.append(Durable(version=self.durable))

    # --- disasters ---

    def fail_over(self, versions: int, frames: int = 0) -> None:
        """An older copy of the log takes over: the newest `versions` facts and `frames` of audio never were.

        What the archive has comes back from there.
        """
        self.log = self.log[: max(1, self.durable, len(self.log) - versions)]
        self.room = None
        for _, event in self.log:
            self.room = after(self.room, event)
        self.epoch = f"life-{int(self.epoch[-1]) + 1}"
        self.done = {id: version for id, version in self.done.items() if version <= len(self.log)}
        self.order = [id for id in self.order if id in self.done]
        self.audio = {stream: kept[: max(0, len(kept) - frames)] for stream, kept in self.audio.items()}
        self.connected.clear()
