"""Puts back what a log lost: a room whose log is gone, or has fallen behind what is known of it, is written anew.

Decides when a room is compared with what is kept of it, and what is put back: the archive's end and what this process
saw last, under a new epoch, said by `room_restored`. A log that went another way is right, and that is counted and
said. Never waits for the database longer than a moment, unless nobody else knows the room; never decides what a place
means (`rooms.lineage`).
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakValueDictionary

from rooms.commands import NoteRestoration
from rooms.decide import decide
from rooms.lineage import BEGINNING, Place, Standing, continuation, standing
from rooms.people import SYSTEM
from rooms.phases import Phase
from rooms.protocol import Cursor
from rooms.refusals import Refusal
from rooms.releases import NewerFact
from rooms.state import Room
from server.ports import Anew, Clock, Directory, Head, Leases, Record, ReportStore, RoomLog, Unavailable
from server.story import BrokenChain, Story, UnknownRoom, continued
from server.together import Together
from server.whole import Lately, Whole, nothing, read_whole, written

MEMORY_WAITS_S = 3.0
"""How long a room that is gone, and that this process has from its first fact on, waits for the archive: a database
that hangs is asked by many rooms at once, and people wait."""
CHECK_S = 1.0
"""How long the first use of a room waits for the database. Without it, the room goes on and is checked later."""
AGAIN_S = 5.0
"""How long the database is left alone after it was away."""
LISTEN_S = 0.05
"""What was said just before may still be on its way to this process, and is put back too if it comes."""
TRIES = 3
CLOSED_KEPT_MS = 24 * 3_600_000
"""A room that closed longer ago than this is over: it is read in the archive, and not put back."""
ASKED_TOGETHER = 50
"""Rooms that the database is asked about at once: a worker that dies leaves hundreds to be looked at anew."""
CHECKED_KEPT = 20_000
"""Rooms remembered as checked."""
LEFT_S = 10.0
"""How long the rest of a sweep is left to processes of a newer release before it is tried again."""
LOOK_S = 0.5
"""How often it is looked whether the store came back empty."""

_GOES_ON = frozenset({"room_restored", "room_closed"})
"""Put back with one of these, a room is not over, or not archived to its end."""
_log = logging.getLogger(__name__)


class Restorer:
    """The Source (`server.whole`) of every process that has a database."""

    def __init__(self, log: RoomLog, store: ReportStore, clock: Clock) -> None:
        self._log, self._store, self._clock = log, store, clock
        self._checked: OrderedDict[str, int] = OrderedDict()
        """Room -> the log's generation in which it was found whole."""
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._away_until = 0.0
        self._ends = Together(store.ends, ASKED_TOGETHER)
        self.forks = 0
        """Logs that were found to have gone another way than what is kept of them."""

    @property
    def _asks(self) -> bool:
        """Whether the database is asked: not when it was away a moment ago."""
        return _now() >= self._away_until

    # --- for feeds and the writer ---------------------------------------------------------------------------------

    async def whole(self, room: str) -> Whole:
        """The room as it stands, put back first where that is needed."""
        await self.check(room)
        try:
            return await read_whole(self._log, room, self._store)
        except UnknownRoom:
            if not await self.heal(room):
                raise
            return await read_whole(self._log, room, self._store)

    def unsure(self, room: str) -> bool:
        """Whether the room was not compared yet with what is kept of it, since the log last changed servers."""
        return self._checked.get(room) != self._log.generation and self._asks

    async def check(self, room: str, lately: Lately = nothing) -> None:
        """Compare the room with what is known of it, if that is due. Never takes long.

        NewerFact where only a newer release puts back what the log lacks: until it has, nobody goes on without that.
        """
        if not self.unsure(room):
            return
        try:
            await self.heal(room, lately)
        except Unavailable:
            pass  # whoever reads or writes next says so, or finds it back
        except (BrokenChain, ValueError):
            _log.exception("a room cannot be checked", extra={"room": room})

    async def heal(self, room: str, lately: Lately = nothing) -> bool:
        """Put back what the log lacks of the archive and of what this process saw lately. Gives whether there is a log.

        Of many processes that try at once, one does it: the log takes it only where it stands as it was seen.
        """
        async with self._busy.setdefault(room, asyncio.Lock()):
            for _ in range(TRIES):
                generation = self._log.generation
                head = (await self._log.heads([room])).get(room)
                anew = await self._what(room, head, lately())
                if anew is not None:
                    await asyncio.sleep(LISTEN_S)
                    anew = await self._what(room, head, lately())
                if anew is None or await self._put_back(room, head, anew):
                    if self._asks:
                        self._remember(room, generation)
                    return head is not None or anew is not None
            return True  # others are writing to it

    async def sweep(self, leases: Leases, directory: Directory) -> bool:
        """Put back every room that is not finished, into its owner's list too, and have it served.

        False: some can be read by a newer release only, and are left for one of its processes to put back.
        """
        rooms, left = await self._store.unfinished(), 0
        for room in rooms:
            try:
                if await self.heal(room):
                    await directory.add(await self._owner(room), room)
                    await leases.announce(room)
            except NewerFact:
                left += 1
            except (BrokenChain, ValueError):
                _log.exception("a room cannot be restored", extra={"room": room})
        if not left:
            await self._log.remember()
        _log.warning("the store came back empty", extra={"unfinished": len(rooms), "left_to_newer": left})
        return not left

    async def _owner(self, room: str) -> str:
        return (await read_whole(self._log, room, self._store)).story.room.owner

    async def watch(self, leases: Leases, directory: Directory) -> None:
        """Sweep whenever the store has come back empty, until cancelled."""
        while True:
            try:
                if not await self._log.remembers() and not await self.sweep(leases, directory):
                    await asyncio.sleep(LEFT_S)
            except Unavailable:
                pass
            except Exception:
                _log.exception("a sweep failed")
            await asyncio.sleep(LOOK_S)

    async def _what(self, room: str, head: Head | None, lately: Sequence[Record]) -> Anew | None:
        return await (self._again(room, head, lately) if head else self._afresh(room, lately))

    # --- what is put back -----------------------------------------------------------------------------------------

    async def _again(self, room: str, head: Head, lately: Sequence[Record]) -> Anew | None:
        """What the log lacks at its end; None if nothing, or if it went another way."""
        log = Place(head.cursor.version, head.cursor.tag)
        kept, lost = await self._kept_behind(room, log) if self._asks else (None, [])
        durable = max(head.durable, lost[-1].version if lost else 0)
        lost += continuation(_end(log, lost), lately)
        match standing(log, kept, bool(lost), await self._tag_at(room, log, kept)):
            case Standing.BEHIND:
                story = (await read_whole(self._log, room, self._store)).story
                if story.cursor != head.cursor:
                    return None  # it moved meanwhile: another one was faster
                story = continued(story, lost, head.cursor.epoch)
                return self._anew(story, durable, None, lost, _ends(lost))
            case Standing.FORKED:
                self.forks += 1
                _log.error("a log went another way than its archive", extra={"room": room, "version": log.version})
        return None

    async def _afresh(self, room: str, lately: Sequence[Record]) -> Anew | None:
        """The whole room, as the archive and this process know it; None if neither does, or if it is over."""
        is_whole = bool(lately) and lately[0].version == 1
        story: Story | None = None
        ends: dict[str, Place] = {}
        if self._asks or not is_whole:
            try:
                async with asyncio.timeout(MEMORY_WAITS_S if is_whole else None):
                    if (kept := await self._store.report(room)) and self._is_long_ago(kept[0].closed_at):
                        return None
                    async for record in self._store.records(room):
                        story = continued(story, [record], "")
                        ends[record.command] = Place(record.version, record.tag)
            except BrokenChain:
                _log.error("the archive of a room has a gap", extra={"room": room})
            except (Unavailable, TimeoutError):
                if not is_whole:
                    raise
                self._away_until, story, ends = _now() + AGAIN_S, None, {}
        durable = story.cursor.version if story else 0
        snapshot = written(story) if story else None
        lost = continuation(Place(story.cursor.version, story.cursor.tag) if story else BEGINNING, lately)
        if lost:
            story = continued(story, lost, "")
        if story is None or self._is_over(story.room) or (story.room.phase is Phase.CLOSED and not durable):
            return None  # over, or erased: what is closed comes back from the archive only
        return self._anew(story, durable, snapshot, lost, ends | _ends(lost))

    def _anew(
        self, story: Story, durable: int, snapshot: bytes | None, lost: list[Record], ends: dict[str, Place]
    ) -> Anew:
        """This, and the fact that the room was restored."""
        now, at, epoch = self._clock.now_ms(), story.cursor, secrets.token_urlsafe(9)
        decided = decide(story.room, NoteRestoration(through=at.version), SYSTEM, now)
        command, before = f"restored.{epoch}", Place(at.version, at.tag)
        said = list[Record]()
        for event in () if isinstance(decided, Refusal) else decided:
            said.append(Record(before.version + 1, secrets.token_urlsafe(6), before.tag, now, command, event))
            before = Place(said[-1].version, said[-1].tag)
        end = Cursor(epoch=epoch, version=before.version, tag=before.tag)
        return Anew(end, durable, snapshot, ends | _ends(said), [*lost, *said])

    async def _put_back(self, room: str, head: Head | None, anew: Anew) -> bool:
        done = await self._log.restore(room, head.cursor if head else None, anew)
        if done:
            was = {"from": head.cursor.version if head else 0, "to": anew.end.version, "durable": anew.durable}
            _log.warning("room restored", extra={"room": room, **was})
            if head is None and not any(record.kind in _GOES_ON for record in anew.records):
                await self._log.expire(room, CLOSED_KEPT_MS // 1000)  # over: behind its archive people came and went
        return done

    async def _kept_behind(self, room: str, log: Place) -> tuple[Place | None, list[Record]]:
        """Where the archive ends, and what it has behind the log. Nothing, if it does not say so in a moment."""
        try:
            async with asyncio.timeout(CHECK_S):
                kept = await self._ends.of(room)
                if kept is None or kept.version <= log.version:
                    return kept, []
                return kept, continuation(log, [record async for record in self._store.records(room, log.version)])
        except (Unavailable, TimeoutError):
            self._away_until = _now() + AGAIN_S
            _log.warning("rooms go on unchecked for now", extra={"room": room})
            return None, []

    async def _tag_at(self, room: str, log: Place, kept: Place | None) -> str | None:
        """The tag that the log has where the archive ends, if it has that."""
        if kept is None or kept.version >= log.version:
            return log.tag if kept and kept.version == log.version else None
        there = await self._log.read(room, kept.version - 1, 1)
        return there[0].tag if there and there[0].version == kept.version else None

    def _is_over(self, room: Room) -> bool:
        return room.phase is Phase.CLOSED and self._is_long_ago(room.opened_at + (room.closed_ms or 0))

    def _is_long_ago(self, closed_at: int) -> bool:
        return self._clock.now_ms() - closed_at > CLOSED_KEPT_MS

    def _remember(self, room: str, generation: int) -> None:
        self._checked[room] = generation
        self._checked.move_to_end(room)
        while len(self._checked) > CHECKED_KEPT:
            self._checked.popitem(last=False)


def _end(start: Place, records: Sequence[Record]) -> Place:
    return Place(records[-1].version, records[-1].tag) if records else start


def _ends(records: Sequence[Record]) -> dict[str, Place]:
    """Where each command ended."""
    return {record.command: Place(record.version, record.tag) for record in records}


def _now() -> float:
    return asyncio.get_running_loop().time()
