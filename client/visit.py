"""Being in a room: put commands, wait for what happens, speak. One visit lasts over many connections.

Decides who hears of what and how long anybody waits; never how to stay connected (`client.connection`) or what a
message means (`client.conversation`).
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from client.connection import Door, Lifeline
from client.conversation import Conversation
from client.errors import AudioLostError, GreenroomError, LateError, RefusedError
from client.kept import KeptOutbox
from client.mirror import Mirror
from client.news import Change, News, Unkept, Whole
from client.outbox import Standing
from rooms.commands import SAMPLE_RATE_HZ, OpenMicrophone, PersonCommand
from rooms.people import Participant
from rooms.protocol import Accepted, Frame, Refused, ResetReason
from rooms.state import Room

ANSWER_DEADLINE_S = 30.0
CHANGES_LIMIT = 5_000
"""Changes that an iterator may leave unread; then it gets the room whole instead."""
FRAME_MS = 40
BYTES_PER_MS = 2 * SAMPLE_RATE_HZ // 1000


@asynccontextmanager
async def visiting(
    door: Door, patience_s: float, kept: KeptOutbox | None = None, *, takeover: bool = True
) -> AsyncIterator["Visit"]:
    """A visit that is in its room when the block begins, and leaves when it ends."""
    visit = Visit(door, patience_s, kept)
    visit._talk.takeover = takeover
    life = asyncio.create_task(visit._live(), name="visit")
    try:
        await visit._entered()
        yield visit
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        if kept is not None:
            kept.close(over=visit._is_over)


class Visit:
    """Somebody in a room. Get one from `Greenroom.join`."""

    def __init__(self, door: Door, patience_s: float, kept: KeptOutbox | None = None) -> None:
        wishes = kept.wishes if kept else ()
        self._talk = Conversation(new_id=lambda: f"c-{secrets.token_hex(8)}", shelf=kept, kept=wishes)
        self._kept = kept
        self._lifeline = Lifeline(self._talk, door, patience_s, self._tell)
        self._moved = asyncio.Condition()
        self._answers: dict[str, asyncio.Future[Accepted | Refused]] = {}
        self._listeners: set[_Listener] = set()
        self._left = False
        self._unkept: list[Unkept] = []

    # --- what is so ---

    @property
    def mirror(self) -> Mirror:
        """The room and what was lately told in it."""
        return self._talk.mirror

    @property
    def room(self) -> Room:
        """The room as your role sees it, as of now."""
        if self._talk.mirror.room is None:
            raise GreenroomError("The room is not known yet. Use `async with greenroom.join(...)`.")
        return self._talk.mirror.room

    @property
    def you(self) -> Participant:
        if self._talk.you is None:
            raise GreenroomError("You are not in the room yet. Use `async with greenroom.join(...)`.")
        return self._talk.you

    @property
    def connected(self) -> bool:
        return self._talk.live

    @property
    def standing(self) -> Standing:
        """How many commands wait for their answer, are in the log, and are in the database as well."""
        return self._talk.standing

    # --- what to do ---

    async def do(self, command: PersonCommand, deadline_s: float = ANSWER_DEADLINE_S, *, id: str | None = None) -> int:
        """Put a command and wait for its answer: the version at which it stands in the log.

        Raises RefusedError for a "no". After LateError the command is still in the outbox: it is sent again after a
        reconnect, and done once at most. Put with the `id` of an earlier wish, it is that wish: done once at most.
        """
        id = id or self._talk.new_id()
        try:
            return await self._ask(command, deadline_s, id)
        except RefusedError:
            self._talk.give_up(id)
            raise

    async def _ask(self, command: PersonCommand, deadline_s: float, id: str) -> int:
        self._raise_if_over()
        self._talk.put(command, id)
        answer: asyncio.Future[Accepted | Refused] = asyncio.get_running_loop().create_future()
        self._answers[id] = answer
        try:
            async with asyncio.timeout(deadline_s):
                if self._kept is not None:
                    await asyncio.to_thread(self._kept.sync)
                self._lifeline.wake()
                said = await answer
        except TimeoutError:
            self._lifeline.wake()  # also where the time went into bringing it to the disk: it stands in the outbox
            late = f"No answer to {command.kind} within {deadline_s:.0f} seconds. It may still be done."
            raise LateError(late) from None
        finally:
            self._answers.pop(id, None)
        if isinstance(said, Refused):
            raise RefusedError(said.code, said.sentence, said.retry)
        return said.version

    async def insist(
        self, command: PersonCommand, deadline_s: float = ANSWER_DEADLINE_S, *, id: str | None = None
    ) -> int:
        """Put a command again and again while it is refused for now (`retry`): Redis is away, say.

        It is the same wish each time: one that was done although no answer came is not done again.
        """
        end, pause_s = monotonic() + deadline_s, 0.2
        id = id or self._talk.new_id()
        while True:
            try:
                return await self._ask(command, max(0.1, end - monotonic()), id)
            except RefusedError as refused:
                if not refused.retry or monotonic() + pause_s > end:
                    self._talk.give_up(id)
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2.0, pause_s * 2)

    def typing(self, turn: int) -> None:
        """Let the room know that the candidate is writing; at most every 2 s, please."""
        self._talk.typing(turn)
        self._lifeline.wake()

    async def open_microphone(self, deadline_s: float = ANSWER_DEADLINE_S) -> "Microphone":
        """Announce a new stream of audio; one that is open is sent to its end first."""
        await self._audio_safe(deadline_s)
        stream = f"m-{secrets.token_hex(6)}"
        await self.do(OpenMicrophone(stream=stream, sample_rate=SAMPLE_RATE_HZ), deadline_s)
        self._talk.begin_stream(stream)
        return Microphone(self, stream)

    # --- what happens ---

    async def until(self, ready: Callable[[Room], bool], deadline_s: float = 60.0, late: str | None = None) -> Room:
        """The room, as soon as it is as wished. Raises LateError after the deadline, with the sentence `late`."""
        late = late or f"The room did not come to what was awaited within {deadline_s:.0f} seconds."
        await self._when(lambda: ready(self.room), deadline_s, late)
        return self.room

    async def changes(self) -> AsyncGenerator[Change, None]:
        """Everything that happens or is told from now on, beginning with the room whole; ends when you leave.

        Only `Unkept` is told to whoever comes later too.

        Who reads too slowly gets the room whole in place of what was dropped. Raises when the visit was ended by
        anybody but you.
        """
        listener = _Listener(self)
        self._listeners.add(listener)
        try:
            yield listener.whole()
            while (change := await listener.next()) is not None:
                yield change
        finally:
            self._listeners.discard(listener)
        if self._talk.over is not None:
            raise self._talk.over

    # --- life ---

    async def _live(self) -> None:
        try:
            await self._lifeline.run()
        except Exception as fault:  # a fault of this client must reach whoever waits, not vanish in a task
            self._talk.over = GreenroomError(f"The client failed: {fault!r}. Please report this.")
        finally:
            self._end(self._talk.over)
            await self._notify()

    async def _entered(self) -> None:
        async with self._moved:  # the lifeline's patience is the deadline
            await self._moved.wait_for(lambda: self._talk.mirror.room is not None or self._over)
        if self._talk.mirror.room is None:
            self._raise_if_over()

    async def _tell(self, news: News) -> None:
        if news.answer is not None and news.answer.id is not None:
            waiting = self._answers.get(news.answer.id)
            if waiting is not None and not waiting.done():
                waiting.set_result(news.answer)
        self._unkept += (change for change in news.changes if isinstance(change, Unkept))
        for change in news.changes:
            for listener in self._listeners:
                listener.put(change)
        await self._notify()

    async def _notify(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _when(self, so: Callable[[], bool], deadline_s: float, late: str) -> None:
        """Return when it is so; raise why the visit is over, or LateError."""
        try:
            async with asyncio.timeout(deadline_s), self._moved:
                await self._moved.wait_for(lambda: self._over or so())
        except TimeoutError:
            raise LateError(late) from None
        if not so():
            self._raise_if_over()

    def _end(self, error: GreenroomError | None) -> None:
        self._left = True
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(error or GreenroomError("You have left the room."))
        for listener in self._listeners:
            listener.put(None)

    @property
    def _is_over(self) -> bool:
        """The interview has ended, and everything that was put is answered."""
        room = self._talk.mirror.room
        return room is not None and room.closed_ms is not None and not self._talk.unanswered

    @property
    def _over(self) -> bool:
        return self._left or self._talk.over is not None

    def _raise_if_over(self) -> None:
        if self._talk.over is not None:
            raise self._talk.over
        if self._left:
            raise GreenroomError("You have left the room. Join it again.")

    # --- audio ---

    async def _record(self, stream: str, frame: Frame, deadline_s: float) -> int:
        """Place one frame, waiting for room in the ring; the number that it gets there."""
        duration_ms = frame.duration_ms
        if not self._gone(stream) and not self._takes(duration_ms):
            late = "Hearing is too far behind to take more audio. Type the answer, or try later."
            await self._when(lambda: self._gone(stream) or self._takes(duration_ms), deadline_s, late)
        self._raise_if_over()
        ring = self._talk.ring
        if ring is None or ring.stream != stream:
            raise AudioLostError("This microphone stream is closed. Open another one.")
        self._talk.record(frame.pcm, frame.capture_ms, rested=frame.rested)
        self._lifeline.wake()
        return ring.next_seq - 1

    def _gone(self, stream: str) -> bool:
        return self._talk.ring is None or self._talk.ring.stream != stream

    def _takes(self, duration_ms: int) -> bool:
        return self._talk.ring is not None and self._talk.ring.takes(duration_ms)

    async def _audio_safe(self, deadline_s: float) -> None:
        late = f"What was said did not become safe within {deadline_s:.0f} seconds. Check the connection."
        await self._when(lambda: self._talk.ring is None or self._talk.ring.all_safe, deadline_s, late)


class Microphone:
    """One stream of audio: 16-bit little-endian PCM, one channel, 16 kHz. Get one from `Visit.open_microphone`."""

    def __init__(self, visit: Visit, stream: str) -> None:
        self._visit, self.stream = visit, stream
        self._opened = monotonic()
        self._capture_ms = 0
        self._rested = False
        self.through: int | None = None
        """The number of the last frame sent, for FinishAnswer."""

    @property
    def clock_ms(self) -> int:
        """Milliseconds since the stream was opened, and never before the end of what was sent."""
        return max(self._capture_ms, int((monotonic() - self._opened) * 1000))

    def skip_to_now(self) -> None:
        """What follows was captured now, not right after what was sent last: the microphone was off between."""
        self._capture_ms, self._rested = self.clock_ms, True

    async def send(self, pcm: bytes, deadline_s: float = ANSWER_DEADLINE_S) -> None:
        """Send samples that follow right on the last ones, cut into frames of 40 ms.

        Waits while 60 s of audio are not safe yet, and raises LateError after the deadline. Send while an answer is
        open: not in the lobby, while a question is read out, or while paused.
        """
        step = FRAME_MS * BYTES_PER_MS
        for start in range(0, len(pcm), step):
            piece = pcm[start : start + step]
            frame = Frame(0, self._capture_ms, piece, self._rested)
            self.through = await self._visit._record(self.stream, frame, deadline_s)
            self._rested = False
            self._capture_ms += len(piece) // BYTES_PER_MS

    async def safe(self, deadline_s: float = ANSWER_DEADLINE_S) -> None:
        """Wait until the server keeps everything that was sent."""
        await self._visit._audio_safe(deadline_s)


class _Listener:
    """One iterator over a visit's changes: a bounded queue that falls back to the room whole."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        for unkept in visit._unkept:  # they may have been refused before anybody could listen
            self._queue.put_nowait(unkept)

    def whole(self) -> Whole:
        return Whole(self._visit.room, ResetReason.FIRST)

    def put(self, change: Change | None) -> None:
        if change is not None and self._queue.qsize() >= CHANGES_LIMIT:
            while not self._queue.empty():
                self._queue.get_nowait()
            change = self.whole()
        self._queue.put_nowait(change)

    async def next(self) -> Change | None:
        if self._visit._left and self._queue.empty():
            return None
        return await self._queue.get()
