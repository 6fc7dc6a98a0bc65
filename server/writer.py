"""Puts commands to rooms: takes the room as it stands, decides, appends. Nobody else changes a room.

Decides when to decide again (the log has moved on) and when to ask again (the log did not answer); never what follows
from a command (`rooms.decide`). A refusal is given only when it was decided at the log's very end.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

from rooms.commands import Command, OpenRoom
from rooms.decide import decide, decide_all
from rooms.events import Event
from rooms.lineage import Place as LogPlace
from rooms.lineage import is_behind
from rooms.people import Participant
from rooms.protocol import Cursor
from rooms.refusals import Refusal
from rooms.state import Room, after
from server.deadline import Deadlines, OneOf
from server.feed import Feeds
from server.ports import Appended, Clash, Clock, Record, RoomLog, Unavailable
from server.story import BrokenChain, UnknownRoom, pages
from server.whole import Lately, LogAndArchive, Source, nothing

DEADLINE_MS = 6_000
"""How long a command may take, waiting for its room and for the log included."""
ROOMS_KEPT = 1_024
"""Rooms kept in memory after a command, so that the next one need not read the log."""
AWAY_S = 0.05
"""The pause before a log that was away is asked again."""
TRIES_IN_PEACE = 3
CROWDED_S = 0.005
"""The pause after more clashes than that: several processes are writing to this room at once."""


class Done(NamedTuple):
    """The command is in the log, or was true already."""

    cursor: Cursor
    """Where the command ended. The room may have moved on since."""
    events: tuple[Event, ...]
    """What followed from it. Empty too when this command id was done before."""


class OtherLife(Exception):
    """The log has begun a new life: who puts the command is to see the room anew first, and to put again, in order,
    what they hold from before."""


class Place(NamedTuple):
    """A room as far as it is known here. No cursor and no room: none that we know of."""

    cursor: Cursor | None
    room: Room | None

    def then(self, events: Iterable[Event], cursor: Cursor) -> "Place":
        room = self.room
        for event in events:
            room = after(room, event)
        return Place(cursor, room)


NOWHERE = Place(None, None)


class Desk:
    """What this process has of a room: whose turn it is, and how far it is known."""

    __slots__ = ("place", "turn", "users")

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.users = 0
        """Commands that have their turn or wait for it."""
        self.place = NOWHERE


class Writer:
    """The one road by which rooms change; safe beside the writers of any number of other processes."""

    def __init__(
        self,
        log: RoomLog,
        feeds: Feeds | None,
        clock: Clock,
        source: Source | None = None,
        *,
        deadline_ms: int = DEADLINE_MS,
    ) -> None:
        self._source = source or LogAndArchive(log)
        self._log, self._feeds, self._clock = log, feeds, clock
        self._deadlines = Deadlines(deadline_ms / 1000)
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        """The one used last is the last."""

    async def do(
        self,
        room_id: str,
        command: Command,
        who: Participant,
        command_id: str,
        *,
        fence: int | None = None,
        life: str | None = None,
        now_ms: int | None = None,
    ) -> Done | Refusal:
        """Do a command once, however often it comes with the same id. Commands of a room are done in order of calling.

        With a `fence`, Fenced is raised where a higher one was seen (`server.pen`); with a `life`, OtherLife where the
        log has another epoch. It happens at `now_ms`, or by this process's clock. Raises Unavailable when the log gave
        no answer in time: whether the command was done is then unknown, and the same command with the same id may be
        sent again. Cancelling leaves it unknown as well.
        """
        desk = self._desk(room_id)
        desk.users += 1
        try:
            with OneOf(self._deadlines):
                async with desk.turn:
                    return await self._do(room_id, command, who, command_id, fence, life, now_ms)
        except TimeoutError:
            raise Unavailable("redis") from None
        finally:
            desk.users -= 1

    async def do_all(
        self, room_id: str, commands: Sequence[tuple[str, Command]], who: Participant, *, life: str | None = None
    ) -> Sequence[int] | None:
        """Do what one person put together, each by its id, in order and in one step, if nothing stands against it: the
        versions at which they end.

        None: something does, or whether it was done is unknown. Put one by one with the same ids, each finds out.
        """
        desk = self._desk(room_id)
        desk.users += 1
        try:
            with OneOf(self._deadlines):
                async with desk.turn:
                    return await self._do_all(room_id, commands, who, life)
        except Exception:  # each finds out what it was
            return None
        finally:
            desk.users -= 1

    async def glance(self, room_id: str) -> Room | None:
        """The room as last known here, however long ago: for what never changes in it, such as its owner."""
        return self._kept(room_id).room or await self.look(room_id)

    async def look(self, room_id: str) -> Room | None:
        """The room as its log has it, give or take a message under way; None if there is no such room."""
        if self._feeds and (feed := self._feeds.here(room_id)):
            return feed.room
        head = await self._log.head(room_id)
        if head is None and await self._source.heal(room_id):
            head = await self._log.head(room_id)
        return (await self._read_on(room_id, self._kept(room_id), head)).room if head else None

    async def _do(
        self,
        room_id: str,
        command: Command,
        who: Participant,
        command_id: str,
        fence: int | None,
        life: str | None,
        now_ms: int | None,
    ) -> Done | Refusal:
        place = NOWHERE if isinstance(command, OpenRoom) else None
        if place is None and self._source.unsure(room_id):
            await self._source.check(room_id, self._seen_lately(room_id))
        tries = 0
        while True:
            tries += 1
            try:
                place = place or self._known(room_id) or await self._read_whole(room_id)
                if life and place.cursor and place.cursor.epoch != life:
                    raise OtherLife(room_id)
                now = self._clock.now_ms() if now_ms is None else now_ms
                outcome = await self._attempt(room_id, place, command, who, command_id, fence, now)
                if not isinstance(outcome, Clash):
                    return outcome
                place = await self._read_on(room_id, place, outcome.cursor)
            except Unavailable as away:
                if away.full:
                    raise
                await asyncio.sleep(random.uniform(AWAY_S / 2, AWAY_S))
            if tries > TRIES_IN_PEACE:
                await asyncio.sleep(random.uniform(0, CROWDED_S))

    async def _attempt(
        self,
        room_id: str,
        place: Place,
        command: Command,
        who: Participant,
        command_id: str,
        fence: int | None,
        now: int,
    ) -> Done | Refusal | Clash:
        """Decide at this place, and append; or make sure that a refusal was decided at the log's end.

        A command that was done before is done, even where it would be refused now.
        """
        decision = decide(place.room, command, who, now)
        if isinstance(decision, Refusal):
            known = await self._log.check(room_id, command_id, place.cursor)
            return Done(known.cursor, ()) if isinstance(known, Appended) else known or decision
        outcome = await self._log.append(room_id, command_id, place.cursor, now, decision, fence)
        if isinstance(outcome, Clash):
            return outcome
        if not outcome.fresh:
            return Done(outcome.cursor, ())
        self._found(room_id, place.cursor, place.then(decision, outcome.cursor), outcome.records)
        return Done(outcome.cursor, decision)

    def _found(self, room_id: str, since: Cursor | None, place: Place, records: Sequence[Record]) -> None:
        """This is where the room stands now, by what was appended here behind `since`."""
        self._desks[room_id].place = place  # whose turn it is keeps the desk
        if since and place.cursor and place.room and self._feeds and (feed := self._feeds.here(room_id)):
            feed.appended(since, records, place.cursor, place.room)

    async def _do_all(
        self, room_id: str, commands: Sequence[tuple[str, Command]], who: Participant, life: str | None
    ) -> Sequence[int] | None:
        if self._source.unsure(room_id):
            return None
        place = self._known(room_id) or await self._read_whole(room_id)
        start, room, now = place.cursor, place.room, self._clock.now_ms()
        if start is None or (life and start.epoch != life):
            return None
        outcome = decide_all(room, [command for _, command in commands], who, now)
        if isinstance(outcome, Refusal):
            return None
        decided, room = outcome
        wanted = list(zip([command_id for command_id, _ in commands], decided, strict=True))
        done = await self._log.append_all(room_id, start, now, wanted)
        if done is None:
            return None
        self._found(room_id, start, Place(done.cursor, room), done.records)
        return list(accumulate(map(len, decided), initial=start.version))[1:]

    def _known(self, room_id: str) -> Place | None:
        """The furthest that this process knows of the room, for whose turn it is there. If that is late or wrong, the
        log will say so."""
        kept = self._desks[room_id].place
        feed = self._feeds.here(room_id) if self._feeds else None
        if feed and not (kept.cursor and (kept.cursor is feed.cursor or _is_ahead(kept.cursor, feed.cursor))):
            return Place(feed.cursor, feed.room)
        return kept if kept.cursor else None

    async def _read_on(self, room_id: str, place: Place, head: Cursor) -> Place:
        """The room as far as its log goes, at least to `head`: read on from `place` where the log continues it."""
        if place.cursor and _is_behind(head, place.cursor):
            await self._source.heal(room_id, self._seen_lately(room_id))
            place = NOWHERE
        if place.cursor != head:
            place = await self._read_tail(room_id, place, head) or await self._read_whole(room_id)
        self._keep(room_id, place)
        return place

    async def _read_tail(self, room_id: str, place: Place, head: Cursor) -> Place | None:
        if place.cursor is None or not _is_ahead(head, place.cursor):
            return None
        try:
            async for page in pages(self._log, room_id, place.cursor):
                end = Cursor(epoch=head.epoch, version=page[-1].version, tag=page[-1].tag)
                place = place.then((record.event for record in page), end)
        except BrokenChain:
            return None
        return place

    async def _read_whole(self, room_id: str) -> Place:
        if desk := self._desks.get(room_id):
            desk.place = NOWHERE
        try:
            story = (await self._source.whole(room_id)).story
        except UnknownRoom:
            return NOWHERE
        return Place(story.cursor, story.room)

    def _seen_lately(self, room_id: str) -> Lately:
        feed = self._feeds.here(room_id) if self._feeds else None
        return feed.lately if feed else nothing

    def _keep(self, room_id: str, place: Place) -> None:
        if place.cursor:
            self._desk(room_id).place = place

    def _kept(self, room_id: str) -> Place:
        desk = self._desks.get(room_id)
        return desk.place if desk else NOWHERE

    def _desk(self, room_id: str) -> Desk:
        """A room's; made, and those that nobody uses and that are too many cleared away, where there is none."""
        if desk := self._desks.get(room_id):
            self._desks.move_to_end(room_id)
            return desk
        unused = (room for room, desk in self._desks.items() if not desk.users)
        for room in list(islice(unused, max(0, len(self._desks) - ROOMS_KEPT + 1))):
            del self._desks[room]
        desk = self._desks[room_id] = Desk()
        return desk


def _is_behind(head: Cursor, seen: Cursor) -> bool:
    """Whether the log lost what was seen of it, or is gone."""
    same_life = head.epoch in (seen.epoch, "")
    return same_life and is_behind(LogPlace(head.version, head.tag), LogPlace(seen.version, seen.tag))


def _is_ahead(one: Cursor, other: Cursor) -> bool:
    return one.epoch == other.epoch and one.version > other.version
