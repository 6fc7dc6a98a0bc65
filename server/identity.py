"""Who is asking: the owner with the sign-in token, or a guest with an invitation. Sessions are signed, not stored.

Decides who somebody is and which rooms they were invited to; never what they may do there (`gate`).
"""

import secrets
from hmac import compare_digest

from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict
from starlette.requests import HTTPConnection
from starlette.responses import Response

from rooms.people import Role
from server.errors import Failed
from server.settings import Settings


class Person(BaseModel):
    """Somebody who is signed in."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    owner: bool = False
    invited: dict[str, Role] = {}
    """Room -> the role that an invitation gave."""


class Invitation(BaseModel):
    model_config = ConfigDict(frozen=True)

    room: str
    role: Role


class Identity:
    """Reads and writes sessions, bearer tokens and invitations."""

    def __init__(self, settings: Settings) -> None:
        key = settings.secret_key.get_secret_value()
        self._settings = settings
        self._sessions = URLSafeTimedSerializer(key, salt="greenroom.session")
        self._invitations = URLSafeTimedSerializer(key, salt="greenroom.invitation")
        self._cookie = "__Host-greenroom" if settings.secure else "greenroom"

    def person(self, request: HTTPConnection) -> Person | None:
        """Who sends this request, by bearer token or session cookie."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return self.owner(token)
        try:
            raw = self._sessions.loads(request.cookies[self._cookie], max_age=self._settings.session_ttl_s)
            return Person.model_validate(raw)
        except (KeyError, BadData, ValueError):
            return None

    def owner(self, token: str) -> Person | None:
        """The owner, for the right sign-in token."""
        expected = self._settings.sign_in_token
        if expected is None or not compare_digest(token.encode(), expected.get_secret_value().encode()):
            return None
        return Person(id="owner", name="You", owner=True)

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

    def invite(self, room: str, role: Role) -> str:
        """A code that lets its bearer into the room in this role, until it runs out."""
        code = self._invitations.dumps(Invitation(room=room, role=role).model_dump(mode="json"))
        return code if isinstance(code, str) else code.decode()

    def accept(self, code: str, person: Person | None) -> tuple[Person, Invitation]:
        """The person (a new guest, if nobody is signed in) with the invitation added."""
        try:
            raw = self._invitations.loads(code, max_age=self._settings.invitation_ttl_s)
            invitation = Invitation.model_validate(raw)
        except (BadData, ValueError):
            raise Failed("invitation_invalid") from None
        guest = person or Person(id=f"guest-{secrets.token_hex(6)}", name="Guest")
        return guest.model_copy(update={"invited": {**guest.invited, invitation.room: invitation.role}}), invitation
