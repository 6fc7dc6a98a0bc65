"""What does not hold any more: sessions that were ended, invitations that were withdrawn.

Decides whether the grounds of somebody's place in a room still stand, from what this worker has in mind, and how soon
it learns what others revoked: it asks the database every `SIGN_OUT_CHECK_MS`, so no message can be missed. Never closes
a socket (`fanout`), and never says who may revoke what (`server.api`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from rooms.people import Role
from server.ports import Clock, Grounds, Revocation, Revocations, Unavailable
from server.settings import LONGEST_S, Settings

LATE_MS: Final = 60_000
"""How far clocks of web workers may differ, and a write take, for it to be seen at the next look, and for what was
given before to be revoked with it."""
LONGER_MS: Final = 24 * 3600 * 1000
"""How much longer than a session lasts its end is kept in mind: a worker that could not know may have prolonged it."""

_log = logging.getLogger(__name__)


def of_session(session: str) -> str:
    """The name of a sign-in among grounds."""
    return f"session {session}"


def of_invitation(room: str, role: Role) -> str:
    """The name of what an invitation gives: a role in a room."""
    return f"invited {room} {role.value}"


class Revoked:
    """Of one web worker. `changed` is called when something more was revoked, here or elsewhere."""

    def __init__(self, settings: Settings, kept: Revocations, clock: Clock) -> None:
        self._kept, self._clock = kept, clock
        self._every_s = settings.sign_out_check_ms / 1000
        self._lives_ms = 1000 * max(settings.session_ttl_s, settings.invitation_ttl_s) + LONGER_MS
        self._at: dict[str, int] = {}
        """Name -> when it was revoked last. As many as were within the life of a session, about 100 bytes each."""
        self.changed: Callable[[], None] = lambda: None
        self._since = self._latest = clock.now_ms() - self._lives_ms
        self._told = False

    def why_not(self, grounds: Grounds) -> str | None:
        """The code of the problem where one of these holds no more; None while all stand."""
        for name, since in grounds:
            if self._at.get(name, -1) >= since:
                return "session_ended" if name.startswith("session ") else "invitation_withdrawn"
        return None

    async def revoke(self, name: str) -> None:
        """From now on nobody who had this by now has it any more. Unavailable while that cannot be kept.

        By now: also by the clock of a worker that is ahead of this one's.
        """
        now = self._clock.now_ms()
        at = max(now + LATE_MS, self.holds_from(name))
        self._note([await self._kept.add(Revocation(name, at, now + 1000 * LONGEST_S))])

    def holds_from(self, name: str) -> int:
        """The earliest moment that may be given for what somebody gets of this name now, for it to hold."""
        return self._at.get(name, -1) + 1

    async def run(self) -> None:
        """Look for what others revoked until cancelled. While the database is away, nothing more can be revoked."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Once; to no effect while the database is away."""
        begun = self._clock.now_ms()
        try:
            found = await self._kept.since(self._since)
            self._note(found)
            # By the clock that is behind, this worker's or theirs: one that jumps ahead must not hide anything.
            self._latest = max([self._latest, *(one.at for one in found)])
            self._since, self._told = min(begun, self._latest) - LATE_MS, False
        except Unavailable:
            pass
        except Exception:  # say it once: this is asked every second
            if not self._told:
                _log.exception("nobody can say who signed out")
            self._told = True

    def _note(self, revocations: Sequence[Revocation]) -> None:
        new = {one.name: one.at for one in revocations if self._at.get(one.name, -1) < one.at}
        if not new:
            return
        over = self._clock.now_ms() - self._lives_ms
        for name in [name for name, at in self._at.items() if at < over]:
            del self._at[name]
        self._at |= new
        self.changed()
