"""Who is asking: the owner with the sign-in token, or a guest with an invitation. Sessions are signed, not stored.

Decides who somebody is and which rooms they were invited to; never what they may do there (`gate`). Only what was
revoked is kept (`revoked`): such a session is none, and such an invitation leads nowhere.
"""

import hashlib
import secrets
from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict
from starlette.requests import HTTPConnection
from starlette.responses import Response

from rooms.people import Role
from server.clock import SystemClock
from server.errors import Failed
from server.ports import Clock, Grounds
from server.revoked import of_invitation, of_session
from server.settings import Settings

MOST_INVITED: Final = 100
"""Rooms in one cookie, the last ones opened: browsers keep none of more than 4 KB."""


class Person(BaseModel):
    """Somebody who is signed in."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    owner: bool = False
    invited: dict[str, Role] = {}
    """Room -> the role that an invitation gave."""
    invited_at: dict[str, int] = {}
    """Room -> when that invitation was made, in milliseconds since 1970, UTC."""
    session: str = ""
    """Names this browser's sign-in, for as long as its person stays the same; "" for a program with the token."""
    token: str = ""
    """Of the owner: a digest of the token that they signed in with."""

    def grounds(self, room: str, role: Role, owner: str) -> Grounds:
        """What their place in an owner's room rests on."""
        if not self.session:
            return ()
        session = (of_session(self.session), 0)
        if self.id == owner:
            return (session,)
        return session, (of_invitation(room, role), self.invited_at.get(room, 0))


class Invitation(BaseModel):
    model_config = ConfigDict(frozen=True)

    room: str
    role: Role
    made: int = 0


class Identity:
    """Reads and writes sessions, bearer tokens and invitations. `why_not` says what was revoked (`Revoked.why_not`)."""

    def __init__(
        self, settings: Settings, why_not: Callable[[Grounds], str | None] | None = None, clock: Clock | None = None
    ) -> None:
        self.why_not, self._clock = why_not or (lambda _: None), clock or SystemClock()
        key = settings.secret_key.get_secret_value()
        self._settings = settings
        self._sessions = URLSafeTimedSerializer(key, salt="greenroom.session")
        self._invitations = URLSafeTimedSerializer(key, salt="greenroom.invitation")
        self._cookie = "__Host-greenroom" if settings.secure else "greenroom"
        token = settings.sign_in_token
        self._token = _short(f"{key} {token.get_secret_value()}") if token else "none"

    def person(self, request: HTTPConnection) -> Person | None:
        """Who sends this request, by bearer token or session cookie."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return self.owner(token)
        try:
            cookie = request.cookies[self._cookie]
            person = Person.model_validate(self._sessions.loads(cookie, max_age=self._settings.session_ttl_s))
        except (KeyError, BadData, ValueError):
            return None
        return self._as_of_now(person if person.session else person.model_copy(update={"session": _short(cookie)}))

    def _as_of_now(self, person: Person) -> Person | None:
        """Without the invitations that were withdrawn; None where the session is over, or the token another one."""
        if self.why_not(((of_session(person.session), 0),)):
            return None
        if person.owner and person.token not in ("", self._token):  # "": signed in with the release before
            return None
        invited = {
            room: role
            for room, role in person.invited.items()
            if not self.why_not(((of_invitation(room, role), person.invited_at.get(room, 0)),))
        }
        return person if invited == person.invited else person.model_copy(update={"invited": invited})

    def owner(self, token: str) -> Person | None:
        """The owner, for the right sign-in token."""
        expected = self._settings.sign_in_token
        if expected is None or not compare_digest(token.encode(), expected.get_secret_value().encode()):
            return None
        return Person(id="owner", name="You", owner=True)

    def sign_in(self, token: str, before: Person | None) -> Person | None:
        """The owner on this browser, for the right token. `before`: who was signed in on it."""
        if (owner := self.owner(token)) is None:
            return None
        session = before.session if before and before.owner else ""
        return owner.model_copy(update={"session": session or _new_session(), "token": self._token})

    def forget(self, response: Response) -> None:
        """Have the browser let go of its cookie."""
        response.delete_cookie(self._cookie, secure=self._settings.secure, httponly=True, samesite="lax")

    def remember(self, response: Response, person: Person) -> None:
        """Sign the person in on this browser."""
        response.set_cookie(
            self._cookie,
            self._sessions.dumps(person.model_dump(mode="json")),
            max_age=self._settings.session_ttl_s,
            secure=self._settings.secure,
            httponly=True,
            samesite="lax",
        )

    def invite(self, room: str, role: Role, holds_from: int = 0) -> str:
        """A code that lets its bearer into the room in this role, until it runs out. `holds_from`: see `Revoked`."""
        invitation = Invitation(room=room, role=role, made=max(self._clock.now_ms(), holds_from))
        code = self._invitations.dumps(invitation.model_dump(mode="json"))
        return code if isinstance(code, str) else code.decode()

    def accept(self, code: str, person: Person | None) -> tuple[Person, Invitation]:
        """The person (a new guest, if nobody is signed in) with the invitation added.

        A guest who had another role in that room goes on with another session: the one before is to be ended. The
        owner, who takes any role in their rooms, stays as they are: no link makes their session last longer.
        """
        try:
            raw = self._invitations.loads(code, max_age=self._settings.invitation_ttl_s)
            invitation = Invitation.model_validate(raw)
        except (BadData, ValueError):
            raise Failed("invitation_invalid") from None
        room, role, made = invitation.room, invitation.role, invitation.made
        if self.why_not(((of_invitation(room, role), made),)):
            raise Failed("invitation_invalid")
        if person and person.owner:
            return person, invitation
        guest = person or Person(id=f"guest-{secrets.token_hex(6)}", name="Guest", session=_new_session())
        same = guest.invited.get(room, role) is role
        others = [known for known in guest.invited if known != room][-(MOST_INVITED - 1) :]
        added = {
            "invited": {known: guest.invited[known] for known in others} | {room: role},
            "invited_at": {known: guest.invited_at.get(known, 0) for known in others} | {room: made},
            "session": guest.session if same else _new_session(),
        }
        return guest.model_copy(update=added), invitation


def _new_session() -> str:
    return secrets.token_urlsafe(12)


def _short(text: str) -> str:
    """A name for what must not be kept itself."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
