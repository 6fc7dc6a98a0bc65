"""Work on rooms: who serves them, when something is due, which are whose, and the clock.

Decides contracts, worked out in the docstrings; does nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol


class Leases(Protocol):
    """Which worker serves a room. One holder at a time; a dead holder's lease runs out by itself."""

    async def open_rooms(self) -> Sequence[str]:
        """Rooms that want a worker: announced and not yet retired."""

    async def announce(self, room: str) -> None:
        """The room wants a worker. Said when it opens and again at each entry, so that none is forgotten."""

    async def retire(self, room: str) -> None:
        """The room is archived and wants no worker any more."""

    async def holders(self, rooms: Sequence[str]) -> Mapping[str, str]:
        """Who holds each of these rooms, in one round trip; rooms that nobody holds are left out."""

    async def take(self, room: str, holder: str, ttl_ms: int, gone: str = "") -> int | None:
        """A fencing number that grows with each new holder, or None while another holds the room.

        `gone`: a holder whose lease counts no more, because it is dead (`Presence`).

        It grows over a store that came back empty or behind, too: the numbers are times, in ms since 1970. Whatever
        clocks say, it is higher than any that the room's log has taken.
        """

    async def keep(self, rooms: Sequence[str], holder: str, ttl_ms: int) -> frozenset[str]:
        """Prolong many leases in one round trip; returns those still held."""

    async def release(self, room: str, holder: str) -> None: ...

    async def beat(self, worker: str, ttl_ms: int) -> None:
        """A web worker says that it lives; its connections count as present."""

    async def alive(self, workers: Sequence[str]) -> frozenset[str]:
        """Those of the web workers that lately said so."""


class Presence(Protocol):
    """Which workers are there, known within milliseconds of the death of a process; not of a host's."""

    async def attend(self, worker: str) -> None:
        """From when this returns, the worker is seen until its process ends."""

    async def present(self, workers: Collection[str]) -> frozenset[str] | None:
        """Those of the workers that are there; None where that cannot be known, and their leases must run out."""


class Claim(NamedTuple):
    """Rooms whose timer is due. They are the caller's for a while; then, unless settled, they are due again."""

    now_ms: int
    """The store's time, in ms since 1970."""
    until_ms: int
    rooms: Sequence[str]


class Timers(Protocol):
    """When something comes due in a room: one timer a room, its next. What is due follows from the room itself."""

    async def put(self, room: str, at_ms: int | None) -> None:
        """The room's next timer, in ms since 1970, in place of the one before; None for none."""

    async def claim(self, for_ms: int, limit: int) -> "Claim":
        """Take rooms whose timer is due by the store's own clock: a worker whose clock jumped ends nobody's answer."""

    async def settle(self, room: str, until_ms: int, next_ms: int | None) -> None:
        """A timer that was claimed until `until_ms` was dealt with; one that was put since is left as it is."""

    async def take_chore(self, name: str, every_ms: int) -> bool:
        """Whether the caller is to do this chore now: one of all who ask, once in `every_ms`."""


class Directory(Protocol):
    """Which rooms an owner has opened. A convenience for lists: the log does not depend on it."""

    async def add(self, owner: str, room: str) -> None: ...

    async def remove(self, owner: str, room: str) -> None: ...

    async def rooms(self, owner: str) -> Sequence[str]:
        """The newest hundred or so, newest first."""


class Ledger(Protocol):
    """What turns took, for all processes together. Times, counts and ids; never a word that was spoken."""

    async def enter(self, room: str, turn: int, at: int, entry: str, counts: Mapping[str, int]) -> bool:
        """Keep a turn's entry (a JSON object with its `room`) and let counts grow. False where it was entered before.

        `at`: milliseconds since 1970. Counts only grow, until Redis loses them.
        """

    async def latest(self) -> Sequence[str]:
        """The latest entries, newest first."""

    async def counts(self) -> Mapping[str, int]: ...

    async def forget(self, room: str) -> None:
        """Drop a room's entries. What they counted stays counted."""


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
