"""A room that is heard, for tests: the real hearing, feed, writer and rules on logs in memory.

The room's clock follows the audio: `say` plays audio into the log as a client would and moves the clock along.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

from rooms import commands as c
from rooms.events import Mode, Question, QuestionKind
from rooms.people import SYSTEM, Participant, Role
from rooms.protocol import TELL, Frame, Tell
from rooms.refusals import Refusal
from rooms.state import Room, Turn
from rooms.transcript import Word
from server.adapters.redis_audio import FRAMES_PER_READ
from server.feed import Feeds
from server.hearing import Hearing, NewDetector
from server.pen import Pen
from server.ports import AudioFull, Fenced, Hypothesis, Judged, Note, Transcriber, Unavailable
from server.settings import Settings
from server.writer import Writer
from tests.memory_log import MemoryRoomLog, MemorySubscriber
from tests.speech import frames
from tests.waiting import until

CANDIDATE = Participant(id="ada", name="Ada", role=Role.CANDIDATE)
OPENED_AT = 1_700_000_000_000


class MemoryAudioLog:
    """Keeps the contract of `ports.AudioLog`; positions are numbers as text."""

    def __init__(self, limit: int = 100_000) -> None:
        self.kept: dict[str, list[tuple[int, str, Frame]]] = {}
        self.appended = 0
        self.limit = limit
        self.away = False
        self._through: dict[tuple[str, str], int] = {}
        self._decoders: dict[tuple[str, str], bytes] = {}

    async def append(self, room: str, stream: str, frames: Sequence[Frame], decoder: bytes = b"") -> int:
        for frame in frames:
            if frame.seq == self._through.get((room, stream), -1) + 1:
                if len(self.kept.get(room, ())) >= self.limit:
                    raise AudioFull
                self.appended += 1
                self.kept.setdefault(room, []).append((self.appended, stream, frame))
                self._through[room, stream] = frame.seq
                self._decoders[room, stream] = decoder
        return self._through.get((room, stream), -1)

    async def through(self, room: str, stream: str) -> int | None:
        return self._through.get((room, stream))

    async def decoder(self, room: str, stream: str) -> bytes:
        return self._decoders.get((room, stream), b"")

    async def read(self, rooms: Mapping[str, str]) -> Mapping[str, tuple[str, Sequence[tuple[str, Frame]]]]:
        if self.away:
            raise Unavailable("redis")
        found = {}
        for room, position in rooms.items():
            behind = [kept for kept in self.kept.get(room, ()) if kept[0] > int(position or 0)]
            if behind:
                some = behind[:FRAMES_PER_READ]
                found[room] = (str(some[-1][0]), [(stream, frame) for _, stream, frame in some])
        return found

    async def forget(self, room: str, position: str) -> None:
        self.kept[room] = [kept for kept in self.kept.get(room, ()) if kept[0] > int(position)]

    async def erase(self, room: str) -> None:
        self.kept.pop(room, None)


class MemoryNotes:
    """Keeps the contract of `ports.HearingNotes`."""

    def __init__(self, audio: "MemoryAudioLog | Any") -> None:
        self.notes: dict[str, bytes] = {}
        self.fences: dict[str, int] = {}
        self.written = 0
        self.away = False
        self._audio = audio

    async def keep(self, notes: Sequence[Note]) -> frozenset[str]:
        if self.away:
            raise Unavailable("redis")
        done = [note for note in notes if note.fence >= self.fences.get(note.room, 0)]
        for note in done:
            self.written += 1
            self.notes[note.room], self.fences[note.room] = note.note, note.fence
            if note.forget:
                await self._audio.forget(note.room, note.forget)
        return frozenset(note.room for note in done)

    async def recall(self, room: str, fence: int) -> bytes | None:
        if self.fences.setdefault(room, fence) > fence:
            raise Fenced
        self.fences[room] = fence
        return self.notes.get(room)


class SteppedClock:
    def __init__(self) -> None:
        self.ms = OPENED_AT

    def now_ms(self) -> int:
        return self.ms


class LevelVoice:
    """Loud is speech: for tests about hearing, not about voices."""

    silent = b""

    def knows(self, state: bytes) -> bool:
        return True

    def judge(self, heard: Sequence[tuple[bytes, Sequence[bytes]]]) -> Sequence[Judged]:
        return [Judged([self.likely(samples) for samples in windows], b"") for _, windows in heard]

    def likely(self, samples: bytes) -> float:
        return 1.0 if max(samples[1::2], default=0) not in (0, 255) else 0.0


class Echo:
    """A recogniser that says how long the loud part was: `4x40` for 40 windows of it at the level 4."""

    label, caution = "Echo", None

    def __init__(self) -> None:
        self.opened = 0
        self.hints: tuple[str, ...] = ()
        self.closed = False

    def open(self, hints: Sequence[str] = (), room: str = "") -> "EchoStream":
        self.opened += 1
        self.hints = tuple(hints)
        return EchoStream()

    async def close(self) -> None:
        self.closed = True


class EchoStream:
    def __init__(self) -> None:
        self.pcm = b""

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        self.pcm += pcm
        return Hypothesis(self._words())

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self.pcm += rest
        return self._words()

    async def abandon(self) -> None:
        self.pcm = b""

    def _words(self) -> list[Word]:
        """One word for each stretch of one level: its level and its length in ms."""
        levels = [self.pcm[i + 1] for i in range(0, len(self.pcm), 32)]
        words, start = [], 0
        for n in range(1, len(levels) + 1):
            if n == len(levels) or levels[n] != levels[start]:
                if levels[start]:
                    words.append(Word(text=f"{levels[start]}x{n - start}", start_ms=start, end_ms=n, confidence=0.9))
                start = n
        return words


def tone(level: int, ms: int) -> bytes:
    """Loud audio that `LevelVoice` takes for speech and `Echo` writes as `{level}x{ms}`."""
    return bytes((0, level)) * (16 * ms)


class Heard:
    """One room in a test."""

    def __init__(self, room: str, rig: "Rig") -> None:
        self.id, self._rig = room, rig
        self.stream = "mic"
        self.seq = 0
        self.at_ms = 0
        self._wishes = 0

    @property
    def room(self) -> Room:
        feed = self._rig.feeds.here(self.id)
        assert feed is not None
        return feed.room

    @property
    def turn(self) -> Turn:
        return self.room.turns[-1]

    @property
    def texts(self) -> list[str]:
        return [utterance.text for utterance in self.turn.utterances]

    async def do(self, command: c.Command, who: Participant = CANDIDATE) -> None:
        self._wishes += 1
        outcome = await self._rig.writer.do(self.id, command, who, f"wish.{self._wishes}")
        assert not isinstance(outcome, Refusal), outcome

    async def ask(self) -> None:
        number = len(self.room.turns) + 1 if self._rig.feeds.here(self.id) else 1
        question = Question(id=None, text="Why?", kind=QuestionKind.NEW)
        await self.do(c.AskQuestion(turn=number, question=question), SYSTEM)
        await self.do(c.BeginAnswer(turn=number))

    async def say(self, pcm: bytes, frame_ms: int = 40) -> None:
        await self.send(list(frames(pcm, frame_ms, first=self.seq, from_ms=self.at_ms)))

    async def send(self, sent: Iterable[Frame]) -> None:
        """Put frames into the audio log, and move the clock to the end of each."""
        for frame in sent:
            await self._rig.audio.append(self.id, self.stream, [frame])
            self.seq, self.at_ms = frame.seq + 1, frame.capture_ms + frame.duration_ms
            self._rig.clock.ms = max(self._rig.clock.ms, OPENED_AT + self.at_ms)

    async def taken_in(self, hearing: Hearing) -> None:
        """Wait until all that was said is heard: read, judged and, where the recogniser is quick, recognised."""
        ears = hearing._ears
        await self.until(lambda: self.id in ears and ears[self.id][0]._through.get(self.stream) == self.seq - 1)

    def mute(self, ms: int) -> None:
        self.at_ms += ms
        self._rig.clock.ms += ms

    async def finish(self) -> None:
        through = self.seq - 1 if self.seq else None
        await self.do(c.FinishAnswer(turn=self.turn.number, stream=self.stream, through=through))

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait for something to become true, or fail."""
        await until(true)

    async def closed(self, turn: int = 1) -> Turn:
        await self.until(lambda: len(self.room.turns) >= turn and not self.room.turns[turn - 1].open)
        return self.room.turns[turn - 1]

    def told(self, kind: str) -> list[Tell]:
        return [tell for tell in self._rig.told.get(self.id, []) if tell.kind == kind]


class Rig:
    """Logs, clock, writer and feeds, which outlive any hearing that is put on them."""

    def __init__(
        self, log: Any = None, subscriber: Any = None, audio: Any = None, notes: Any = None, **settings: Any
    ) -> None:
        base = {"redis_url": "redis://nowhere", "database_url": "sqlite+aiosqlite://", "secret_key": "x" * 32}
        # What is said in these tests is no sentence: they are about hearing, and one patience for all will do.
        self.settings = Settings(**(base | {"turn_silence_ms": 2_500} | settings))
        self.log, self.audio, self.clock = log or MemoryRoomLog(), audio or MemoryAudioLog(), SteppedClock()
        self.notes = notes or MemoryNotes(self.audio)
        self.feeds = Feeds(self.log, subscriber or MemorySubscriber(self.log))
        self.writer = Writer(self.log, self.feeds, self.clock)
        self.told: dict[str, list[Tell]] = {}

    def pen(self, room: str = "r-1", fence: int = 1) -> Pen:
        return Pen(room, fence, self.writer)

    @contextlib.asynccontextmanager
    async def hearing(
        self, transcriber: Transcriber | None, *rooms: Heard, voice: NewDetector = LevelVoice
    ) -> AsyncIterator[Hearing]:
        """A worker that hears these rooms. Leaving it is as sudden as a crash for everything but tasks."""
        hearing = Hearing(self.settings, self.log, self.audio, self.notes, transcriber, self.clock, voice)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(hearing.run())]
            running += [tasks.create_task(self._serve(hearing, room)) for room in rooms]
            yield hearing
            for task in running:
                task.cancel()

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.feeds.run())
            yield
            running.cancel()

    @contextlib.asynccontextmanager
    async def room(self, room: str = "r-1", *, asked: bool = True, terms: tuple[str, ...] = ()) -> AsyncIterator[Heard]:
        """A room with a consenting candidate, an open microphone and, unless not `asked`, its first question."""
        heard = Heard(room, self)
        opened = c.OpenRoom(room=room, mode=Mode.BEHAVIOURAL, length=3, notice="n", owner="ada", terms=terms)
        await heard.do(opened, SYSTEM)
        await heard.do(c.Join(participant=CANDIDATE, connection="c", worker="w"), SYSTEM)
        await heard.do(c.GiveConsent(notice="n"))
        await heard.do(c.OpenMicrophone(stream=heard.stream, sample_rate=16_000))
        async with self.feeds.follow(room) as feed:
            feed.attach(_Ears(self.told.setdefault(room, [])))
            if asked:
                await heard.do(c.StartInterview())
                await heard.until(lambda: heard.room.phase.value == "choosing")
                await heard.ask()
                await heard.until(lambda: heard.room.turn)
            yield heard

    async def _serve(self, hearing: Hearing, heard: Heard) -> None:
        async with self.feeds.follow(heard.id) as feed:
            await hearing.serve(feed, self.pen(heard.id))


class _Ears:
    def __init__(self, told: list[Tell]) -> None:
        self._told = told

    def happened(self, records: object) -> None: ...

    def told(self, tell: bytes) -> None:
        self._told.append(TELL.validate_json(tell))

    def durable(self, version: int) -> None: ...

    def reset(self, reason: object) -> None: ...


__all__ = ["CANDIDATE", "Echo", "EchoStream", "Heard", "LevelVoice", "MemoryAudioLog", "Rig", "tone"]
