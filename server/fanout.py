"""Reader 1: facts of a room to this worker's sockets, each role through its view.

Decides who gets which message and that it is encoded once a role; never what a role may see (`rooms.views`).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rooms.events import ParticipantJoined
from rooms.people import Participant, Role
from rooms.protocol import TELL, Cursor, Happened, ResetReason, Telling, Welcome
from rooms.state import Room, after
from rooms.views import hears, view
from server.feed import Feed, Feeds
from server.member import Member
from server.ports import Record, RoomLog


class Lane:
    """A room as one role sees it, and the members who see it so.

    Its cursor is that of the last fact the role saw: a client's versions go from fact to fact that it was shown.
    """

    def __init__(self, role: Role, epoch: str) -> None:
        self.role = role
        self.members: set[Member] = set()
        self.room: Room | None = None
        self.cursor = Cursor(epoch=epoch, version=0, tag="")

    def fold(self, record: Record) -> Happened | None:
        """Take in one more record; the message that tells of it, if this role sees it."""
        seen = view(record.event, self.role)
        if seen is None:
            return None
        message = Happened(
            version=record.version, after=self.cursor.version, tag=record.tag, at=record.at, event=seen
        )
        self.room = after(self.room, seen)
        self.cursor = Cursor(epoch=self.cursor.epoch, version=record.version, tag=record.tag)
        return message


class Hall:
    """The members of one room on this worker. Listens to the room's feed."""

    def __init__(self, feed: Feed, log: RoomLog) -> None:
        self.users = 0
        self._feed, self._log = feed, log
        self._lanes: dict[Role, Lane] = {}

    @property
    def room(self) -> Room:
        """The whole room, as it stands."""
        return self._feed.room

    @property
    def members(self) -> Sequence[Member]:
        return [member for lane in self._lanes.values() for member in lane.members]

    async def enter(self, member: Member, resume: Cursor | None, audio_through: int | None, protocol: int) -> None:
        """Queue the member's welcome and everything they missed; from then on they hear all that happens."""
        role = member.participant.role
        told = [telling for raw in await self._log.told(self._feed.room_id) if (telling := _telling(raw, role))]
        lane = self._lanes.get(role) or await self._open_lane(role)
        missed = await self._missed(resume) if resume else ResetReason.FIRST
        # From here to the end nothing is awaited: no fact can slip between the story so far and what comes next.
        base = Welcome(
            protocol=protocol, you=member.participant, cursor=lane.cursor, told=tuple(told), audio_through=audio_through
        )
        if isinstance(missed, ResetReason) or resume is None:
            reason = missed if isinstance(missed, ResetReason) else ResetReason.FIRST
            member.say(base.model_copy(update={"reset": reason, "room": lane.room}))
        else:
            story = _story(missed, role, resume, lane.cursor.version)
            member.say(base.model_copy(update={"resumed": len(story)}))
            for message in story:
                member.say(message)
        lane.members.add(member)

    async def _missed(self, resume: Cursor) -> list[Record] | ResetReason:
        """What happened behind the cursor, up to where the feed stands when this returns."""
        missed = await self._feed.missed(resume)
        if isinstance(missed, ResetReason):
            return missed
        records = list(missed)
        while (version := records[-1].version if records else resume.version) < self._feed.cursor.version:
            records += await self._log.read(self._feed.room_id, version, 500)
        return records

    def leave(self, member: Member) -> None:
        """The member hears nothing more."""
        self._lanes[member.participant.role].members.discard(member)

    def happened(self, record: Record) -> None:
        for lane in self._lanes.values():
            message = lane.fold(record)
            if message is None or not lane.members:
                continue
            text = message.model_dump_json()
            for member in lane.members:
                member.send(text)
        if isinstance(record.event, ParticipantJoined) and record.event.participant.role is Role.CANDIDATE:
            self._take_over(record.event.participant, record.event.connection)

    def told(self, tell: bytes) -> None:
        for lane in self._lanes.values():
            if lane.members and (telling := _telling(tell, lane.role)):
                text = telling.model_dump_json()
                for member in lane.members:
                    member.tell(telling.what.kind, text)

    def reset(self, reason: ResetReason) -> None:
        """The log is not the one these members saw: they come back for the whole room."""
        for member in self.members:
            member.end("lost_track")
        self._lanes.clear()

    def _take_over(self, candidate: Participant, connection: str) -> None:
        lane = self._lanes.get(Role.CANDIDATE)
        for member in tuple(lane.members) if lane else ():
            if member.participant.id == candidate.id and member.connection != connection:
                member.end("taken_over")

    async def _open_lane(self, role: Role) -> Lane:
        lane = Lane(role, self._feed.cursor.epoch)
        version = 0
        while version < self._feed.cursor.version:
            for record in await self._log.read(self._feed.room_id, version, 500):
                if record.version <= self._feed.cursor.version:
                    lane.fold(record)
                    version = record.version
        return self._lanes.setdefault(role, lane)


class Fanout:
    """The halls of this worker: one a room that somebody here is in."""

    def __init__(self, feeds: Feeds, log: RoomLog) -> None:
        self._feeds, self._log = feeds, log
        self._halls: dict[str, Hall] = {}

    @asynccontextmanager
    async def hall(self, room_id: str) -> AsyncIterator[Hall]:
        """The hall of a room; it is there as long as somebody here uses it."""
        async with self._feeds.follow(room_id) as feed:
            hall = self._halls.get(room_id)
            if hall is None:
                hall = self._halls[room_id] = Hall(feed, self._log)
                feed.attach(hall)
            hall.users += 1
            try:
                yield hall
            finally:
                hall.users -= 1
                if hall.users == 0:
                    feed.detach(hall)
                    del self._halls[room_id]

    @property
    def members(self) -> Sequence[Member]:
        """Everybody on this worker."""
        return [member for hall in self._halls.values() for member in hall.members]


def _telling(raw: bytes, role: Role) -> Telling | None:
    tell = TELL.validate_json(raw)
    return Telling(what=tell) if hears(tell, role) else None


def _story(missed: Sequence[Record], role: Role, since: Cursor, upto: int) -> list[Happened]:
    """What this role saw happen behind a cursor, as messages that follow on each other."""
    lane = Lane(role, since.epoch)
    lane.cursor = since
    messages = []
    for record in missed:
        seen = view(record.event, role) if record.version <= upto else None
        if seen is not None:
            messages.append(
                Happened(version=record.version, after=lane.cursor.version, tag=record.tag, at=record.at, event=seen)
            )
            lane.cursor = Cursor(epoch=since.epoch, version=record.version, tag=record.tag)
    return messages
