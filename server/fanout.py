"""Reader 1: facts of a room to this worker's sockets, each role through its view.

Decides who gets which message and that it is encoded once a role and version of the protocol; never what a role may
see (`rooms.views`) or how an older version says it (`rooms.editions`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import NamedTuple

from pydantic import ValidationError

from rooms.editions import knows, said
from rooms.events import KINDS
from rooms.people import Role
from rooms.protocol import (
    TELL,
    VERSION,
    Cursor,
    Durable,
    Happened,
    HearingTrouble,
    IsTyping,
    ResetReason,
    Telling,
    Welcome,
    happened_json,
)
from rooms.releases import NewerFact
from rooms.state import Room
from rooms.views import Sight, hears, sight, view
from server.errors import Failed
from server.feed import Feed, Feeds
from server.framing import framed
from server.member import Member
from server.ports import Grounds, Record, RoomLog

CATCH_UP_S = 5.0
"""How long a message that a room moved may be late: lost ones are made good every second."""
_PRESENCE = frozenset({"participant_joined", "participant_left"})

_log = logging.getLogger(__name__)


class Tongue(NamedTuple):
    """What members have in common who are sent the same words."""

    role: Role
    protocol: int


class Lane:
    """The members of a room who see it alike, and the version of the last fact that they were shown."""

    def __init__(self, tongue: Tongue, version: int) -> None:
        self.role, self._protocol = tongue
        self._wordings, self._shown = _wordings(tongue), version
        self.members: set[Member] = set()

    def happened(self, records: Sequence[Record]) -> None:
        """Pass records on, as this role sees them. Framed once, and one piece for each, however many there are."""
        frames, self._shown = _frames(records, self._wordings, self._shown)
        if frames:
            together = b"".join(frames)
            for member in self.members:
                member.send(together)

    def told(self, telling: Telling) -> None:
        if self.members and (text := said(telling, self._protocol)) is not None:
            frame = framed(text.encode())
            for member in self.members:
                member.tell(telling.what.kind, frame)

    def durable(self, message: Durable) -> None:
        """Of this, too, only the latest waits."""
        if self.members and (text := said(message, self._protocol)) is not None:
            frame = framed(text.encode())
            for member in self.members:
                member.tell("durable", frame)


class Hall:
    """The members of one room on this worker. Listens to the room's feed."""

    def __init__(self, feed: Feed, log: RoomLog) -> None:
        self.users = 0
        self.room_id = feed.room_id
        self._feed, self._log = feed, log
        self._lanes: dict[Tongue, Lane] = {}

    @property
    def room(self) -> Room:
        """The whole room, as it stands."""
        return self._feed.room

    @property
    def members(self) -> Sequence[Member]:
        return [member for lane in self._lanes.values() for member in lane.members]

    async def reached(self, version: int) -> None:
        """Return when the room is known here up to this version. Failed if that takes longer than a comparison."""
        try:
            async with asyncio.timeout(CATCH_UP_S):
                await self._feed.moved(version - 1)
        except TimeoutError:
            raise Failed("lost_track") from None

    @property
    def life(self) -> str:
        """Which life of the log its members have before their eyes."""
        return self._feed.cursor.epoch

    async def enter(
        self,
        member: Member,
        resume: Cursor | None,
        audio_through: int | None,
        return_ticket: str | None = None,
        return_after_ms: int = 0,
    ) -> None:
        """Queue the member's welcome and everything they missed; from then on they hear all that happens."""
        role = member.participant.role
        lately = [telling for raw in await self._log.told(self.room_id) if (telling := _telling(raw, role))]
        missed = await self._feed.missed(resume) if resume else ResetReason.FIRST
        tongue = _tongue(member)
        # From here to the end nothing is awaited: no fact can slip between the story so far and what comes next.
        welcome = Welcome(
            protocol=member.protocol,
            you=member.participant,
            cursor=self._feed.cursor,
            told=tuple(telling for telling in lately if self._is_now(telling)),
            audio_through=audio_through,
            durable=self._feed.durable,
            return_ticket=return_ticket,
            return_after_ms=return_after_ms,
        )
        if isinstance(missed, ResetReason) or resume is None:
            reason = missed if isinstance(missed, ResetReason) else ResetReason.FIRST
            member.begin(welcome.model_copy(update={"reset": reason, "room": self._feed.seen_by(role)}))
        else:
            story, _ = _frames(missed, _wordings(tongue), resume.version)
            member.begin(welcome.model_copy(update={"resumed": len(story)}), story)
        self._lanes.setdefault(tongue, Lane(tongue, self._feed.cursor.version)).members.add(member)
        self._check(member)

    def _is_now(self, telling: Telling) -> bool:
        """Whether what was told last is still about the open turn. Who types says so every other second."""
        turn = self.room.turn
        if isinstance(telling.what, IsTyping):
            return False
        return isinstance(telling.what, HearingTrouble) or (turn is not None and telling.what.turn == turn.number)

    def _check(self, member: Member) -> None:
        """End a member whose connection is not among those that the room knows for them (any more)."""
        presence = self.room.presence(member.participant.id)
        if presence is None or member.connection not in presence.connections:
            taken_over = member.participant.role is Role.CANDIDATE and presence is not None and presence.here
            member.end("taken_over" if taken_over else "lost_track")

    def leave(self, member: Member) -> None:
        """The member hears nothing more."""
        member.leave()
        if lane := self._lanes.get(_tongue(member)):
            lane.members.discard(member)
            if not lane.members:
                del self._lanes[_tongue(member)]

    def happened(self, records: Sequence[Record]) -> None:
        for lane in self._lanes.values():
            try:
                lane.happened(records)
            except NewerFact as newer:  # nobody here knows who may see it
                self._leave_to_others(lane, newer)
            except Exception:  # what comes next would seem to follow on what they saw last: they must not stay
                _log.exception("facts cannot be told", extra={"room": self.room_id, "role": lane.role.value})
                _end_all(lane.members, lambda _: "lost_track")
        if any(record.kind in _PRESENCE for record in records):
            try:
                for member in self.members:  # a second device took over; or this worker was silent and thought dead
                    self._check(member)
            except NewerFact as newer:  # a word in it that nobody here knows; the lanes have passed it on unread
                for lane in self._lanes.values():
                    self._leave_to_others(lane, newer)

    def _leave_to_others(self, lane: Lane, newer: NewerFact) -> None:
        """Whoever comes back to a worker of a newer release goes on where they were here, and misses nothing."""
        if members := [member for member in lane.members if not member.ended]:
            line = {"room": self.room_id, "role": lane.role.value, "members": len(members), "kind": newer.kind}
            _log.warning("members are sent on to a newer release", extra=line)
            _end_all(members, lambda _: "release_behind")

    def told(self, tell: bytes) -> None:
        for lane in self._lanes.values():
            if lane.members and (telling := _telling(tell, lane.role)):
                lane.told(telling)

    def durable(self, version: int) -> None:
        message = Durable(version=version)
        for lane in self._lanes.values():
            lane.durable(message)

    def reset(self, reason: ResetReason) -> None:
        """The log is not the one these members saw: they come back for the whole room."""
        _end_all(self.members, lambda _: "restored")
        self._lanes.clear()


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

    def send_off(self, why_not: Callable[[Grounds], str | None]) -> None:
        """End whoever's place has lost its grounds; `why_not` gives the code of the problem."""
        _end_all(self.members, lambda member: why_not(member.grounds))


def _end_all(members: Iterable[Member], why: Callable[[Member], str | None]) -> None:
    """End each for whom there is a reason. One who cannot be ended keeps nobody else from it; that is said once."""
    failed: list[Exception] = []
    for member in tuple(members):
        try:
            if code := why(member):
                member.end(code)
        except Exception as error:
            failed.append(error)
    if failed:
        _log.error("members could not be ended", exc_info=failed[0], extra={"members": len(failed)})


def _telling(raw: bytes, role: Role) -> Telling | None:
    """What was told, as this role hears it. Of what another release told, what this one does not know is left out."""
    try:
        tell = TELL.validate_json(raw, extra="ignore")
    except ValidationError:
        return None
    return Telling(what=tell) if hears(tell, role) else None


Wording = Callable[[Record, int], bytes]
"""A record as JSON for somebody who was shown the one at this version last."""


class _Wordings(dict[str, Wording | None]):
    """By kind of fact; None for what is not said."""

    def __missing__(self, kind: str) -> Wording:
        raise NewerFact(kind)


@cache
def _wordings(tongue: Tongue) -> Mapping[str, Wording | None]:
    """How each kind of fact is said to who speaks so, if their role may see it and their version knows it."""
    wordings = _Wordings.fromkeys(KINDS)
    for kind, made in KINDS.items():
        how = sight(kind, tongue.role) if knows(made, tongue.protocol) else Sight.HIDDEN
        if how is Sight.AS_IT_IS and tongue.protocol == VERSION:
            wordings[kind] = _as_it_is
        elif how is not Sight.HIDDEN:
            wordings[kind] = partial(_retold, tongue)
    return wordings


def _frames(records: Sequence[Record], wordings: Mapping[str, Wording | None], shown: int) -> tuple[list[bytes], int]:
    """What may be seen of records, as frames that follow on version `shown`; and the version of the last."""
    frames = []
    for record in records:
        if wording := wordings[record.kind]:
            frames.append(framed(wording(record, shown)))
            shown = record.version
    return frames, shown


def _as_it_is(record: Record, shown: int) -> bytes:
    return happened_json(record.version, shown, record.tag, record.at, record.text)


def _retold(tongue: Tongue, record: Record, shown: int) -> bytes:
    """A record in other words than the log's."""
    seen = view(record.event, tongue.role)
    assert seen is not None, "it is for them"
    message = Happened(version=record.version, after=shown, tag=record.tag, at=record.at, event=seen)
    text = said(message, tongue.protocol)
    assert text is not None, "it is for them"
    return text.encode()


def _tongue(member: Member) -> Tongue:
    return Tongue(member.participant.role, member.protocol)
